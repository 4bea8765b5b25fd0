//! Split and Silence: layers about who reads a blob.

use super::{LayerContext, Tops};

/// Split: every top is the bottom.
pub(super) fn split(ctx: &mut LayerContext<'_, '_>) -> Tops {
    Ok(vec![Some(ctx.bottom(0)); ctx.n_tops()])
}

/// Silence: its bottoms are no outputs of the net.
pub(super) fn silence(_: &mut LayerContext<'_, '_>) -> Tops {
    Ok(Vec::new())
}
