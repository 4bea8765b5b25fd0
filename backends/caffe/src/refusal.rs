//! Why a graph can't be written.

use std::fmt;

use firebrick_ir::{DType, Origin};
use thiserror::Error;

/// An op that Caffe has no layers for.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The op's first result.
    pub value: String,
    /// The op's spelling in the text form.
    pub op: &'static str,
    /// The layer of the source that it came from.
    pub origin: Option<Origin>,
    /// What is in the way.
    pub reason: Reason,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}", self.value, self.op)?;
        if let Some(origin) = &self.origin {
            write!(f, ", from {}", origin.kind)?;
            if !origin.name.is_empty() && *origin.name != *self.value {
                write!(f, " `{}`", origin.name)?;
            }
        }
        write!(f, "): {}", self.reason)
    }
}

/// What is in the way.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Reason {
    /// No layer, and no few layers, compute it.
    #[error("Caffe has no layer for it")]
    NoLayer,
    /// A pass made one op of several.
    #[error("it is several layers made one: write the graph without fused ops")]
    Fused,
    /// It computes with integers.
    #[error("Caffe has no layer for quantized values, only Ristretto has, and its layers are not written")]
    Quantized,
    /// There is a layer, but not for this.
    #[error("{0}")]
    Unsupported(String),
    /// Blobs are floats.
    #[error("its elements are {0}, and a blob's are f32")]
    DType(DType),
    /// A prototxt says all sizes.
    #[error("the size of its dimension {0} is not known, and a prototxt has to say it")]
    Symbolic(String),
    /// It is read by a layer, and its size is known only when the net runs.
    #[error("it reads detections, whose number is known only when the net runs")]
    Detections,
    /// A layer has it as a weight.
    #[error("its {0} are computed, and the layer has them as weights")]
    NotConstant(&'static str),
    /// The model was opened without weights.
    #[error("it has no values: the model was opened without weights")]
    MissingWeights,
    /// Most of Caffe's layers can't do with it.
    #[error("it has no elements, and a blob has some")]
    Empty,
    /// Caffe counts elements in 32 bits.
    #[error("a blob of shape {0:?} is too large for Caffe")]
    TooLarge(Vec<u64>),
}

impl Reason {
    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Reason::Unsupported(message.into())
    }
}
