use firebrick_ir::ops::Reshape;

use crate::shapes::reshape;
use crate::{At, Draft, Rule};

/// A reshape of a reshape is one reshape, whoever else reads the first.
pub(crate) struct MergeReshapes;

impl Rule for MergeReshapes {
    const NAME: &'static str = "merge-reshapes";
    const DESCRIPTION: &'static str = "Makes one reshape of a chain of them";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let outer = at.is::<Reshape>()?;
        let inner = at.source::<Reshape>(outer.x())?;
        let merged = reshape(at.ty(inner.x()), at.ty(outer.result()))?;
        Some(Draft::swap(outer.node, outer.result(), merged, &[inner.x()]))
    }
}
