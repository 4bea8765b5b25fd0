//! The same elements under other dimensions.

use firebrick_ir::ops::Reshape;
use firebrick_schemas::caffe::{BlobShape, ReshapeParameter};

use crate::context::Context;
use crate::layer::{Blob, param};
use crate::{Kind, Reason};

/// Flatten or Reshape, as the op says it: 0 copies a dimension and -1 is what remains, in Caffe too.
pub(super) fn reshape(ctx: &mut Context<'_, '_>, op: &Reshape) -> Result<Blob, Reason> {
    let (x, dims) = (ctx.blob(0), ctx.result_dims(0));
    if ctx.dims(x) == dims {
        return super::identity::identity(ctx);
    }
    Ok(layer(ctx, x, op.shape.clone(), &dims))
}

/// The blob under other dimensions of the same product. Leading ones that stay are copied, so that the layer works for
/// other batches too.
pub(crate) fn reshaped(ctx: &mut Context<'_, '_>, x: Blob, dims: &[u64]) -> Blob {
    let from = ctx.dims(x);
    if from == dims {
        return x;
    }
    let n_same = from.iter().zip(dims).take_while(|(a, b)| a == b).count();
    let is_empty = from.contains(&0);
    let entry = |(index, &dim): (usize, &u64)| match index {
        index if index < n_same => 0,
        index if index == n_same && !is_empty => -1,
        _ => i64::try_from(dim).unwrap_or(i64::MAX),
    };
    let shape = dims.iter().enumerate().map(entry).collect();
    layer(ctx, x, shape, dims)
}

fn layer(ctx: &mut Context<'_, '_>, x: Blob, shape: Vec<i64>, dims: &[u64]) -> Blob {
    if shape == [0, -1] && ctx.dims(x).len() > 2 {
        return ctx.layer(Kind::Flatten, param(|_| ()), &[x], dims);
    }
    let reshape = ReshapeParameter { shape: Some(Box::new(BlobShape { dim: shape })), ..ReshapeParameter::default() };
    ctx.layer(Kind::Reshape, param(|p| p.reshape_param = Some(Box::new(reshape))), &[x], dims)
}
