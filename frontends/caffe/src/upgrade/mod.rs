//! Older forms of a net, brought into the current one, as Caffe itself does before it looks at a net.
//!
//! | form | what it has | here |
//! |---|---|---|
//! | V0 | `layers { layer { type: "conv" … } … }` | `v0`, and `padding` for its padding layers |
//! | V1 | `layers { type: CONVOLUTION … }` | `v1`, and `data` for fields that have moved to `transform_param` |
//! | inputs | `input` with `input_shape` or `input_dim` | `inputs` |
//!
//! Each layer is upgraded by itself, whatever form the others have. A field that Caffe would drop with a warning is an error.
//!
//! One of Caffe's upgrades isn't here: it sets the learning rates of a BatchNorm layer's blobs to 0.

mod data;
mod error;
mod inputs;
mod padding;
mod rest;
#[cfg(test)]
mod tests;
mod v0;
mod v1;

use firebrick_schemas::FieldPath;
use firebrick_schemas::caffe::{LayerParameter, NetParameter, NetState, V1LayerParameter};

pub(crate) use self::error::UpgradeError;
use self::padding::Paddings;
use crate::net::{Layer, Net};
use crate::problem::Problem;

/// Brings a net into the current form. Weights are moved, not copied.
///
/// # Errors
/// Everything in it that has no meaning in the current form.
pub(crate) fn upgrade(net: NetParameter) -> Result<Net, Vec<Problem>> {
    // The two flags are about training.
    let NetParameter { name, input, input_shape, input_dim, force_backward: _, state, debug_info: _, layer, layers } =
        net;
    let mut problems = Vec::new();
    if !layer.is_empty() && !layers.is_empty() {
        problems.push(UpgradeError::BothForms.at(FieldPath::root().nth("layers", 0)));
    }
    let inputs = inputs::input_layer(input, input_shape, input_dim, &mut problems);
    let current = layer.into_iter().enumerate().map(current_layer);
    let layers = inputs.into_iter().chain(current).chain(older_layers(layers, &mut problems)).collect();
    let stages = state.map(|state| stages(*state)).unwrap_or_default();
    if problems.is_empty() {
        Ok(Net { name: name.unwrap_or_default(), stages, layers, ..Net::default() })
    } else {
        Err(problems)
    }
}

/// Who runs a net says its phase and level, whatever the file has, but adds to the file's stages.
fn stages(state: NetState) -> Vec<String> {
    let NetState { phase: _, level: _, stage } = state;
    stage
}

fn current_layer((index, param): (usize, LayerParameter)) -> Layer {
    Layer { param, path: FieldPath::root().nth("layer", index) }
}

/// The layers of `layers`, V0 or V1, without V0's padding layers.
fn older_layers(layers: Vec<V1LayerParameter>, problems: &mut Vec<Problem>) -> Vec<Layer> {
    let mut paddings = Paddings::default();
    let mut upgraded = Vec::with_capacity(layers.len());
    for (index, layer) in layers.into_iter().enumerate() {
        let path = FieldPath::root().nth("layers", index);
        let Some(mut layer) = paddings.merge(layer, &path, problems) else { continue };
        let param = match layer.layer.take() {
            Some(inner) => v0::upgrade_layer(*inner, layer, &path, problems),
            None => v1::upgrade_layer(layer, &path, problems),
        };
        upgraded.push(Layer { param, path });
    }
    upgraded
}
