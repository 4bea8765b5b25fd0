//! MVN, and BatchNorm with a batch's own statistics.

use firebrick_ir::ops::{BinaryFn, Reduce, ReduceFn, Unary, UnaryFn};
use firebrick_ir::{Op, Tensor, Value};
use firebrick_schemas::caffe::{BatchNormParameter, MVNParameter};

use super::affine::{binary, by_scalar};
use crate::Kind;
use crate::context::Context;
use crate::layer::{Blob, Weight, param};

/// (x − mean) / (√variance + eps), or (x − mean) / √(variance + eps).
pub(super) fn normalised(ctx: &mut Context<'_, '_>) -> Option<Blob> {
    let [centred, divisor] = binary(ctx, ctx.result(0), BinaryFn::Div)?;
    let (x, axes) = minus_mean(ctx, centred)?;
    if let Some((root, eps)) = by_scalar(ctx, divisor, BinaryFn::Add) {
        let variance = root_of(ctx, root)?;
        let fits = variance_of(ctx, variance, centred, &axes);
        return fits.then(|| mvn(ctx, x, &axes, Some(eps))).flatten();
    }
    let (variance, eps) = by_scalar(ctx, root_of(ctx, divisor)?, BinaryFn::Add)?;
    let fits = variance_of(ctx, variance, centred, &axes);
    fits.then(|| batch_norm(ctx, x, &axes, eps)).flatten()
}

/// x − mean.
pub(super) fn centred(ctx: &mut Context<'_, '_>) -> Option<Blob> {
    let (x, axes) = minus_mean(ctx, ctx.result(0))?;
    mvn(ctx, x, &axes, None)
}

/// MVN of each channel or of all together; `eps` only if the variance is normalised.
fn mvn(ctx: &mut Context<'_, '_>, x: Value, axes: &[usize], eps: Option<f32>) -> Option<Blob> {
    let dims = ctx.dims(Blob::Value(x));
    let whole: Vec<usize> = (1..dims.len()).collect();
    let is_whole = axes == whole;
    let is_channel = whole.get(1..).is_some_and(|channel| axes == channel && !channel.is_empty());
    if dims.len() > 4 || !(is_whole || is_channel) {
        return None;
    }
    const DEFAULT_EPS: f32 = 1e-9;
    let mvn = MVNParameter {
        normalize_variance: eps.is_none().then_some(false),
        across_channels: is_whole.then_some(true),
        eps: eps.filter(|&eps| eps != DEFAULT_EPS),
    };
    let mvn = (mvn != MVNParameter::default()).then(|| Box::new(mvn));
    Some(ctx.layer(Kind::MVN, param(|p| p.mvn_param = mvn), &[Blob::Value(x)], &dims))
}

/// BatchNorm that looks at no statistics of training: what it has of them does not matter.
fn batch_norm(ctx: &mut Context<'_, '_>, x: Value, axes: &[usize], eps: f32) -> Option<Blob> {
    let dims = ctx.dims(Blob::Value(x));
    let others: Vec<usize> = (0..dims.len()).filter(|&axis| axis != 1).collect();
    if dims.len() < 2 || axes != others {
        return None;
    }
    let channels = usize::try_from(dims[1]).ok()?;
    let weight = |values: Vec<f32>| Tensor::from_vec(&[values.len()], values).ok().map(Weight::own);
    let weights = vec![weight(vec![0.0; channels])?, weight(vec![1.0; channels])?, weight(vec![1.0])?];
    let batch_norm =
        BatchNormParameter { use_global_stats: Some(false), eps: Some(eps), ..BatchNormParameter::default() };
    let set = param(|p| p.batch_norm_param = Some(Box::new(batch_norm)));
    Some(ctx.weighted(Kind::BatchNorm, set, &[Blob::Value(x)], weights, &dims))
}

/// What a mean is subtracted from, and the dimensions that it is the mean of.
fn minus_mean(ctx: &Context<'_, '_>, value: Value) -> Option<(Value, Vec<usize>)> {
    let [x, mean] = binary(ctx, value, BinaryFn::Sub)?;
    let (of, axes) = mean_of(ctx, mean)?;
    (of == x).then_some((x, axes))
}

fn mean_of(ctx: &Context<'_, '_>, value: Value) -> Option<(Value, Vec<usize>)> {
    let (Op::Reduce(Reduce { function: ReduceFn::Mean, axes, keep_dims: true }), operands) = ctx.inner(value)? else {
        return None;
    };
    let mut axes = axes.clone();
    axes.sort_unstable();
    Some((*operands.first()?, axes))
}

/// Whether a value is the mean of the squares of another.
fn variance_of(ctx: &Context<'_, '_>, value: Value, centred: Value, axes: &[usize]) -> bool {
    let squares = mean_of(ctx, value).filter(|(_, found)| found == axes);
    squares.and_then(|(squares, _)| binary(ctx, squares, BinaryFn::Mul)) == Some([centred; 2])
}

pub(super) fn root_of(ctx: &Context<'_, '_>, value: Value) -> Option<Value> {
    let (Op::Unary(Unary(UnaryFn::Sqrt {})), operands) = ctx.inner(value)? else { return None };
    operands.first().copied()
}
