//! Element types and how Rust sees them.

mod code;
mod float;

use std::fmt;

pub use self::code::{Code, Overflow};
pub(crate) use self::float::Float;

/// The one list of element types: variant, Rust type, spelling. A type among the `others` has no arithmetic; each of
/// its elements is stored in a byte. `$d` is a dollar sign, for the macros that this one defines.
macro_rules! dtypes {
    (
        $d:tt
        floats { $($(#[$float_doc:meta])* $float:ident($float_rust:ty) = $float_name:literal;)* }
        integers { $($(#[$int_doc:meta])* $int:ident($int_rust:ty) = $int_name:literal;)* }
        others { $($(#[$other_doc:meta])* $other:ident = $other_name:literal;)* }
    ) => {
        /// The type of a tensor's elements.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum DType {
            $($(#[$float_doc])* $float,)*
            $($(#[$int_doc])* $int,)*
            $($(#[$other_doc])* $other,)*
        }

        impl DType {
            /// Every element type.
            pub const ALL: &[DType] = &[$(DType::$float,)* $(DType::$int,)* $(DType::$other,)*];

            /// The spelling in the text form.
            pub const fn name(self) -> &'static str {
                match self {
                    $(DType::$float => $float_name,)*
                    $(DType::$int => $int_name,)*
                    $(DType::$other => $other_name,)*
                }
            }

            /// Bytes an element takes.
            pub const fn size(self) -> usize {
                match self {
                    $(DType::$float => size_of::<$float_rust>(),)*
                    $(DType::$int => size_of::<$int_rust>(),)*
                    $(DType::$other => 1,)*
                }
            }

            /// Whether the elements are floating-point numbers with arithmetic.
            pub const fn is_float(self) -> bool {
                matches!(self, $(DType::$float)|*)
            }

            /// Whether the elements are integers with arithmetic.
            pub const fn is_integer(self) -> bool {
                matches!(self, $(DType::$int)|*)
            }
        }

        $(impl_element!($float_rust = $float);)*
        $(impl_element!($int_rust = $int);)*

        /// `with_number!(dtype, T => result)`: the result with `T` the Rust type of those numbers;
        /// [`EvalError::DType`](crate::EvalError::DType) for elements without arithmetic.
        macro_rules! with_number {
            ($d dtype:expr, $d T:ident => $d body:expr) => {
                match $d dtype {
                    $($crate::DType::$float => { type $d T = $float_rust; $d body })*
                    $($crate::DType::$int => { type $d T = $int_rust; $d body })*
                    dtype @ ($($crate::DType::$other)|*) => Err($crate::EvalError::DType(dtype)),
                }
            };
        }

        /// As `with_number!`, for floating-point numbers only.
        macro_rules! with_float {
            ($d dtype:expr, $d T:ident => $d body:expr) => {
                match $d dtype {
                    $($crate::DType::$float => { type $d T = $float_rust; $d body })*
                    dtype @ ($($crate::DType::$int)|*) => Err($crate::EvalError::DType(dtype)),
                    dtype @ ($($crate::DType::$other)|*) => Err($crate::EvalError::DType(dtype)),
                }
            };
        }

        /// As `with_number!`, for integers only.
        macro_rules! with_integer {
            ($d dtype:expr, $d T:ident => $d body:expr) => {
                match $d dtype {
                    $($crate::DType::$int => { type $d T = $int_rust; $d body })*
                    dtype @ ($($crate::DType::$float)|*) => Err($crate::EvalError::DType(dtype)),
                    dtype @ ($($crate::DType::$other)|*) => Err($crate::EvalError::DType(dtype)),
                }
            };
        }

        pub(crate) use {with_float, with_integer, with_number};
    };
}

macro_rules! impl_element {
    ($rust:ty = $variant:ident) => {
        impl Element for $rust {
            const DTYPE: DType = DType::$variant;

            fn from_le(bytes: &[u8]) -> Self {
                bytemuck::pod_read_unaligned::<Self>(bytes).to_le()
            }

            fn to_le(self) -> Self {
                if cfg!(target_endian = "little") { self } else { Self::from_ne_bytes(self.to_le_bytes()) }
            }
        }
    };
}

dtypes! {
    $
    floats {
        /// IEEE binary32.
        F32(f32) = "f32";
        /// IEEE binary64.
        F64(f64) = "f64";
        /// IEEE binary16.
        F16(half::f16) = "f16";
        /// The upper half of an IEEE binary32.
        BF16(half::bf16) = "bf16";
    }
    integers {
        /// Signed 8 bits.
        I8(i8) = "i8";
        /// Signed 16 bits.
        I16(i16) = "i16";
        /// Signed 32 bits.
        I32(i32) = "i32";
        /// Signed 64 bits.
        I64(i64) = "i64";
        /// Unsigned 8 bits.
        U8(u8) = "u8";
        /// Unsigned 16 bits.
        U16(u16) = "u16";
        /// Unsigned 32 bits.
        U32(u32) = "u32";
        /// Unsigned 64 bits.
        U64(u64) = "u64";
    }
    others {
        /// A truth value: 0 or 1.
        Bool = "bool";
        /// 4 exponent and 3 mantissa bits; no infinities.
        F8E4M3Fn = "f8e4m3fn";
        /// 4 exponent and 3 mantissa bits; no infinities and no negative zero.
        F8E4M3Fnuz = "f8e4m3fnuz";
        /// 5 exponent and 2 mantissa bits, as IEEE would have it.
        F8E5M2 = "f8e5m2";
        /// 5 exponent and 2 mantissa bits; no infinities and no negative zero.
        F8E5M2Fnuz = "f8e5m2fnuz";
        /// A power of two: 8 exponent bits and nothing else.
        F8E8M0 = "f8e8m0";
        /// 2 exponent bits and 1 mantissa bit; finite.
        F4E2M1 = "f4e2m1";
        /// Signed 4 bits.
        I4 = "i4";
        /// Unsigned 4 bits.
        U4 = "u4";
        /// Signed 2 bits.
        I2 = "i2";
        /// Unsigned 2 bits.
        U2 = "u2";
    }
}

impl DType {
    /// The type spelled `name` in the text form.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|dtype| dtype.name() == name)
    }

    /// Whether there is arithmetic on the elements.
    pub const fn is_number(self) -> bool {
        self.is_float() || self.is_integer()
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A Rust type whose values are a tensor's elements. (`bool` is read and written through
/// [`Tensor::bools`](crate::Tensor::bools), since not every byte is a `bool`; the numbers of fewer than 8 bits and the
/// floats of 8 through their [`Code`].)
pub trait Element: bytemuck::Pod + PartialOrd + fmt::Debug + Send + Sync + 'static {
    /// The element type in the graph.
    const DTYPE: DType;

    /// The value stored little-endian in `bytes`, which has this type's size.
    fn from_le(bytes: &[u8]) -> Self;

    /// The value with its bytes in little-endian order: itself on little-endian machines.
    fn to_le(self) -> Self;
}
