//! What a net's data layers say is done to images.

use bytes::Bytes;
use firebrick_diagnostics::{Diagnostic, Place, Report};
use firebrick_ir::{ChannelOrder, DType, Mean, Preprocess, Tensor};
use firebrick_schemas::caffe::{BlobProto, TransformationParameter};
use firebrick_schemas::decode;

use crate::layers::LayerContext;
use crate::problem::Problem;
use crate::source::wire_report;

/// What a layer's `transform_param` says; `color` is what the layer itself says of colours.
pub(crate) fn preprocess(ctx: &LayerContext<'_, '_>, color: Option<bool>) -> Result<Preprocess, Problem> {
    let param = ctx.param().transform_param.as_deref().cloned().unwrap_or_default();
    let TransformationParameter { scale: _, mirror, crop_size, mean_file, mean_value, force_color, force_gray } =
        &param;
    let problem = |field, message| Err(ctx.problem_at(ctx.field("transform_param", field), message));
    let mean = match (mean_file, mean_value.as_slice()) {
        (Some(_), [_, ..]) => return problem("mean_file", "`mean_file` and `mean_value` exclude each other"),
        (Some(file), []) => Mean::File(file.clone()),
        (None, []) => Mean::Zero,
        (None, values) => Mean::Channels(values.to_vec()),
    };
    let color = match (force_color.unwrap_or_default(), force_gray.unwrap_or_default()) {
        (true, true) => return problem("force_gray", "`force_color` and `force_gray` exclude each other"),
        (true, false) => Some(true),
        (false, true) => Some(false),
        (false, false) => color,
    };
    let crop = crop_size.filter(|&side| side > 0);
    Ok(Preprocess {
        mean,
        scale: param.scale(),
        crop,
        mirror: mirror.unwrap_or_default(),
        color,
        order: ChannelOrder::Bgr,
    })
}

/// Reads a mean image, a `BlobProto` in a binaryproto file: `[C, H, W]`, BGR.
///
/// # Errors
/// If the bytes are no `BlobProto`, or not an image's.
pub fn mean_image(file: &str, bytes: Bytes) -> Result<Tensor, Report> {
    let (blob, unknown) = decode::<BlobProto>(bytes).map_err(|error| wire_report(file, &error))?;
    let report = |message: String| {
        let help = "a mean image is a blob of [C, H, W], or of [1, C, H, W], as Caffe's `compute_image_mean` writes it";
        Report::from(Diagnostic::error(message).at(Place::file(file)).help(help))
    };
    if let Some(field) = unknown.first() {
        return Err(report(format!("the file is no mean image: {field}")));
    }
    let dims = blob.dims().map_err(|error| report(error.to_string()))?;
    let image = match *dims.as_slice() {
        [1, c, h, w] | [c, h, w] if c > 0 && h > 0 && w > 0 => [c, h, w],
        _ => return Err(report(format!("a blob of shape {dims:?} is no image"))),
    };
    let floats = blob.floats().map_err(|error| report(error.to_string()))?;
    Tensor::new(DType::F32, &image, floats).map_err(|error| report(error.to_string()))
}
