//! Padding: Caffe has no layer for it, but joins blobs.

use firebrick_ir::ops::{Pad, PadMode};

use super::concat::joined;
use super::constant::filled;
use crate::Reason;
use crate::context::Context;
use crate::layer::Blob;

/// Blobs of one value before and behind, along each dimension that is padded.
pub(super) fn pad(ctx: &mut Context<'_, '_>, op: &Pad) -> Result<Blob, Reason> {
    let mode = match op.mode {
        PadMode::Constant => return Ok(padded(ctx, ctx.blob(0), &op.pads, op.value)),
        PadMode::Edge => "the outermost elements",
        PadMode::Reflect => "mirrored elements",
        PadMode::Wrap => "the elements of the other end",
    };
    Err(Reason::unsupported(format!("Caffe has no layer that pads with {mode}")))
}

/// As the op, with all beginnings first and then all ends.
pub(super) fn padded(ctx: &mut Context<'_, '_>, x: Blob, pads: &[usize], value: f32) -> Blob {
    let (begins, ends) = pads.split_at(pads.len() / 2);
    let mut y = x;
    for (axis, (&begin, &end)) in begins.iter().zip(ends).enumerate() {
        let mut dims = ctx.dims(y);
        let part = |ctx: &mut Context<'_, '_>, n: usize| {
            let part: Vec<u64> =
                dims.iter().enumerate().map(|(i, &dim)| if i == axis { n as u64 } else { dim }).collect();
            (n > 0).then(|| filled(ctx, value, &part))
        };
        let parts: Vec<Blob> = [part(ctx, begin), Some(y), part(ctx, end)].into_iter().flatten().collect();
        if parts.len() > 1 {
            dims[axis] = dims[axis].saturating_add(begin as u64).saturating_add(end as u64);
            y = joined(ctx, &parts, axis, &dims);
        }
    }
    y
}
