//! Slice and Crop: parts of a blob.

use firebrick_ir::ops::Slice;
use firebrick_schemas::caffe::{CropParameter, SliceParameter};

use super::concat::axis_or_dim;
use super::{LayerContext, Tops};
use crate::problem::Problem;

/// Slice: the bottom cut along an axis, at given points or into equal parts.
pub(super) fn slice(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().slice_param.as_deref().cloned().unwrap_or_default();
    let SliceParameter { axis, slice_point, slice_dim } = param;
    let axis = axis_or_dim(ctx, "slice_param", axis, ("slice_dim", slice_dim))?;
    let x = ctx.bottom(0);
    let size = ctx.dims(x).get(axis).copied().unwrap_or_default();
    let ranges = if slice_point.is_empty() { equal_ranges(ctx, size)? } else { ranges_at(ctx, &slice_point, size)? };
    if ranges.len() == 1 {
        return Ok(vec![Some(x)]);
    }
    ranges
        .into_iter()
        .map(|(start, count)| {
            let op = Slice { axes: vec![axis], starts: vec![start], counts: vec![count], steps: vec![1] };
            ctx.op("slice", op, &[x]).map(Some)
        })
        .collect()
}

/// Start and length of each top's part, as the points say.
fn ranges_at(ctx: &LayerContext<'_, '_>, points: &[u32], size: u64) -> Result<Vec<(usize, usize)>, Problem> {
    let problem = |message: String| Err(ctx.problem_at(ctx.field("slice_param", "slice_point"), message));
    let n_tops = ctx.n_tops();
    if points.len() + 1 != n_tops {
        return problem(format!("{n_tops} tops take {} slice points, not {}", n_tops - 1, points.len()));
    }
    if n_tops as u64 > size {
        return problem(format!("{size} cannot be cut into {n_tops} parts"));
    }
    let mut ranges = Vec::with_capacity(n_tops);
    let mut start = 0;
    for &point in points {
        if point <= start || u64::from(point) > size {
            return problem(format!("{point} is not between {start} and {size}"));
        }
        ranges.push((start as usize, (point - start) as usize));
        start = point;
    }
    let rest = usize::try_from(size - u64::from(start)).unwrap_or(usize::MAX);
    ranges.push((start as usize, rest));
    Ok(ranges)
}

/// Start and length of each top's part, all of one size.
fn equal_ranges(ctx: &LayerContext<'_, '_>, size: u64) -> Result<Vec<(usize, usize)>, Problem> {
    let n_tops = ctx.n_tops();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if n_tops == 0 || !size.is_multiple_of(n_tops) {
        let message = format!("{size} cannot be cut into {n_tops} equal parts: give `slice_point`");
        return Err(ctx.problem_at(ctx.field("slice_param", "slice_point"), message));
    }
    let count = size / n_tops;
    Ok((0..n_tops).map(|top| (top * count, count)).collect())
}

/// Crop: from `axis` on, as much of the first bottom as the second is large, from the offsets on.
pub(super) fn crop(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().crop_param.as_deref().cloned().unwrap_or_default();
    let CropParameter { axis: _, offset } = &param;
    let x = ctx.bottom(0);
    let (dims, reference) = (ctx.dims(x), ctx.dims(ctx.bottom(1)));
    let first = ctx.axis(&ctx.field("crop_param", "axis"), param.axis(), dims.len())?;
    if offset.len() > 1 && offset.len() != dims.len() - first {
        let n_axes = dims.len() - first;
        let message = format!("{n_axes} dimensions are cropped, so there should be 1 offset or {n_axes}");
        return Err(ctx.problem_at(ctx.field("crop_param", "offset"), message));
    }
    let mut op = Slice { axes: Vec::new(), starts: Vec::new(), counts: Vec::new(), steps: Vec::new() };
    for (axis, &size) in dims.iter().enumerate().skip(first) {
        let Some(&count) = reference.get(axis) else {
            let message = format!("the second bottom has no dimension {axis}, which is to be cropped");
            return Err(ctx.problem_at(ctx.field("crop_param", "axis"), message));
        };
        let start = match offset.as_slice() {
            [] => 0,
            [all] => u64::from(*all),
            each => u64::from(each.get(axis - first).copied().unwrap_or_default()),
        };
        if start.checked_add(count).is_none_or(|end| end > size) {
            let message =
                format!("{count} elements from {start} on are out of bounds of dimension {axis}, which has {size}");
            return Err(ctx.problem_at(ctx.field("crop_param", "offset"), message));
        }
        if count != size {
            op.axes.push(axis);
            op.starts.push(usize::try_from(start).unwrap_or(usize::MAX));
            op.counts.push(usize::try_from(count).unwrap_or(usize::MAX));
            op.steps.push(1);
        }
    }
    if op.axes.is_empty() {
        return Ok(vec![Some(x)]);
    }
    Ok(vec![Some(ctx.op("crop", op, &[x])?)])
}
