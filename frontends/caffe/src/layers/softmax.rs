//! Softmax.

use firebrick_ir::ops::Softmax;
use firebrick_schemas::caffe::SoftmaxParameter;

use super::{LayerContext, Tops};

/// Softmax along an axis.
pub(super) fn softmax(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().softmax_param.as_deref().cloned().unwrap_or_default();
    let SoftmaxParameter { axis: _, engine: _ } = &param; // engine: how, not what
    let x = ctx.bottom(0);
    let axis = ctx.axis(&ctx.field("softmax_param", "axis"), param.axis(), ctx.dims(x).len())?;
    Ok(vec![Some(ctx.op("softmax", Softmax { axis }, &[x])?)])
}
