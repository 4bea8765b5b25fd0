use firebrick_ir::ops::{Binary, BinaryFn, Step, Unary};

use crate::epilogue::append;
use crate::{At, Draft, Rule};

/// An elementwise function of a convolution's, matrix product's or expand's result, done to it at once.
pub(crate) struct FuseActivation;

impl Rule for FuseActivation {
    const NAME: &'static str = "fuse-activation";
    const DESCRIPTION: &'static str =
        "Lets convolutions and matrix products do the activation (ReLU, PReLU, clip, sigmoid ...) that follows them";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        if let Some(unary) = at.is::<Unary>() {
            return append(at, unary.x().node, at.result(), Step::Unary(unary.op.0), &[]);
        }
        let prelu = at.is::<Binary>().filter(|binary| binary.op.0 == BinaryFn::Prelu)?;
        append(at, prelu.x().node, at.result(), Step::Binary(BinaryFn::Prelu), &[prelu.operand(1)?])
    }
}
