//! Deconvolution.

use firebrick_ir::ops::ConvTranspose;

use super::geometry::{Filters, Geometry};
use super::{LayerContext, Tops};

/// Deconvolution: the transposed convolution of each bottom into the top of the same index. Its weights are
/// `[C, num_output / group, kernel...]`.
pub(super) fn deconvolution(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().convolution_param.as_deref().cloned().unwrap_or_default();
    let geometry = Geometry::read(ctx, &param)?;
    let filters = geometry.filters(ctx, u64::from(param.num_output()), u64::from(param.group()))?;
    let Filters { n_out, group } = filters;
    let weights = geometry.weights(ctx, &param, [geometry.channels, n_out / group], n_out)?;
    let op = ConvTranspose {
        strides: geometry.or_one_dimension(&geometry.strides, 1),
        pads: geometry.or_one_dimension(&geometry.pads, 0).repeat(2),
        dilations: geometry.or_one_dimension(&geometry.dilations, 1),
        group: usize::try_from(group).unwrap_or(usize::MAX),
        output_padding: geometry.or_one_dimension(&vec![0; geometry.kernel.len()], 0),
    };
    geometry.apply(ctx, |ctx, x| {
        let operands: Vec<_> = [x].into_iter().chain(weights.iter().copied()).collect();
        ctx.op("conv_transpose", op.clone(), &operands)
    })
}
