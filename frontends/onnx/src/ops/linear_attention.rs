//! LinearAttention.

use firebrick_ir::ops::{BinaryFn, MatMul, Transpose, UnaryFn};
use firebrick_ir::{DType, Dim, Tensor, Value};

use super::cast::cast_to;
use super::heads;
use super::reshape::to_dims;
use super::sequence::{element, stack};
use super::{NodeContext, Outputs, Stop};

/// What a step does to the state.
#[derive(Clone, Copy)]
struct Rule {
    /// It fades.
    is_gated: bool,
    /// What it holds for the key already is taken off.
    is_delta: bool,
}

/// A sequence's values for each step, `[N, heads, length, size]`.
struct Sequences {
    queries: Value,
    keys: Value,
    values: Value,
    decay: Option<Value>,
    beta: Option<Value>,
}

/// LinearAttention: a state `[N, heads, key, value]` that each step adds the product of its key and value to, and
/// reads by its query. The steps are unrolled.
pub(super) fn linear_attention(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    ctx.ignore("chunk_size", "it only says how to divide the work");
    let rules = [
        ("linear", Rule { is_gated: false, is_delta: false }),
        ("gated", Rule { is_gated: true, is_delta: false }),
        ("delta", Rule { is_gated: false, is_delta: true }),
        ("gated_delta", Rule { is_gated: true, is_delta: true }),
    ];
    let rule = ctx.word("update_rule", &rules)?.unwrap_or(Rule { is_gated: true, is_delta: true });
    let (q_heads, kv_heads) = (ctx.int("q_num_heads")?, ctx.int("kv_num_heads")?);
    let (q_heads, kv_heads) = (ctx.required("q_num_heads", q_heads)?, ctx.required("kv_num_heads", kv_heads)?);
    let dtype = ctx.ty(ctx.input(0)?).dtype;
    let queries = of_heads(ctx, "queries", 0, q_heads)?;
    let keys = of_heads(ctx, "keys", 1, kv_heads)?;
    let values = of_heads(ctx, "values", 2, kv_heads)?;
    let decay = if rule.is_gated { Some(of_heads(ctx, "decay", 4, kv_heads)?) } else { None };
    // One for all heads is one for each.
    let beta_heads = if rule.is_delta { i64::try_from(ctx.dim(ctx.input(5)?, 2)?).unwrap_or(i64::MAX) } else { 1 };
    let beta = if rule.is_delta { Some(of_heads(ctx, "beta", 5, beta_heads)?) } else { None };

    let (key_size, value_size) = (ctx.dim(keys, 3)?, ctx.dim(values, 3)?);
    let scale = ctx.float_or("scale", 0.0)?;
    let scale = if scale == 0.0 { (1.0 / (key_size as f64).sqrt()) as f32 } else { scale };
    let sequences = Sequences { queries, keys, values, decay, beta };
    let state_dtype = ctx.optional(3).map_or(dtype, |past| ctx.ty(past).dtype);
    let mut state = match ctx.optional(3) {
        Some(past) => cast_to(ctx, "past_state", past, DType::F32)?,
        None => nothing(ctx, keys, value_size)?,
    };
    let n_steps = ctx.dim(queries, 2)?;
    if n_steps > MAX_STEPS {
        return Err(ctx.problem(format!("its {n_steps} steps are more than the {MAX_STEPS} that are unrolled")));
    }
    let mut outputs = Vec::new();
    for at in 0..n_steps as usize {
        state = sequences.update(ctx, state, at)?;
        outputs.push(sequences.read(ctx, state, at, scale)?);
    }
    let result = stack(ctx, &outputs, 2)?;
    let result = heads::merge(ctx, "merged", result)?;
    let result = cast_to(ctx, "rounded", result, dtype)?;
    let state = cast_to(ctx, "present_state", state, state_dtype)?;
    Ok(vec![result.into(), state.into()])
}

/// Steps that are unrolled: each is some twenty nodes.
const MAX_STEPS: u64 = 4096;

/// Input `index` by heads, as f32.
fn of_heads(ctx: &mut NodeContext<'_, '_>, what: &str, index: usize, n_heads: i64) -> Result<Value, Stop> {
    let x = ctx.input(index)?;
    let single = cast_to(ctx, &format!("{what}_single"), x, DType::F32)?;
    heads::split(ctx, what, single, Some(n_heads))
}

/// The state before the first step.
fn nothing(ctx: &mut NodeContext<'_, '_>, keys: Value, value_size: u64) -> Result<Value, Stop> {
    let dims = [ctx.dim(keys, 0)?, ctx.dim(keys, 1)?, ctx.dim(keys, 3)?, value_size];
    let dims: Vec<usize> = dims.iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
    let n_elements = dims.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim)).filter(|&n| n <= 1 << 24);
    let n_elements = n_elements.ok_or_else(|| ctx.problem("its state is too large"))?;
    let zeros = Tensor::from_vec(&dims, vec![0f32; n_elements]).map_err(|error| ctx.problem(error.to_string()))?;
    ctx.constant("past_state", zeros)
}

impl Sequences {
    /// The state after a step.
    fn update(&self, ctx: &mut NodeContext<'_, '_>, mut state: Value, at: usize) -> Result<Value, Stop> {
        if let Some(decay) = self.decay {
            let decay = column(ctx, "decay", decay, at)?;
            let factor = ctx.unary(UnaryFn::Exp {}, decay)?;
            state = ctx.binary(BinaryFn::Mul, state, factor)?;
        }
        let key = column(ctx, "key", self.keys, at)?;
        let mut value = row(ctx, "value", self.values, at)?;
        if let Some(beta) = self.beta {
            let key = row(ctx, "key_row", self.keys, at)?;
            let held = ctx.op("held", MatMul {}, &[key, state])?;
            let news = ctx.binary(BinaryFn::Sub, value, held)?;
            let beta = row(ctx, "beta", beta, at)?;
            value = ctx.binary(BinaryFn::Mul, news, beta)?;
        }
        let product = ctx.binary(BinaryFn::Mul, key, value)?;
        ctx.binary(BinaryFn::Add, state, product)
    }

    /// What a step's query reads, `[N, heads, value]`.
    fn read(&self, ctx: &mut NodeContext<'_, '_>, state: Value, at: usize, scale: f32) -> Result<Value, Stop> {
        let query = row(ctx, "query", self.queries, at)?;
        let n_heads = ctx.dim(query, 1)?;
        let state = heads::repeat(ctx, "state", state, n_heads)?;
        let found = ctx.op("found", MatMul {}, &[query, state])?;
        let scaled = ctx.with_scalar(BinaryFn::Mul, found, scale)?;
        element(ctx, scaled, 2, 0)
    }
}

/// A step's elements as `[N, heads, 1, size]`.
fn row(ctx: &mut NodeContext<'_, '_>, suffix: &str, x: Value, at: usize) -> Result<Value, Stop> {
    let mut dims = ctx.ty(x).shape.0;
    dims[2] = Dim::Fixed(1);
    let step = element(ctx, x, 2, at)?;
    to_dims(ctx, suffix, step, &dims)
}

/// A step's elements as `[N, heads, size, 1]`.
fn column(ctx: &mut NodeContext<'_, '_>, suffix: &str, x: Value, at: usize) -> Result<Value, Stop> {
    let row = row(ctx, &format!("{suffix}_row"), x, at)?;
    ctx.op(suffix, Transpose { perm: vec![0, 1, 3, 2] }, &[row])
}
