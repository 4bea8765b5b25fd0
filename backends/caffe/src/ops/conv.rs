//! Convolutions and transposed convolutions.

use firebrick_ir::ops::{Conv, ConvTranspose};
use firebrick_schemas::caffe::ConvolutionParameter;

use super::window::{Window, number};
use crate::context::Context;
use crate::layer::{Blob, Weight, param};
use crate::{Kind, Reason};

/// Convolution.
pub(super) fn conv(ctx: &mut Context<'_, '_>, op: &Conv) -> Result<Blob, Reason> {
    let window = Window { strides: &op.strides, dilations: &op.dilations, pads: halves(&op.pads) };
    layer(ctx, Kind::Convolution, &window, op.group, 0)
}

/// Deconvolution. What is added to the result's end is less of it cut off.
pub(super) fn conv_transpose(ctx: &mut Context<'_, '_>, op: &ConvTranspose) -> Result<Blob, Reason> {
    let [begins, mut ends] = halves(&op.pads);
    for (end, &added) in ends.iter_mut().zip(&op.output_padding) {
        *end -= i64::try_from(added).unwrap_or(i64::MAX);
    }
    let window = Window { strides: &op.strides, dilations: &op.dilations, pads: [begins, ends] };
    layer(ctx, Kind::Deconvolution, &window, op.group, 1)
}

fn halves(pads: &[usize]) -> [Vec<i64>; 2] {
    let (begins, ends) = pads.split_at(pads.len() / 2);
    [begins, ends].map(|half| half.iter().map(|&pad| i64::try_from(pad).unwrap_or(i64::MAX)).collect())
}

/// A layer of filters, whose outputs are that dimension of the weights, or so many for each group.
fn layer(
    ctx: &mut Context<'_, '_>,
    kind: Kind,
    window: &Window<'_>,
    group: usize,
    outputs: usize,
) -> Result<Blob, Reason> {
    let filters = ctx.weight(ctx.operand(1), "filters")?;
    let bias = ctx.operands().get(2).map(|&bias| ctx.weight(bias, "summands")).transpose()?;
    let (pads, extended) = window.symmetric(&filters.tensor)?;
    let filters = extended.map_or(filters, Weight::own);
    let n_out = filters.tensor.dims()[outputs];
    let n_out = if outputs == 0 { Some(n_out) } else { n_out.checked_mul(group) };
    let convolution = ConvolutionParameter {
        num_output: Some(number(n_out.unwrap_or(usize::MAX))?),
        bias_term: bias.is_none().then_some(false),
        ..window.fields(&filters.tensor.dims()[2..], &pads, group)?
    };
    let (x, dims) = (ctx.blob(0), ctx.result_dims(0));
    let weights = [filters].into_iter().chain(bias).collect();
    let set = param(|p| p.convolution_param = Some(Box::new(convolution)));
    Ok(ctx.weighted(kind, set, &[x], weights, &dims))
}
