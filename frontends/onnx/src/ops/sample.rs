//! GridSample, AffineGrid, RoiAlign, MaxRoiPool and DeformConv; Det.

use firebrick_ir::ops::{
    BinaryFn, DeformConv, Det, GridPadding, GridSample, Reduce, ReduceFn, ResizeFn, RoiAlign, RoiAlignFn, RoiPool,
};

use super::make::{MAX_BYTES, bounded, dims, numbers, reshaped};
use super::windows::Windows;
use super::{NodeContext, Outputs};

/// GridSample: values at positions that are an input.
pub(super) fn grid_sample(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let functions = [
        ("linear", ResizeFn::Linear),
        ("bilinear", ResizeFn::Linear),
        ("nearest", ResizeFn::Nearest),
        ("cubic", ResizeFn::Cubic),
        ("bicubic", ResizeFn::Cubic),
    ];
    let function = ctx.word("mode", &functions)?.unwrap_or(ResizeFn::Linear);
    let paddings = GridPadding::ALL.iter().map(|&padding| (padding.name(), padding)).collect::<Vec<_>>();
    let padding = ctx.word("padding_mode", &paddings)?.unwrap_or(GridPadding::Zeros);
    let align_corners = ctx.flag("align_corners", false)?;
    let operands = [ctx.input(0)?, ctx.input(1)?];
    Ok(vec![ctx.op("sample", GridSample { function, padding, align_corners }, &operands)?.into()])
}

/// AffineGrid: the positions of an image's elements, turned by matrices: sums of products with the positions of its
/// own elements.
pub(super) fn affine_grid(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let align_corners = ctx.flag("align_corners", false)?;
    let (theta, size) = (ctx.input(0)?, ctx.input(1)?);
    let size = ctx.constant_ints(size)?;
    let size = ctx.sizes("size", &size)?;
    let (sizes, dtype) = (dims(ctx, theta)?, ctx.ty(theta).dtype);
    let n = size.len().saturating_sub(2);
    let n_elements = size.iter().skip(2).try_fold(n as u64 + 1, |n, &size| n.checked_mul(size as u64));
    if n == 0 || sizes != [size[0], n, n + 1] || n_elements.is_none_or(|n| n > MAX_BYTES / 8) {
        return Err(ctx.problem(format!("matrices {sizes:?} do not turn images {size:?}")));
    }
    let along = |i: usize, size: usize| match (align_corners, size) {
        (true, 1) => -1.0,
        (true, _) => 2.0 * i as f64 / (size - 1) as f64 - 1.0,
        (false, _) => (2 * i + 1) as f64 / size as f64 - 1.0,
    };
    let plane = &size[2..];
    let mut grid = Vec::new();
    for index in 0..plane.iter().product() {
        let mut rest: usize = index;
        // The last dimension comes first, and a 1 for the translation last.
        for &size in plane.iter().rev() {
            grid.push(along(rest % size, size));
            rest /= size;
        }
        grid.push(1.0);
    }
    let grid = numbers(ctx, "grid", &[&[1], plane, &[1, n + 1]].concat(), grid, dtype)?;
    let spread = [&[size[0]], vec![1; n].as_slice(), &[n, n + 1]].concat();
    let theta = reshaped(ctx, "matrices", theta, &spread)?;
    let products = ctx.binary(BinaryFn::Mul, grid, theta)?;
    let op = Reduce { function: ReduceFn::Sum, axes: vec![n + 2], keep_dims: false };
    Ok(vec![ctx.op("positions", op, &[products])?.into()])
}

/// RoiAlign: regions of images, interpolated. Coordinates count from the middle of elements before opset 16.
pub(super) fn roi_align(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let function = ctx.word("mode", &[("avg", RoiAlignFn::Average), ("max", RoiAlignFn::Max)])?;
    let words = [("half_pixel", true), ("output_half_pixel", false)];
    let half_pixel = ctx.word("coordinate_transformation_mode", &words)?.unwrap_or(ctx.opset() >= 16);
    let size = [ctx.int_or("output_height", 1)?, ctx.int_or("output_width", 1)?];
    let sampling_ratio = ctx.int_or("sampling_ratio", 0)?;
    let op = RoiAlign {
        function: function.unwrap_or(RoiAlignFn::Average),
        size: ctx.sizes("output_height", &size)?,
        sampling_ratio: ctx.sizes("sampling_ratio", &[sampling_ratio])?[0],
        spatial_scale: ctx.float_or("spatial_scale", 1.0)?,
        half_pixel,
    };
    let operands = [ctx.input(0)?, ctx.input(1)?, ctx.input(2)?];
    Ok(vec![ctx.op("regions", op, &operands)?.into()])
}

/// MaxRoiPool: the maxima of regions of images.
pub(super) fn max_roi_pool(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let size = ctx.ints("pooled_shape")?;
    let size = ctx.required("pooled_shape", size)?;
    let op = RoiPool { size: ctx.sizes("pooled_shape", &size)?, spatial_scale: ctx.float_or("spatial_scale", 1.0)? };
    let operands = [ctx.input(0)?, ctx.input(1)?];
    Ok(vec![ctx.op("regions", op, &operands)?.into()])
}

/// DeformConv: a convolution whose taps are moved by an input.
pub(super) fn deform_conv(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (x, weights, offsets) = (ctx.input(0)?, ctx.input(1)?, ctx.input(2)?);
    let kernel = dims(ctx, weights)?;
    let n_out = kernel.first().copied().unwrap_or(0);
    let windows = Windows::read(ctx, Some(kernel.into_iter().skip(2).collect()))?;
    let pads = windows.pads(ctx, x)?;
    let (group, offset_group) = (ctx.int_or("group", 1)?, ctx.int_or("offset_group", 1)?);
    let [group, offset_group] = [ctx.sizes("group", &[group])?[0], ctx.sizes("offset_group", &[offset_group])?[0]];
    let Windows { strides, dilations, .. } = windows;
    let mut operands = vec![x, weights, offsets];
    match (ctx.optional(3), ctx.optional(4)) {
        (None, None) => {}
        (Some(bias), mask) => operands.extend([bias].into_iter().chain(mask)),
        (None, Some(mask)) => {
            let dtype = ctx.ty(x).dtype;
            bounded(ctx, n_out)?;
            let bias = numbers(ctx, "no_bias", &[n_out], vec![0.0; n_out], dtype)?;
            operands.extend([bias, mask]);
        }
    }
    let op = DeformConv { strides, pads, dilations, group, offset_group };
    Ok(vec![ctx.op("deform_conv", op, &operands)?.into()])
}

/// Det: determinants.
pub(super) fn det(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let x = ctx.input(0)?;
    Ok(vec![ctx.op("det", Det {}, &[x])?.into()])
}
