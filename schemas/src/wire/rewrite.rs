//! Rewrites a message as prost can read it, in the rare case that it can't.

use std::ops::Range;

use bytes::Bytes;
use prost::encoding::{WireType, encode_key, encode_varint};

use super::record::{Payload, RecordFault, next_record};
use super::{Fit, WireError, fit};
use crate::{FieldPath, Kind, MessageDescriptor};

/// A copy of a checked message without fields of unknown wire types and values, and with all blob data packed.
pub(super) fn known_and_packed(input: &[u8], descriptor: &'static MessageDescriptor) -> Result<Bytes, WireError> {
    // Only nested lengths can grow, by less than the unpacked numbers shrink.
    let mut output = Vec::with_capacity(input.len());
    message(input, 0..input.len(), descriptor, &mut output).map_err(|(offset, _, fault)| WireError {
        path: FieldPath::root(),
        offset: offset as u64,
        fault,
    })?;
    Ok(output.into())
}

fn message(
    input: &[u8],
    range: Range<usize>,
    descriptor: &'static MessageDescriptor,
    output: &mut Vec<u8>,
) -> Result<(), RecordFault> {
    let mut alone = Alone::default();
    let mut at = range.start;
    while at < range.end {
        let record = next_record(input, at, range.end)?;
        let bytes = input.get(record.start..record.end).unwrap_or_default();
        at = record.end;
        let field = descriptor.field_by_number(record.number);
        match field.map(|field| (field.kind, fit(input, field, &record))) {
            Some((kind, Fit::Unpacked)) => {
                let width = if matches!(kind, Kind::Doubles) { size_of::<f64>() } else { size_of::<f32>() };
                let value = bytes.get(bytes.len().saturating_sub(width)..).unwrap_or_default();
                alone.push(record.number, value, output);
            }
            known => {
                alone.flush(output);
                match (known, record.payload) {
                    (Some((_, Fit::Unknown(_))), _) => {}
                    (Some((Kind::Message(nested), Fit::Value)), Payload::Bytes(range)) => {
                        let mut inner = Vec::new();
                        message(input, range, nested(), &mut inner)?;
                        chunk(record.number, &inner, output);
                    }
                    (Some((_, Fit::Value | Fit::Unpacked)) | None, _) => output.extend_from_slice(bytes),
                }
            }
        }
    }
    alone.flush(output);
    Ok(())
}

/// The numbers of a blob that stand alone, which become one chunk when something else follows.
#[derive(Default)]
struct Alone {
    number: u32,
    values: Vec<u8>,
}

impl Alone {
    fn push(&mut self, number: u32, value: &[u8], output: &mut Vec<u8>) {
        if self.number != number {
            self.flush(output);
            self.number = number;
        }
        self.values.extend_from_slice(value);
    }

    fn flush(&mut self, output: &mut Vec<u8>) {
        if !self.values.is_empty() {
            chunk(self.number, &self.values, output);
            self.values.clear();
        }
    }
}

fn chunk(number: u32, bytes: &[u8], output: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, output);
    encode_varint(bytes.len() as u64, output);
    output.extend_from_slice(bytes);
}
