//! Concat.

use firebrick_ir::ops::Concat;
use firebrick_schemas::caffe::ConcatParameter;

use super::{LayerContext, Tops};
use crate::problem::Problem;

/// Concat: the bottoms one after another along an axis.
pub(super) fn concat(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().concat_param.as_deref().cloned().unwrap_or_default();
    let ConcatParameter { axis, concat_dim } = param;
    let axis = axis_or_dim(ctx, "concat_param", axis, ("concat_dim", concat_dim))?;
    let bottoms = ctx.bottoms();
    if let [only] = bottoms.as_slice() {
        return Ok(vec![Some(*only)]);
    }
    Ok(vec![Some(ctx.op("concat", Concat { axis }, &bottoms)?)])
}

/// An axis of the first bottom that is given as `axis`, which may count from the end, or in the old form, which may
/// not; 1 if it isn't given.
pub(super) fn axis_or_dim(
    ctx: &LayerContext<'_, '_>,
    param: &'static str,
    axis: Option<i32>,
    (old_name, old): (&'static str, Option<u32>),
) -> Result<usize, Problem> {
    let rank = ctx.dims(ctx.bottom(0)).len();
    match (axis, old) {
        (Some(_), Some(_)) => {
            let message = format!("`axis` and `{old_name}` say the same: give one of them");
            Err(ctx.problem_at(ctx.field(param, old_name), message))
        }
        (axis, None) => ctx.axis(&ctx.field(param, "axis"), axis.unwrap_or(1), rank),
        (None, Some(old)) => {
            // Beyond i32 it is beyond any rank.
            ctx.axis(&ctx.field(param, old_name), i32::try_from(old).unwrap_or(i32::MAX), rank)
        }
    }
}
