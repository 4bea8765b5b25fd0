//! Resampling.

use firebrick_ir::ops::{Coordinates, Resize, ResizeFn, Unpool};
use firebrick_schemas::caffe::{ConvolutionParameter, InterpParameter, UpsampleParameter};

use super::constant::{applied, floats, tensor};
use super::gather::float_indices;
use super::window::number;
use crate::context::Context;
use crate::layer::{Blob, Weight, param};
use crate::{Kind, Reason};

/// Interp for bilinear resampling between the corners; for elements repeated, Deconvolution with windows of ones, which
/// every Caffe has.
pub(super) fn resize(ctx: &mut Context<'_, '_>, op: &Resize) -> Result<Blob, Reason> {
    let (x, dims) = (ctx.blob(0), ctx.result_dims(0));
    let from = ctx.dims(x);
    let is_spatial = from.len() > 2 && op.axes.iter().copied().eq(2..from.len());
    match op.function {
        ResizeFn::Linear if is_spatial && dims.len() == 4 && is_between_corners(op) => {
            let [height, width] = [dims[2], dims[3]].map(|n| i32::try_from(n).unwrap_or(i32::MAX));
            let interp = InterpParameter { height: Some(height), width: Some(width), ..InterpParameter::default() };
            Ok(ctx.layer(Kind::Interp, param(|p| p.interp_param = Some(Box::new(interp))), &[x], &dims))
        }
        ResizeFn::Nearest if is_spatial => {
            let sizes = from[2..].iter().zip(&dims[2..]).zip(0..);
            let scales = sizes.map(|((&from, &to), i)| scale(op, i, from, to)).collect::<Option<Vec<usize>>>();
            match scales {
                Some(scales) => repeated(ctx, x, &scales, &dims),
                None => Err(Reason::unsupported("Caffe repeats each element equally often")),
            }
        }
        ResizeFn::Linear | ResizeFn::Nearest | ResizeFn::Cubic => {
            Err(Reason::unsupported("Caffe resamples images bilinearly between the corners, or repeats elements"))
        }
    }
}

fn is_between_corners(op: &Resize) -> bool {
    op.coordinates == Coordinates::AlignCorners && op.scales.is_empty() && !op.antialias && !op.exclude_outside
}

/// How often each element is repeated along spatial dimension `i`, if each is equally often: seen by what becomes of
/// their indices.
fn scale(op: &Resize, i: usize, from: u64, to: u64) -> Option<usize> {
    let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
    let scale = to.checked_div(from).filter(|scale| from * scale == to)?;
    let of_one = |numbers: &[f32]| numbers.get(i).copied().into_iter().collect();
    let along = Resize {
        axes: vec![0],
        size: vec![to],
        scales: of_one(&op.scales),
        roi: op.roi.iter().copied().skip(i).step_by(op.axes.len()).collect(),
        ..op.clone()
    };
    let indices = tensor(&[from as u64], (0..from).map(|index| index as f32).collect()).ok()?;
    let resized = floats(&applied(along, &indices).ok()?).ok()?;
    let is_repeated = resized.iter().enumerate().all(|(index, &found)| found == (index / scale) as f32);
    is_repeated.then_some(scale)
}

/// Each element as often as the scales say.
fn repeated(ctx: &mut Context<'_, '_>, x: Blob, scales: &[usize], dims: &[u64]) -> Result<Blob, Reason> {
    let channels = dims[1];
    let window = scales.iter().map(|&scale| scale as u64);
    let shape: Vec<u64> = [channels, 1].into_iter().chain(window).collect();
    let count = shape.iter().try_fold(1u64, |count, &dim| count.checked_mul(dim)).filter(|&n| i32::try_from(n).is_ok());
    let count = count.and_then(|n| usize::try_from(n).ok()).ok_or_else(|| Reason::TooLarge(shape.clone()))?;
    let ones = Weight::own(tensor(&shape, vec![1.0; count])?);
    let scales = scales.iter().map(|&scale| number(scale)).collect::<Result<Vec<u32>, _>>()?;
    let n_out = number(usize::try_from(channels).unwrap_or(usize::MAX))?;
    let convolution = ConvolutionParameter {
        num_output: Some(n_out),
        bias_term: Some(false),
        kernel_size: scales.clone(),
        stride: scales,
        group: (n_out != 1).then_some(n_out),
        ..ConvolutionParameter::default()
    };
    let set = param(|p| p.convolution_param = Some(Box::new(convolution)));
    Ok(ctx.weighted(Kind::Deconvolution, set, &[x], vec![ones], dims))
}

/// SegNet's Upsample, which puts values back where a pool found them.
pub(super) fn unpool(ctx: &mut Context<'_, '_>, op: &Unpool) -> Result<Blob, Reason> {
    let &[height, width] = op.size.as_slice() else {
        return Err(Reason::unsupported("Upsample works on images"));
    };
    if height < 2 || width < 2 {
        return Err(Reason::unsupported("Upsample makes images of 2 rows and columns or more"));
    }
    let positions = ctx.operand(1);
    let mask = float_indices(ctx, positions).unwrap_or(Blob::Value(positions));
    let upsample = UpsampleParameter {
        upsample_h: Some(number(height)?),
        upsample_w: Some(number(width)?),
        ..UpsampleParameter::default()
    };
    let (x, dims) = (ctx.blob(0), ctx.result_dims(0));
    let set = param(|p| p.upsample_param = Some(Box::new(upsample)));
    Ok(ctx.layer(Kind::Upsample, set, &[x, mask], &dims))
}
