//! Parameter.

use firebrick_schemas::caffe::ParameterParameter;

use super::input::blob_dims;
use super::{LayerContext, Tops};

/// Parameter: a weight blob as a top.
pub(super) fn parameter(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().parameter_param.as_deref().cloned().unwrap_or_default();
    let ParameterParameter { shape } = param;
    let dims = blob_dims(ctx, ctx.field("parameter_param", "shape"), &shape.unwrap_or_default())?;
    Ok(vec![Some(ctx.weight(0, "parameter", &dims, None)?)])
}
