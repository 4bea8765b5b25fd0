//! A message in protobuf's text format, as people write prototxt files.

use std::fmt::Write;

use bytes::Bytes;

use crate::wire::{Payload, next_record, next_varint};
use crate::{Described, FieldDescriptor, Kind, MessageDescriptor};

/// A message within another one is written on one line if the line has no more characters than this.
const WIDTH: usize = 100;

const INDENT: &str = "  ";

/// The message as text that reads back as the same message: its fields in the order of their declaration, a line each,
/// and two spaces for each message around them. Messages below the top level are on one line where there is room.
/// Numbers are in the shortest form that reads back as the same number.
pub fn print<M: Described>(message: &M) -> String {
    let bytes: Bytes = message.encode_to_vec().into();
    let mut text = String::new();
    for field in fields(&bytes, M::DESCRIPTOR) {
        match &field.value {
            Printed::Scalar(scalar) => line(&mut text, 0, &format!("{}: {scalar}", field.name)),
            Printed::Message(inner) => block(&mut text, 0, field.name, inner),
        }
    }
    text
}

/// A field as it is printed.
struct Field {
    name: &'static str,
    value: Printed,
}

enum Printed {
    Scalar(String),
    Message(Vec<Field>),
}

/// The fields of an encoded message, in the order of the descriptor.
fn fields(bytes: &[u8], descriptor: &MessageDescriptor) -> Vec<Field> {
    let mut found: Vec<(usize, Field)> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let Ok(record) = next_record(bytes, at, bytes.len()) else { break };
        at = record.end;
        let known = descriptor.fields.iter().enumerate().find(|(_, field)| field.number == record.number);
        let Some((position, field)) = known else { continue };
        let last = |size: usize| &bytes[record.end - size..record.end];
        let values = match record.payload {
            Payload::Varint(value) => vec![Printed::Scalar(whole_number(field.kind, value))],
            Payload::Fixed32 => vec![Printed::Scalar(real(last(size_of::<f32>())))],
            Payload::Fixed64 => vec![Printed::Scalar(real(last(size_of::<f64>())))],
            Payload::Bytes(range) => delimited(field, &bytes[range]),
        };
        found.extend(values.into_iter().map(|value| (position, Field { name: field.name, value })));
    }
    // A stable sort: the occurrences of a field keep their order.
    found.sort_by_key(|(position, _)| *position);
    found.into_iter().map(|(_, field)| field).collect()
}

/// What is in a record of many bytes: a message, a string, or packed numbers.
fn delimited(field: &FieldDescriptor, bytes: &[u8]) -> Vec<Printed> {
    let numbers = |size: usize| bytes.chunks_exact(size).map(|number| Printed::Scalar(real(number))).collect();
    match field.kind {
        Kind::Message(descriptor) => vec![Printed::Message(fields(bytes, descriptor()))],
        Kind::String | Kind::Bytes => vec![Printed::Scalar(quoted(bytes))],
        Kind::Float | Kind::Floats => numbers(size_of::<f32>()),
        Kind::Double | Kind::Doubles => numbers(size_of::<f64>()),
        Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 | Kind::Bool | Kind::Enum(_) => {
            packed(bytes).into_iter().map(|value| Printed::Scalar(whole_number(field.kind, value))).collect()
        }
    }
}

fn packed(bytes: &[u8]) -> Vec<u64> {
    let mut values = Vec::new();
    let mut at = 0;
    while let Ok((value, end)) = next_varint(bytes, at, bytes.len()) {
        values.push(value);
        at = end;
    }
    values
}

fn whole_number(kind: Kind, value: u64) -> String {
    match kind {
        Kind::Bool => (value != 0).to_string(),
        Kind::Enum(descriptor) => {
            // An int32, sign-extended.
            let number = value as i32;
            descriptor.name_of(number).map_or_else(|| number.to_string(), str::to_owned)
        }
        Kind::Uint32 | Kind::Uint64 => value.to_string(),
        Kind::Int32 | Kind::Int64 => (value as i64).to_string(),
        Kind::Float | Kind::Double | Kind::Floats | Kind::Doubles => value.to_string(),
        Kind::String | Kind::Bytes | Kind::Message(_) => value.to_string(),
    }
}

/// The number that four or eight bytes are.
fn real(bytes: &[u8]) -> String {
    match *bytes {
        [a, b, c, d] => {
            let number = f32::from_le_bytes([a, b, c, d]);
            spelled(f64::from(number), number.to_string(), format!("{number:e}"))
        }
        _ => {
            let number = bytes.last_chunk().map_or(f64::NAN, |double| f64::from_le_bytes(*double));
            spelled(number, number.to_string(), format!("{number:e}"))
        }
    }
}

/// The shorter of two spellings, or the format's words for what is no finite number.
fn spelled(number: f64, plain: String, exponential: String) -> String {
    match number {
        nan if nan.is_nan() => "nan".to_owned(),
        f64::INFINITY => "inf".to_owned(),
        f64::NEG_INFINITY => "-inf".to_owned(),
        _ if exponential.len() < plain.len() && plain.len() > 6 => exponential,
        _ => plain,
    }
}

/// A string with what can't stand in one escaped; UTF-8 is left as it is.
fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\\' => text.extend(['\\', character]),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                control if control.is_control() => control.to_string().bytes().for_each(|byte| octal(&mut text, byte)),
                other => text.push(other),
            }
        }
        chunk.invalid().iter().for_each(|&byte| octal(&mut text, byte));
    }
    text.push('"');
    text
}

fn octal(text: &mut String, byte: u8) {
    write!(text, "\\{byte:03o}").expect("a string takes all that is written to it");
}

fn line(text: &mut String, depth: usize, content: &str) {
    for part in [&INDENT.repeat(depth), content, "\n"] {
        text.push_str(part);
    }
}

fn block(text: &mut String, depth: usize, name: &str, fields: &[Field]) {
    if depth > 0 {
        let one_line = format!("{name} {}", inline(fields));
        if INDENT.len() * depth + one_line.chars().count() <= WIDTH {
            return line(text, depth, &one_line);
        }
    }
    line(text, depth, &format!("{name} {{"));
    for field in fields {
        match &field.value {
            Printed::Scalar(scalar) => line(text, depth + 1, &format!("{}: {scalar}", field.name)),
            Printed::Message(inner) => block(text, depth + 1, field.name, inner),
        }
    }
    line(text, depth, "}");
}

fn inline(fields: &[Field]) -> String {
    let fields = fields.iter().map(|field| match &field.value {
        Printed::Scalar(scalar) => format!("{}: {scalar} ", field.name),
        Printed::Message(inner) => format!("{} {} ", field.name, inline(inner)),
    });
    format!("{{ {}}}", fields.collect::<String>())
}
