//! Concat.

use firebrick_ir::ops::Concat;
use firebrick_schemas::caffe::ConcatParameter;

use crate::context::Context;
use crate::layer::{Blob, param};
use crate::{Kind, Reason};

/// Concat.
pub(super) fn concat(ctx: &mut Context<'_, '_>, op: &Concat) -> Result<Blob, Reason> {
    let bottoms: Vec<Blob> = ctx.operands().iter().map(|&value| Blob::Value(value)).collect();
    let dims = ctx.result_dims(0);
    Ok(joined(ctx, &bottoms, op.axis, &dims))
}

/// Blobs one behind the other along an axis.
pub(super) fn joined(ctx: &mut Context<'_, '_>, bottoms: &[Blob], axis: usize, dims: &[u64]) -> Blob {
    let axis = i32::try_from(axis).unwrap_or(i32::MAX);
    let concat = ConcatParameter { axis: (axis != 1).then_some(axis), ..ConcatParameter::default() };
    let concat = concat.axis.is_some().then(|| Box::new(concat));
    ctx.layer(Kind::Concat, param(|p| p.concat_param = concat), bottoms, dims)
}
