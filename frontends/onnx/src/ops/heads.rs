//! Heads of attention, which are a dimension of their own or part of the last one.

use firebrick_ir::ops::{Tile, Transpose};
use firebrick_ir::{Dim, Value};

use super::reshape::to_dims;
use super::{NodeContext, Stop};

/// `[N, length, heads * size]` as `[N, heads, length, size]`, which it may be already.
pub(super) fn split(
    ctx: &mut NodeContext<'_, '_>,
    suffix: &str,
    x: Value,
    n_heads: Option<i64>,
) -> Result<Value, Stop> {
    match (ctx.rank(x), n_heads) {
        (4, _) => Ok(x),
        (3, Some(n_heads)) if n_heads > 0 => {
            let parts = ctx.reshape(&format!("{suffix}_by_head"), x, &[0, 0, n_heads, -1])?;
            ctx.op(suffix, Transpose { perm: vec![0, 2, 1, 3] }, &[parts])
        }
        (3, _) => Err(ctx.problem("the number of heads is missing")),
        (rank, _) => Err(ctx.problem(format!("its {suffix} have {rank} dimensions, but should have 3 or 4"))),
    }
}

/// `[N, heads, length, size]` as `[N, length, heads * size]`.
pub(super) fn merge(ctx: &mut NodeContext<'_, '_>, suffix: &str, x: Value) -> Result<Value, Stop> {
    let parts = ctx.op(&format!("{suffix}_by_place"), Transpose { perm: vec![0, 2, 1, 3] }, &[x])?;
    ctx.reshape(suffix, parts, &[0, 0, -1])
}

/// Each head (dimension 1) several times in a row, so that there are `n_heads`.
pub(super) fn repeat(ctx: &mut NodeContext<'_, '_>, suffix: &str, x: Value, n_heads: u64) -> Result<Value, Stop> {
    let own = ctx.dim(x, 1)?;
    if own == n_heads {
        return Ok(x);
    }
    let n_times = n_heads.checked_div(own).filter(|&n| n * own == n_heads);
    let n_times = n_times.ok_or_else(|| ctx.problem(format!("{n_heads} heads don't share {own} evenly")))?;
    let mut dims = ctx.ty(x).shape.0;
    dims.insert(2, Dim::Fixed(1));
    let apart = to_dims(ctx, &format!("{suffix}_apart"), x, &dims)?;
    let mut repeats = vec![1; dims.len()];
    repeats[2] = usize::try_from(n_times).unwrap_or(usize::MAX);
    let tiled = ctx.op(&format!("{suffix}_tiled"), Tile { repeats }, &[apart])?;
    dims.remove(2);
    dims[1] = Dim::Fixed(n_heads);
    to_dims(ctx, &format!("{suffix}_shared"), tiled, &dims)
}
