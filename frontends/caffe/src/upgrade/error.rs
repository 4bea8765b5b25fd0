//! What an older form can have that the current one can't.

use firebrick_schemas::FieldPath;
use thiserror::Error;

use super::v0;
use crate::problem::Problem;

/// What is wrong, without the place.
#[derive(Debug, Clone, PartialEq, Error)]
pub(crate) enum UpgradeError {
    /// Layers of the current form and of an older one.
    #[error("the net has both `layer` and `layers`")]
    BothForms,
    /// A V0 type that Caffe never had.
    #[error("layer `{layer}`: unknown type `{kind}` in a V0 layer")]
    V0Type { layer: String, kind: String },
    /// A V1 type that Caffe never had.
    #[error("layer `{layer}`: unknown type number {number} in a V1 layer")]
    V1Type { layer: String, number: i32 },
    /// A V0 field that the layer's type doesn't have.
    #[error("layer `{layer}`: a V0 layer of type `{kind}` has no field `{field}`")]
    V0Field { layer: String, kind: String, field: &'static str },
    /// A V1 field of a V0 layer.
    #[error("layer `{layer}`: `{field}` has no meaning beside a V0 `layer`")]
    BesideV0 { layer: String, field: &'static str },
    /// A size below zero.
    #[error("layer `{layer}`: `{field}` is {value}, and can't be negative")]
    NegativeSize { layer: String, field: &'static str, value: i32 },
    /// A padding layer with not one bottom and one top.
    #[error("padding layer `{layer}` takes 1 bottom and 1 top, but has {bottoms} and {tops}")]
    PaddingBlobs { layer: String, bottoms: usize, tops: usize },
    /// Something other than a convolution or pooling that reads a padding layer.
    #[error("layer `{layer}` of type `{kind}` reads padding layer `{padding}`")]
    PaddingReader { layer: String, kind: String, padding: String },
    /// A convolution or pooling that reads a padding layer and another blob.
    #[error("layer `{layer}` reads padding layer `{padding}` and has {bottoms} bottoms, where it can have only 1")]
    PaddingBottoms { layer: String, padding: String, bottoms: usize },
    /// A convolution or pooling that pads what a padding layer has padded.
    #[error("layer `{layer}` pads by {pad} what padding layer `{padding}` pads by {padded}")]
    PaddedTwice { layer: String, pad: u32, padding: String, padded: u32 },
    /// Shapes without inputs.
    #[error("the net has `{field}`, but no `input`")]
    NoInput { field: &'static str },
    /// Shapes in both forms.
    #[error("the net has both `input_shape` and `input_dim`")]
    BothShapes,
    /// Not one shape for each input.
    #[error("the net has {inputs} `input`, but {shapes} `input_shape`")]
    InputShapes { inputs: usize, shapes: usize },
    /// Not four dimensions for each input.
    #[error("the net has {inputs} `input` of 4 dimensions each, but {dims} `input_dim`")]
    InputDims { inputs: usize, dims: usize },
    /// A dimension below zero.
    #[error("input `{input}` has a dimension of {dim}")]
    NegativeDim { input: String, dim: i64 },
}

impl UpgradeError {
    /// The problem at a place in the definition.
    pub(super) fn at(self, path: FieldPath) -> Problem {
        let help = self.help();
        let problem = Problem::new(self.into(), path);
        match help {
            Some(help) => problem.help(help),
            None => problem,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::BothForms => Some(
                "`layers` is the older form, with types such as CONVOLUTION: write all layers in one form".to_owned(),
            ),
            Self::V0Type { .. } => Some(format!("the types are {}", v0::type_names().collect::<Vec<_>>().join(", "))),
            Self::BesideV0 { .. } => {
                Some("Caffe drops it: remove it, or write the layer in the current form".to_owned())
            }
            Self::PaddingReader { .. } => Some("only `conv` and `pool` layers can".to_owned()),
            Self::PaddedTwice { .. } => Some("remove one of the two".to_owned()),
            Self::NoInput { .. } => Some("name the blob: `input: \"data\"`".to_owned()),
            Self::BothShapes => Some("remove `input_dim`, which is the older form".to_owned()),
            Self::V1Type { .. }
            | Self::V0Field { .. }
            | Self::NegativeSize { .. }
            | Self::PaddingBlobs { .. }
            | Self::PaddingBottoms { .. }
            | Self::InputShapes { .. }
            | Self::InputDims { .. }
            | Self::NegativeDim { .. } => None,
        }
    }
}
