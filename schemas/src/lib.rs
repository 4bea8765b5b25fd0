//! Protobuf messages of the model formats Firebrick reads and writes.
//!
//! Each message is declared once, as a list of rows that read like a schema (see `declare`). A declaration gives
//! - a struct that [prost] encodes and decodes, with weights kept as slices of the input ([`bytes::Bytes`]), and
//! - a [`MessageDescriptor`] naming its fields, which the text format, the wire checker and error messages read.
//!
//! Reading a binary file is one call, [`decode`]: it walks the bytes by descriptor first ([`wire::check`]), so that an
//! error says which field is wrong, at which byte and why, and so that no file can make us use much more memory than its size
//! justifies. Fields, wire types and enum values the schema doesn't know are skipped, as protobuf prescribes, and all listed.
//!
//! [`text::print`] writes a message as text by the same descriptors.

#![recursion_limit = "512"]

mod declare;
mod path;
mod reflect;
mod sniff;
pub mod text;
pub mod wire;

pub mod caffe;
pub mod onnx;

pub use self::path::{FieldPath, Step};
pub use self::reflect::{Described, EnumDescriptor, FieldDescriptor, Kind, Label, MessageDescriptor};
pub use self::sniff::{Content, sniff};
pub use self::wire::{Unknown, UnknownField, WireError, WireFault, decode};
