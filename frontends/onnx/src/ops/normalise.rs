//! Normalisations by statistics of the value itself.

use std::ops::Range;

use firebrick_ir::ops::{BinaryFn, Reduce, ReduceFn, Select, UnaryFn};
use firebrick_ir::{DType, Dim, Value};

use super::cast::cast_to;
use super::reshape::to_dims;
use super::{NodeContext, Outputs, Stop};

/// LayerNormalization: (x − mean) / √(variance + epsilon) * scale + bias, over the dimensions from `axis` on. The
/// statistics are computed in the type that `stash_type` says.
pub(super) fn layer_normalization(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (epsilon, axis) = (ctx.float_or("epsilon", 1e-5)?, ctx.int_or("axis", -1)?);
    let x = ctx.input(0)?;
    let stash = stash(ctx)?;
    let rank = ctx.rank(x);
    let axis = ctx.axis("axis", axis, rank)?;
    let wide = cast_to(ctx, "wide", x, stash)?;
    let normal = standardise(ctx, wide, (axis..rank).collect(), epsilon)?;
    let scale = cast_to(ctx, "scale", ctx.input(1)?, stash)?;
    let mut result = ctx.binary(BinaryFn::Mul, normal.values, scale)?;
    if let Some(bias) = ctx.optional(2) {
        let bias = cast_to(ctx, "bias", bias, stash)?;
        result = ctx.binary(BinaryFn::Add, result, bias)?;
    }
    let result = cast_to(ctx, "narrow", result, ctx.ty(x).dtype)?;
    Ok(vec![result.into(), normal.mean.into(), normal.inverse.into()])
}

/// RMSNormalization: x / √(mean of x² + epsilon) * scale, over the dimensions from `axis` on.
pub(super) fn rms_normalization(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (epsilon, axis) = (ctx.float_or("epsilon", 1e-5)?, ctx.int_or("axis", -1)?);
    let x = ctx.input(0)?;
    let stash = stash(ctx)?;
    let rank = ctx.rank(x);
    let axis = ctx.axis("axis", axis, rank)?;
    let wide = cast_to(ctx, "wide", x, stash)?;
    let square = ctx.binary(BinaryFn::Mul, wide, wide)?;
    let mean = mean(ctx, "mean_square", square, (axis..rank).collect())?;
    let root = root(ctx, mean, epsilon)?;
    let normal = ctx.binary(BinaryFn::Div, wide, root)?;
    let scale = cast_to(ctx, "scale", ctx.input(1)?, stash)?;
    let scaled = ctx.binary(BinaryFn::Mul, normal, scale)?;
    Ok(vec![cast_to(ctx, "narrow", scaled, ctx.ty(x).dtype)?.into()])
}

/// InstanceNormalization: each channel of each image by its own mean and variance.
pub(super) fn instance_normalization(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let epsilon = ctx.float_or("epsilon", 1e-5)?;
    super::elementary::consumed(ctx);
    let x = ctx.input(0)?;
    let rank = ctx.rank(x);
    let wide = widened(ctx, x)?;
    let normal = standardise(ctx, wide, (2..rank).collect(), epsilon)?.values;
    let result = channels(ctx, normal, 1..rank)?;
    Ok(vec![cast_to(ctx, "narrow", result, ctx.ty(x).dtype)?.into()])
}

/// GroupNormalization: groups of channels of each image by their mean and variance. Before opset 21 scale and bias
/// are those of groups, since then of channels.
pub(super) fn group_normalization(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let epsilon = ctx.float_or("epsilon", 1e-5)?;
    let n_groups = ctx.int("num_groups")?;
    let n_groups = ctx.required("num_groups", n_groups)?;
    let x = ctx.input(0)?;
    let by_channel = ctx.opset() >= 21;
    let ty = ctx.ty(x);
    let said = if by_channel { ctx.dtype("stash_type")? } else { None };
    let rank = ty.shape.rank();
    let n_channels = ctx.dim(x, 1)?;
    if n_groups <= 0 || n_channels % n_groups.unsigned_abs() != 0 {
        let message = format!("`num_groups` is {n_groups}, which does not divide {n_channels} channels");
        return Err(ctx.attribute_problem("num_groups", message));
    }
    let groups = ctx.reshape("groups", x, &[0, n_groups, -1])?;
    let wide = match said {
        Some(stash) if ty.dtype != DType::F64 => cast_to(ctx, "wide", groups, stash)?,
        Some(_) | None => widened(ctx, groups)?,
    };
    let normal = standardise(ctx, wide, vec![2], epsilon)?.values;
    let result = if by_channel {
        let shaped = to_dims(ctx, "shaped", normal, &ty.shape.0)?;
        channels(ctx, shaped, 1..rank)?
    } else {
        let scaled = channels(ctx, normal, 1..3)?;
        to_dims(ctx, "shaped", scaled, &ty.shape.0)?
    };
    Ok(vec![cast_to(ctx, "narrow", result, ty.dtype)?.into()])
}

/// MeanVarianceNormalization: (x − mean) / (standard deviation + 1e-9) over some dimensions.
pub(super) fn mean_variance_normalization(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axes = ctx.ints("axes")?.unwrap_or_else(|| vec![0, 2, 3]);
    let x = ctx.input(0)?;
    let axes = ctx.axes("axes", &axes, ctx.rank(x))?;
    let wide = widened(ctx, x)?;
    let (centred, variance, _) = moments(ctx, wide, axes)?;
    let deviation = ctx.unary(UnaryFn::Sqrt {}, variance)?;
    let divisor = ctx.with_scalar(BinaryFn::Add, deviation, 1e-9)?;
    let result = ctx.binary(BinaryFn::Div, centred, divisor)?;
    Ok(vec![cast_to(ctx, "narrow", result, ctx.ty(x).dtype)?.into()])
}

/// LpNormalization: x by the sum of sizes or the root of the sum of squares along a dimension; 0 stays 0.
pub(super) fn lp_normalization(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (axis, p) = (ctx.int_or("axis", -1)?, ctx.int_or("p", 2)?);
    let x = ctx.input(0)?;
    let axis = ctx.axis("axis", axis, ctx.rank(x))?;
    let function = match p {
        1 => ReduceFn::L1,
        2 => ReduceFn::L2,
        _ => return Err(ctx.attribute_problem("p", format!("`p` is {p}, but should be 1 or 2"))),
    };
    let norm = ctx.op("norm", Reduce { function, axes: vec![axis], keep_dims: true }, &[x])?;
    let (zero, one) = (ctx.scalar_like(x, "zero", 0.0)?, ctx.scalar_like(x, "one", 1.0)?);
    let is_zero = ctx.binary(BinaryFn::Equal, norm, zero)?;
    let divisor = ctx.op("divisor", Select {}, &[is_zero, one, norm])?;
    Ok(vec![ctx.binary(BinaryFn::Div, x, divisor)?.into()])
}

/// A value with mean 0 and variance 1, nearly.
struct Normal {
    values: Value,
    mean: Value,
    /// 1 / √(variance + epsilon).
    inverse: Value,
}

/// A value as f32, if its elements are narrower, so that what is computed is rounded once.
fn widened(ctx: &mut NodeContext<'_, '_>, x: Value) -> Result<Value, Stop> {
    let is_narrow = ctx.ty(x).dtype.size() < DType::F32.size();
    if is_narrow { cast_to(ctx, "wide", x, DType::F32) } else { Ok(x) }
}

/// The type that statistics are computed in: 1 is f32, and so are the other numbers ONNX's.
fn stash(ctx: &mut NodeContext<'_, '_>) -> Result<DType, Stop> {
    Ok(ctx.dtype("stash_type")?.unwrap_or(DType::F32))
}

fn standardise(ctx: &mut NodeContext<'_, '_>, x: Value, axes: Vec<usize>, epsilon: f32) -> Result<Normal, Stop> {
    let (centred, variance, mean) = moments(ctx, x, axes)?;
    let root = root(ctx, variance, epsilon)?;
    let one = ctx.scalar_like(root, "one", 1.0)?;
    let inverse = ctx.binary(BinaryFn::Div, one, root)?;
    Ok(Normal { values: ctx.binary(BinaryFn::Div, centred, root)?, mean, inverse })
}

/// x − mean, the variance and the mean.
fn moments(ctx: &mut NodeContext<'_, '_>, x: Value, axes: Vec<usize>) -> Result<(Value, Value, Value), Stop> {
    let mean_of_x = mean(ctx, "mean", x, axes.clone())?;
    let centred = ctx.binary(BinaryFn::Sub, x, mean_of_x)?;
    let square = ctx.binary(BinaryFn::Mul, centred, centred)?;
    let variance = mean(ctx, "variance", square, axes)?;
    Ok((centred, variance, mean_of_x))
}

fn mean(ctx: &mut NodeContext<'_, '_>, suffix: &str, x: Value, axes: Vec<usize>) -> Result<Value, Stop> {
    ctx.op(suffix, Reduce { function: ReduceFn::Mean, axes, keep_dims: true }, &[x])
}

fn root(ctx: &mut NodeContext<'_, '_>, x: Value, epsilon: f32) -> Result<Value, Stop> {
    let sum = ctx.with_scalar(BinaryFn::Add, x, epsilon)?;
    ctx.unary(UnaryFn::Sqrt {}, sum)
}

/// A value times the second input plus the third, each of one dimension: that at the beginning of the range, which
/// ends with the value's last one.
fn channels(ctx: &mut NodeContext<'_, '_>, x: Value, dims: Range<usize>) -> Result<Value, Stop> {
    let mut parts = [ctx.input(1)?, ctx.input(2)?];
    for part in &mut parts {
        let ones = std::iter::repeat_n(Dim::Fixed(1), dims.len().saturating_sub(1));
        let shape: Vec<Dim> = ctx.ty(*part).shape.0.into_iter().chain(ones).collect();
        let shaped = to_dims(ctx, "channels", *part, &shape)?;
        *part = cast_to(ctx, "wide_channels", shaped, ctx.ty(x).dtype)?;
    }
    let scaled = ctx.binary(BinaryFn::Mul, x, parts[0])?;
    ctx.binary(BinaryFn::Add, scaled, parts[1])
}
