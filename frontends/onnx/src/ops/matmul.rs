//! MatMul.

use firebrick_ir::ops::{Gemm, MatMul};
use firebrick_ir::{Dim, Op, Value};

use super::reshape::to_dims;
use super::{NodeContext, Outputs, Stop};

/// MatMul: the product of matrices, as NumPy's `matmul`.
pub(super) fn matmul(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (a, b) = (ctx.input(0)?, ctx.input(1)?);
    Ok(vec![product(ctx, a, b)?.into()])
}

/// The product of two values of one dimension or more. Rows of the first one that share a matrix are one matrix.
pub(super) fn product(ctx: &mut NodeContext<'_, '_>, a: Value, b: Value) -> Result<Value, Stop> {
    let (a_rank, b_rank) = (ctx.rank(a), ctx.rank(b));
    if a_rank == 0 || b_rank == 0 {
        return Err(ctx.problem("a scalar is no matrix"));
    }
    let gemm = Gemm { trans_a: false, trans_b: false };
    if a_rank == 2 && b_rank == 2 {
        return ctx.op("gemm", gemm, &[a, b]);
    }
    if b_rank > 2 || ctx.ty(a).shape.is_symbolic() {
        return stacks(ctx, a, b);
    }
    let (a_dims, b_dims) = (ctx.dims(a)?, ctx.dims(b)?);
    let matrix = |dims: &[u64]| dims.iter().map(|&n| i64::try_from(n).unwrap_or(i64::MAX)).collect::<Vec<_>>();
    let columns = a_dims[a_rank - 1];
    let rows = a_dims[..a_rank - 1].iter().copied().fold(1, u64::saturating_mul);
    let left = ctx.reshape("rows", a, &matrix(&[rows, columns]))?;
    let right = if b_rank == 1 { ctx.reshape("column", b, &matrix(&[b_dims[0], 1]))? } else { b };
    let result = ctx.op("gemm", gemm, &[left, right])?;
    let dims: Vec<u64> = a_dims[..a_rank - 1].iter().chain(&b_dims[1..]).copied().collect();
    ctx.reshape("product", result, &matrix(&dims))
}

/// The product of stacks of matrices; one of one dimension is a row on the left, or a column on the right.
fn stacks(ctx: &mut NodeContext<'_, '_>, a: Value, b: Value) -> Result<Value, Stop> {
    let (a_dims, b_dims) = (ctx.ty(a).shape.0, ctx.ty(b).shape.0);
    let one = std::slice::from_ref(&Dim::Fixed(1));
    let left = if a_dims.len() == 1 { to_dims(ctx, "row", a, &[one, &a_dims].concat())? } else { a };
    let right = if b_dims.len() == 1 { to_dims(ctx, "column", b, &[&b_dims, one].concat())? } else { b };
    let is_single = ctx.rank(left) == 2 && ctx.rank(right) == 2;
    let op = if is_single { Gemm { trans_a: false, trans_b: false }.into() } else { Op::from(MatMul {}) };
    let product = ctx.op("product", op, &[left, right])?;
    let mut dims = ctx.ty(product).shape.0;
    if b_dims.len() == 1 {
        dims.pop();
    }
    if a_dims.len() == 1 {
        dims.remove(dims.len() - 1 - usize::from(b_dims.len() > 1));
    }
    to_dims(ctx, "shaped", product, &dims)
}
