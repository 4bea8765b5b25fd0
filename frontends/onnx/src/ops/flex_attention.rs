//! FlexAttention.

use firebrick_ir::ops::{BinaryFn, MatMul, Softmax, Transpose};
use firebrick_ir::{DType, Value};

use super::cast::cast_to;
use super::heads;
use super::{NodeContext, Outputs, Stop};

/// FlexAttention: softmax(Q Kᵀ scale) V, by heads `[N, heads, length, size]`, with graphs that change what goes into
/// the softmax and what comes out of it.
pub(super) fn flex_attention(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (q, k, v) = (ctx.input(0)?, ctx.input(1)?, ctx.input(2)?);
    let dtype = ctx.ty(q).dtype;
    let default = if dtype == DType::F64 { dtype } else { DType::F32 };
    let precision = ctx.dtype("softmax_precision")?.unwrap_or(default);
    let (n_heads, size) = (ctx.dim(q, 1)?, ctx.dim(q, 3)?);
    let scale = ctx.float("scale")?.unwrap_or((1.0 / (size as f64).sqrt()) as f32);
    let (k, v) = (heads::repeat(ctx, "keys", k, n_heads)?, heads::repeat(ctx, "values", v, n_heads)?);
    let q = cast_to(ctx, "queries", q, precision)?;
    let k = cast_to(ctx, "keys", k, precision)?;
    let v = cast_to(ctx, "values", v, precision)?;
    let k = ctx.op("transposed", Transpose { perm: vec![0, 1, 3, 2] }, &[k])?;
    let product = ctx.op("product", MatMul {}, &[q, k])?;
    let scores = ctx.with_scalar(BinaryFn::Mul, product, scale)?;
    let scores = changed(ctx, "score_mod", scores)?;
    let weights = ctx.op("weights", Softmax { axis: 3 }, &[scores])?;
    let weights = changed(ctx, "prob_mod", weights)?;
    let result = ctx.op("attention", MatMul {}, &[weights, v])?;
    Ok(vec![cast_to(ctx, "rounded", result, dtype)?.into()])
}

/// What the graph that is this attribute makes of a value, if there is one.
fn changed(ctx: &mut NodeContext<'_, '_>, attribute: &str, x: Value) -> Result<Value, Stop> {
    let Some(graph) = ctx.graph(attribute)? else { return Ok(x) };
    let outputs = ctx.body(graph, attribute, None, vec![x.into()])?;
    let result = outputs.first().and_then(super::Item::tensor);
    result.ok_or_else(|| ctx.attribute_problem(attribute, "the graph has no output that is a tensor"))
}
