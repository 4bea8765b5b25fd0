//! Gather, GatherElements and GatherND.

use firebrick_ir::ops::{Gather, GatherElements, GatherNd};

use super::{NodeContext, Outputs};

/// Gather: parts picked by index along one dimension.
pub(super) fn gather(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axis = ctx.int_or("axis", 0)?;
    let (data, indices) = (ctx.input(0)?, ctx.input(1)?);
    let axis = ctx.axis("axis", axis, ctx.rank(data))?;
    Ok(vec![ctx.op("gather", Gather { axis }, &[data, indices])?.into()])
}

/// GatherElements: elements picked one by one.
pub(super) fn gather_elements(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axis = ctx.int_or("axis", 0)?;
    let (data, indices) = (ctx.input(0)?, ctx.input(1)?);
    let axis = ctx.axis("axis", axis, ctx.rank(data))?;
    Ok(vec![ctx.op("gather", GatherElements { axis }, &[data, indices])?.into()])
}

/// GatherND: parts picked by tuples of indices.
pub(super) fn gather_nd(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let batch_dims = ctx.int_or("batch_dims", 0)?;
    let batch_dims = ctx.sizes("batch_dims", &[batch_dims])?[0];
    let (data, indices) = (ctx.input(0)?, ctx.input(1)?);
    Ok(vec![ctx.op("gather", GatherNd { batch_dims }, &[data, indices])?.into()])
}
