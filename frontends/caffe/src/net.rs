//! A net in one form, whatever form its file had.

use std::collections::HashMap;

use firebrick_schemas::FieldPath;
use firebrick_schemas::caffe::LayerParameter;

/// A net of current layers only: inputs are layers, and every older form has been upgraded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Net {
    /// The net's name; may be empty.
    pub(crate) name: String,
    /// The stages that the file itself asks for (`state { stage: ... }`).
    pub(crate) stages: Vec<String>,
    /// Blobs of layers that are left out, and why these are, in words.
    pub(crate) left_out: HashMap<String, String>,
    /// In the order of the file, which is the order of computation.
    pub(crate) layers: Vec<Layer>,
}

impl Net {
    /// Remembers whose blobs are missing, for those who look for them.
    pub(crate) fn leave_out(&mut self, layer: &Layer, why: &str) {
        let help = format!("layer `{}` writes it, but {why}", layer.name());
        self.left_out.extend(layer.param.top.iter().map(|top| (top.clone(), help.clone())));
    }
}

/// A layer and the place in the file that it came from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layer {
    /// What the file says of it, in the current form.
    pub(crate) param: LayerParameter,
    /// Where: `layer[3]`, `layers[3]`, or `input[0]`.
    pub(crate) path: FieldPath,
}

impl Layer {
    /// The layer's name; may be empty.
    pub(crate) fn name(&self) -> &str {
        self.param.name()
    }

    /// The layer's type: `Convolution`.
    pub(crate) fn kind(&self) -> &str {
        self.param.r#type()
    }
}
