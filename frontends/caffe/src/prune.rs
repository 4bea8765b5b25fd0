//! What inference leaves of a training net: losses become what they compute on the way, accuracies go.

use std::collections::HashSet;

use firebrick_diagnostics::{Diagnostic, Place};
use firebrick_schemas::FieldPath;
use firebrick_schemas::caffe::LayerParameter;

use crate::net::{Layer, Net};
use crate::problem::At;

/// What takes a training layer's place.
enum Counterpart {
    /// The same layer type on the first bottom.
    Layer(&'static str),
    /// Nothing: what it reads is the net's output.
    Nothing,
}

/// The one list of layers that only training or testing needs.
const TRAINING_LAYERS: &[(&str, Counterpart)] = &[
    ("SoftmaxWithLoss", Counterpart::Layer("Softmax")),
    ("SoftmaxLoss", Counterpart::Layer("Softmax")),
    ("InfogainLoss", Counterpart::Layer("Softmax")),
    ("SigmoidCrossEntropyLoss", Counterpart::Layer("Sigmoid")),
    ("Accuracy", Counterpart::Nothing),
    ("ContrastiveLoss", Counterpart::Nothing),
    ("EuclideanLoss", Counterpart::Nothing),
    ("HDF5Output", Counterpart::Nothing),
    ("HingeLoss", Counterpart::Nothing),
    ("MultiBoxLoss", Counterpart::Nothing),
    ("DetectionEvaluate", Counterpart::Nothing),
    ("MultinomialLogisticLoss", Counterpart::Nothing),
    ("SmoothL1Loss", Counterpart::Nothing),
];

/// The layer types that this step removes or replaces, and what takes their place.
pub fn training_layers() -> impl Iterator<Item = (&'static str, &'static str)> {
    TRAINING_LAYERS.iter().map(|(kind, counterpart)| match counterpart {
        Counterpart::Layer(other) => (*kind, *other),
        Counterpart::Nothing => (*kind, "nothing"),
    })
}

/// Replaces losses, and removes what only training or testing needs. Says what it did in `notes`.
pub(crate) fn prune(net: &mut Net, notes: &mut Vec<Note>) {
    let taken: HashSet<String> = net.layers.iter().flat_map(|layer| layer.param.top.iter().cloned()).collect();
    let read_before = bottoms(net);
    let mut gone = HashSet::new();
    let mut layers = Vec::with_capacity(net.layers.len());
    for layer in std::mem::take(&mut net.layers) {
        let Some((_, counterpart)) = TRAINING_LAYERS.iter().find(|(kind, _)| *kind == layer.kind()) else {
            layers.push(layer);
            continue;
        };
        let replacement = match counterpart {
            Counterpart::Layer(kind) => inference_layer(&layer, kind, &taken),
            Counterpart::Nothing => None,
        };
        net.leave_out(&layer, "it is for training, and left out");
        gone.extend(layer.param.top.iter().cloned());
        notes.push(note(&layer, replacement.as_ref()));
        layers.extend(replacement);
    }
    net.layers = layers;
    drop_unread(net, &read_before);
    drop_silenced(net, &gone);
}

/// The blobs that layers read.
fn bottoms(net: &Net) -> HashSet<String> {
    net.layers.iter().flat_map(|layer| layer.param.bottom.iter().cloned()).collect()
}

/// Takes away what only losses and accuracies read: a label is no input of the net, and a net that Caffe saved has its
/// Split layers in it.
fn drop_unread(net: &mut Net, read_before: &HashSet<String>) {
    let read = bottoms(net);
    for layer in net.layers.iter_mut().filter(|layer| layer.param.r#type() == "Split") {
        layer.param.top.retain(|top| read.contains(top) || !read_before.contains(top));
    }
    net.layers.retain(|layer| layer.kind() != "Split" || !layer.param.top.is_empty() || layer.param.bottom.is_empty());
    // An input may have been read by such a Split only.
    let read = bottoms(net);
    net.layers.retain(|layer| {
        let tops = &layer.param.top;
        let is_dead = tops.iter().all(|top| read_before.contains(top) && !read.contains(top));
        layer.kind() != "Input" || tops.is_empty() || !is_dead
    });
}

/// A loss or an accuracy that is gone needs no Silence.
fn drop_silenced(net: &mut Net, gone: &HashSet<String>) {
    let written: HashSet<String> = net.layers.iter().flat_map(|layer| layer.param.top.iter().cloned()).collect();
    net.layers.retain_mut(|layer| {
        let is_silence = layer.kind() == "Silence" && !layer.param.bottom.is_empty();
        if is_silence {
            layer.param.bottom.retain(|blob| written.contains(blob) || !gone.contains(blob));
        }
        !is_silence || !layer.param.bottom.is_empty()
    });
}

/// Something done that the user may want to know.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    message: String,
    path: FieldPath,
}

impl Note {
    pub(crate) fn new(message: String, path: FieldPath) -> Self {
        Note { message, path }
    }

    /// The note as it is shown.
    pub(crate) fn diagnostic(self, place: impl FnOnce(&At) -> Place) -> Diagnostic {
        Diagnostic::note(self.message).at(place(&At::Definition(self.path)))
    }
}

fn note(layer: &Layer, replacement: Option<&Layer>) -> Note {
    let (name, kind) = (layer.name(), layer.kind());
    let message = match replacement {
        Some(other) => {
            let top = other.param.top.first().map_or("", String::as_str);
            format!("layer `{name}` of type {kind} is for training: its {} is blob `{top}`", other.kind())
        }
        None => format!("layer `{name}` of type {kind} is for training, and left out"),
    };
    Note::new(message, layer.path.clone())
}

/// The layer that computes on the first bottom what the loss computes before it compares.
///
/// Its blob is the loss's second top, which Caffe defines as just that, or else a new one, named `prob` behind the
/// loss's own top: the name of the loss itself would be that of another quantity.
fn inference_layer(layer: &Layer, kind: &str, taken: &HashSet<String>) -> Option<Layer> {
    let bottom = layer.param.bottom.first()?.clone();
    let loss = layer.param.top.first().map_or_else(|| layer.name(), String::as_str);
    let mut top = layer.param.top.get(1).cloned().unwrap_or_else(|| format!("{loss}/prob"));
    while layer.param.top.get(1).is_none() && taken.contains(&top) {
        top.push('_');
    }
    let mut softmax_param = layer.param.softmax_param.clone();
    if let Some(infogain) = &layer.param.infogain_loss_param
        && infogain.axis.is_some()
    {
        softmax_param.get_or_insert_default().axis = infogain.axis;
    }
    let param = LayerParameter {
        name: layer.param.name.clone(),
        r#type: Some(kind.to_owned()),
        bottom: vec![bottom],
        top: vec![top],
        softmax_param,
        sigmoid_param: layer.param.sigmoid_param.clone(),
        ..LayerParameter::default()
    };
    Some(Layer { param, path: layer.path.clone() })
}
