//! Messages of the Ristretto fork, and where its releases have them in binary files.

use std::ops::Range;

use bytes::Bytes;
use prost::encoding::{WireType, encode_key, encode_varint};

use crate::declare::{enumeration, message};
use crate::wire::{Payload, Record, next_record};

message! {
    /// Ristretto's number formats of a layer's input, output and weights: a number of bits and how many of them are a fraction;
    /// the bits of a minifloat; or the exponents of powers of two.
    QuantizationParameter {
        optional enum Precision precision = 1 [default = "DynamicFixedPoint"];
        optional enum Rounding rounding_scheme = 2 [default = "Nearest"];
        optional uint32 bw_layer_in = 3 [default = 32];
        optional uint32 bw_layer_out = 4 [default = 32];
        optional uint32 bw_params = 5 [default = 32];
        optional int32 fl_layer_in = 6 [default = 16];
        optional int32 fl_layer_out = 7 [default = 16];
        optional int32 fl_params = 8 [default = 16];
        optional uint32 mant_bits = 9 [default = 23];
        optional uint32 exp_bits = 10 [default = 8];
        optional int32 exp_min = 11 [default = "-8"];
        optional int32 exp_max = 12 [default = "-1"];
    }
}

enumeration! {
    /// Ristretto's families of number formats, by the names of its first release too. That one leaves the input of a layer as it is.
    /// The latter have numbers that no file has: see [`renumbered`].
    Precision {
        DynamicFixedPoint = 0 "DYNAMIC_FIXED_POINT";
        Minifloat = 1 "MINIFLOAT";
        IntegerPowerOf2Weights = 2 "INTEGER_POWER_OF_2_WEIGHTS";
        FixedPoint = 100_000_000 "FIXED_POINT";
        MiniFloatingPoint = 100_000_001 "MINI_FLOATING_POINT";
        PowerOf2Weights = 100_000_002 "POWER_2_WEIGHTS";
    }
}

enumeration! {
    /// How Ristretto rounds.
    Rounding {
        Nearest = 0 "NEAREST";
        Stochastic = 1 "STOCHASTIC";
    }
}

/// The field of [`LayerParameter`](super::LayerParameter) that has the formats today.
const TODAY: u32 = 149;

/// Where earlier releases have the same message. BVLC's `swish_param` and `clip_param` have these numbers too.
const EARLIER: [u32; 2] = [147, 148];

/// Where the first release has it, with fields of other numbers; BVLC's `parameter_param` has the number too.
const FIRST: u32 = 145;

/// The numbers in the first release of the fields from `rounding_scheme` on, and today's.
const FIRST_FIELDS: [(u32, u32); 9] = [(2, 2), (3, 4), (4, 5), (5, 7), (6, 8), (7, 9), (8, 10), (9, 11), (10, 12)];

/// Added to the number of a precision of the first release, and put into that of a field which it does not have.
const FIRST_PRECISION: u64 = 100_000_000;

/// A binary net whose Ristretto layers have their formats in the field and the form of today: the releases have given it
/// numbers that other layers' parameters have. A net without such layers, or one that is broken, is as it was.
pub fn renumbered(net: Bytes) -> Bytes {
    const LAYER: u32 = 100;
    let mut output = Vec::new();
    let mut changed = false;
    let copied = each_record(&net, 0..net.len(), &mut |Record { number, payload, .. }, bytes| {
        let layer = match payload {
            Payload::Bytes(range) if *number == LAYER => renumbered_layer(&net, range.clone()),
            Payload::Bytes(_) | Payload::Varint(_) | Payload::Fixed32 | Payload::Fixed64 => None,
        };
        changed |= layer.is_some();
        match layer {
            Some(layer) => length_delimited(LAYER, &layer, &mut output),
            None => output.extend_from_slice(bytes),
        }
    });
    if copied.is_some() && changed { output.into() } else { net }
}

/// A layer of Ristretto's whose formats are not where they are today.
fn renumbered_layer(net: &[u8], range: Range<usize>) -> Option<Vec<u8>> {
    const TYPE: u32 = 2;
    let (mut is_ristretto, mut is_old) = (false, false);
    let mut output = Vec::new();
    each_record(net, range, &mut |Record { number, payload, .. }, bytes| {
        let payload = match payload {
            Payload::Bytes(range) => net.get(range.clone()),
            Payload::Varint(_) | Payload::Fixed32 | Payload::Fixed64 => None,
        };
        match payload {
            Some(message) if EARLIER.contains(number) => {
                is_old = true;
                length_delimited(TODAY, message, &mut output);
            }
            Some(message) if *number == FIRST => {
                is_old = true;
                length_delimited(TODAY, &of_first_release(message), &mut output);
            }
            Some(_) | None => output.extend_from_slice(bytes),
        }
        is_ristretto |= *number == TYPE && payload.is_some_and(|kind| kind.ends_with(b"Ristretto"));
    })?;
    (is_ristretto && is_old).then_some(output)
}

/// The message of the first release in today's form; as it is, if it is broken.
fn of_first_release(message: &[u8]) -> Vec<u8> {
    const PRECISION: u32 = 1;
    let mut output = Vec::new();
    let mut precision = 0;
    let mut at = 0;
    while at < message.len() {
        let Ok(record) = next_record(message, at, message.len()) else { return message.to_vec() };
        at = record.end;
        match record.payload {
            Payload::Varint(value) if record.number == PRECISION => precision = value,
            Payload::Varint(value) => {
                let known = FIRST_FIELDS.iter().find(|(first, _)| *first == record.number);
                let number = known.map_or(record.number | FIRST_PRECISION as u32, |(_, today)| *today);
                encode_key(number, WireType::Varint, &mut output);
                encode_varint(value, &mut output);
            }
            Payload::Fixed32 | Payload::Fixed64 | Payload::Bytes(_) => {
                output.extend_from_slice(message.get(record.start..record.end).unwrap_or_default());
            }
        }
    }
    encode_key(PRECISION, WireType::Varint, &mut output);
    encode_varint(precision.saturating_add(FIRST_PRECISION), &mut output);
    output
}

/// Calls `visit` with each record and its bytes; `None` if one is broken.
fn each_record(input: &[u8], range: Range<usize>, visit: &mut dyn FnMut(&Record, &[u8])) -> Option<()> {
    let mut at = range.start;
    while at < range.end {
        let record = next_record(input, at, range.end).ok()?;
        at = record.end;
        visit(&record, input.get(record.start..record.end)?);
    }
    Some(())
}

fn length_delimited(number: u32, bytes: &[u8], output: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, output);
    encode_varint(bytes.len() as u64, output);
    output.extend_from_slice(bytes);
}
