//! Threshold.

use firebrick_ir::ops::{BinaryFn, Cast};
use firebrick_ir::{DType, Op};
use firebrick_schemas::caffe::ThresholdParameter;

use super::affine::by_scalar;
use crate::Kind;
use crate::context::Context;
use crate::layer::{Blob, param};

/// Whether x is above a number, as a float.
pub(super) fn threshold(ctx: &mut Context<'_, '_>) -> Option<Blob> {
    let Op::Cast(Cast { dtype: DType::F32, .. }) = &ctx.graph().node(ctx.node).op else { return None };
    let (x, threshold) = by_scalar(ctx, ctx.operand(0), BinaryFn::Greater)?;
    let dims = ctx.result_dims(0);
    if ctx.dims(Blob::Value(x)) != dims {
        return None;
    }
    let threshold = (threshold != 0.0).then(|| Box::new(ThresholdParameter { threshold: Some(threshold) }));
    Some(ctx.layer(Kind::Threshold, param(|p| p.threshold_param = threshold), &[Blob::Value(x)], &dims))
}
