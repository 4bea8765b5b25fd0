use firebrick_ir::ops::{Binary, BinaryFn, Step};
use firebrick_ir::{Op, Value};

use crate::epilogue::append;
use crate::{At, Draft, Rule};

/// A bypass: what is added to a convolution's, matrix product's or expand's result, done to it at once. Products, as
/// of a gate, too. The activation behind it is [`FuseActivation`](super::FuseActivation)'s.
pub(crate) struct FuseResidual;

impl Rule for FuseResidual {
    const NAME: &'static str = "fuse-residual";
    const DESCRIPTION: &'static str = "Lets convolutions and matrix products add the bypass that meets them";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let binary = at.is::<Binary>().filter(|binary| matches!(binary.op.0, BinaryFn::Add | BinaryFn::Mul))?;
        let &[a, b] = binary.operands.as_slice() else { return None };
        // Of two that could, the expand: its results are more than a convolution's in the bypass.
        let is_expand = |value: Value| matches!(at.graph.node(value.node).op, Op::Expand(_));
        let pairs = if is_expand(b) { [(b, a), (a, b)] } else { [(a, b), (b, a)] };
        let step = Step::Binary(binary.op.0);
        pairs.into_iter().find_map(|(x, other)| append(at, x.node, at.result(), step, &[other]))
    }
}
