use firebrick_ir::ops::Quantize;

use crate::quantized::Tail;
use crate::{At, Draft, Rule};

/// A ReLU or clip before a quantize whose integers have no numbers beyond its limits.
pub(crate) struct RemoveImpliedClip;

impl Rule for RemoveImpliedClip {
    const NAME: &'static str = "remove-implied-clip";
    const DESCRIPTION: &'static str = "Removes a ReLU or clip where the range of the quantized result implies it";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let quantize = at.is::<Quantize>()?;
        let tail = Tail::of(at).filter(|tail| tail.clip.is_none() && tail.x != quantize.x())?;
        let operands: Vec<_> = std::iter::once(tail.x).chain(quantize.operands.iter().skip(1).copied()).collect();
        Some(Draft::swap(at.node, at.result(), quantize.op.clone(), &operands))
    }
}
