//! Attributes of ONNX's operators.

use bytes::Bytes;
use firebrick_schemas::onnx::{AttributeProto, AttributeType};

/// An attribute's name and value.
pub(crate) type Attr = AttributeProto;

/// A whole number.
pub(crate) fn int(name: &'static str, value: i64) -> Attr {
    Attr { i: Some(value), ..named(name, AttributeType::Int) }
}

/// 0 or 1.
pub(crate) fn flag(name: &'static str, value: bool) -> Attr {
    int(name, i64::from(value))
}

/// Whole numbers.
pub(crate) fn ints(name: &'static str, values: impl IntoIterator<Item = i64>) -> Attr {
    Attr { ints: values.into_iter().collect(), ..named(name, AttributeType::Ints) }
}

/// Sizes, which are below 2⁶³.
pub(crate) fn sizes(name: &'static str, values: &[usize]) -> Attr {
    ints(name, values.iter().map(|&n| n as i64))
}

/// A floating-point number.
pub(crate) fn float(name: &'static str, value: f32) -> Attr {
    Attr { f: Some(value), ..named(name, AttributeType::Float) }
}

/// A word.
pub(crate) fn string(name: &'static str, value: &'static str) -> Attr {
    Attr { s: Some(Bytes::from_static(value.as_bytes())), ..named(name, AttributeType::String) }
}

/// Words.
pub(crate) fn strings(name: &'static str, values: impl IntoIterator<Item = &'static str>) -> Attr {
    let strings = values.into_iter().map(|value| Bytes::from_static(value.as_bytes())).collect();
    Attr { strings, ..named(name, AttributeType::Strings) }
}

/// Floating-point numbers.
pub(crate) fn floats(name: &'static str, values: Vec<f32>) -> Attr {
    Attr { floats: values, ..named(name, AttributeType::Floats) }
}

fn named(name: &'static str, kind: AttributeType) -> Attr {
    Attr { name: Some(name.to_owned()), r#type: Some(kind as i32), ..Attr::default() }
}
