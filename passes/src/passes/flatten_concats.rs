use firebrick_ir::Value;
use firebrick_ir::ops::Concat;

use crate::{At, Draft, Rule};

/// A concatenation that only another one along the same dimension reads is part of that one.
pub(crate) struct FlattenConcats;

impl Rule for FlattenConcats {
    const NAME: &'static str = "flatten-concats";
    const DESCRIPTION: &'static str = "Makes one concatenation of nested ones";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let outer = at.is::<Concat>()?;
        let parts = |value: Value| {
            let inner = at.sole_source::<Concat>(value).filter(|inner| inner.op.axis == outer.op.axis);
            inner.map_or_else(|| vec![value], |inner| inner.operands)
        };
        let operands: Vec<Value> = outer.operands.iter().copied().flat_map(parts).collect();
        if operands == outer.operands {
            return None;
        }
        Some(Draft::swap(outer.node, outer.result(), outer.op.clone(), &operands))
    }
}
