//! Local response normalisation.

use firebrick_ir::ops::Lrn;
use firebrick_schemas::caffe::LRNParameter;

use super::window::number;
use crate::context::Context;
use crate::layer::{Blob, param};
use crate::{Kind, Reason};

/// LRN across channels.
pub(super) fn lrn(ctx: &mut Context<'_, '_>, op: &Lrn) -> Result<Blob, Reason> {
    let x = ctx.blob(0);
    let dims = ctx.dims(x);
    if op.size.is_multiple_of(2) {
        return Err(Reason::unsupported(format!("it sums over {} channels, and Caffe over an odd number", op.size)));
    }
    if dims.len() != 4 {
        return Err(Reason::unsupported(format!("LRN takes 4 dimensions, and there are {}", dims.len())));
    }
    let lrn = LRNParameter {
        local_size: Some(number(op.size)?),
        alpha: Some(op.alpha),
        beta: Some(op.beta),
        k: (op.bias != 1.0).then_some(op.bias),
        ..LRNParameter::default()
    };
    Ok(ctx.layer(Kind::LRN, param(|p| p.lrn_param = Some(Box::new(lrn))), &[x], &dims))
}
