//! Checks the binary form of a message against its descriptor, before prost decodes it.
//!
//! prost says what is wrong but neither where nor in which field, and it refuses what protobuf allows: a field whose wire type
//! or enum value the schema doesn't know is to be skipped. It also allocates a struct for every two bytes of an empty message. So
//! the bytes are walked first.

mod record;
mod rewrite;

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use thiserror::Error;

pub(crate) use self::record::{Payload, Record, next_record, next_varint};
use crate::{Described, FieldDescriptor, FieldPath, Kind, Label, MessageDescriptor, Step};

/// Messages nested deeper than this are refused, as protobuf's own readers do.
pub const MAX_DEPTH: usize = 100;

/// Decodes a message, and lists what its schema doesn't know. Strings are copied, blob data and `bytes` are slices of the input.
pub fn decode<M: Described>(bytes: Bytes) -> Result<(M, Vec<UnknownField>), WireError> {
    let checked = check(&bytes, M::DESCRIPTOR)?;
    let message = M::decode(checked.bytes).map_err(|error| WireError {
        path: FieldPath::root(),
        offset: 0,
        fault: WireFault::Decode(error),
    })?;
    Ok((message, checked.unknown))
}

/// Walks the wire format of a message by its descriptor.
pub fn check(bytes: &Bytes, descriptor: &'static MessageDescriptor) -> Result<Checked, WireError> {
    let mut walker = Walker {
        input: bytes,
        steps: Vec::new(),
        unknown: Vec::new(),
        memory: 0,
        budget: memory_budget(bytes.len()),
        rewrite: false,
    };
    walker.message(0..bytes.len(), descriptor)?;
    let Walker { unknown, rewrite, .. } = walker;
    let bytes = match rewrite {
        true => rewrite::known_and_packed(bytes, descriptor)?,
        false => bytes.clone(),
    };
    Ok(Checked { bytes, unknown })
}

/// The field numbers and wire types of the first records of a message, up to the first that is broken: enough to guess what it is.
pub fn outline(input: &[u8], n_records: usize) -> Vec<(u32, u8)> {
    let mut at = 0;
    let mut outline = Vec::new();
    while at < input.len() && outline.len() < n_records {
        let Ok(record) = next_record(input, at, input.len()) else { break };
        let wire_type = match record.payload {
            Payload::Varint(_) => 0,
            Payload::Fixed64 => 1,
            Payload::Bytes(_) => 2,
            Payload::Fixed32 => 5,
        };
        outline.push((record.number, wire_type));
        at = record.end;
    }
    outline
}

/// A message that prost can decode.
#[derive(Debug)]
pub struct Checked {
    /// The input, or in rare cases a copy of it without fields of unknown wire types and enum values, and with blob data packed.
    pub bytes: Bytes,
    /// What the schema doesn't know, in the order of the file.
    pub unknown: Vec<UnknownField>,
}

/// A field that is skipped, since its number, wire type or value is not in the schema.
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownField {
    /// The message that has the field or, if its number is known, the field itself.
    pub path: FieldPath,
    /// The type of the message that has the field.
    pub message: &'static str,
    /// The field's number.
    pub number: u32,
    /// Where in the file the field begins, in bytes.
    pub offset: u64,
    /// What is unknown about it.
    pub what: Unknown,
}

/// What the schema doesn't know about a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The field's number.
    Number,
    /// The field's type: some forks use the same number for another field.
    WireType,
    /// The value of an enum.
    EnumValue(i32),
}

impl fmt::Display for UnknownField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, message, number, what, .. } = self;
        match what {
            Unknown::Number if path.steps.is_empty() => {
                write!(f, "{message} has an unknown field with number {number}")
            }
            Unknown::Number => write!(f, "`{path}` ({message}) has an unknown field with number {number}"),
            Unknown::WireType => write!(f, "`{path}` is not of the type that field {number} of {message} has"),
            Unknown::EnumValue(value) => write!(f, "`{path}` has the unknown value {value}"),
        }
    }
}

/// A message that can't be read: where and why.
#[derive(Debug, Error)]
#[error("{}{fault} (byte {offset})", prefix(path))]
pub struct WireError {
    /// The innermost field or message that was being read.
    pub path: FieldPath,
    /// Where in the file the trouble is, in bytes.
    pub offset: u64,
    /// What the trouble is.
    pub fault: WireFault,
}

fn prefix(path: &FieldPath) -> String {
    if path.steps.is_empty() { String::new() } else { format!("{path}: ") }
}

/// Why a message can't be read.
#[derive(Debug, Error)]
pub enum WireFault {
    /// The file or message ends too early: the file was cut off, or isn't of this format.
    #[error("says that {needed} more bytes follow, but only {left} remain")]
    Truncated {
        /// The length that is claimed.
        needed: u64,
        /// The bytes there are.
        left: u64,
    },
    /// The bytes end within a number or a field's key.
    #[error("ends in the middle of a number")]
    EndsInNumber,
    /// A varint of more than ten bytes.
    #[error("has a number of more than 64 bits")]
    LongNumber,
    /// A field number no schema can have.
    #[error("has a field numbered {0}, which protobuf does not allow")]
    FieldNumber(u64),
    /// A wire type that isn't in use in these formats: a group, or none of protobuf's.
    #[error("has a field {number} of wire type {wire_type}, which files of this format do not use")]
    WireType {
        /// The field's number.
        number: u32,
        /// Its wire type.
        wire_type: u8,
    },
    /// A string that isn't UTF-8.
    #[error("is a string that is not valid UTF-8")]
    Utf8,
    /// Packed numbers whose length is not a multiple of theirs.
    #[error("has {length} bytes of packed numbers, which is not a multiple of {width}")]
    PackedLength {
        /// The length of them all, in bytes.
        length: u64,
        /// The length of one, in bytes.
        width: u64,
    },
    /// Messages within messages without end.
    #[error("is nested more than {MAX_DEPTH} messages deep")]
    TooDeep,
    /// A small file that would take a lot of memory, such as one of a million empty layers.
    #[error("would take more than {budget} bytes of memory, far more than the size of the file justifies")]
    TooLarge {
        /// The memory allowed for a file of this size, in bytes.
        budget: u64,
    },
    /// prost refused what the walk accepted.
    #[error("{0}")]
    Decode(prost::DecodeError),
}

/// The memory that the decoded structs of a file may take: a base that covers any sensible net, and a multiple of the file's size.
fn memory_budget(file_size: usize) -> u64 {
    const BASE: u64 = 16 << 20;
    const PER_BYTE: u64 = 32;
    (file_size as u64).saturating_mul(PER_BYTE).saturating_add(BASE)
}

/// What a field of the schema makes of what was found in its place.
enum Fit {
    /// A value of the field.
    Value,
    /// One float or double of blob data, which prost could not read as a chunk.
    Unpacked,
    /// Nothing the schema knows.
    Unknown(Unknown),
}

/// Decides whether a record is a value of a field. Shared by the check and the rewriting, so that they agree.
fn fit(input: &[u8], field: &FieldDescriptor, record: &Record) -> Fit {
    let repeated = field.label == Label::Repeated;
    match (field.kind, &record.payload) {
        (Kind::Enum(values), Payload::Varint(value)) => unknown_value(values, *value).map_or(Fit::Value, Fit::Unknown),
        (Kind::Enum(values), Payload::Bytes(range)) if repeated => varints(input, range.clone())
            .find_map(|value| unknown_value(values, value))
            .map_or(Fit::Value, Fit::Unknown),
        (Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 | Kind::Bool, Payload::Varint(_))
        | (Kind::Float, Payload::Fixed32)
        | (Kind::Double, Payload::Fixed64)
        | (Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Floats | Kind::Doubles, Payload::Bytes(_)) => {
            Fit::Value
        }
        (
            Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 | Kind::Bool | Kind::Float | Kind::Double,
            Payload::Bytes(_),
        ) if repeated => Fit::Value,
        (Kind::Floats, Payload::Fixed32) | (Kind::Doubles, Payload::Fixed64) => Fit::Unpacked,
        (_, Payload::Varint(_) | Payload::Fixed32 | Payload::Fixed64 | Payload::Bytes(_)) => {
            Fit::Unknown(Unknown::WireType)
        }
    }
}

fn unknown_value(values: &crate::EnumDescriptor, value: u64) -> Option<Unknown> {
    // An enum is an int32: protobuf drops the high bits of a longer varint.
    let number = value as i32;
    values.name_of(number).is_none().then_some(Unknown::EnumValue(number))
}

/// The packed varints of a range, up to the first that is broken.
fn varints(input: &[u8], range: Range<usize>) -> impl Iterator<Item = u64> {
    let mut at = range.start;
    std::iter::from_fn(move || {
        if at >= range.end {
            return None;
        }
        let (value, next) = next_varint(input, at, range.end).ok()?;
        at = next;
        Some(value)
    })
}

struct Walker<'a> {
    input: &'a [u8],
    steps: Vec<Step>,
    unknown: Vec<UnknownField>,
    memory: u64,
    budget: u64,
    rewrite: bool,
}

impl Walker<'_> {
    fn message(&mut self, range: Range<usize>, descriptor: &'static MessageDescriptor) -> Result<(), WireError> {
        if self.steps.len() >= MAX_DEPTH {
            return Err(self.error(range.start, WireFault::TooDeep));
        }
        self.count(range.start, descriptor.size)?;
        // How often each repeated message has occurred, by field number: the index in a path.
        let mut occurrences: Vec<(u32, usize)> = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let record = next_record(self.input, at, range.end)
                .map_err(|(offset, number, fault)| self.error_in(descriptor, offset, number, fault))?;
            at = record.end;
            let Some(field) = descriptor.field_by_number(record.number) else {
                self.note_unknown(descriptor, &record, Unknown::Number)?;
                continue;
            };
            let index = (field.label == Label::Repeated && !matches!(field.kind, Kind::Floats | Kind::Doubles))
                .then(|| next_index(&mut occurrences, field.number));
            self.steps.push(Step { name: field.name.into(), index });
            self.field(descriptor, field, &record)?;
            self.steps.pop();
        }
        Ok(())
    }

    fn field(
        &mut self,
        descriptor: &'static MessageDescriptor,
        field: &FieldDescriptor,
        record: &Record,
    ) -> Result<(), WireError> {
        match fit(self.input, field, record) {
            Fit::Unknown(what) => {
                self.rewrite = true;
                self.note_unknown(descriptor, record, what)
            }
            Fit::Unpacked => {
                self.rewrite = true;
                self.count(record.start, size_of::<Bytes>())
            }
            Fit::Value => match &record.payload {
                Payload::Bytes(range) => self.length_delimited(field, range.clone()),
                Payload::Varint(_) | Payload::Fixed32 | Payload::Fixed64 => self.count(record.start, size_of::<u64>()),
            },
        }
    }

    fn length_delimited(&mut self, field: &FieldDescriptor, range: Range<usize>) -> Result<(), WireError> {
        let bytes = self.input.get(range.clone()).unwrap_or_default();
        match field.kind {
            Kind::Message(descriptor) => self.message(range, descriptor()),
            Kind::String => match std::str::from_utf8(bytes) {
                Ok(text) => self.count(range.start, size_of::<String>() + text.len()),
                Err(error) => Err(self.error(range.start + error.valid_up_to(), WireFault::Utf8)),
            },
            Kind::Bytes => self.count(range.start, size_of::<Bytes>()),
            Kind::Floats => {
                self.packed(&range, size_of::<f32>())?;
                self.count(range.start, size_of::<Bytes>())
            }
            Kind::Doubles => {
                self.packed(&range, size_of::<f64>())?;
                self.count(range.start, size_of::<Bytes>())
            }
            Kind::Float => {
                self.packed(&range, size_of::<f32>())?;
                self.count(range.start, bytes.len())
            }
            Kind::Double => {
                self.packed(&range, size_of::<f64>())?;
                self.count(range.start, bytes.len())
            }
            Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 | Kind::Bool | Kind::Enum(_) => {
                let mut at = range.start;
                let mut n_values = 0_usize;
                while at < range.end {
                    (_, at) = next_varint(self.input, at, range.end).map_err(|fault| self.error(at, fault))?;
                    n_values += 1;
                }
                self.count(range.start, n_values.saturating_mul(size_of::<u64>()))
            }
        }
    }

    fn packed(&self, range: &Range<usize>, width: usize) -> Result<(), WireError> {
        if range.len().is_multiple_of(width) {
            return Ok(());
        }
        Err(self.error(range.start, WireFault::PackedLength { length: range.len() as u64, width: width as u64 }))
    }

    fn note_unknown(
        &mut self,
        descriptor: &'static MessageDescriptor,
        record: &Record,
        what: Unknown,
    ) -> Result<(), WireError> {
        let path = FieldPath { steps: self.steps.clone() };
        self.count(record.start, size_of::<UnknownField>() + path.steps.len() * size_of::<Step>())?;
        let offset = record.start as u64;
        self.unknown.push(UnknownField { path, message: descriptor.name, number: record.number, offset, what });
        Ok(())
    }

    fn count(&mut self, offset: usize, bytes: usize) -> Result<(), WireError> {
        self.memory = self.memory.saturating_add(bytes as u64);
        if self.memory > self.budget {
            return Err(self.error(offset, WireFault::TooLarge { budget: self.budget }));
        }
        Ok(())
    }

    fn error(&self, offset: usize, fault: WireFault) -> WireError {
        WireError { path: FieldPath { steps: self.steps.clone() }, offset: offset as u64, fault }
    }

    /// An error in a record of a message: its path is that of the field, where the number was legible and is known.
    fn error_in(
        &self,
        descriptor: &'static MessageDescriptor,
        offset: usize,
        number: Option<u32>,
        fault: WireFault,
    ) -> WireError {
        let mut error = self.error(offset, fault);
        if let Some(field) = number.and_then(|number| descriptor.field_by_number(number)) {
            error.path = error.path.field(field.name);
        }
        error
    }
}

fn next_index(occurrences: &mut Vec<(u32, usize)>, number: u32) -> usize {
    match occurrences.iter_mut().find(|occurrence| occurrence.0 == number) {
        Some((_, n_seen)) => {
            *n_seen += 1;
            *n_seen - 1
        }
        None => {
            occurrences.push((number, 1));
            0
        }
    }
}
