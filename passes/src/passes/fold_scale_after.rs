use crate::affine::Affine;
use crate::linear::Linear;
use crate::{At, Draft, Precision, Rule};

/// Batch norm, scale, bias and the like behind a convolution or a product of matrices: `(w x + b) s + t` is
/// `(w s) x + (b s + t)`.
pub(crate) struct FoldScaleAfter;

impl Rule for FoldScaleAfter {
    const NAME: &'static str = "fold-scale-after";
    const DESCRIPTION: &'static str =
        "Folds what scales and shifts the channels of a convolution or matrix product into its weights";
    const PRECISION: Precision = Precision::Rounded;

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let before = Affine::operand(at)?.node;
        if !at.graph.has_one_use(before) || !Linear::is(At { node: before, ..at }) {
            return None;
        }
        let mut linear = Linear::of(At { node: before, ..at })?;
        linear.then(&Affine::of(at)?);
        linear.draft(at, at.result())
    }
}
