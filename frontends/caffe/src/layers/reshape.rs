//! Flatten and Reshape: the same elements under other dimensions.

use firebrick_ir::{Value, ops};
use firebrick_schemas::caffe::{FlattenParameter, ReshapeParameter};

use super::{LayerContext, Tops};
use crate::problem::Problem;

/// Flatten: the dimensions from `axis` to `end_axis` become one.
pub(super) fn flatten(ctx: &mut LayerContext<'_, '_>) -> Tops {
    ctx.not_in_place()?;
    let param = ctx.param().flatten_param.as_deref().cloned().unwrap_or_default();
    let FlattenParameter { axis: _, end_axis: _ } = &param;
    let x = ctx.bottom(0);
    let dims = ctx.dims(x);
    let start = ctx.axis(&ctx.field("flatten_param", "axis"), param.axis(), dims.len())?;
    let end = ctx.axis(&ctx.field("flatten_param", "end_axis"), param.end_axis(), dims.len())? + 1;
    // An end right before the start is none of the dimensions, and puts a new one of 1 there.
    let Some(merged) = dims.get(start..end) else {
        let message = format!("`end_axis` is {}, which is before `axis`", param.end_axis());
        return Err(ctx.problem_at(ctx.field("flatten_param", "end_axis"), message));
    };
    let merged = product(merged).ok_or_else(|| ctx.problem("the bottom is too large"))?;
    let flat = [&dims[..start], &[merged], &dims[end..]].concat();
    Ok(vec![Some(reshaped(ctx, x, &flat)?)])
}

/// Reshape: `num_axes` dimensions from `axis` on are replaced by those of `shape`, where 0 copies a dimension and -1
/// is whatever remains.
pub(super) fn reshape(ctx: &mut LayerContext<'_, '_>) -> Tops {
    ctx.not_in_place()?;
    let param = ctx.param().reshape_param.as_deref().cloned().unwrap_or_default();
    let ReshapeParameter { shape, axis: _, num_axes: _ } = &param;
    let x = ctx.bottom(0);
    let dims = ctx.dims(x);
    let (start, end) = replaced(ctx, &param, dims.len())?;
    let shape = shape.as_ref().map_or(&[][..], |shape| &shape.dim);
    let at = || ctx.field("reshape_param", "shape").field("dim");
    let problem = |message: String| ctx.problem_at(at(), message);
    let mut target = dims[..start].to_vec();
    let mut inferred = None;
    for (index, &dim) in shape.iter().enumerate() {
        target.push(match dim {
            0 => {
                *dims.get(start + index).ok_or_else(|| problem("0 copies a dimension that there is not".to_owned()))?
            }
            -1 if inferred.is_some() => return Err(problem("only one dimension can be -1".to_owned())),
            -1 => {
                inferred = Some(start + index);
                1
            }
            dim => u64::try_from(dim).map_err(|_| problem(format!("{dim} is no dimension")))?,
        });
    }
    target.extend(&dims[end..]);
    let too_large = || problem("the dimensions are too large".to_owned());
    let count = product(&dims).ok_or_else(too_large)?;
    let explicit = product(&target).ok_or_else(too_large)?;
    if let Some(inferred) = inferred {
        if explicit == 0 || !count.is_multiple_of(explicit) {
            return Err(problem(format!("{count} elements are no multiple of the {explicit} that the dimensions say")));
        }
        target[inferred] = count / explicit;
    } else if explicit != count {
        return Err(problem(format!("{count} elements cannot have the shape {target:?}")));
    }
    Ok(vec![Some(reshaped(ctx, x, &target)?)])
}

/// The range of dimensions that a Reshape layer replaces.
fn replaced(ctx: &LayerContext<'_, '_>, param: &ReshapeParameter, rank: usize) -> Result<(usize, usize), Problem> {
    let axis = param.axis();
    // -1 is the place behind the last dimension.
    let start =
        if axis < 0 { (rank + 1).checked_sub(axis.unsigned_abs() as usize) } else { usize::try_from(axis).ok() };
    let Some(start) = start.filter(|&start| start <= rank) else {
        let message = format!("axis {axis} is out of range for {rank} dimensions");
        return Err(ctx.problem_at(ctx.field("reshape_param", "axis"), message));
    };
    let n_axes = param.num_axes();
    let end = if n_axes == -1 { Some(rank) } else { usize::try_from(n_axes).ok().and_then(|n| start.checked_add(n)) };
    match end.filter(|&end| end <= rank) {
        Some(end) => Ok((start, end)),
        None => {
            let message = format!("{n_axes} dimensions from {start} on are out of range for {rank} dimensions");
            Err(ctx.problem_at(ctx.field("reshape_param", "num_axes"), message))
        }
    }
}

/// The number of elements, or the largest number if there are more: dimensions beside one of 0 may be of any size.
pub(super) fn count(dims: &[u64]) -> u64 {
    dims.iter().copied().fold(1, u64::saturating_mul)
}

fn product(dims: &[u64]) -> Option<u64> {
    dims.iter().try_fold(1u64, |product, &dim| product.checked_mul(dim))
}

/// The value under other dimensions of the same product. Leading dimensions that stay are copied, and the first that
/// doesn't is inferred, so that the graph works for other batches too.
pub(super) fn reshaped(ctx: &mut LayerContext<'_, '_>, x: Value, dims: &[u64]) -> Result<Value, Problem> {
    let from = ctx.dims(x);
    if from == dims {
        return Ok(x);
    }
    let n_same = from.iter().zip(dims).take_while(|(a, b)| a == b).count();
    let is_empty = from.contains(&0);
    let entry = |(index, &dim): (usize, &u64)| match index {
        index if index < n_same => 0,
        index if index == n_same && !is_empty => -1,
        _ => i64::try_from(dim).unwrap_or(i64::MAX),
    };
    let shape = dims.iter().enumerate().map(entry).collect();
    ctx.op("reshape", ops::Reshape { shape }, &[x])
}
