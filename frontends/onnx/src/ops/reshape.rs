//! Reshape and Flatten.

use firebrick_ir::{Dim, Tensor, Value};

use super::{NodeContext, Outputs, Stop};
use crate::Needs;

/// Reshape: the same elements under other dimensions, which are an attribute before opset 5, and an input since.
pub(super) fn reshape(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let x = ctx.input(0)?;
    let shape = if ctx.opset() < 5 {
        ctx.ignore("consumed_inputs", "it says which inputs may be overwritten, and none is");
        let shape = ctx.ints("shape")?;
        ctx.required("shape", shape)?
    } else {
        let shape = ctx.input(1)?;
        ctx.constant_ints(shape)?
    };
    if ctx.flag("allowzero", false)? && shape.contains(&0) {
        return Ok(vec![empty(ctx, x, &shape)?.into()]);
    }
    Ok(vec![ctx.reshape("reshape", x, &shape)?.into()])
}

/// A value without elements under dimensions one of which is 0. The graph's op can't say that.
fn empty(ctx: &mut NodeContext<'_, '_>, x: Value, shape: &[i64]) -> Result<Value, Stop> {
    let ty = ctx.ty(x);
    if ctx.dims(x)?.iter().all(|&n| n != 0) {
        return Err(ctx.problem(format!("{ty} does not have the elements of {shape:?}")));
    }
    let dims = ctx.sizes("shape", shape)?;
    let tensor = Tensor::new(ty.dtype, &dims, bytes::Bytes::new()).map_err(|error| ctx.problem(error.to_string()))?;
    ctx.constant("reshape", tensor)
}

/// Flatten: a matrix, whose rows are the dimensions before `axis`.
pub(super) fn flatten(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axis = ctx.int_or("axis", 1)?;
    let x = ctx.input(0)?;
    let rank = ctx.rank(x);
    let axis = if axis == rank as i64 { rank } else { ctx.axis("axis", axis, rank)? };
    Ok(vec![matrix(ctx, x, axis)?.into()])
}

/// A value as a matrix, whose rows are the dimensions before `axis`.
pub(super) fn matrix(ctx: &mut NodeContext<'_, '_>, x: Value, axis: usize) -> Result<Value, Stop> {
    let dims = ctx.ty(x).shape.0;
    let (rows, columns) = dims.split_at(axis);
    let sizes = [product(rows), product(columns)];
    let shape = match sizes {
        // 0 would keep a dimension of the operand, which may be another one.
        [Some(rows), Some(columns)] if rows != 0 && columns != 0 => [rows, columns],
        [_, Some(columns)] if columns != 0 => [-1, columns],
        [Some(rows), _] if rows != 0 => [rows, -1],
        [_, _] if axis == 1 => [0, -1],
        [_, _] => return Err(Stop::Needs(Needs::shapes())),
    };
    ctx.reshape("matrix", x, &shape)
}

fn product(dims: &[Dim]) -> Option<i64> {
    dims.iter().try_fold(1i64, |n, dim| n.checked_mul(i64::try_from(dim.fixed()?).ok()?))
}

/// The same elements under these dimensions. Those that are symbols must be ones that the op can keep or infer.
pub(super) fn to_dims(ctx: &mut NodeContext<'_, '_>, suffix: &str, x: Value, dims: &[Dim]) -> Result<Value, Stop> {
    let own = ctx.ty(x);
    if dims.contains(&Dim::Fixed(0)) {
        let sizes = dims.iter().map(|dim| dim.fixed().and_then(|n| i64::try_from(n).ok()));
        let sizes = sizes.collect::<Option<Vec<_>>>().ok_or(Stop::Needs(Needs::shapes()))?;
        return empty(ctx, x, &sizes);
    }
    let size = |(index, dim): (usize, &Dim)| match dim {
        Dim::Fixed(n) => i64::try_from(*n).unwrap_or(i64::MAX),
        Dim::Sym(_) if own.shape.0.get(index) == Some(dim) => 0,
        Dim::Sym(_) => -1,
    };
    let shape: Vec<i64> = dims.iter().enumerate().map(size).collect();
    if shape.iter().filter(|&&size| size == -1).count() > 1 {
        return Err(Stop::Needs(Needs::shapes()));
    }
    ctx.reshape(suffix, x, &shape)
}
