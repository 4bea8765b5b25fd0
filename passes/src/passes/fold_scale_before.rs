use firebrick_ir::ops::{Conv, ConvTranspose, Gemm};

use crate::affine::Affine;
use crate::linear::Linear;
use crate::{At, Draft, Precision, Rule};

/// Batch norm, scale, bias and the like, such as an image's mean, before a convolution or a product of matrices:
/// `w (x s + t) + b` is `(w s) x + (w t + b)`. Where a convolution pads, its zeros are not shifted, and so nothing may
/// be added.
pub(crate) struct FoldScaleBefore;

impl Rule for FoldScaleBefore {
    const NAME: &'static str = "fold-scale-before";
    const DESCRIPTION: &'static str = "Folds what scales and shifts the channels of a convolution's or matrix product's input into its weights, if no padding forbids it";
    const PRECISION: Precision = Precision::Rounded;

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let shifts = takes_shifts(at)?;
        let &x = at.graph.operands(at.node).first()?;
        let before = At { node: x.node, ..at };
        Affine::operand(before)?;
        if !at.graph.has_one_use(x.node) {
            return None;
        }
        let affine = Affine::of(before).filter(|affine| shifts || affine.is_scale())?;
        let mut linear = Linear::of(at)?;
        linear.after(&affine);
        linear.draft(at, at.result())
    }
}

/// Whether what is added to the input's channels reaches all results alike; `None` for an op without weights, or one
/// whose channels are elsewhere.
fn takes_shifts(at: At<'_>) -> Option<bool> {
    if let Some(conv) = at.is::<Conv>() {
        return Some(conv.op.pads.iter().all(|&pad| pad == 0));
    }
    if at.is::<ConvTranspose>().is_some() {
        // Fewer elements of the input reach the borders.
        return Some(false);
    }
    (!at.is::<Gemm>()?.op.trans_a).then_some(true)
}
