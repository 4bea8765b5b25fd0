//! Products of matrices.

use firebrick_ir::ops::Gemm;
use firebrick_ir::{Op, Value};
use firebrick_schemas::caffe::InnerProductParameter;

use super::binary::{Function, Operand, combine};
use super::window::number;
use crate::context::{Context, single};
use crate::layer::{Blob, Weight, param};
use crate::{Kind, Reason};

/// InnerProduct with a constant matrix, and a Bias layer for what is no bias of its own.
pub(super) fn gemm(ctx: &mut Context<'_, '_>, op: &Gemm) -> Result<Blob, Reason> {
    let (operands, dims) = (ctx.operands().to_vec(), ctx.result_dims(0));
    inner_product(ctx, op, &operands, &dims)
}

/// InnerProduct with one constant matrix for the whole stack.
pub(super) fn matmul(ctx: &mut Context<'_, '_>) -> Result<Blob, Reason> {
    let weights = ctx.weight(ctx.operand(1), "factors at the right")?;
    let (x, dims) = (ctx.blob(0), ctx.result_dims(0));
    let &[_, n_out] = weights.tensor.dims() else {
        return Err(Reason::unsupported("a layer has one matrix of weights, and this is a stack of them"));
    };
    let axis = i32::try_from(dims.len().saturating_sub(1)).unwrap_or(i32::MAX);
    let inner_product = InnerProductParameter {
        num_output: Some(number(n_out)?),
        bias_term: Some(false),
        axis: (axis != 1).then_some(axis),
        transpose: Some(true),
        ..InnerProductParameter::default()
    };
    let set = param(|p| p.inner_product_param = Some(Box::new(inner_product)));
    Ok(ctx.weighted(Kind::InnerProduct, set, &[x], vec![weights], &dims))
}

/// The product of these operands, with a result of those dimensions: those of the first operand, before it became a
/// matrix, with the last ones replaced.
pub(crate) fn inner_product(
    ctx: &mut Context<'_, '_>,
    op: &Gemm,
    operands: &[Value],
    dims: &[u64],
) -> Result<Blob, Reason> {
    let &[a, b, ref rest @ ..] = operands else { return Err(Reason::NoLayer) };
    let weights = ctx.weight(b, "factors at the right")?;
    if op.trans_a {
        return Err(Reason::unsupported("its first operand is transposed"));
    }
    let n_out = weights.tensor.dims()[usize::from(!op.trans_b)];
    let (x, axis) = before_matrix(ctx, a, dims);
    let bias = rest.first().map(|&bias| Operand::of(ctx, bias));
    let own_bias = bias.as_ref().and_then(|bias| as_bias(bias, n_out));
    let inner_product = InnerProductParameter {
        num_output: Some(number(n_out)?),
        bias_term: own_bias.is_none().then_some(false),
        axis: (axis != 1).then_some(axis),
        transpose: (!op.trans_b).then_some(true),
        ..InnerProductParameter::default()
    };
    let has_own_bias = own_bias.is_some();
    let blobs = [weights].into_iter().chain(own_bias).collect();
    let set = param(|p| p.inner_product_param = Some(Box::new(inner_product)));
    let y = ctx.weighted(Kind::InnerProduct, set, &[x], blobs, dims);
    match bias {
        Some(bias) if !has_own_bias => combine(ctx, Function::Add, Operand::Blob(y), bias, dims),
        Some(_) | None => Ok(y),
    }
}

/// The blob that the layer reads, and the axis from which on it is a vector: InnerProduct makes a matrix of it by
/// itself.
fn before_matrix(ctx: &Context<'_, '_>, a: Value, dims: &[u64]) -> (Blob, i32) {
    let axis = dims.len().saturating_sub(1);
    let as_field = i32::try_from(axis).unwrap_or(i32::MAX);
    if let Some((Op::Reshape(_), operands)) = ctx.inner(a)
        && let [x] = operands.as_slice()
        && let Some((outer, [_, ..])) = ctx.dims(Blob::Value(*x)).split_at_checked(axis)
        && outer == &dims[..axis]
    {
        return (Blob::Value(*x), as_field);
    }
    (Blob::Value(a), as_field)
}

/// A summand for each column, as the layer's own blob.
fn as_bias(bias: &Operand, n_out: usize) -> Option<Weight> {
    let Operand::Known(weight) = bias else { return None };
    let (&last, outer) = weight.tensor.dims().split_last()?;
    let fits = last == n_out && outer.iter().all(|&dim| dim == 1) && (n_out > 1 || single(&weight.tensor).is_some());
    let tensor = weight.tensor.reshaped(&[n_out]).ok().filter(|_| fits)?;
    Some(Weight { tensor, source: weight.source })
}
