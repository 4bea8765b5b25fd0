//! Layers that are several ops in the graph. Each is found by its last op.
//!
//! An op is taken in only if it came from the same layer of the source as the last one, or if neither came from one:
//! the values of other layers have names of their own.

pub(crate) mod affine;
mod eltwise;
mod inner_product;
mod lrn;
mod mvn;
mod normalize;
mod rnn;
mod scale;
mod threshold;

use crate::context::Context;
use crate::layer::Blob;

/// A way to find a layer: its top, if the node is the last op of one.
type Pattern = fn(&mut Context<'_, '_>) -> Option<Blob>;

/// Every layer that is several ops. Where one is a part of another, the larger comes first.
const PATTERNS: &[Pattern] = &[
    mvn::normalised,
    mvn::centred,
    normalize::normalize,
    lrn::within_channel,
    // Weighted sums before factors, which they consist of.
    eltwise::eltwise,
    scale::scale,
    affine::power,
    inner_product::inner_product,
    rnn::rnn,
    threshold::threshold,
];

/// The top of the layer whose last op the node is.
pub(crate) fn recombine(ctx: &mut Context<'_, '_>) -> Option<Blob> {
    PATTERNS.iter().find_map(|pattern| {
        let n_layers = ctx.n_layers();
        let top = pattern(ctx);
        if top.is_none() {
            // It may have begun with what it then found no end to.
            ctx.forget_after(n_layers);
        }
        top
    })
}
