//! LRN.

use firebrick_ir::ops::Lrn;

use super::{NodeContext, Outputs};

/// LRN: normalisation across channels.
pub(super) fn lrn(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let size = ctx.int("size")?;
    let size = ctx.required("size", size)?;
    let size = usize::try_from(size).map_err(|_| ctx.attribute_problem("size", format!("`size` is {size}")))?;
    let (alpha, beta) = (ctx.float_or("alpha", 1e-4)?, ctx.float_or("beta", 0.75)?);
    let bias = ctx.float_or("bias", 1.0)?;
    let x = ctx.input(0)?;
    Ok(vec![ctx.op("lrn", Lrn { size, alpha, beta, bias }, &[x])?.into()])
}
