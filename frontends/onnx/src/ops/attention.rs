//! Attention.

use firebrick_ir::ops::{BinaryFn, Concat, MatMul, Pad, PadMode, Select, Softmax, Transpose, UnaryFn};
use firebrick_ir::{DType, Dim, Tensor, Value};

use super::cast::cast_to;
use super::heads;
use super::reshape::to_dims;
use super::{NodeContext, Outputs, Stop};

/// Attention: softmax(Q Kᵀ scale + mask) V, by heads. Queries, keys and values are `[N, heads, length, size]`, or
/// `[N, length, heads * size]`; there may be several heads of queries for one of keys and values.
pub(super) fn attention(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (q_heads, kv_heads) = (ctx.int("q_num_heads")?, ctx.int("kv_num_heads")?);
    let (q, k, v) = (ctx.input(0)?, ctx.input(1)?, ctx.input(2)?);
    let is_flat = ctx.rank(q) == 3;
    let q = heads::split(ctx, "queries", q, q_heads)?;
    let k = heads::split(ctx, "keys", k, kv_heads)?;
    let v = heads::split(ctx, "values", v, kv_heads)?;
    let (key, value) = (appended(ctx, "present_key", 4, k)?, appended(ctx, "present_value", 5, v)?);

    let n_queries = ctx.dim(q, 1)?;
    let (keys, values) = (heads::repeat(ctx, "keys", key, n_queries)?, heads::repeat(ctx, "values", value, n_queries)?);
    let product = scores(ctx, q, keys)?;
    let capped = capped(ctx, product)?;
    let masked = masked(ctx, capped)?;
    let dtype = ctx.ty(q).dtype;
    let precision = ctx.dtype("softmax_precision")?.unwrap_or(dtype);
    let precise = cast_to(ctx, "precise", masked, precision)?;
    let weights = ctx.op("weights", Softmax { axis: 3 }, &[precise])?;
    let weights = cast_to(ctx, "rounded", weights, dtype)?;
    let values = cast_to(ctx, "values", values, dtype)?;
    let result = ctx.op("attention", MatMul {}, &[weights, values])?;
    let result = if is_flat { heads::merge(ctx, "merged", result)? } else { result };
    let inside = match ctx.int_or("qk_matmul_output_mode", 0)? {
        0 => product,
        1 => capped,
        2 => masked,
        3 => weights,
        mode => {
            let message = format!("`qk_matmul_output_mode` is {mode}, but should be 0 to 3");
            return Err(ctx.attribute_problem("qk_matmul_output_mode", message));
        }
    };
    Ok(vec![result.into(), key.into(), value.into(), inside.into()])
}

/// What came before, if input `index` is there, and the value.
fn appended(ctx: &mut NodeContext<'_, '_>, suffix: &str, index: usize, x: Value) -> Result<Value, Stop> {
    match ctx.optional(index) {
        Some(past) => ctx.op(suffix, Concat { axis: 2 }, &[past, x]),
        None => Ok(x),
    }
}

/// Q Kᵀ scale. Both are multiplied by the scale's root, so that the product doesn't leave the range of an f16.
fn scores(ctx: &mut NodeContext<'_, '_>, q: Value, k: Value) -> Result<Value, Stop> {
    let size = ctx.dim(q, 3)?;
    let scale = match ctx.float("scale")? {
        Some(scale) => f64::from(scale),
        None => 1.0 / (size as f64).sqrt(),
    };
    let root = scale.sqrt() as f32;
    let q = ctx.with_scalar(BinaryFn::Mul, q, root)?;
    let k = ctx.with_scalar(BinaryFn::Mul, k, root)?;
    let k = ctx.op("transposed", Transpose { perm: vec![0, 1, 3, 2] }, &[k])?;
    ctx.op("scores", MatMul {}, &[q, k])
}

/// cap tanh(x / cap), if there is a cap.
fn capped(ctx: &mut NodeContext<'_, '_>, x: Value) -> Result<Value, Stop> {
    let cap = ctx.float_or("softcap", 0.0)?;
    if cap <= 0.0 {
        return Ok(x);
    }
    let ratio = ctx.with_scalar(BinaryFn::Div, x, cap)?;
    let tanh = ctx.unary(UnaryFn::Tanh {}, ratio)?;
    ctx.with_scalar(BinaryFn::Mul, tanh, cap)
}

/// Scores with −∞ where nothing is to be looked at: by a mask, behind the query, behind the end of a sequence.
fn masked(ctx: &mut NodeContext<'_, '_>, scores: Value) -> Result<Value, Stop> {
    let is_causal = ctx.flag("is_causal", false)?;
    let mut result = scores;
    if let Some(mask) = ctx.optional(3) {
        let mask = lengthened(ctx, mask, scores)?;
        result = if ctx.ty(mask).dtype == DType::Bool {
            visible(ctx, mask, result)?
        } else {
            let mask = cast_to(ctx, "mask", mask, ctx.ty(scores).dtype)?;
            ctx.binary(BinaryFn::Add, result, mask)?
        };
    }
    if is_causal {
        let n_past = match ctx.optional(4) {
            Some(past) => ctx.dim(past, 2)?,
            None => 0,
        };
        let mask = causal(ctx, scores, n_past)?;
        result = visible(ctx, mask, result)?;
    }
    if let Some(lengths) = ctx.optional(6) {
        let mask = ends(ctx, lengths, scores)?;
        result = visible(ctx, mask, result)?;
    }
    Ok(result)
}

/// The scores where the mask is true, −∞ elsewhere.
fn visible(ctx: &mut NodeContext<'_, '_>, mask: Value, scores: Value) -> Result<Value, Stop> {
    let hidden = ctx.scalar_like(scores, "hidden", f32::NEG_INFINITY)?;
    ctx.op("visible", Select {}, &[mask, scores, hidden])
}

/// A mask that is shorter than the keys, with what hides the rest.
fn lengthened(ctx: &mut NodeContext<'_, '_>, mask: Value, scores: Value) -> Result<Value, Stop> {
    let rank = ctx.rank(mask);
    let Some(last) = rank.checked_sub(1) else { return Ok(mask) };
    let (found, needed) = (ctx.dim(mask, last)?, ctx.dim(scores, 3)?);
    if found == 1 || found >= needed {
        return Ok(mask);
    }
    let mut pads = vec![0; 2 * rank];
    pads[rank + last] = usize::try_from(needed - found).unwrap_or(usize::MAX);
    let value = if ctx.ty(mask).dtype == DType::Bool { 0.0 } else { f32::NEG_INFINITY };
    ctx.op("lengthened", Pad { mode: PadMode::Constant, pads, value }, &[mask])
}

/// True where a key is not behind the query, of which there were `n_past` keys before the first.
fn causal(ctx: &mut NodeContext<'_, '_>, scores: Value, n_past: u64) -> Result<Value, Stop> {
    let (n_queries, n_keys) = (ctx.dim(scores, 2)?, ctx.dim(scores, 3)?);
    if n_queries.saturating_mul(n_keys) > MAX_MASK {
        return Err(ctx.problem(format!("a mask of {n_queries} times {n_keys} elements is too large")));
    }
    let seen = (0..n_queries).flat_map(|query| (0..n_keys).map(move |key| key <= query.saturating_add(n_past)));
    let mask = Tensor::from_bools(&[n_queries as usize, n_keys as usize], &seen.collect::<Vec<_>>());
    let mask = mask.map_err(|error| ctx.problem(error.to_string()))?;
    ctx.constant("causal", mask)
}

/// Elements that a mask may have: a graph holds it as a constant.
const MAX_MASK: u64 = 1 << 26;

/// True where a key is before the end of its sequence, whose lengths are `[N]`.
fn ends(ctx: &mut NodeContext<'_, '_>, lengths: Value, scores: Value) -> Result<Value, Stop> {
    let places = ctx.places(ctx.dim(scores, 3)?, 0, 1)?;
    let one = Dim::Fixed(1);
    let dims = [ctx.ty(lengths).shape.0, vec![one.clone(), one.clone(), one]].concat();
    let lengths = cast_to(ctx, "lengths", lengths, DType::I64)?;
    let lengths = to_dims(ctx, "ends", lengths, &dims)?;
    ctx.binary(BinaryFn::Greater, lengths, places)
}
