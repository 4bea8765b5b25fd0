use firebrick_ir::ops::Transpose;

use crate::{At, Draft, Rule};

/// A transpose of a transpose is one transpose, whoever else reads the first. If they undo each other, it moves
/// nothing and goes with the other no-ops.
pub(crate) struct MergeTransposes;

impl Rule for MergeTransposes {
    const NAME: &'static str = "merge-transposes";
    const DESCRIPTION: &'static str = "Makes one transpose of a chain of them";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let outer = at.is::<Transpose>()?;
        let inner = at.source::<Transpose>(outer.x())?;
        let perm = outer.op.perm.iter().map(|&dim| inner.op.perm.get(dim).copied()).collect::<Option<_>>()?;
        Some(Draft::swap(outer.node, outer.result(), Transpose { perm }, &[inner.x()]))
    }
}
