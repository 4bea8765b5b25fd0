//! Scatter, ScatterElements, ScatterND and TensorScatter.

use firebrick_ir::ops::{BinaryFn, ScatterElements, ScatterFn, ScatterNd};
use firebrick_ir::{DType, Value};

use super::make::{bounded, dims, expanded, reshaped, tensor};
use super::{NodeContext, Outputs, Stop};

/// Scatter and ScatterElements: elements written one by one.
pub(super) fn scatter_elements(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axis = ctx.int_or("axis", 0)?;
    let function = reduction(ctx)?;
    let operands = [ctx.input(0)?, ctx.input(1)?, ctx.input(2)?];
    let axis = ctx.axis("axis", axis, ctx.rank(operands[0]))?;
    Ok(vec![ctx.op("scatter", ScatterElements { axis, function }, &operands)?.into()])
}

/// ScatterND: parts written by tuples of indices.
pub(super) fn scatter_nd(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let function = reduction(ctx)?;
    let operands = [ctx.input(0)?, ctx.input(1)?, ctx.input(2)?];
    Ok(vec![ctx.op("scatter", ScatterNd { function }, &operands)?.into()])
}

fn reduction(ctx: &mut NodeContext<'_, '_>) -> Result<ScatterFn, Stop> {
    let words = [
        ("none", ScatterFn::Replace),
        ("add", ScatterFn::Add),
        ("mul", ScatterFn::Mul),
        ("max", ScatterFn::Max),
        ("min", ScatterFn::Min),
    ];
    Ok(ctx.word("reduction", &words)?.unwrap_or(ScatterFn::Replace))
}

/// TensorScatter: for each sequence, elements written from one position on, or past the end from the beginning again.
pub(super) fn tensor_scatter(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axis = ctx.int_or("axis", -2)?;
    let is_circular = ctx.word("mode", &[("linear", false), ("circular", true)])?.unwrap_or(false);
    let (cache, update) = (ctx.input(0)?, ctx.input(1)?);
    let axis = ctx.axis("axis", axis, ctx.rank(cache))?;
    let (sizes, length) = (dims(ctx, update)?, ctx.dim(cache, axis)?);
    let (Some(&batch), true) = (sizes.first(), axis > 0 && axis < sizes.len()) else {
        return Err(ctx.problem("its first dimension counts sequences, and `axis` is another"));
    };
    bounded(ctx, sizes[axis])?;
    let along = |n: usize, at: usize| (0..sizes.len()).map(|i| if i == at { n } else { 1 }).collect::<Vec<_>>();
    let steps = tensor::<i64>(ctx, &along(sizes[axis], axis), (0..).take(sizes[axis]).collect())?;
    let steps = ctx.constant("steps", steps)?;
    let mut indices = match ctx.optional(2) {
        Some(first) => {
            let first = ctx.op("first", firebrick_ir::ops::Cast::to(DType::I64), &[first])?;
            let first = reshaped(ctx, "first_of_each", first, &along(batch, 0))?;
            ctx.binary(BinaryFn::Add, first, steps)?
        }
        None => steps,
    };
    if is_circular {
        indices = modulo(ctx, indices, length)?;
    }
    let indices = expanded(ctx, indices, &sizes)?;
    let op = ScatterElements { axis, function: ScatterFn::Replace };
    Ok(vec![ctx.op("scatter", op, &[cache, indices, update])?.into()])
}

fn modulo(ctx: &mut NodeContext<'_, '_>, indices: Value, size: u64) -> Result<Value, Stop> {
    let size = tensor::<i64>(ctx, &[], vec![i64::try_from(size).unwrap_or(i64::MAX)])?;
    let size = ctx.constant("size", size)?;
    ctx.binary(BinaryFn::Mod, indices, size)
}
