use firebrick_ir::{Hints, Op, slice_of};

use crate::{Fault, Pass, Rewriter};

/// Marks what can be computed right where a concat has it, so that no copy is needed: the result of an op that is a
/// slice of exactly one other value, and no output. It only gives a hint.
pub(crate) struct MarkInPlace;

impl Pass for MarkInPlace {
    fn name(&self) -> &'static str {
        "mark-in-place"
    }

    fn description(&self) -> &'static str {
        "Marks results that can be computed right where a concat has them"
    }

    fn run(&self, graph: &mut Rewriter<'_>) -> Result<(), Fault> {
        for id in graph.graph().schedule() {
            let node = graph.graph().node(id);
            let is_computed = !matches!(node.op, Op::Input(_) | Op::Const(_));
            if is_computed && slice_of(graph.graph(), id).is_some() {
                let hints = Hints { in_place: true, ..node.hints.clone() };
                graph.hint(id, hints);
            }
        }
        Ok(())
    }
}
