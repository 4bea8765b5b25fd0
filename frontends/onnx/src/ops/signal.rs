//! DFT and STFT, windows, and MelWeightMatrix.

use std::f64::consts::TAU;

use firebrick_ir::ops::{BinaryFn, Dft, Gather};
use firebrick_ir::{DType, Value};

use super::make::{MAX_BYTES, count, number, numbers, reshaped, tensor};
use super::{NodeContext, Outputs, Stop};

/// DFT: the discrete Fourier transform. The axis is an attribute before opset 20, and an input since.
pub(super) fn dft(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (inverse, onesided) = (ctx.flag("inverse", false)?, ctx.flag("onesided", false)?);
    let x = ctx.input(0)?;
    let axis = if ctx.opset() < 20 { ctx.int_or("axis", 1)? } else { number(ctx, 2, "axis")?.unwrap_or(-2) };
    let axis = ctx.axis("axis", axis, ctx.rank(x))?;
    let length = match number(ctx, 1, "dft_length")? {
        Some(length) => ctx.sizes("dft_length", &[length])?[0],
        None => {
            let size = usize::try_from(ctx.dim(x, axis)?).unwrap_or(usize::MAX);
            if onesided && inverse { size.saturating_sub(1).saturating_mul(2) } else { size }
        }
    };
    Ok(vec![transformed(ctx, x, Dft { axis, length, inverse, onesided })?.into()])
}

/// Adds a transform that is not too long.
fn transformed(ctx: &mut NodeContext<'_, '_>, x: Value, op: Dft) -> Result<Value, Stop> {
    if (op.length as u64).saturating_mul(16) > MAX_BYTES {
        return Err(ctx.problem(format!("a transform of {} elements is too long", op.length)));
    }
    ctx.op("dft", op, &[x])
}

/// STFT: transforms of windows that slide over a signal.
pub(super) fn stft(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let onesided = ctx.flag("onesided", true)?;
    let signal = ctx.input(0)?;
    let step = count(ctx, 1, "frame_step")?;
    let window = ctx.optional(2);
    let length = match (number(ctx, 3, "frame_length")?, window) {
        (Some(length), _) => ctx.sizes("frame_length", &[length])?[0],
        (None, Some(window)) => usize::try_from(ctx.dim(window, 0)?).unwrap_or(usize::MAX),
        (None, None) => return Err(ctx.problem("it has neither a window nor a length of frames")),
    };
    if ctx.rank(signal) == 2 {
        return Err(ctx.problem("its signal should be [N, length, 1 or 2]"));
    }
    let size = usize::try_from(ctx.dim(signal, 1)?).unwrap_or(usize::MAX);
    let Some(slack) = size.checked_sub(length).filter(|_| step > 0 && length > 0) else {
        return Err(ctx.problem(format!("frames of {length} every {step} do not fit in a signal of {size}")));
    };
    let n_frames = slack / step + 1;
    if (n_frames as u64).saturating_mul(length as u64) > MAX_BYTES / 8 {
        return Err(ctx.problem(format!("{n_frames} frames of {length} are too many")));
    }
    let places = (0..n_frames).flat_map(|frame| (0..length).map(move |i| (frame * step + i) as i64)).collect();
    let places = tensor::<i64>(ctx, &[n_frames, length], places)?;
    let places = ctx.constant("places", places)?;
    let mut frames = ctx.op("frames", Gather { axis: 1 }, &[signal, places])?;
    if let Some(window) = window {
        let window = reshaped(ctx, "window", window, &[length, 1])?;
        frames = ctx.binary(BinaryFn::Mul, frames, window)?;
    }
    Ok(vec![transformed(ctx, frames, Dft { axis: 2, length, inverse: false, onesided })?.into()])
}

/// HannWindow.
pub(super) fn hann_window(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    window(ctx, [0.5, 0.5, 0.0])
}

/// HammingWindow.
pub(super) fn hamming_window(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    window(ctx, [25.0 / 46.0, 21.0 / 46.0, 0.0])
}

/// BlackmanWindow.
pub(super) fn blackman_window(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    window(ctx, [0.42, 0.5, 0.08])
}

/// A window a − b cos(2πk / n) + c cos(4πk / n), where n is the size, or one less of one that is not periodic.
fn window(ctx: &mut NodeContext<'_, '_>, [a, b, c]: [f64; 3]) -> Outputs {
    let (dtype, periodic) = (ctx.dtype("output_datatype")?.unwrap_or(DType::F32), ctx.flag("periodic", true)?);
    let size = count(ctx, 0, "size")?;
    if size as u64 > MAX_BYTES / 8 {
        return Err(ctx.problem(format!("a window of {size} elements is too large")));
    }
    let turns = if periodic { size } else { size.saturating_sub(1).max(1) } as f64;
    let element = |k: usize| {
        let angle = TAU * k as f64 / turns;
        a - b * angle.cos() + c * (2.0 * angle).cos()
    };
    let elements = (0..size).map(element).collect();
    Ok(vec![numbers(ctx, "window", &[size], elements, dtype)?.into()])
}

/// MelWeightMatrix: triangles over a spectrum that are equally wide on the scale of mels.
pub(super) fn mel_weight_matrix(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let dtype = ctx.dtype("output_datatype")?.unwrap_or(DType::F32);
    let (n_bands, length) = (count(ctx, 0, "num_mel_bins")?, count(ctx, 1, "dft_length")?);
    let rate = count(ctx, 2, "sample_rate")?;
    let mut edges = [0.0; 2];
    for (edge, index) in edges.iter_mut().zip([3, 4]) {
        let value = ctx.input(index)?;
        *edge = ctx.constant_floats(value)?.first().copied().map_or(0.0, f64::from);
    }
    let n_bins = length / 2 + 1;
    let size = (n_bins as u64).checked_mul(n_bands as u64).filter(|&n| n <= MAX_BYTES / 8);
    if size.is_none() || rate == 0 {
        return Err(ctx.problem(format!("{n_bands} bands of {n_bins} frequencies at {rate} a second are none")));
    }
    let mel = |hertz: f64| 2595.0 * (1.0 + hertz / 700.0).log10();
    let (low, high) = (mel(edges[0]), mel(edges[1]));
    let bin = |i: usize| {
        let hertz = 700.0 * (10f64.powf((low + i as f64 * (high - low) / (n_bands + 2) as f64) / 2595.0) - 1.0);
        ((length as f64 + 1.0) * hertz / rate as f64).floor().clamp(0.0, n_bins as f64) as usize
    };
    let mut weights = vec![0.0; n_bins * n_bands];
    for band in 0..n_bands {
        let (lower, centre, upper) = (bin(band), bin(band + 1), bin(band + 2));
        for frequency in lower..upper.max(centre + 1).min(n_bins) {
            weights[frequency * n_bands + band] = match frequency {
                _ if frequency == centre => 1.0,
                _ if frequency < centre => (frequency - lower) as f64 / (centre - lower) as f64,
                _ => (upper - frequency) as f64 / (upper - centre) as f64,
            };
        }
    }
    Ok(vec![numbers(ctx, "weights", &[n_bins, n_bands], weights, dtype)?.into()])
}
