//! Interp of DeepLab and PSPNet.

use firebrick_ir::ops::{Coordinates, Resize, ResizeFn, Slice};
use firebrick_schemas::caffe::InterpParameter;

use super::{LayerContext, Tops};
use crate::problem::Problem;

/// Interp: bilinear resizing with aligned corners, after a crop.
pub(super) fn interp(ctx: &mut LayerContext<'_, '_>) -> Tops {
    ctx.not_in_place()?;
    let param = ctx.param().interp_param.as_deref().cloned().unwrap_or_default();
    let InterpParameter { height: _, width: _, zoom_factor: _, shrink_factor: _, pad_beg, pad_end } = &param;
    let x = ctx.bottom(0);
    let &[_, _, height, width] = ctx.dims(x).as_slice() else {
        return Err(ctx.problem("the bottom should be images [N, C, H, W]"));
    };
    let begin = cut(ctx, "pad_beg", *pad_beg)?;
    let end = cut(ctx, "pad_end", *pad_end)?;
    let size = [height, width].map(|n| n.saturating_sub(begin.saturating_add(end)));
    if size.contains(&0) {
        let message = format!("cutting {begin} and {end} off leaves nothing of {height} by {width}");
        return Err(ctx.problem_at(ctx.field("interp_param", "pad_beg"), message));
    }
    let target = target(ctx, &param, size)?;
    let cropped = if begin + end == 0 {
        x
    } else {
        let start = usize::try_from(begin).unwrap_or(usize::MAX);
        let op = Slice { axes: vec![2, 3], starts: vec![start; 2], counts: sizes(size), steps: vec![1; 2] };
        ctx.op("slice", op, &[x])?
    };
    let op = Resize::spatial(ResizeFn::Linear, Coordinates::AlignCorners, sizes(target));
    Ok(vec![Some(ctx.op("resize", op, &[cropped])?)])
}

/// A padding, which can only be negative: what is cut off.
fn cut(ctx: &LayerContext<'_, '_>, name: &'static str, pad: Option<i32>) -> Result<u64, Problem> {
    let pad = pad.unwrap_or(0);
    if pad > 0 {
        return Err(ctx.problem_at(ctx.field("interp_param", name), format!("`{name}` is {pad}, but can only cut")));
    }
    Ok(u64::from(pad.unsigned_abs()))
}

/// Height and width of the result.
fn target(ctx: &LayerContext<'_, '_>, param: &InterpParameter, size: [u64; 2]) -> Result<[u64; 2], Problem> {
    let number = |name, value: i32| match u64::try_from(value) {
        Ok(value) if value > 0 => Ok(value),
        Ok(_) | Err(_) => {
            Err(ctx.problem_at(ctx.field("interp_param", name), format!("`{name}` is {value}, but should be above 0")))
        }
    };
    let (zoom, shrink) = (param.zoom_factor, param.shrink_factor);
    match (zoom, shrink, param.height, param.width) {
        (None, None, Some(height), Some(width)) => Ok([number("height", height)?, number("width", width)?]),
        (None, None, ..) => Err(ctx.problem("it needs `height` and `width`, or `zoom_factor` or `shrink_factor`")),
        (Some(_), Some(_), Some(_), Some(_)) => {
            Ok([number("height", param.height())?, number("width", param.width())?])
        }
        (..) => {
            let zoom = number("zoom_factor", param.zoom_factor())?;
            let shrink = number("shrink_factor", param.shrink_factor())?;
            // Corners are kept: steps are divided and multiplied, not sizes.
            Ok(size.map(|n| ((n - 1) / shrink).saturating_mul(zoom).saturating_add(1)))
        }
    }
}

fn sizes(numbers: [u64; 2]) -> Vec<usize> {
    numbers.map(|n| usize::try_from(n).unwrap_or(usize::MAX)).to_vec()
}
