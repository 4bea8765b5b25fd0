//! Resize and Upsample.

use firebrick_ir::ops::{Cast, Coordinates, NearestMode, Resize, ResizeFn};
use firebrick_ir::{DType, Value};

use super::{NodeContext, Outputs, Stop};

/// Which factor sizes are multiplied by that may not be met for all dimensions alike.
#[derive(Clone, Copy, PartialEq)]
enum Policy {
    Stretch,
    NotLarger,
    NotSmaller,
}

const FUNCTIONS: [(&str, ResizeFn); 5] = [
    ("nearest", ResizeFn::Nearest),
    ("linear", ResizeFn::Linear),
    ("cubic", ResizeFn::Cubic),
    ("bilinear", ResizeFn::Linear),
    ("bicubic", ResizeFn::Cubic),
];

/// Upsample: a resize by factors, which are an attribute before opset 9 and an input in it.
pub(super) fn upsample(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let function = ctx.word("mode", &FUNCTIONS)?.unwrap_or(ResizeFn::Nearest);
    let x = ctx.input(0)?;
    let scales = match ctx.optional(1) {
        Some(scales) => ctx.constant_floats(scales)?,
        None => {
            let scales = ctx.floats("scales")?;
            ctx.required("scales", scales)?
        }
    };
    let plain = Resize::spatial(function, Coordinates::Asymmetric, Vec::new());
    let axes = (0..ctx.rank(x)).collect();
    resized(ctx, x, Resize { axes, ..plain }, &Target::Scales(scales))
}

/// What the dimensions should become.
enum Target {
    Scales(Vec<f32>),
    Sizes(Vec<usize>, Policy),
}

/// Resize: resampling by factors or to sizes. In opset 10 there are only factors, and positions from the beginning.
pub(super) fn resize(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let x = ctx.input(0)?;
    let function = ctx.word("mode", &FUNCTIONS)?.unwrap_or(ResizeFn::Nearest);
    let rank = ctx.rank(x);
    if ctx.opset() < 11 {
        let scales = ctx.input(1)?;
        let scales = ctx.constant_floats(scales)?;
        let plain = Resize::spatial(function, Coordinates::Asymmetric, Vec::new());
        return resized(ctx, x, Resize { axes: (0..rank).collect(), ..plain }, &Target::Scales(scales));
    }
    let axes = ctx.ints("axes")?.unwrap_or_else(|| (0..rank as i64).collect());
    let axes = ctx.axes("axes", &axes, rank)?;
    let coordinates = Coordinates::ALL.iter().map(|&coordinates| (coordinates.name(), coordinates));
    let coordinates = ctx.word("coordinate_transformation_mode", &coordinates.collect::<Vec<_>>())?;
    let nearest = NearestMode::ALL.iter().map(|&mode| (mode.name(), mode)).collect::<Vec<_>>();
    let nearest = ctx.word("nearest_mode", &nearest)?.unwrap_or(NearestMode::RoundPreferFloor);
    let policies =
        [("stretch", Policy::Stretch), ("not_larger", Policy::NotLarger), ("not_smaller", Policy::NotSmaller)];
    let policy = ctx.word("keep_aspect_ratio_policy", &policies)?.unwrap_or(Policy::Stretch);
    let coordinates = coordinates.unwrap_or(Coordinates::HalfPixel);
    let op = Resize {
        function,
        coordinates,
        nearest: if function == ResizeFn::Nearest { nearest } else { NearestMode::Floor },
        cubic: ctx.float_or("cubic_coeff_a", -0.75)?,
        antialias: ctx.flag("antialias", false)?,
        exclude_outside: ctx.flag("exclude_outside", false)?,
        extrapolation: ctx.float_or("extrapolation_value", 0.0)?,
        axes,
        size: Vec::new(),
        scales: Vec::new(),
        roi: if coordinates == Coordinates::TfCropAndResize { roi(ctx)? } else { Vec::new() },
    };
    let target = target(ctx, policy)?;
    resized(ctx, x, op, &target)
}

fn roi(ctx: &mut NodeContext<'_, '_>) -> Result<Vec<f32>, Stop> {
    let roi = ctx.input(1)?;
    ctx.constant_floats(roi)
}

/// Either input may be there without elements.
fn target(ctx: &mut NodeContext<'_, '_>, policy: Policy) -> Result<Target, Stop> {
    if let Some(scales) = ctx.optional(2) {
        let scales = ctx.constant_floats(scales)?;
        if !scales.is_empty() {
            return Ok(Target::Scales(scales));
        }
    }
    let sizes = ctx.optional(3).ok_or_else(|| ctx.problem("it has neither scales nor sizes"))?;
    let sizes = ctx.constant_ints(sizes)?;
    Ok(Target::Sizes(ctx.sizes("sizes", &sizes)?, policy))
}

/// Adds the resize of the dimensions that it changes.
fn resized(ctx: &mut NodeContext<'_, '_>, x: Value, op: Resize, target: &Target) -> Outputs {
    let n = match target {
        Target::Scales(scales) => scales.len(),
        Target::Sizes(sizes, _) => sizes.len(),
    };
    let roi_fits = op.roi.is_empty() || op.roi.len() == 2 * n;
    if n != op.axes.len() || !roi_fits {
        let (n_axes, n_roi) = (op.axes.len(), op.roi.len());
        return Err(ctx.problem(format!("its {n_axes} axes have {n} factors or sizes, and {n_roi} ends of regions")));
    }
    let mut kept = Resize { axes: Vec::new(), roi: Vec::new(), ..op.clone() };
    let mut roi_ends = Vec::new();
    let from: Vec<u64> = (0..n).map(|i| size_of(ctx, x, op.axes[i], i, target)).collect::<Result<_, _>>()?;
    let is_exact = |i: usize, (size, scale): (usize, f32)| size as f32 / from[i] as f32 == scale;
    let wanted: Vec<(usize, f32)> = (0..n).map(|i| wanted(target, &from, i)).collect();
    let all_exact = (0..n).all(|i| is_exact(i, wanted[i]));
    for (i, &(size, scale)) in wanted.iter().enumerate() {
        if op.roi.is_empty() && size as u64 == from[i] && scale == 1.0 {
            continue;
        }
        kept.axes.push(op.axes[i]);
        kept.size.push(size);
        if !all_exact {
            kept.scales.push(scale);
        }
        if !op.roi.is_empty() {
            kept.roi.push(op.roi[i]);
            roi_ends.push(op.roi[n + i]);
        }
    }
    kept.roi.extend(roi_ends);
    if kept.axes.is_empty() {
        return Ok(vec![x.into()]);
    }
    let dtype = ctx.ty(x).dtype;
    if dtype.is_float() {
        return Ok(vec![ctx.op("resize", kept, &[x])?.into()]);
    }
    let wide = ctx.op("wide", Cast::to(DType::F32), &[x])?;
    let resized = ctx.op("resize", kept, &[wide])?;
    Ok(vec![ctx.op("narrow", Cast::to(dtype), &[resized])?.into()])
}

/// The size of a dimension; of one that keeps its size, it may be a symbol.
fn size_of(ctx: &NodeContext<'_, '_>, x: Value, axis: usize, i: usize, target: &Target) -> Result<u64, Stop> {
    let is_kept = matches!(target, Target::Scales(scales) if scales[i] == 1.0);
    match ctx.dim(x, axis) {
        Err(Stop::Needs(_)) if is_kept => Ok(1),
        size => size,
    }
}

/// The size and the factor of the `i`-th dimension.
fn wanted(target: &Target, from: &[u64], i: usize) -> (usize, f32) {
    match target {
        // As the runtimes multiply: 0.7 times 10 is 7.
        Target::Scales(scales) => ((scales[i] * from[i] as f32) as usize, scales[i]),
        Target::Sizes(sizes, Policy::Stretch) => (sizes[i], sizes[i] as f32 / from[i] as f32),
        Target::Sizes(sizes, policy) => {
            let scales = sizes.iter().zip(from).map(|(&size, &from)| size as f32 / from as f32);
            let largest = *policy == Policy::NotSmaller;
            let pick = |a: f32, b: f32| if largest { a.max(b) } else { a.min(b) };
            let scale = scales.reduce(pick).unwrap_or(1.0);
            ((scale * from[i] as f32 + 0.5).floor() as usize, scale)
        }
    }
}
