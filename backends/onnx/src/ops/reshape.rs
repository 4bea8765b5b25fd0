//! The same elements under other dimensions.

use firebrick_ir::ops::{Reshape, Transpose};

use crate::attr;
use crate::lower::{Lowered, Lowering};

/// Flatten where that says it, as before a Gemm; else Reshape, which means the same as ours.
pub(super) fn reshape(l: &mut Lowering<'_>, op: &Reshape) -> Lowered {
    let x = l.arg(0);
    if op.shape == [0, -1] {
        return Ok(vec![l.same("Flatten", &[x], vec![attr::int("axis", 1)])?]);
    }
    Ok(vec![l.reshape(&x, op.shape.clone())?])
}

pub(super) fn transpose(l: &mut Lowering<'_>, op: &Transpose) -> Lowered {
    let x = l.arg(0);
    Ok(vec![l.transpose(&x, &op.perm)?])
}
