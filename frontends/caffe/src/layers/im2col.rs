//! Im2col.

use firebrick_ir::ops::Conv;

use super::geometry::Geometry;
use super::reshape::{count, reshaped};
use super::{LayerContext, Tops};

/// The weights below are the square of the window's elements.
const MAX_WINDOW: u64 = 1 << 10;

/// Im2col: each channel becomes one for every element of the window, with what that element meets.
///
/// It is a convolution of each channel with one filter for every element, which is 1 there and 0 elsewhere.
pub(super) fn im2col(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().convolution_param.as_deref().cloned().unwrap_or_default();
    let geometry = Geometry::read(ctx, &param)?; // what the message says of filters is for other layers
    if geometry.kernel.is_empty() {
        let path = ctx.field("convolution_param", "axis");
        return Err(ctx.problem_at(path, "there is no dimension behind the channels for the window to slide along"));
    }
    let n_taps = count(&geometry.kernel);
    if n_taps > MAX_WINDOW {
        let path = ctx.field("convolution_param", "kernel_size");
        return Err(ctx.problem_at(path, format!("a window of {n_taps} elements is too large for Im2col")));
    }
    let n = usize::try_from(n_taps).unwrap_or(usize::MAX);
    let one_hot = (0..n * n).map(|i| f32::from(u8::from(i / n == i % n))).collect();
    let weights = ctx.floats("taps", &[&[n_taps, 1], geometry.kernel.as_slice()].concat(), one_hot)?;
    let op = Conv {
        strides: geometry.strides.clone(),
        pads: geometry.conv_pads(),
        dilations: geometry.dilations.clone(),
        group: 1,
    };
    geometry.apply(ctx, |ctx, x| {
        // All channels share the filters, as if each were an image of its own.
        let dims = ctx.dims(x);
        let (batch, channels, spatial) = (dims[0], dims[1], &dims[2..]);
        let planes = reshaped(ctx, x, &[&[batch.saturating_mul(channels), 1], spatial].concat())?;
        let columns = ctx.op("conv", op.clone(), &[planes, weights])?;
        let windows = ctx.dims(columns).split_off(2);
        reshaped(ctx, columns, &[&[batch, channels.saturating_mul(n_taps)], windows.as_slice()].concat())
    })
}
