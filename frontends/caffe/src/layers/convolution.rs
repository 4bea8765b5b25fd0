//! Convolution, and the forks' layers for one filter a channel.

use firebrick_ir::ops::Conv;
use firebrick_schemas::caffe::ConvolutionParameter;

use super::geometry::{Filters, Geometry};
use super::{LayerContext, Tops};

/// Convolution: each bottom is convolved with the same weights into the top of the same index.
pub(super) fn convolution(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().convolution_param.as_deref().cloned().unwrap_or_default();
    let geometry = Geometry::read(ctx, &param)?;
    let filters = geometry.filters(ctx, u64::from(param.num_output()), u64::from(param.group()))?;
    convolve(ctx, &param, &geometry, filters)
}

/// ConvolutionDepthwise and DepthwiseConvolution: a convolution whose groups are the channels, whether the file says
/// so or not. The former has as many outputs.
pub(super) fn depthwise(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().convolution_param.as_deref().cloned().unwrap_or_default();
    let geometry = Geometry::read(ctx, &param)?;
    let channels = geometry.channels;
    if param.group.is_some_and(|group| group != 1 && u64::from(group) != channels) {
        let message = format!("`group` is {}, but there are {channels} channels", param.group());
        return Err(ctx.problem_at(ctx.field("convolution_param", "group"), message));
    }
    let n_out = param.num_output.map_or(channels, u64::from);
    let filters = geometry.filters(ctx, n_out, channels)?;
    convolve(ctx, &param, &geometry, filters)
}

fn convolve(
    ctx: &mut LayerContext<'_, '_>,
    param: &ConvolutionParameter,
    geometry: &Geometry,
    Filters { n_out, group }: Filters,
) -> Tops {
    let weights = geometry.weights(ctx, param, [n_out, geometry.channels / group], n_out)?;
    let op = Conv {
        strides: geometry.or_one_dimension(&geometry.strides, 1),
        pads: geometry.conv_pads(),
        dilations: geometry.or_one_dimension(&geometry.dilations, 1),
        group: usize::try_from(group).unwrap_or(usize::MAX),
    };
    geometry.apply(ctx, |ctx, x| {
        let operands: Vec<_> = [x].into_iter().chain(weights.iter().copied()).collect();
        ctx.op("conv", op.clone(), &operands)
    })
}
