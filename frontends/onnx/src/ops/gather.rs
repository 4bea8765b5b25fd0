//! Gather.

use firebrick_ir::ops::Gather;

use super::{NodeContext, Outputs};

/// Gather: parts picked by index along one dimension.
pub(super) fn gather(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axis = ctx.int_or("axis", 0)?;
    let (data, indices) = (ctx.input(0)?, ctx.input(1)?);
    let axis = ctx.axis("axis", axis, ctx.rank(data))?;
    Ok(vec![ctx.op("gather", Gather { axis }, &[data, indices])?.into()])
}
