//! Where the largest and the smallest elements are: ArgMax, ArgMin, Hardmax.

use firebrick_ir::Value;
use firebrick_ir::ops::{BinaryFn, Reduce, ReduceFn, Ties, TopK};

use super::cast::cast_to;
use super::softmax::along;
use super::{NodeContext, Outputs, Stop};

/// ArgMax: the index of the largest element along a dimension.
pub(super) fn arg_max(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    arg(ctx, true)
}

/// ArgMin: the index of the smallest element along a dimension.
pub(super) fn arg_min(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    arg(ctx, false)
}

/// Hardmax: 1 for the first of the largest elements along a dimension, 0 for all others.
pub(super) fn hardmax(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    along(ctx, |ctx, x, axis| {
        let best = best(ctx, x, axis, true, Ties::Lowest)?;
        let size = ctx.dim(x, axis)?;
        let indices = ctx.places(size, axis, ctx.rank(x))?;
        let is_best = ctx.binary(BinaryFn::Equal, indices, best)?;
        let dtype = ctx.ty(x).dtype;
        cast_to(ctx, "hardmax", is_best, dtype)
    })
}

fn arg(ctx: &mut NodeContext<'_, '_>, largest: bool) -> Outputs {
    let (axis, keep_dims) = (ctx.int_or("axis", 0)?, ctx.flag("keepdims", true)?);
    let ties = if ctx.flag("select_last_index", false)? { Ties::Highest } else { Ties::Lowest };
    let x = ctx.input(0)?;
    let axis = ctx.axis("axis", axis, ctx.rank(x))?;
    let best = best(ctx, x, axis, largest, ties)?;
    if keep_dims {
        return Ok(vec![best.into()]);
    }
    // Of one element it is the element itself.
    let squeeze = Reduce { function: ReduceFn::Max, axes: vec![axis], keep_dims: false };
    Ok(vec![ctx.op("squeezed", squeeze, &[best])?.into()])
}

/// The index of the best element along a dimension, which stays with the size 1.
fn best(ctx: &mut NodeContext<'_, '_>, x: Value, axis: usize, largest: bool, ties: Ties) -> Result<Value, Stop> {
    Ok(ctx.op_n(&["best", "index"], TopK { axis, k: 1, largest, ties }, &[x])?[1])
}
