//! Softmax.

use firebrick_ir::ops::Softmax;
use firebrick_schemas::caffe::SoftmaxParameter;

use crate::context::Context;
use crate::layer::{Blob, param};
use crate::{Kind, Reason};

/// Softmax along an axis.
pub(super) fn softmax(ctx: &mut Context<'_, '_>, op: &Softmax) -> Result<Blob, Reason> {
    let x = ctx.blob(0);
    let dims = ctx.dims(x);
    let axis = i32::try_from(op.axis).unwrap_or(i32::MAX);
    let softmax = (axis != 1).then(|| Box::new(SoftmaxParameter { axis: Some(axis), ..SoftmaxParameter::default() }));
    Ok(ctx.layer(Kind::Softmax, param(|p| p.softmax_param = softmax), &[x], &dims))
}
