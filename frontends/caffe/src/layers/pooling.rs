//! Pooling, and SPP, which pools at several sizes.

use firebrick_ir::ops::{self, BinaryFn, PadMode, Pool, PoolFn};
use firebrick_ir::{DType, Tensor, Value};
use firebrick_schemas::FieldPath;
use firebrick_schemas::caffe::{Phase, PoolMethod, PoolingParameter, RoundMode, SPPParameter};

use super::reshape::{count, reshaped};
use super::{LayerContext, Tops};
use crate::problem::Problem;

/// Pooling: the maximum of each window, with its position as a second top, the mean, or at random.
pub(super) fn pooling(ctx: &mut LayerContext<'_, '_>) -> Tops {
    ctx.not_in_place()?;
    let param = ctx.param().pooling_param.as_deref().cloned().unwrap_or_default();
    let x = ctx.bottom(0);
    let (height, width) = plane(ctx, x)?;
    let windows = Windows::read(ctx, &param, [height, width])?;
    let n_tops = ctx.n_tops();
    if n_tops > 1 && param.pool() != PoolMethod::Max {
        return Err(ctx.problem_at(field("pool", ctx), "only maxima have a second top, with their positions"));
    }
    let tops = pool(ctx, x, param.pool(), &windows, n_tops > 1)?;
    Ok(tops.into_iter().map(Some).collect())
}

/// SPP: the plane is pooled in 1, 4, 16 and so on windows, and all results of an image become one row.
pub(super) fn spp(ctx: &mut LayerContext<'_, '_>) -> Tops {
    ctx.not_in_place()?;
    let param = ctx.param().spp_param.as_deref().cloned().unwrap_or_default();
    let SPPParameter { pyramid_height: _, pool: _, engine: _ } = &param; // engine: how to compute, not what
    let x = ctx.bottom(0);
    let (height, width) = plane(ctx, x)?;
    let at_height = ctx.field("spp_param", "pyramid_height");
    if param.pyramid_height() == 0 {
        return Err(ctx.problem_at(at_height, "`pyramid_height` is missing or 0"));
    }
    let mut rows = Vec::new();
    for level in 0..param.pyramid_height() {
        let windows = Windows::of_pyramid(level, [height, width]).ok_or_else(|| {
            let message = format!("a plane of {height} by {width} cannot be split into windows at level {level}");
            ctx.problem_at(at_height.clone(), message)
        })?;
        let has_pads = windows.pads.iter().any(|&pad| pad > 0);
        if param.pool() == PoolMethod::Stochastic && has_pads {
            return Err(ctx.problem_at(at_height, format!("stochastic pooling would need padding at level {level}")));
        }
        let pooled = pool(ctx, x, param.pool(), &windows, false)?[0];
        // Caffe leaves a single level as it is.
        if param.pyramid_height() == 1 {
            return Ok(vec![Some(pooled)]);
        }
        let dims = ctx.dims(pooled);
        rows.push(reshaped(ctx, pooled, &[dims[0], count(&dims[1..])])?);
    }
    Ok(vec![Some(ctx.op("concat", ops::Concat { axis: 1 }, &rows)?)])
}

/// Height and width of a blob of images.
fn plane(ctx: &LayerContext<'_, '_>, x: Value) -> Result<(u64, u64), Problem> {
    match ctx.dims(x).as_slice() {
        &[_, _, height, width] if height > 0 && width > 0 => Ok((height, width)),
        dims => Err(ctx.problem(format!("the bottom should be images [N, C, H, W], but is {dims:?}"))),
    }
}

/// The windows along height and width.
#[derive(Debug, Clone, PartialEq)]
struct Windows {
    size: [u64; 2],
    kernel: [u64; 2],
    strides: [u64; 2],
    pads: [u64; 2],
    /// How many there are.
    count: [u64; 2],
}

impl Windows {
    fn read(ctx: &LayerContext<'_, '_>, param: &PoolingParameter, size: [u64; 2]) -> Result<Self, Problem> {
        let PoolingParameter {
            pool: _, // read by the layer
            pad: _,
            pad_h,
            pad_w,
            kernel_size,
            kernel_h,
            kernel_w,
            stride: _,
            stride_h,
            stride_w,
            engine: _, // how to compute, not what
            global_pooling: _,
            round_mode,
            ceil_mode,
        } = param;
        let problem = |name, message: &str| Err(ctx.problem_at(field(name, ctx), message));
        let kernel = match (param.global_pooling(), kernel_size, kernel_h, kernel_w) {
            (true, None, None, None) => size,
            (true, ..) => return problem("global_pooling", "global pooling has no size of a window"),
            (false, Some(_), Some(_), Some(_)) => {
                return problem("kernel_size", "`kernel_size` and its `_h` and `_w` forms exclude each other");
            }
            (false, Some(n), ..) => [u64::from(*n); 2],
            (false, None, Some(h), Some(w)) => [u64::from(*h), u64::from(*w)],
            (false, None, ..) => {
                return problem("kernel_size", "`kernel_size`, or `kernel_h` and `kernel_w`, is missing");
            }
        };
        let pads = one_or_two(ctx, "pad", param.pad, [*pad_h, *pad_w], 0)?;
        let strides = one_or_two(ctx, "stride", param.stride, [*stride_h, *stride_w], 1)?;
        if kernel.contains(&0) {
            return problem("kernel_size", "the window's size is 0");
        }
        if strides.contains(&0) {
            return problem("stride", "the stride is 0");
        }
        if param.global_pooling() && (pads != [0; 2] || strides != [1; 2]) {
            return problem("global_pooling", "global pooling has neither padding nor a stride");
        }
        if pads != [0; 2] && param.pool() == PoolMethod::Stochastic {
            return problem("pad", "stochastic pooling has no padding");
        }
        if pads != [0; 2] && (0..2).any(|i| pads[i] >= kernel[i]) {
            return problem("pad", "the padding should be smaller than the window");
        }
        // A fork's word for the same thing.
        let ceil = match (round_mode, ceil_mode) {
            (None, _) => param.ceil_mode(),
            (Some(_), None) => param.round_mode() == RoundMode::Ceil,
            (Some(_), Some(_)) => {
                return problem("ceil_mode", "`ceil_mode` and `round_mode` are two names of the same thing");
            }
        };
        match Windows::placed(size, kernel, strides, pads, ceil) {
            Some(windows) => Ok(windows),
            None => problem("kernel_size", &format!("a window of {kernel:?} finds no place in {size:?}")),
        }
    }

    /// The windows of an SPP layer's level: as many along each side as 2 to that power.
    fn of_pyramid(level: u32, size: [u64; 2]) -> Option<Self> {
        let bins = 1u64.checked_shl(level).filter(|&bins| bins <= u64::from(u32::MAX))?;
        let kernel = size.map(|n| n.div_ceil(bins));
        let pads = [0, 1].map(|i| (kernel[i] * bins - size[i]).div_ceil(2));
        if pads != [0; 2] && (0..2).any(|i| pads[i] >= kernel[i]) {
            return None;
        }
        Windows::placed(size, kernel, kernel, pads, true)
    }

    /// Counts the windows as Caffe does: a last one that would start behind the image and its first padding is left
    /// out, but only if there is padding at all. `None` if there is no window.
    fn placed(size: [u64; 2], kernel: [u64; 2], strides: [u64; 2], pads: [u64; 2], ceil: bool) -> Option<Self> {
        let mut count = [0; 2];
        for i in 0..2 {
            let padded = size[i].checked_add(pads[i].checked_mul(2)?)?;
            let steps = match padded.checked_sub(kernel[i]) {
                Some(slack) if ceil => slack.div_ceil(strides[i]),
                Some(slack) => slack / strides[i],
                // A window that is too large by less than a stride.
                None if ceil && kernel[i] - padded < strides[i] => 0,
                None => return None,
            };
            let is_behind = steps.checked_mul(strides[i])? >= size[i].checked_add(pads[i])?;
            count[i] = if pads != [0; 2] && is_behind { steps } else { steps + 1 };
        }
        Some(Windows { size, kernel, strides, pads, count })
    }

    /// Where the last window along a side starts, if that is not inside the image: Caffe has such windows if there is
    /// no padding and the stride is larger than the window.
    fn behind(&self, i: usize) -> Option<u64> {
        let start = (self.count[i] - 1) * self.strides[i];
        (start >= self.size[i].saturating_add(self.pads[i])).then_some(start)
    }
}

/// A field that is one number, or one for height and one for width.
fn one_or_two(
    ctx: &LayerContext<'_, '_>,
    name: &'static str,
    one: Option<u32>,
    two: [Option<u32>; 2],
    default: u64,
) -> Result<[u64; 2], Problem> {
    match (one, two) {
        (one, [None, None]) => Ok([one.map_or(default, u64::from); 2]),
        (None, [Some(h), Some(w)]) => Ok([u64::from(h), u64::from(w)]),
        (_, _) => {
            let message = format!("either `{name}`, or both `{name}_h` and `{name}_w` should be given");
            Err(ctx.problem_at(field(name, ctx), message))
        }
    }
}

/// The pooled blob, and the positions of the maxima if they are asked for.
fn pool(
    ctx: &mut LayerContext<'_, '_>,
    x: Value,
    method: PoolMethod,
    windows: &Windows,
    indices: bool,
) -> Result<Vec<Value>, Problem> {
    match method {
        PoolMethod::Max if indices => {
            let op = windows.op(PoolFn::Max, true);
            let pooled = ctx.op_n(&["pool", "positions"], op, &[x])?;
            let mask = ctx.op("mask", ops::Cast::to(DType::F32), &pooled[1..])?;
            let mask = windows.fill_behind(ctx, mask, |_| -1.0)?;
            Ok(vec![windows.fill_behind(ctx, pooled[0], |_| -f32::MAX)?, mask])
        }
        PoolMethod::Max => {
            let y = ctx.op("pool", windows.op(PoolFn::Max, false), &[x])?;
            Ok(vec![windows.fill_behind(ctx, y, |_| -f32::MAX)?])
        }
        PoolMethod::Ave => {
            let y = ctx.op("pool", windows.op(PoolFn::Average, false), &[x])?;
            // Caffe divides 0 by a size that is 0 right behind the image, and negative farther out.
            Ok(vec![windows.fill_behind(ctx, y, |distance| if distance == 0 { f32::NAN } else { 0.0 })?])
        }
        PoolMethod::Stochastic => {
            let y = stochastic(ctx, x, windows)?;
            Ok(vec![windows.fill_behind(ctx, y, |_| 0.0)?])
        }
    }
}

/// What stochastic pooling expects: the mean weighted by the elements themselves, Σ x² / Σ x, or 0 where the sum is
/// not positive.
fn stochastic(ctx: &mut LayerContext<'_, '_>, x: Value, windows: &Windows) -> Result<Value, Problem> {
    if ctx.phase() == Phase::Train {
        return Err(ctx.refused("in training it draws elements at random"));
    }
    let squares = ctx.binary(BinaryFn::Mul, x, x)?;
    let op = windows.op(PoolFn::Average, false);
    let mean = ctx.op("pool", op.clone(), &[x])?;
    let mean_square = ctx.op("pool_squares", op, &[squares])?;
    let ratio = ctx.binary(BinaryFn::Div, mean_square, mean)?;
    let zero = ctx.constant("zero", Tensor::scalar(0f32))?;
    let is_positive = ctx.binary(BinaryFn::Greater, mean, zero)?;
    ctx.op("select", ops::Select {}, &[is_positive, ratio, zero])
}

impl Windows {
    /// The op for the windows that are not wholly behind the image.
    fn op(&self, function: PoolFn, indices: bool) -> Pool {
        let sizes = |numbers: [u64; 2]| numbers.map(|n| usize::try_from(n).unwrap_or(usize::MAX)).to_vec();
        // A window that is larger than image and padding ends with them, for maximum and mean alike.
        let padded = [0, 1].map(|i| self.size[i].saturating_add(self.pads[i].saturating_mul(2)));
        let kernel = [0, 1].map(|i| self.kernel[i].min(padded[i]));
        let needs_ceil = |i: usize| {
            let whole = (padded[i] - kernel[i]) / self.strides[i] + 1;
            whole < self.count[i] - u64::from(self.behind(i).is_some())
        };
        Pool {
            function,
            kernel: sizes(kernel),
            strides: sizes(self.strides),
            pads: sizes(self.pads).repeat(2),
            dilations: vec![1; 2],
            ceil: needs_ceil(0) || needs_ceil(1),
            count_include_pad: function == PoolFn::Average && self.pads != [0; 2],
            indices,
        }
    }

    /// Adds the results of windows that are wholly behind the image: `value` says them for how far behind they start.
    fn fill_behind(
        &self,
        ctx: &mut LayerContext<'_, '_>,
        y: Value,
        value: impl Fn(u64) -> f32,
    ) -> Result<Value, Problem> {
        let mut sides: Vec<(usize, f32)> = [0, 1]
            .into_iter()
            .filter_map(|i| self.behind(i).map(|start| (2 + i, value(start - self.size[i]))))
            .collect();
        // Where both meet, NaN wins: Caffe multiplies the two sides of a window.
        sides.sort_by_key(|(_, value)| value.is_nan());
        sides.into_iter().try_fold(y, |y, (axis, value)| {
            let mut pads = vec![0; 8];
            pads[4 + axis] = 1;
            ctx.op("behind", ops::Pad { mode: PadMode::Constant, pads, value }, &[y])
        })
    }
}

fn field(name: &'static str, ctx: &LayerContext<'_, '_>) -> FieldPath {
    ctx.field("pooling_param", name)
}
