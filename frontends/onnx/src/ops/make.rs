//! Tensors and parts of values that several operators are made of.

use firebrick_ir::ops::{Cast, Slice, Tile, Transpose};
use firebrick_ir::{DType, Dim, Element, Op, Tensor, Value};

use super::reshape::to_dims;
use super::{NodeContext, Stop};

/// Bytes that a constant which a few numbers of the file describe may take.
pub(super) const MAX_BYTES: u64 = 1 << 28;

/// A tensor of these elements.
pub(super) fn tensor<T: Element>(ctx: &NodeContext<'_, '_>, dims: &[usize], elements: Vec<T>) -> Result<Tensor, Stop> {
    Tensor::from_vec(dims, elements).map_err(|error| ctx.problem(error.to_string()))
}

/// A number of elements of eight bytes that a constant may have: sizes of empty tensors may be any.
pub(super) fn bounded(ctx: &NodeContext<'_, '_>, n: usize) -> Result<usize, Stop> {
    if n as u64 > MAX_BYTES / 8 { Err(ctx.problem(format!("{n} elements are too many"))) } else { Ok(n) }
}

/// A tensor with its elements converted.
pub(super) fn converted(ctx: &NodeContext<'_, '_>, tensor: &Tensor, dtype: DType) -> Result<Tensor, Stop> {
    let converted = Op::from(Cast::to(dtype)).eval(&[tensor]).map_err(|error| ctx.problem(error.to_string()))?;
    converted.into_iter().next().ok_or_else(|| ctx.problem("a conversion has no result"))
}

/// Adds a constant of these numbers, converted to an element type.
pub(super) fn numbers(
    ctx: &mut NodeContext<'_, '_>,
    suffix: &str,
    dims: &[usize],
    elements: Vec<f64>,
    dtype: DType,
) -> Result<Value, Stop> {
    let tensor = tensor(ctx, dims, elements)?;
    let converted = converted(ctx, &tensor, dtype)?;
    ctx.constant(suffix, converted)
}

/// A value's dimensions, of which none may be a symbol.
pub(super) fn dims(ctx: &NodeContext<'_, '_>, value: Value) -> Result<Vec<usize>, Stop> {
    Ok(ctx.dims(value)?.into_iter().map(|n| usize::try_from(n).unwrap_or(usize::MAX)).collect())
}

/// The same elements under these dimensions, all fixed.
pub(super) fn reshaped(ctx: &mut NodeContext<'_, '_>, suffix: &str, x: Value, sizes: &[usize]) -> Result<Value, Stop> {
    let dims: Vec<Dim> = sizes.iter().map(|&n| Dim::Fixed(n as u64)).collect();
    to_dims(ctx, suffix, x, &dims)
}

/// The elements of one input that is a number, which must be constant.
pub(super) fn number(ctx: &mut NodeContext<'_, '_>, index: usize, what: &str) -> Result<Option<i64>, Stop> {
    let Some(value) = ctx.optional(index) else { return Ok(None) };
    match ctx.constant_ints(value)?.as_slice() {
        [number] => Ok(Some(*number)),
        numbers => Err(ctx.problem(format!("`{what}` should be one number, but is {numbers:?}"))),
    }
}

/// As [`number`], of an input that must be there and not be negative.
pub(super) fn count(ctx: &mut NodeContext<'_, '_>, index: usize, what: &str) -> Result<usize, Stop> {
    let number =
        number(ctx, index, what)?.ok_or_else(|| ctx.problem(format!("input {index} (`{what}`) is missing")))?;
    usize::try_from(number).map_err(|_| ctx.problem(format!("`{what}` is {number}")))
}

/// Elements along one dimension.
pub(super) fn part(
    ctx: &mut NodeContext<'_, '_>,
    suffix: &str,
    x: Value,
    axis: usize,
    range: std::ops::Range<usize>,
) -> Result<Value, Stop> {
    let op = Slice { axes: vec![axis], starts: vec![range.start], counts: vec![range.len()], steps: vec![1] };
    ctx.op(suffix, op, &[x])
}

/// The dimensions in another order.
pub(super) fn transposed(ctx: &mut NodeContext<'_, '_>, suffix: &str, x: Value, perm: &[usize]) -> Result<Value, Stop> {
    if perm.is_sorted() {
        return Ok(x);
    }
    ctx.op(suffix, Transpose { perm: perm.to_vec() }, &[x])
}

/// The value broadcast to a shape, or to what both broadcast to.
pub(super) fn expanded(ctx: &mut NodeContext<'_, '_>, x: Value, sizes: &[usize]) -> Result<Value, Stop> {
    let own = ctx.ty(x).shape.0;
    let rank = own.len().max(sizes.len());
    let missing = vec![Dim::Fixed(1); rank - own.len()];
    let dims = [missing, own].concat();
    let x = to_dims(ctx, "ranked", x, &dims)?;
    let mut repeats = vec![1; rank];
    for (i, &size) in sizes.iter().enumerate() {
        let at = rank - sizes.len() + i;
        match &dims[at] {
            _ if size == 1 => {}
            Dim::Fixed(1) => repeats[at] = size,
            Dim::Fixed(n) if *n == size as u64 => {}
            Dim::Fixed(_) => return Err(ctx.problem(format!("{} does not broadcast to {sizes:?}", ctx.ty(x).shape))),
            Dim::Sym(_) => return Err(Stop::Needs(crate::Needs::shapes())),
        }
    }
    if repeats.iter().all(|&n| n == 1) { Ok(x) } else { ctx.op("tiled", Tile { repeats }, &[x]) }
}
