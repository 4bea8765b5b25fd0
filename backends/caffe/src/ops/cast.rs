//! Conversions of elements: blobs are floats, so that few have a meaning.

use firebrick_ir::DType;
use firebrick_ir::Op;
use firebrick_ir::ops::Cast;

use crate::Reason;
use crate::context::Context;
use crate::layer::Blob;

/// Positions as floats, which they are in Caffe already; and floats as floats.
pub(super) fn cast(ctx: &mut Context<'_, '_>, op: &Cast) -> Result<Blob, Reason> {
    let x = ctx.operand(0);
    let from = ctx.graph().ty(x).dtype;
    let is_position = matches!(ctx.graph().node(x.node).op, Op::Pool(_) | Op::TopK(_)) && x.port == 1;
    if op.dtype != DType::F32 {
        return Err(Reason::DType(op.dtype));
    }
    if is_position {
        return Ok(super::identity::renaming(ctx, x));
    }
    if from == DType::F32 { super::identity::identity(ctx) } else { Err(Reason::DType(from)) }
}
