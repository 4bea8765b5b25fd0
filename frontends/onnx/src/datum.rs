//! Values that a model takes and gives, which may be more than tensors.

use bytes::Bytes;
use firebrick_diagnostics::Report;
use firebrick_ir::Tensor;
use firebrick_schemas::onnx::{OptionalProto, SequenceProto, TensorProto, TypeProto};

use crate::external::NoExternalData;
use crate::problem::{At, Problem};
use crate::{decode, tensor};

/// A value that a model takes or gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// A tensor.
    Tensor(Tensor),
    /// A list of values.
    Sequence(Vec<Datum>),
    /// An optional value that isn't there. One that is there is itself.
    Absent,
}

/// What kind of value a model says that it takes or gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A tensor.
    Tensor,
    /// A list of values.
    Sequence,
    /// A value of that kind, or none.
    Optional(Box<Kind>),
    /// Something else, which is not supported.
    Other,
}

impl Kind {
    /// The kind that a type of ONNX is.
    pub(crate) fn of(ty: &TypeProto) -> Self {
        match ty {
            TypeProto { tensor_type: Some(_), .. } => Kind::Tensor,
            TypeProto { sequence_type: Some(_), .. } => Kind::Sequence,
            TypeProto { optional_type: Some(optional), .. } => {
                Kind::Optional(Box::new(optional.elem_type.as_deref().map_or(Kind::Other, Kind::of)))
            }
            _ => Kind::Other,
        }
    }
}

impl From<Tensor> for Datum {
    fn from(tensor: Tensor) -> Self {
        Datum::Tensor(tensor)
    }
}

impl Datum {
    /// Reads a value that is a file by itself, as ONNX's tests have them: a `TensorProto`, `SequenceProto` or
    /// `OptionalProto`.
    ///
    /// # Errors
    /// If the bytes are none of that kind, or of elements that a graph doesn't have.
    pub fn read(file: &str, bytes: Bytes, kind: &Kind) -> Result<Self, Report> {
        let datum = match kind {
            Kind::Tensor | Kind::Other => of_tensor(&decode::message::<TensorProto>(file, bytes)?, &At::root()),
            Kind::Sequence => of_sequence(&decode::message::<SequenceProto>(file, bytes)?, &At::root()),
            Kind::Optional(_) => {
                let optional = decode::message::<OptionalProto>(file, bytes)?;
                match (optional.tensor_value.as_deref(), optional.sequence_value.as_deref()) {
                    (Some(tensor), _) => of_tensor(tensor, &At::root().field("tensor_value")),
                    (None, Some(sequence)) => of_sequence(sequence, &At::root().field("sequence_value")),
                    (None, None) => Ok(Datum::Absent),
                }
            }
        };
        datum.map_err(|problem| problem.diagnostic(file).into())
    }
}

fn of_tensor(proto: &TensorProto, at: &At) -> Result<Datum, Problem> {
    tensor::read(proto, &NoExternalData, at).map(Datum::Tensor)
}

/// Nested no deeper than messages may be, which the decoder bounds.
fn of_sequence(proto: &SequenceProto, at: &At) -> Result<Datum, Problem> {
    let tensors = proto.tensor_values.iter().enumerate();
    let tensors = tensors.map(|(index, tensor)| of_tensor(tensor, &at.nth("tensor_values", index, "")));
    let sequences = proto.sequence_values.iter().enumerate();
    let sequences = sequences.map(|(index, sequence)| of_sequence(sequence, &at.nth("sequence_values", index, "")));
    tensors.chain(sequences).collect::<Result<_, _>>().map(Datum::Sequence)
}
