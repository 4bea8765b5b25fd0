//! MVN and SSD's Normalize: normalisation of each image by itself.

use firebrick_ir::Value;
use firebrick_ir::ops::{BinaryFn, Reduce, ReduceFn, UnaryFn};
use firebrick_schemas::caffe::{FillerParameter, MVNParameter, NormalizeParameter};

use super::{LayerContext, Tops};
use crate::problem::Problem;

/// MVN: (x − mean) / (√variance + eps) over each channel of each image, or over the whole image.
pub(super) fn mvn(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().mvn_param.as_deref().cloned().unwrap_or_default();
    let MVNParameter { normalize_variance: _, across_channels: _, eps: _ } = &param;
    let x = ctx.bottom(0);
    let rank = image_rank(ctx, x, 1)?;
    let first = if param.across_channels() { 1 } else { 2 };
    let axes: Vec<usize> = (first..rank).collect();
    if !param.normalize_variance() {
        return Ok(vec![Some(centred(ctx, x, &axes)?)]);
    }
    let (centred, variance) = moments(ctx, x, &axes)?;
    let deviation = ctx.unary(UnaryFn::Sqrt {}, variance)?;
    let divisor = ctx.with_scalar(BinaryFn::Add, deviation, param.eps())?;
    Ok(vec![Some(ctx.binary(BinaryFn::Div, centred, divisor)?)])
}

/// Normalize: x / √(Σ x² + eps) times a weight, over the channels at each place, or over the whole image.
pub(super) fn normalize(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().norm_param.as_deref().cloned().unwrap_or_default();
    let NormalizeParameter { across_spatial: _, scale_filler, channel_shared: _, eps: _ } = &param;
    let x = ctx.bottom(0);
    let rank = image_rank(ctx, x, 2)?;
    let channels = ctx.dims(x)[1];
    // A weight for each channel is broadcast along the dimensions behind.
    let mut broadcast = vec![1; rank - 1];
    broadcast[0] = channels;
    let (stored, broadcast) = if param.channel_shared() { (vec![], vec![]) } else { (vec![channels], broadcast) };
    let one = FillerParameter { value: Some(1.0), ..FillerParameter::default() };
    let filler = scale_filler.as_deref().unwrap_or(&one);
    let scale = ctx.weight_as(0, "scale", &stored, Some(filler), &broadcast)?;
    let axes = if param.across_spatial() { (1..rank).collect() } else { vec![1] };
    let op = Reduce { function: ReduceFn::SumSquare, axes, keep_dims: true };
    let squares = ctx.op("sum_square", op, &[x])?;
    let sum = ctx.with_scalar(BinaryFn::Add, squares, param.eps())?;
    let norm = ctx.unary(UnaryFn::Sqrt {}, sum)?;
    let normalised = ctx.binary(BinaryFn::Div, x, norm)?;
    Ok(vec![Some(ctx.binary(BinaryFn::Mul, normalised, scale)?)])
}

/// The number of dimensions, of which these layers take up to 4.
fn image_rank(ctx: &LayerContext<'_, '_>, x: Value, min: usize) -> Result<usize, Problem> {
    let rank = ctx.dims(x).len();
    if (min..=4).contains(&rank) {
        return Ok(rank);
    }
    Err(ctx.problem(format!("the bottom should have {min} to 4 dimensions, but has {rank}")))
}

fn centred(ctx: &mut LayerContext<'_, '_>, x: Value, axes: &[usize]) -> Result<Value, Problem> {
    let mean = mean(ctx, "mean", x, axes)?;
    ctx.binary(BinaryFn::Sub, x, mean)
}

/// x without its mean over the axes, and its variance over them.
pub(super) fn moments(ctx: &mut LayerContext<'_, '_>, x: Value, axes: &[usize]) -> Result<(Value, Value), Problem> {
    let centred = centred(ctx, x, axes)?;
    let squares = ctx.binary(BinaryFn::Mul, centred, centred)?;
    Ok((centred, mean(ctx, "variance", squares, axes)?))
}

fn mean(ctx: &mut LayerContext<'_, '_>, suffix: &str, x: Value, axes: &[usize]) -> Result<Value, Problem> {
    ctx.op(suffix, Reduce { function: ReduceFn::Mean, axes: axes.to_vec(), keep_dims: true }, &[x])
}
