//! The two macros that declare messages and enums.

/// Declares a message: the prost struct and its descriptor.
///
/// A row is `label type name = number [default = value];`. Labels and types are protobuf's, with two additions:
/// - `packed` is a repeated number written packed;
/// - `chunked` is a packed field of `float` or `double` kept as slices of the file, a `Vec<Bytes>`.
///
/// A field of type `bytes` is a slice of the file too, a `Bytes`.
///
/// An optional message is boxed: Caffe's `LayerParameter` has eighty of them, of which a layer uses one. A default is a
/// string where it names an enum variant or is negative.
macro_rules! message {
    ($(#[$meta:meta])* $message:ident { $($rows:tt)* }) => {
        $crate::declare::message!(@rows {$(#[$meta])* $message} {} {} $($rows)*);
    };
    (@rows $m:tt $f:tt $d:tt $(#[$doc:meta])* optional message $type:ident $($rest:tt)*) => {
        $crate::declare::message!(@row $m $f $d {$(#[$doc])*} [message, optional, boxed] [Option<Box<$type>>]
            [Optional false Message(|| <$type as $crate::Described>::DESCRIPTOR)] $($rest)*);
    };
    (@rows $m:tt $f:tt $d:tt $(#[$doc:meta])* repeated message $type:ident $($rest:tt)*) => {
        $crate::declare::message!(@row $m $f $d {$(#[$doc])*} [message, repeated] [Vec<$type>]
            [Repeated false Message(|| <$type as $crate::Described>::DESCRIPTOR)] $($rest)*);
    };
    (@rows $m:tt $f:tt $d:tt $(#[$doc:meta])* optional enum $type:ident $($rest:tt)*) => {
        $crate::declare::message!(@row $m $f $d {$(#[$doc])*} [optional, enumeration($type)] [Option<i32>]
            [Optional false Enum(&$type::DESCRIPTOR)] $($rest)*);
    };
    (@rows $m:tt $f:tt $d:tt $(#[$doc:meta])* repeated enum $type:ident $($rest:tt)*) => {
        $crate::declare::message!(@row $m $f $d {$(#[$doc])*} [repeated, packed = false, enumeration($type)] [Vec<i32>]
            [Repeated false Enum(&$type::DESCRIPTOR)] $($rest)*);
    };
    (@rows $m:tt $f:tt $d:tt $(#[$doc:meta])* chunked float $($rest:tt)*) => {
        $crate::declare::message!(@row $m $f $d {$(#[$doc])*} [repeated, bytes = "bytes"] [Vec<bytes::Bytes>]
            [Repeated true Floats] $($rest)*);
    };
    (@rows $m:tt $f:tt $d:tt $(#[$doc:meta])* chunked double $($rest:tt)*) => {
        $crate::declare::message!(@row $m $f $d {$(#[$doc])*} [repeated, bytes = "bytes"] [Vec<bytes::Bytes>]
            [Repeated true Doubles] $($rest)*);
    };
    (@rows $m:tt $f:tt $d:tt $(#[$doc:meta])* optional bytes $($rest:tt)*) => {
        $crate::declare::message!(@row $m $f $d {$(#[$doc])*} [optional, bytes = "bytes"] [Option<bytes::Bytes>]
            [Optional false Bytes] $($rest)*);
    };
    (@rows $m:tt $f:tt $d:tt $(#[$doc:meta])* repeated bytes $($rest:tt)*) => {
        $crate::declare::message!(@row $m $f $d {$(#[$doc])*} [repeated, bytes = "bytes"] [Vec<bytes::Bytes>]
            [Repeated false Bytes] $($rest)*);
    };
    (@rows $m:tt $f:tt $d:tt $(#[$doc:meta])* packed $type:ident $($rest:tt)*) => {
        $crate::declare::message!(@row $m $f $d {$(#[$doc])*} [repeated, packed = true, $type]
            [Vec<$crate::declare::rust_type!($type)>] [Repeated true $type] $($rest)*);
    };
    (@rows $m:tt $f:tt $d:tt $(#[$doc:meta])* repeated $type:ident $($rest:tt)*) => {
        $crate::declare::message!(@row $m $f $d {$(#[$doc])*} [repeated, packed = false, $type]
            [Vec<$crate::declare::rust_type!($type)>] [Repeated false $type] $($rest)*);
    };
    (@rows $m:tt $f:tt $d:tt $(#[$doc:meta])* required $type:ident $($rest:tt)*) => {
        $crate::declare::message!(@row $m $f $d {$(#[$doc])*} [required, $type]
            [$crate::declare::rust_type!($type)] [Required false $type] $($rest)*);
    };
    (@rows $m:tt $f:tt $d:tt $(#[$doc:meta])* optional $type:ident $($rest:tt)*) => {
        $crate::declare::message!(@row $m $f $d {$(#[$doc])*} [optional, $type]
            [Option<$crate::declare::rust_type!($type)>] [Optional false $type] $($rest)*);
    };
    (@row $m:tt {$($f:tt)*} {$($d:tt)*} {$($doc:tt)*} [$($attribute:tt)*] [$rust:ty]
        [$label:ident $packed:ident $($kind:tt)*] $name:ident = $number:tt $([default = $default:tt])?; $($rest:tt)*) => {
        $crate::declare::message!(@rows $m
            {$($f)*
                #[doc = concat!("Field ", stringify!($number) $(, ", default `", stringify!($default), "`")?, ".")]
                $($doc)*
                #[prost($($attribute)*, tag = $number $(, default = $default)?)]
                pub $name: $rust,}
            {$($d)* $crate::FieldDescriptor {
                name: $crate::reflect::schema_name(stringify!($name)),
                number: $number,
                label: $crate::Label::$label,
                kind: $crate::declare::kind!($($kind)*),
                packed: $packed,
                default: $crate::declare::default_text!($($default)?),
            },}
            $($rest)*);
    };
    (@rows {$(#[$meta:meta])* $message:ident} {$($f:tt)*} {$($d:tt)*}) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, prost::Message)]
        pub struct $message { $($f)* }

        impl $crate::Described for $message {
            const DESCRIPTOR: &'static $crate::MessageDescriptor = &$crate::MessageDescriptor {
                name: stringify!($message),
                fields: &[$($d)*],
                size: size_of::<$message>(),
            };
        }
    };
}

/// Declares an enum: rows of `Variant = number "NAME";`. The first is the default.
macro_rules! enumeration {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $number:tt $text:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
        #[repr(i32)]
        pub enum $name { $(#[doc = concat!("`", $text, "`")] $variant = $number,)* }

        impl $name {
            /// The names and numbers of the enum.
            pub const DESCRIPTOR: $crate::EnumDescriptor = $crate::EnumDescriptor {
                name: stringify!($name),
                values: &[$(($text, $number)),*],
            };

            /// The name in the text format.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

/// The Rust type of a protobuf scalar.
macro_rules! rust_type {
    (int32) => {
        i32
    };
    (int64) => {
        i64
    };
    (uint32) => {
        u32
    };
    (uint64) => {
        u64
    };
    (float) => {
        f32
    };
    (double) => {
        f64
    };
    (bool) => {
        bool
    };
    (string) => {
        String
    };
}

/// The [`crate::Kind`] of a protobuf scalar, or the kind itself.
macro_rules! kind {
    (int32) => { $crate::Kind::Int32 };
    (int64) => { $crate::Kind::Int64 };
    (uint32) => { $crate::Kind::Uint32 };
    (uint64) => { $crate::Kind::Uint64 };
    (float) => { $crate::Kind::Float };
    (double) => { $crate::Kind::Double };
    (bool) => { $crate::Kind::Bool };
    (string) => { $crate::Kind::String };
    ($($kind:tt)*) => { $crate::Kind::$($kind)* };
}

/// A default as text, without the quotes of those written as strings.
macro_rules! default_text {
    () => {
        None
    };
    ($text:literal) => {
        Some(concat!($text))
    };
    ($value:tt) => {
        Some(stringify!($value))
    };
}

pub(crate) use {default_text, enumeration, kind, message, rust_type};
