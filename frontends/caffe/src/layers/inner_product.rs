//! InnerProduct and Embed.

use firebrick_ir::ops::{self, BinaryFn};
use firebrick_ir::{DType, Value};
use firebrick_schemas::caffe::{EmbedParameter, InnerProductParameter};

use super::reshape::{count, reshaped};
use super::{LayerContext, Tops};
use crate::problem::Problem;

/// InnerProduct: the dimensions from `axis` on, as a vector, times the weights `[num_output, K]`, or `[K, num_output]`
/// with `transpose`.
pub(super) fn inner_product(ctx: &mut LayerContext<'_, '_>) -> Tops {
    ctx.not_in_place()?;
    let param = ctx.param().inner_product_param.as_deref().cloned().unwrap_or_default();
    let InnerProductParameter { num_output: _, bias_term: _, weight_filler, bias_filler, axis: _, transpose: _ } =
        &param;
    let x = ctx.bottom(0);
    let axis = ctx.axis(&ctx.field("inner_product_param", "axis"), param.axis(), ctx.dims(x).len())?;
    let n_out = u64::from(param.num_output());
    if n_out == 0 {
        return Err(ctx.problem_at(ctx.field("inner_product_param", "num_output"), "`num_output` is missing or 0"));
    }
    let k = count(&ctx.dims(x)[axis..]);
    let dims = if param.transpose() { [k, n_out] } else { [n_out, k] };
    let mut weights = vec![ctx.weight(0, "weights", &dims, weight_filler.as_deref())?];
    if param.bias_term() {
        weights.push(ctx.weight(1, "bias", &[n_out], bias_filler.as_deref())?);
    }
    Ok(vec![Some(product(ctx, x, axis, &weights, !param.transpose())?)])
}

/// The dimensions from `axis` on, as a vector, times the weights, plus the bias if there is one.
pub(super) fn product(
    ctx: &mut LayerContext<'_, '_>,
    x: Value,
    axis: usize,
    weights: &[Value],
    trans_b: bool,
) -> Result<Value, Problem> {
    let dims = ctx.dims(x);
    let (outer, inner) = dims.split_at(axis);
    let x = reshaped(ctx, x, &[count(outer), count(inner)])?;
    let operands: Vec<Value> = [x].into_iter().chain(weights.iter().copied()).collect();
    let y = ctx.op("gemm", ops::Gemm { trans_a: false, trans_b }, &operands)?;
    let n_out = ctx.dims(y)[1];
    reshaped(ctx, y, &[outer, &[n_out]].concat())
}

/// Embed: each number of the bottom is the index of a row of the weights, `[input_dim, num_output]`.
pub(super) fn embed(ctx: &mut LayerContext<'_, '_>) -> Tops {
    ctx.not_in_place()?;
    let param = ctx.param().embed_param.as_deref().cloned().unwrap_or_default();
    let EmbedParameter { num_output: _, input_dim: _, bias_term: _, weight_filler, bias_filler } = &param;
    let (n_out, n_rows) = (u64::from(param.num_output()), u64::from(param.input_dim()));
    for (name, size) in [("num_output", n_out), ("input_dim", n_rows)] {
        if size == 0 {
            return Err(ctx.problem_at(ctx.field("embed_param", name), format!("`{name}` is missing or 0")));
        }
    }
    let weights = ctx.weight(0, "weights", &[n_rows, n_out], weight_filler.as_deref())?;
    let x = ctx.bottom(0);
    let indices = ctx.op("indices", ops::Cast::to(DType::I64), &[x])?;
    let mut y = ctx.op("gather", ops::Gather { axis: 0 }, &[weights, indices])?;
    if param.bias_term() {
        let bias = ctx.weight(1, "bias", &[n_out], bias_filler.as_deref())?;
        y = ctx.binary(BinaryFn::Add, y, bias)?;
    }
    Ok(vec![Some(y)])
}
