//! Dimensions in another order.

use firebrick_ir::ops::Transpose;
use firebrick_schemas::caffe::PermuteParameter;

use super::reshape::reshaped;
use crate::context::Context;
use crate::layer::{Blob, param};
use crate::{Kind, Reason};

/// SSD's Permute, or Reshape where only dimensions of 1 move.
pub(super) fn transpose(ctx: &mut Context<'_, '_>, op: &Transpose) -> Result<Blob, Reason> {
    let x = ctx.blob(0);
    let y = permuted(ctx, x, &op.perm);
    if y == x { super::identity::identity(ctx) } else { Ok(y) }
}

/// The blob with its dimensions in that order.
pub(super) fn permuted(ctx: &mut Context<'_, '_>, x: Blob, perm: &[usize]) -> Blob {
    let dims = ctx.dims(x);
    let result: Vec<u64> = perm.iter().map(|&axis| dims[axis]).collect();
    if perm.is_sorted() {
        return x;
    }
    if perm.iter().filter(|&&axis| dims[axis] != 1).is_sorted() {
        return reshaped(ctx, x, &result);
    }
    let order = perm.iter().map(|&axis| u32::try_from(axis).unwrap_or(u32::MAX)).collect();
    let set = param(|p| p.permute_param = Some(Box::new(PermuteParameter { order })));
    ctx.layer(Kind::Permute, set, &[x], &result)
}
