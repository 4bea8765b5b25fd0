//! Expand, Tile and Where; Range, EyeLike, OneHot and Trilu.

use firebrick_ir::ops::{BinaryFn, Cast, Select, Tile};
use firebrick_ir::{DType, Dim, Tensor, Value};

use super::make::{MAX_BYTES, converted, dims, expanded, number, part, reshaped, tensor};
use super::reshape::to_dims;
use super::{NodeContext, Outputs, Stop};

/// Expand: a value repeated along dimensions of one element.
pub(super) fn expand(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (x, shape) = (ctx.input(0)?, ctx.input(1)?);
    let shape = ctx.constant_ints(shape)?;
    let sizes = ctx.sizes("shape", &shape)?;
    Ok(vec![expanded(ctx, x, &sizes)?.into()])
}

/// Tile: a value repeated along each dimension.
pub(super) fn tile(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (x, repeats) = (ctx.input(0)?, ctx.input(1)?);
    let repeats = ctx.constant_ints(repeats)?;
    let repeats = ctx.sizes("repeats", &repeats)?;
    Ok(vec![ctx.op("tile", Tile { repeats }, &[x])?.into()])
}

/// Where: elements of one value or another.
pub(super) fn r#where(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let operands = [ctx.input(0)?, ctx.input(1)?, ctx.input(2)?];
    Ok(vec![ctx.op("select", Select {}, &operands)?.into()])
}

/// Range: numbers from a first one on, so far apart.
pub(super) fn range(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let inputs = [ctx.input(0)?, ctx.input(1)?, ctx.input(2)?];
    let dtype = ctx.ty(inputs[0]).dtype;
    let elements = if dtype.is_float() {
        let mut ends = [0.0; 3];
        for (end, &input) in ends.iter_mut().zip(&inputs) {
            let value = ctx.constant_value(input)?;
            let wide = converted(ctx, &value, DType::F64)?;
            *end = wide.values::<f64>().ok().and_then(|value| value.first().copied()).unwrap_or(f64::NAN);
        }
        let [start, limit, step] = ends;
        let n = n_steps(ctx, ((limit - start) / step).ceil(), dtype)?;
        tensor(ctx, &[n], (0..n).map(|i| start + i as f64 * step).collect())?
    } else {
        let mut ends = [0i64; 3];
        for (end, &input) in ends.iter_mut().zip(&inputs) {
            *end = ctx.constant_ints(input)?.first().copied().unwrap_or(0);
        }
        let [start, limit, step] = ends.map(i128::from);
        let distance = (limit - start) * step.signum();
        let n = if step == 0 { f64::NAN } else { (distance.max(0) as u128).div_ceil(step.unsigned_abs()) as f64 };
        let n = n_steps(ctx, n, dtype)?;
        tensor::<i64>(ctx, &[n], (0..n).map(|i| (start + i as i128 * step) as i64).collect())?
    };
    let elements = converted(ctx, &elements, dtype)?;
    Ok(vec![ctx.constant("range", elements)?.into()])
}

fn n_steps(ctx: &NodeContext<'_, '_>, n: f64, dtype: DType) -> Result<usize, Stop> {
    let most = (MAX_BYTES / dtype.size() as u64) as f64;
    if n.is_nan() || n > most {
        return Err(ctx.problem(format!("a range of {n} elements is none, or takes more than {MAX_BYTES} bytes")));
    }
    Ok(n.max(0.0) as usize)
}

/// EyeLike: a matrix with ones on a diagonal.
pub(super) fn eye_like(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (dtype, k) = (ctx.dtype("dtype")?, ctx.int_or("k", 0)?);
    let x = ctx.input(0)?;
    let dtype = dtype.unwrap_or(ctx.ty(x).dtype);
    let &[rows, columns] = dims(ctx, x)?.as_slice() else { return Err(ctx.problem("it takes a matrix")) };
    let diagonal = diagonals(ctx, rows, columns, |column, row| column == row.saturating_add(k))?;
    let ones = converted(ctx, &diagonal, dtype)?;
    Ok(vec![ctx.constant("eye", ones)?.into()])
}

/// A matrix of truth values by column and row.
fn diagonals(
    ctx: &NodeContext<'_, '_>,
    rows: usize,
    columns: usize,
    holds: impl Fn(i64, i64) -> bool,
) -> Result<Tensor, Stop> {
    let size = rows.checked_mul(columns).filter(|&n| n as u64 <= MAX_BYTES);
    let size = size.ok_or_else(|| ctx.problem(format!("a matrix of {rows} by {columns} is too large")))?;
    let mut truths = Vec::with_capacity(size);
    truths.extend(
        (0..rows as i64).flat_map(|row| (0..columns as i64).map(move |column| (column, row))).map(|(c, r)| holds(c, r)),
    );
    Tensor::from_bools(&[rows, columns], &truths).map_err(|error| ctx.problem(error.to_string()))
}

/// Trilu: one half of matrices, the other 0.
pub(super) fn trilu(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let upper = ctx.flag("upper", true)?;
    let k = number(ctx, 1, "k")?.unwrap_or(0);
    let x = ctx.input(0)?;
    let rank = ctx.rank(x);
    if rank < 2 {
        return Err(ctx.problem("it takes matrices"));
    }
    let [rows, columns] =
        [ctx.dim(x, rank - 2)?, ctx.dim(x, rank - 1)?].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    let kept = diagonals(ctx, rows, columns, |column, row| {
        let diagonal = row.saturating_add(k);
        if upper { column >= diagonal } else { column <= diagonal }
    })?;
    let (kept, zero) = (ctx.constant("half", kept)?, ctx.scalar_like(x, "zero", 0.0)?);
    Ok(vec![ctx.op("select", Select {}, &[kept, x, zero])?.into()])
}

/// OneHot: for each index, one value at its place and another elsewhere.
pub(super) fn one_hot(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axis = ctx.int_or("axis", -1)?;
    let (indices, values) = (ctx.input(0)?, ctx.input(2)?);
    let depth = ctx.input(1)?;
    let depth = ctx.constant_value(depth)?;
    let depth = converted(ctx, &depth, DType::I64)?;
    let depth =
        depth.values::<i64>().ok().and_then(|depth| depth.first().copied()).and_then(|n| usize::try_from(n).ok());
    let depth = depth.filter(|&n| n as u64 <= MAX_BYTES / 8).ok_or_else(|| ctx.problem("its depth is no size"))?;
    let rank = ctx.rank(indices) + 1;
    let axis = ctx.axis("axis", axis, rank)?;
    let indices = ctx.op("indices", Cast::to(DType::I64), &[indices])?;
    let indices = from_the_start(ctx, indices, depth)?;
    let mut shape = ctx.ty(indices).shape.0;
    shape.insert(axis, Dim::Fixed(1));
    let indices = to_dims(ctx, "apart", indices, &shape)?;
    let along: Vec<usize> = (0..rank).map(|i| if i == axis { depth } else { 1 }).collect();
    let places = tensor::<i64>(ctx, &along, (0..).take(depth).collect())?;
    let places = ctx.constant("places", places)?;
    let is_there = ctx.binary(BinaryFn::Equal, indices, places)?;
    let (off, on) = (part(ctx, "off", values, 0, 0..1)?, part(ctx, "on", values, 0, 1..2)?);
    let (off, on) = (reshaped(ctx, "off_value", off, &[])?, reshaped(ctx, "on_value", on, &[])?);
    Ok(vec![ctx.op("select", Select {}, &[is_there, on, off])?.into()])
}

/// Indices of which negative ones counted from the end.
pub(super) fn from_the_start(ctx: &mut NodeContext<'_, '_>, indices: Value, size: usize) -> Result<Value, Stop> {
    let (zero, size) = (tensor::<i64>(ctx, &[], vec![0])?, tensor::<i64>(ctx, &[], vec![size as i64])?);
    let (zero, size) = (ctx.constant("zero", zero)?, ctx.constant("size", size)?);
    let is_negative = ctx.binary(BinaryFn::Greater, zero, indices)?;
    let from_end = ctx.binary(BinaryFn::Add, indices, size)?;
    ctx.op("place", Select {}, &[is_negative, from_end, indices])
}
