//! The records a message consists of: a key and a payload each.

use std::ops::Range;

use super::WireFault;

/// One record: a field's number and what follows it.
pub(crate) struct Record {
    pub(crate) number: u32,
    pub(crate) payload: Payload,
    /// Where the key begins.
    pub(crate) start: usize,
    /// Where the payload ends.
    pub(crate) end: usize,
}

/// What follows a key. Fixed-width values are the last four or eight bytes of the record.
pub(crate) enum Payload {
    Varint(u64),
    Fixed32,
    Fixed64,
    Bytes(Range<usize>),
}

/// The offset of an error, the field's number if it was legible, and the error.
pub(crate) type RecordFault = (usize, Option<u32>, WireFault);

/// Reads the record at `at` of a message that ends at `limit`.
pub(crate) fn next_record(input: &[u8], at: usize, limit: usize) -> Result<Record, RecordFault> {
    let start = at;
    let (key, at) = next_varint(input, start, limit).map_err(|fault| (start, None, fault))?;
    let number = u32::try_from(key >> 3).ok().filter(|number| (1..1 << 29).contains(number));
    let Some(number) = number else {
        return Err((start, None, WireFault::FieldNumber(key >> 3)));
    };
    let in_field = |fault| (at, Some(number), fault);
    let (payload, end) = match (key & 7) as u8 {
        0 => {
            let (value, end) = next_varint(input, at, limit).map_err(in_field)?;
            (Payload::Varint(value), end)
        }
        1 => (Payload::Fixed64, take(at, 8, limit).map_err(in_field)?),
        2 => {
            let (length, at) = next_varint(input, at, limit).map_err(in_field)?;
            let end = take(at, length, limit).map_err(|fault| (at, Some(number), fault))?;
            (Payload::Bytes(at..end), end)
        }
        5 => (Payload::Fixed32, take(at, 4, limit).map_err(in_field)?),
        wire_type => return Err((start, Some(number), WireFault::WireType { number, wire_type })),
    };
    Ok(Record { number, payload, start, end })
}

/// Reads the varint at `at`: its value and where it ends.
pub(crate) fn next_varint(input: &[u8], at: usize, limit: usize) -> Result<(u64, usize), WireFault> {
    const MAX_BYTES: usize = 10;
    let mut value = 0_u64;
    let bytes = input.get(at..limit).unwrap_or_default();
    for (position, byte) in bytes.iter().take(MAX_BYTES).enumerate() {
        // Nine bytes hold 63 bits, so that only one bit of the tenth counts.
        if position == MAX_BYTES - 1 && *byte > 1 {
            return Err(WireFault::LongNumber);
        }
        value |= u64::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            return Ok((value, at + position + 1));
        }
    }
    Err(WireFault::EndsInNumber)
}

fn take(at: usize, length: u64, limit: usize) -> Result<usize, WireFault> {
    let left = limit.saturating_sub(at) as u64;
    match usize::try_from(length) {
        Ok(length) if length as u64 <= left => Ok(at + length),
        Ok(_) | Err(_) => Err(WireFault::Truncated { needed: length, left }),
    }
}
