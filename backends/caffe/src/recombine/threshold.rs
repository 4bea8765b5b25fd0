//! Threshold.

use firebrick_ir::ops::{Binary, BinaryFn, Cast};
use firebrick_ir::{DType, Op};
use firebrick_schemas::caffe::ThresholdParameter;

use crate::Kind;
use crate::context::Context;
use crate::layer::{Blob, param};

/// Whether x is above a number, as a float. The comparison may have been a layer of its own: its truth values can be no
/// blob.
pub(super) fn threshold(ctx: &mut Context<'_, '_>) -> Option<Blob> {
    let Op::Cast(Cast { dtype: DType::F32, .. }) = &ctx.graph().node(ctx.node).op else { return None };
    let comparison = ctx.operand(0).node;
    let Op::Binary(Binary(BinaryFn::Greater)) = &ctx.graph().node(comparison).op else { return None };
    let &[x, threshold] = ctx.graph().operands(comparison).as_slice() else { return None };
    let threshold = ctx.scalar(threshold).filter(|_| ctx.known(x).is_none())?;
    let dims = ctx.result_dims(0);
    if ctx.dims(Blob::Value(x)) != dims {
        return None;
    }
    let threshold = (threshold != 0.0).then(|| Box::new(ThresholdParameter { threshold: Some(threshold) }));
    Some(ctx.layer(Kind::Threshold, param(|p| p.threshold_param = threshold), &[Blob::Value(x)], &dims))
}
