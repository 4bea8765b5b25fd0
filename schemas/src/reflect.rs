//! What a message consists of, as data.

use std::fmt;

/// A message type with a descriptor.
pub trait Described: prost::Message + Default {
    /// The message's fields.
    const DESCRIPTOR: &'static MessageDescriptor;
}

/// The fields of a message type.
#[derive(Debug)]
pub struct MessageDescriptor {
    /// The message's name, such as `ConvolutionParameter`.
    pub name: &'static str,
    /// In the order of their declaration.
    pub fields: &'static [FieldDescriptor],
    /// Bytes the decoded struct takes, without what its fields point to.
    pub size: usize,
}

impl MessageDescriptor {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&'static FieldDescriptor> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field of that number.
    pub fn field_by_number(&self, number: u32) -> Option<&'static FieldDescriptor> {
        self.fields.iter().find(|field| field.number == number)
    }
}

/// One field of a message.
#[derive(Debug)]
pub struct FieldDescriptor {
    /// The name the text format uses.
    pub name: &'static str,
    /// The number the binary format uses.
    pub number: u32,
    /// How often the field may occur.
    pub label: Label,
    /// The type of its value.
    pub kind: Kind,
    /// Whether a repeated number is written packed. Both forms are read in any case.
    pub packed: bool,
    /// The value a missing field stands for, as it is written in the declaration; `None` is zero, false, empty or the first of an enum.
    pub default: Option<&'static str>,
}

/// How often a field may occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// At most once.
    Optional,
    /// Exactly once.
    Required,
    /// Any number of times.
    Repeated,
}

/// The type of a field's value.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A signed integer of 32 bits, as a varint.
    Int32,
    /// A signed integer of 64 bits, as a varint.
    Int64,
    /// An unsigned integer of 32 bits, as a varint.
    Uint32,
    /// An unsigned integer of 64 bits, as a varint.
    Uint64,
    /// An IEEE single.
    Float,
    /// An IEEE double.
    Double,
    /// A truth value.
    Bool,
    /// UTF-8 text.
    String,
    /// Any bytes.
    Bytes,
    /// Many floats, kept as slices of the file: little-endian, four bytes each.
    Floats,
    /// Many doubles, kept as slices of the file: little-endian, eight bytes each.
    Doubles,
    /// One of a list of names.
    Enum(&'static EnumDescriptor),
    /// A message. A function, since messages may contain themselves.
    Message(fn() -> &'static MessageDescriptor),
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Kind {
    /// The name of the type of one value in a schema: `uint32`, or that of the enum or message.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Int32 => "int32",
            Kind::Int64 => "int64",
            Kind::Uint32 => "uint32",
            Kind::Uint64 => "uint64",
            Kind::Float | Kind::Floats => "float",
            Kind::Double | Kind::Doubles => "double",
            Kind::Bool => "bool",
            Kind::String => "string",
            Kind::Bytes => "bytes",
            Kind::Enum(descriptor) => descriptor.name,
            Kind::Message(descriptor) => descriptor().name,
        }
    }
}

/// The names and numbers of an enum.
#[derive(Debug)]
pub struct EnumDescriptor {
    /// The enum's name, such as `PoolMethod`.
    pub name: &'static str,
    /// Each name with its number.
    pub values: &'static [(&'static str, i32)],
}

impl EnumDescriptor {
    /// The number of a name.
    pub fn number(&self, name: &str) -> Option<i32> {
        self.values.iter().find(|value| value.0 == name).map(|value| value.1)
    }

    /// The name of a number.
    pub fn name_of(&self, number: i32) -> Option<&'static str> {
        self.values.iter().find(|value| value.1 == number).map(|value| value.0)
    }
}

/// A field's name in the schema, given its name in Rust: `r#type` is `type`.
pub(crate) const fn schema_name(rust_name: &'static str) -> &'static str {
    match rust_name.as_bytes() {
        [b'r', b'#', ..] => rust_name.split_at(2).1,
        [..] => rust_name,
    }
}
