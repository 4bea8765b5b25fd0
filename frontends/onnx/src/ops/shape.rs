//! Shape and Size: what is known of a value before it is computed.

use firebrick_ir::{Dim, Tensor};

use super::{NodeContext, Outputs, Stop};
use crate::Needs;

/// Shape: a value's dimensions, those from `start` to `end`.
pub(super) fn shape(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (start, end) = (ctx.int_or("start", 0)?, ctx.int("end")?);
    let dims = ctx.ty(ctx.input(0)?).shape.0;
    let rank = i64::try_from(dims.len()).unwrap_or(i64::MAX);
    let place = |at: i64| if at < 0 { at.saturating_add(rank) } else { at }.clamp(0, rank) as usize;
    let (start, end) = (place(start), end.map_or(dims.len(), place));
    let part = dims.get(start..end.max(start)).unwrap_or_default();
    let sizes = part.iter().map(|dim| dim.fixed().and_then(|n| i64::try_from(n).ok()));
    let sizes = sizes.collect::<Option<Vec<i64>>>().ok_or(Stop::Needs(Needs::shapes()))?;
    Ok(vec![ctx.constant_i64("shape", sizes)?.into()])
}

/// Size: the number of a value's elements.
pub(super) fn size(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let dims = ctx.ty(ctx.input(0)?).shape.0;
    let sizes = dims.iter().map(Dim::fixed).collect::<Option<Vec<u64>>>().ok_or(Stop::Needs(Needs::shapes()))?;
    let n = sizes.iter().try_fold(1u64, |n, &dim| n.checked_mul(dim)).and_then(|n| i64::try_from(n).ok());
    let n = n.ok_or_else(|| ctx.problem("it has too many elements to count"))?;
    Ok(vec![ctx.constant("size", Tensor::scalar(n))?.into()])
}
