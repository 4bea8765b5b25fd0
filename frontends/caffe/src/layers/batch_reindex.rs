//! BatchReindex.

use firebrick_ir::DType;
use firebrick_ir::ops::{Cast, Gather};

use super::{LayerContext, Tops};

/// BatchReindex: the first bottom's items that the second bottom names, a vector of indices in floats. Both cut an
/// index down to an integer.
pub(super) fn batch_reindex(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let (data, indices) = (ctx.bottom(0), ctx.bottom(1));
    let (dims, index_dims) = (ctx.dims(data), ctx.dims(indices));
    if dims.is_empty() || index_dims.len() != 1 {
        let message = format!("it takes a batch and a vector of indices, not shapes {dims:?} and {index_dims:?}");
        return Err(ctx.problem(message));
    }
    let indices = ctx.op("indices", Cast::to(DType::I64), &[indices])?;
    Ok(vec![Some(ctx.op("gather", Gather { axis: 0 }, &[data, indices])?)])
}
