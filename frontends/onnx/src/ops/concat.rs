//! Concat.

use firebrick_ir::ops::Concat;

use super::{NodeContext, Outputs};

/// Concat: values one behind the other along one dimension.
pub(super) fn concat(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axis = ctx.int("axis")?;
    let axis = if ctx.opset() < 4 { axis.unwrap_or(1) } else { ctx.required("axis", axis)? };
    let operands = ctx.all_inputs()?;
    let axis = ctx.axis("axis", axis, ctx.rank(ctx.input(0)?))?;
    Ok(vec![ctx.op("concat", Concat { axis }, &operands)?.into()])
}
