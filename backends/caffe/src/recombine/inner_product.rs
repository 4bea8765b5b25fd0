//! InnerProduct along an axis other than the second.

use firebrick_ir::Op;

use crate::context::Context;
use crate::layer::Blob;
use crate::ops;

/// A `gemm` whose result gets the first operand's dimensions back, all but the last ones.
pub(super) fn inner_product(ctx: &mut Context<'_, '_>) -> Option<Blob> {
    let Op::Reshape(_) = &ctx.graph().node(ctx.node).op else { return None };
    let product = ctx.operand(0);
    let (Op::Gemm(gemm), operands) = ctx.inner(product)? else { return None };
    let (Op::Reshape(_), before) = ctx.inner(*operands.first()?)? else { return None };
    let (dims, columns) = (ctx.result_dims(0), ctx.dims(Blob::Value(product)));
    let (n_out, outer) = dims.split_last()?;
    let is_kept = ctx.dims(Blob::Value(*before.first()?)).starts_with(outer) && columns.last() == Some(n_out);
    // A summand that is no bias has the product's dimensions, not the layer's.
    let has_bias = operands.get(2).is_none_or(|&bias| ctx.dims(Blob::Value(bias)) == [*n_out]);
    if !is_kept || !has_bias {
        return None;
    }
    ops::inner_product(ctx, gemm, &operands, &dims).ok()
}
