//! RotaryEmbedding.

use firebrick_ir::ops::{BinaryFn, Concat, Gather, Slice};
use firebrick_ir::{Dim, Value};

use super::heads;
use super::reshape::to_dims;
use super::{NodeContext, Outputs, Stop};

/// RotaryEmbedding: pairs of elements of each head turned by angles that depend on the place in the sequence. The
/// first `rotary_embedding_dim` elements are turned, or all; a pair is an element of the first half with one of the
/// second, or two neighbours.
pub(super) fn rotary_embedding(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (is_interleaved, n_heads) = (ctx.flag("interleaved", false)?, ctx.int("num_heads")?);
    let n_turned = ctx.int_or("rotary_embedding_dim", 0)?;
    let x = ctx.input(0)?;
    let is_flat = ctx.rank(x) == 3;
    let x = heads::split(ctx, "heads", x, n_heads.filter(|&n| n != 0))?;
    let size = ctx.dim(x, 3)? as usize;
    let n_turned = if n_turned == 0 { size } else { usize::try_from(n_turned).unwrap_or(usize::MAX) };
    if n_turned > size || !n_turned.is_multiple_of(2) {
        let message = format!("{n_turned} of {size} elements can't be turned in pairs");
        return Err(ctx.attribute_problem("rotary_embedding_dim", message));
    }
    let (cos, sin) = (angles(ctx, "cos", 1)?, angles(ctx, "sin", 2)?);
    let [first, second] = if is_interleaved { neighbours(ctx, x, n_turned)? } else { halves(ctx, x, n_turned)? };
    let real = turned(ctx, BinaryFn::Sub, [cos, first], [sin, second])?;
    let imaginary = turned(ctx, BinaryFn::Add, [sin, first], [cos, second])?;
    let mut result = if is_interleaved {
        let mut dims = ctx.ty(real).shape.0;
        dims.push(Dim::Fixed(1));
        let pair = [to_dims(ctx, "real", real, &dims)?, to_dims(ctx, "imaginary", imaginary, &dims)?];
        let pairs = ctx.op("pairs", Concat { axis: 4 }, &pair)?;
        dims.truncate(3);
        dims.push(Dim::Fixed(n_turned as u64));
        to_dims(ctx, "turned", pairs, &dims)?
    } else {
        ctx.op("turned", Concat { axis: 3 }, &[real, imaginary])?
    };
    if n_turned < size {
        let rest = part(ctx, "rest", x, (n_turned, size - n_turned, 1))?;
        result = ctx.op("joined", Concat { axis: 3 }, &[result, rest])?;
    }
    Ok(vec![if is_flat { heads::merge(ctx, "merged", result)? } else { result }.into()])
}

/// The cosines or sines `[N, 1, length, pairs]`: those of the places that the fourth input says, or as they are.
fn angles(ctx: &mut NodeContext<'_, '_>, suffix: &str, index: usize) -> Result<Value, Stop> {
    let mut cache = ctx.input(index)?;
    if let Some(places) = ctx.optional(3) {
        cache = ctx.op(suffix, Gather { axis: 0 }, &[cache, places])?;
    }
    let mut dims = ctx.ty(cache).shape.0;
    if dims.len() != 3 {
        return Err(ctx.problem(format!("its angles have {} dimensions, but should have 3", dims.len())));
    }
    dims.insert(1, Dim::Fixed(1));
    to_dims(ctx, &format!("{suffix}_of_heads"), cache, &dims)
}

/// a b ± c d.
fn turned(
    ctx: &mut NodeContext<'_, '_>,
    function: BinaryFn,
    [a, b]: [Value; 2],
    [c, d]: [Value; 2],
) -> Result<Value, Stop> {
    let (left, right) = (ctx.binary(BinaryFn::Mul, a, b)?, ctx.binary(BinaryFn::Mul, c, d)?);
    ctx.binary(function, left, right)
}

fn halves(ctx: &mut NodeContext<'_, '_>, x: Value, n: usize) -> Result<[Value; 2], Stop> {
    Ok([part(ctx, "first", x, (0, n / 2, 1))?, part(ctx, "second", x, (n / 2, n / 2, 1))?])
}

fn neighbours(ctx: &mut NodeContext<'_, '_>, x: Value, n: usize) -> Result<[Value; 2], Stop> {
    Ok([part(ctx, "first", x, (0, n / 2, 2))?, part(ctx, "second", x, (1, n / 2, 2))?])
}

/// Elements of the last dimension: first, how many, how far apart.
fn part(
    ctx: &mut NodeContext<'_, '_>,
    suffix: &str,
    x: Value,
    (start, count, step): (usize, usize, i64),
) -> Result<Value, Stop> {
    ctx.op(suffix, Slice { axes: vec![3], starts: vec![start], counts: vec![count], steps: vec![step] }, &[x])
}
