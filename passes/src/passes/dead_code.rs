use firebrick_ir::NodeId;

use crate::{Fault, Pass, Rewriter};

/// Removes nodes that no output is computed from. Inputs stay: they are part of the graph's signature.
pub(crate) struct DeadCode;

impl Pass for DeadCode {
    fn name(&self) -> &'static str {
        "remove-dead-code"
    }

    fn description(&self) -> &'static str {
        "Removes nodes that no output is computed from"
    }

    fn run(&self, graph: &mut Rewriter<'_>) -> Result<(), Fault> {
        // Readers before what they read, so that each node is met once its readers are gone.
        let order: Vec<NodeId> = graph.graph().schedule().into_iter().rev().collect();
        for node in order {
            graph.remove(node);
        }
        Ok(())
    }
}
