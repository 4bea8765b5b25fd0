//! Softmax and LogSoftmax.

use firebrick_ir::ops::{Binary, BinaryFn, Reduce, ReduceFn, Softmax};
use firebrick_ir::{Dim, Value};

use super::reshape::{matrix, to_dims};
use super::{NodeContext, Outputs, Stop};

/// Softmax: eˣ / Σ eˣ.
pub(super) fn softmax(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    along(ctx, |ctx, x, axis| ctx.op("softmax", Softmax { axis }, &[x]))
}

/// LogSoftmax: x − ln Σ eˣ, of which the maximum is subtracted first, so that large elements keep their digits.
pub(super) fn log_softmax(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    along(ctx, log_softmax_of)
}

/// The logarithm of the softmax along a dimension.
pub(super) fn log_softmax_of(ctx: &mut NodeContext<'_, '_>, x: Value, axis: usize) -> Result<Value, Stop> {
    let reduce = |function| Reduce { function, axes: vec![axis], keep_dims: true };
    let max = ctx.op("max", reduce(ReduceFn::Max), &[x])?;
    let shifted = ctx.binary(BinaryFn::Sub, x, max)?;
    let sum = ctx.op("log_sum_exp", reduce(ReduceFn::LogSumExp), &[shifted])?;
    ctx.op("log_softmax", Binary(BinaryFn::Sub), &[shifted, sum])
}

/// Applies `op` along the axis. Before opset 13 it is along all dimensions from there on, which is the same if the
/// others are 1.
pub(super) fn along(
    ctx: &mut NodeContext<'_, '_>,
    op: impl Fn(&mut NodeContext<'_, '_>, Value, usize) -> Result<Value, Stop>,
) -> Outputs {
    let (opset, x) = (ctx.opset(), ctx.input(0)?);
    Ok(vec![along_in(ctx, opset, x, op)?.into()])
}

/// As `along`, of a value, in the way of that opset of ONNX's own.
pub(super) fn along_in(
    ctx: &mut NodeContext<'_, '_>,
    opset: i64,
    x: Value,
    op: impl Fn(&mut NodeContext<'_, '_>, Value, usize) -> Result<Value, Stop>,
) -> Result<Value, Stop> {
    let old = opset < 13;
    let axis = ctx.int_or("axis", if old { 1 } else { -1 })?;
    let dims = ctx.ty(x).shape.0;
    if old && axis == dims.len() as i64 {
        return Err(ctx.attribute_problem("axis", format!("axis {axis} is behind the last dimension")));
    }
    let axis = ctx.axis("axis", axis, dims.len())?;
    let others_are_one = dims.iter().skip(axis + 1).all(|dim| *dim == Dim::Fixed(1));
    if !old || others_are_one {
        return op(ctx, x, axis);
    }
    let flat = matrix(ctx, x, axis)?;
    let result = op(ctx, flat, 1)?;
    to_dims(ctx, "shaped", result, &dims)
}
