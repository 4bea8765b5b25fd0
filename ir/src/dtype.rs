//! Element types and how Rust sees them.

use std::fmt;

use half::f16;

/// The one list of element types: variant, Rust type (for `bool`, the byte that stores it), spelling.
macro_rules! dtypes {
    ($($(#[$doc:meta])* $variant:ident($rust:ty) = $name:literal;)*) => {
        /// The type of a tensor's elements.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum DType { $($(#[$doc])* $variant,)* }

        impl DType {
            /// Every element type.
            pub const ALL: &[DType] = &[$(DType::$variant,)*];

            /// The spelling in the text form.
            pub const fn name(self) -> &'static str {
                match self { $(DType::$variant => $name,)* }
            }

            /// Bytes an element takes.
            pub const fn size(self) -> usize {
                match self { $(DType::$variant => size_of::<$rust>(),)* }
            }
        }
    };
}

dtypes! {
    /// IEEE binary32.
    F32(f32) = "f32";
    /// IEEE binary16.
    F16(f16) = "f16";
    /// Signed 8 bits.
    I8(i8) = "i8";
    /// Unsigned 8 bits.
    U8(u8) = "u8";
    /// Signed 32 bits.
    I32(i32) = "i32";
    /// Signed 64 bits.
    I64(i64) = "i64";
    /// One byte, 0 or 1.
    Bool(u8) = "bool";
}

impl DType {
    /// The type spelled `name` in the text form.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|dtype| dtype.name() == name)
    }

    /// Whether the elements are floating-point numbers.
    pub const fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::F16)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A Rust type whose values are a tensor's elements. (`bool` is read and written through
/// [`Tensor::bools`](crate::Tensor::bools), since not every byte is a `bool`.)
pub trait Element: bytemuck::Pod + PartialOrd + fmt::Debug + Send + Sync + 'static {
    /// The element type in the graph.
    const DTYPE: DType;

    /// The value stored little-endian in `bytes`, which has this type's size.
    fn from_le(bytes: &[u8]) -> Self;

    /// The value with its bytes in little-endian order: itself on little-endian machines.
    fn to_le(self) -> Self;
}

macro_rules! elements {
    ($($rust:ty = $variant:ident;)*) => {$(
        impl Element for $rust {
            const DTYPE: DType = DType::$variant;

            fn from_le(bytes: &[u8]) -> Self {
                bytemuck::pod_read_unaligned::<Self>(bytes).to_le()
            }

            fn to_le(self) -> Self {
                if cfg!(target_endian = "little") { self } else { Self::from_ne_bytes(self.to_le_bytes()) }
            }
        }
    )*};
}

elements! {
    f32 = F32;
    f16 = F16;
    i8 = I8;
    u8 = U8;
    i32 = I32;
    i64 = I64;
}
