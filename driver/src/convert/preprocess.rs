//! What is done to images as a part of the graph.

use firebrick_diagnostics::Diagnostic;
use firebrick_ir::ops::{Binary, BinaryFn, Slice};
use firebrick_ir::{ChannelOrder, Graph, GraphError, Mean, Preprocess, Tensor, Value};

use super::batch::rebuild;
use crate::{Color, Error, ImageOptions, Images, Model};

/// The model with the preparation of its image input put before it: the input has the same name, and takes samples of 0
/// to 255 in the order red, green, blue. What the net was given before is `INPUT.prepared`.
///
/// # Errors
/// If the model has several inputs, or one that takes no images.
pub(super) fn embed(model: &Model, options: &ImageOptions, notes: &mut Vec<Diagnostic>) -> Result<Model, Error> {
    let input = model.sole_input()?;
    let images = Images::with(model, &input, options)?;
    if let Some(assumed) = images.assumed() {
        let message =
            format!("the model does not say how images are prepared; assumed, as the Caffe zoo does: {assumed}");
        notes.push(Diagnostic::note(message));
    }
    let rebuilt = rebuild(model.graph()?, &mut |graph, raw| {
        let prepared = format!("{}.prepared", raw.name);
        let raw = graph.input(raw.name.as_str(), raw.ty.clone())?;
        prepare(graph, raw, &images, &prepared)
    });
    let graph = rebuilt.map_err(|(node, error)| Error::Fault(format!("`{node}`: {error}")))?;
    let color = Preprocess { order: ChannelOrder::Rgb, ..Preprocess::default() };
    Ok(model.with_graph(graph).with_preprocessing(&input.name, color))
}

/// Channels in order, then mean and scale; what does nothing is left out.
fn prepare(graph: &mut Graph, raw: Value, images: &Images, name: &str) -> Result<Value, GraphError> {
    let mut value = raw;
    if images.color() == Color::Bgr {
        let backwards = Slice { axes: vec![1], starts: vec![2], counts: vec![3], steps: vec![-1] };
        let fresh = graph.fresh_name(&format!("{name}/bgr"));
        value = graph.value(backwards, &[value], fresh)?;
    }
    if let Some(mean) = mean_tensor(images.mean()) {
        let fresh = graph.fresh_name(&format!("{name}/mean"));
        let mean = graph.constant(fresh, mean)?;
        let fresh = graph.fresh_name(&format!("{name}/difference"));
        value = graph.value(Binary(BinaryFn::Sub), &[value, mean], fresh)?;
    }
    if images.scale() != 1.0 {
        let fresh = graph.fresh_name(&format!("{name}/scale"));
        let scale = graph.constant(fresh, Tensor::scalar(images.scale()))?;
        let fresh = graph.fresh_name(&format!("{name}/product"));
        value = graph.value(Binary(BinaryFn::Mul), &[value, scale], fresh)?;
    }
    if value != raw {
        let fresh = graph.fresh_name(name);
        graph.rename(value, fresh)?;
    }
    Ok(value)
}

/// The mean as it is broadcast to `[N, C, H, W]`.
fn mean_tensor(mean: &Mean) -> Option<Tensor> {
    match mean {
        Mean::Zero | Mean::File(_) => None,
        Mean::Channels(values) => Tensor::from_vec(&[values.len(), 1, 1], values.clone()).ok(),
        Mean::Image(image) => Some(image.clone()),
    }
}
