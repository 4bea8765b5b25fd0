use firebrick_ir::ops::Transpose;

use crate::shapes::{is_identity, keeps_order, reshape};
use crate::{At, Draft, Rule};

/// A transpose in which dimensions of 1 alone change places leaves the elements in their order: it is a reshape, which
/// costs nothing and merges with others.
pub(crate) struct TransposeToReshape;

impl Rule for TransposeToReshape {
    const NAME: &'static str = "transpose-to-reshape";
    const DESCRIPTION: &'static str = "Makes a reshape of a transpose that moves only dimensions of 1";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let transpose = at.is::<Transpose>()?;
        let ty = at.ty(transpose.x());
        if is_identity(&transpose.op.perm) || !keeps_order(&transpose.op.perm, &ty.shape) {
            return None;
        }
        let reshape = reshape(ty, at.ty(transpose.result()))?;
        Some(Draft::swap(transpose.node, transpose.result(), reshape, &[transpose.x()]))
    }
}
