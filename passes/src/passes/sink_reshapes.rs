use firebrick_ir::ops::{Reshape, Unary};

use crate::{At, Draft, Rule};

/// Moves a reshape behind the elementwise function that alone reads it: the function then stands next to what computes
/// its operand, with which it may be fused.
pub(crate) struct SinkReshapes;

impl Rule for SinkReshapes {
    const NAME: &'static str = "sink-reshapes";
    const DESCRIPTION: &'static str = "Moves reshapes behind elementwise functions";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let unary = at.is::<Unary>()?;
        let reshape = at.sole_source::<Reshape>(unary.x())?;
        let mut draft = Draft::new(unary.node);
        let inner = draft.node(unary.op.clone(), &[reshape.x().into()]);
        let outer = draft.node(reshape.op.clone(), &[inner]);
        Some(draft.replace(unary.result(), outer))
    }
}
