//! Attributes of ops as the text form writes them: `strides=[2, 2] ceil=true epsilon=1e-5`.

use std::fmt;

use thiserror::Error;

use crate::DType;

/// An attribute's value in the text form.
#[derive(Debug, Clone, PartialEq)]
pub enum Attr {
    /// `3`
    Int(i64),
    /// `0.5`: always with a point, an exponent, or a name (`inf`, `NaN`), so that it is no `Int`.
    Float(f32),
    /// A bare word: `true`, `none`, an enum's variant, an element type.
    Word(String),
    /// `[1, 2]`
    Ints(Vec<i64>),
    /// `[1.0, 2.5]`
    Floats(Vec<f32>),
    /// `clip(0.0, 6.0)`, `u8(0.5, 128)`: a word with parameters, which are `Int`s and `Float`s.
    Call(String, Vec<Attr>),
    /// `[relu, [1, 2]]`: what is not all numbers. Lists in it are of numbers.
    List(Vec<Attr>),
}

impl fmt::Display for Attr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Attr::Int(n) => write!(f, "{n}"),
            Attr::Float(x) => write!(f, "{x:?}"),
            Attr::Word(word) => f.write_str(word),
            Attr::Ints(values) => write!(f, "{values:?}"),
            Attr::Floats(values) => write!(f, "{values:?}"),
            Attr::Call(word, parameters) => {
                write!(f, "{word}(")?;
                for (i, parameter) in parameters.iter().enumerate() {
                    write!(f, "{}{parameter}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
            Attr::List(attrs) => {
                f.write_str("[")?;
                for (i, attr) in attrs.iter().enumerate() {
                    write!(f, "{}{attr}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
        }
    }
}

impl Attr {
    /// The number that it is, if it is one.
    pub fn number(&self) -> Option<f32> {
        match self {
            Attr::Int(n) => Some(*n as f32),
            Attr::Float(x) => Some(*x),
            Attr::Word(_) | Attr::Ints(_) | Attr::Floats(_) | Attr::Call(..) | Attr::List(_) => None,
        }
    }
}

/// Why a node's attributes were refused.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AttrError {
    /// The op needs it.
    #[error("attribute `{0}` is missing")]
    Missing(String),
    /// The op has none of that name.
    #[error("unknown attribute `{0}`")]
    Unknown(String),
    /// Its value is of another kind.
    #[error("attribute `{name}` is {found}, but should be {expected}")]
    Kind {
        /// The attribute.
        name: String,
        /// What it should be.
        expected: &'static str,
        /// Its value.
        found: Attr,
    },
}

/// A type that an op's attribute can have.
pub trait AttrValue: Sized {
    /// What error messages call it.
    const EXPECTED: &'static str;

    /// Its text form.
    fn to_attr(&self) -> Attr;

    /// Its value, if `attr` is of its kind.
    fn from_attr(attr: &Attr) -> Option<Self>;
}

/// A node's attributes as they were read, given out by name: what is left over is an error.
#[derive(Debug, Clone, Default)]
pub struct AttrReader(Vec<(String, Attr)>);

impl AttrReader {
    /// The attributes in the order of the text.
    pub fn new(attrs: Vec<(String, Attr)>) -> Self {
        AttrReader(attrs)
    }

    /// Takes an attribute out.
    ///
    /// # Errors
    /// If it isn't there, or is of another kind.
    pub fn take<T: AttrValue>(&mut self, name: &str) -> Result<T, AttrError> {
        let Some(at) = self.0.iter().position(|(n, _)| n == name) else {
            return Err(AttrError::Missing(name.to_owned()));
        };
        let (name, attr) = self.0.remove(at);
        T::from_attr(&attr).ok_or(AttrError::Kind { name, expected: T::EXPECTED, found: attr })
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// If an attribute was not taken.
    pub fn finish(self) -> Result<(), AttrError> {
        match self.0.into_iter().next() {
            Some((name, _)) => Err(AttrError::Unknown(name)),
            None => Ok(()),
        }
    }
}

macro_rules! integers {
    ($($rust:ty),*) => {$(
        impl AttrValue for $rust {
            const EXPECTED: &'static str = "an integer in range";

            fn to_attr(&self) -> Attr {
                // Attributes are dimensions, strides, axes: values beyond i64 are refused by inference.
                Attr::Int(i64::try_from(*self).unwrap_or(i64::MAX))
            }

            fn from_attr(attr: &Attr) -> Option<Self> {
                if let Attr::Int(n) = attr { <$rust>::try_from(*n).ok() } else { None }
            }
        }

        impl AttrValue for Vec<$rust> {
            const EXPECTED: &'static str = "a list of integers in range";

            fn to_attr(&self) -> Attr {
                Attr::Ints(self.iter().map(|&n| i64::try_from(n).unwrap_or(i64::MAX)).collect())
            }

            fn from_attr(attr: &Attr) -> Option<Self> {
                if let Attr::Ints(ns) = attr { ns.iter().map(|&n| <$rust>::try_from(n).ok()).collect() } else { None }
            }
        }
    )*};
}

integers!(usize, u64, i64);

impl AttrValue for [i32; 2] {
    const EXPECTED: &'static str = "two integers in range";

    fn to_attr(&self) -> Attr {
        Attr::Ints(self.map(i64::from).to_vec())
    }

    fn from_attr(attr: &Attr) -> Option<Self> {
        let Attr::Ints(values) = attr else { return None };
        let &[low, high] = values.as_slice() else { return None };
        Some([low.try_into().ok()?, high.try_into().ok()?])
    }
}

/// The text form of a list of what are not all numbers.
pub(crate) fn list_to_attr<T: AttrValue>(values: &[T]) -> Attr {
    // An empty list has no element to tell its kind by, and reads back as integers.
    if values.is_empty() { Attr::Ints(Vec::new()) } else { Attr::List(values.iter().map(T::to_attr).collect()) }
}

/// The values that such a list says.
pub(crate) fn list_from_attr<T: AttrValue>(attr: &Attr) -> Option<Vec<T>> {
    match attr {
        Attr::List(attrs) => attrs.iter().map(T::from_attr).collect(),
        Attr::Ints(values) if values.is_empty() => Some(Vec::new()),
        Attr::Int(_) | Attr::Float(_) | Attr::Word(_) | Attr::Ints(_) | Attr::Floats(_) | Attr::Call(..) => None,
    }
}

impl AttrValue for f32 {
    const EXPECTED: &'static str = "a number with a point or an exponent";

    fn to_attr(&self) -> Attr {
        Attr::Float(*self)
    }

    fn from_attr(attr: &Attr) -> Option<Self> {
        if let Attr::Float(x) = attr { Some(*x) } else { None }
    }
}

impl AttrValue for Vec<f32> {
    const EXPECTED: &'static str = "a list of numbers with a point or an exponent";

    fn to_attr(&self) -> Attr {
        // An empty list has no element to tell its kind by, and reads back as integers.
        if self.is_empty() { Attr::Ints(Vec::new()) } else { Attr::Floats(self.clone()) }
    }

    fn from_attr(attr: &Attr) -> Option<Self> {
        match attr {
            Attr::Floats(values) => Some(values.clone()),
            Attr::Ints(values) if values.is_empty() => Some(Vec::new()),
            Attr::Ints(_) | Attr::Int(_) | Attr::Float(_) | Attr::Word(_) | Attr::Call(..) | Attr::List(_) => None,
        }
    }
}

impl AttrValue for bool {
    const EXPECTED: &'static str = "`true` or `false`";

    fn to_attr(&self) -> Attr {
        Attr::Word(self.to_string())
    }

    fn from_attr(attr: &Attr) -> Option<Self> {
        if let Attr::Word(word) = attr { word.parse().ok() } else { None }
    }
}

impl AttrValue for DType {
    const EXPECTED: &'static str = "an element type";

    fn to_attr(&self) -> Attr {
        Attr::Word(self.name().to_owned())
    }

    fn from_attr(attr: &Attr) -> Option<Self> {
        if let Attr::Word(word) = attr { DType::from_name(word) } else { None }
    }
}

impl<T: AttrValue> AttrValue for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn to_attr(&self) -> Attr {
        self.as_ref().map_or_else(|| Attr::Word("none".to_owned()), AttrValue::to_attr)
    }

    fn from_attr(attr: &Attr) -> Option<Self> {
        if *attr == Attr::Word("none".to_owned()) { Some(None) } else { T::from_attr(attr).map(Some) }
    }
}

/// Declares the attributes of an op, by its fields: how they are written and read.
macro_rules! attributes {
    ($($field:ident),* $(,)?) => {
        fn attributes(&self) -> Vec<(&'static str, $crate::Attr)> {
            vec![$((stringify!($field), $crate::AttrValue::to_attr(&self.$field)),)*]
        }

        fn read(mnemonic: &str, attrs: &mut $crate::AttrReader) -> Option<Result<Self, $crate::AttrError>> {
            let _ = &attrs; // an op without attributes reads none
            Self::MNEMONICS.contains(&mnemonic).then(|| Ok(Self { $($field: attrs.take(stringify!($field))?,)* }))
        }
    };
}

/// Declares an enum of words that an op's attribute can be.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every variant.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The spelling in the text form.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl $crate::AttrValue for $name {
            const EXPECTED: &'static str = concat!("one of", $(" `", $word, "`",)*);

            fn to_attr(&self) -> $crate::Attr {
                $crate::Attr::Word(self.name().to_owned())
            }

            fn from_attr(attr: &$crate::Attr) -> Option<Self> {
                let $crate::Attr::Word(word) = attr else { return None };
                Self::ALL.iter().copied().find(|variant| variant.name() == word)
            }
        }
    };
}

pub(crate) use {attributes, words};
