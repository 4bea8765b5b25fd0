//! Gemm.

use firebrick_ir::ops::{BinaryFn, Gemm};

use super::{NodeContext, Outputs};

/// Gemm: alpha A B + beta C.
pub(super) fn gemm(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (alpha, beta) = (ctx.float_or("alpha", 1.0)?, ctx.float_or("beta", 1.0)?);
    let op = Gemm { trans_a: ctx.flag("transA", false)?, trans_b: ctx.flag("transB", false)? };
    if ctx.opset() < 7 {
        ctx.ignore("broadcast", "C is broadcast where its shape asks for it");
    }
    let (a, b, c) = (ctx.input(0)?, ctx.input(1)?, ctx.optional(2).filter(|_| beta != 0.0));
    if alpha == 1.0 && (beta == 1.0 || c.is_none()) {
        let operands: Vec<_> = [a, b].into_iter().chain(c).collect();
        return Ok(vec![ctx.op("gemm", op, &operands)?.into()]);
    }
    let product = ctx.op("product", op, &[a, b])?;
    let scaled = if alpha == 1.0 { product } else { ctx.with_scalar(BinaryFn::Mul, product, alpha)? };
    let Some(c) = c else { return Ok(vec![scaled.into()]) };
    let c = if beta == 1.0 { c } else { ctx.with_scalar(BinaryFn::Mul, c, beta)? };
    Ok(vec![ctx.binary(BinaryFn::Add, scaled, c)?.into()])
}
