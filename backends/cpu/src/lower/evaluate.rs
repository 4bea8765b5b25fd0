//! Ops without a kernel: the reference evaluator, called by the runtime.

use firebrick_ir::{NodeId, Op};

use super::planner::Planner;
use crate::CompileError;
use crate::kernels::{Evaluate, Source};

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId) -> Result<(), CompileError> {
    let operands = operands(planner, id)?;
    let results = planner.results(id);
    for &result in &results {
        planner.new_plain(result)?;
    }
    let places = results.iter().map(|&result| planner.place(result)).collect::<Result<Vec<_>, _>>()?;
    if let Some(&first) = results.first() {
        let macs = planner.macs(id);
        planner.push_macs(first, Evaluate { op: planner.graph.node(id).op.clone(), operands, results: places }, macs);
    }
    Ok(())
}

/// A node's operands, as the runtime reads them.
pub(super) fn operands(planner: &mut Planner<'_>, id: NodeId) -> Result<Vec<Source>, CompileError> {
    let graph = planner.graph;
    let operand = |value| match (graph.as_const(value), &graph.node(value.node).op) {
        (Some(tensor), _) => Ok(Source::Constant(tensor.clone())),
        (None, Op::Const(_)) => Err(CompileError::MissingWeights(graph.value_name(value).to_owned())),
        (None, _) => Ok(Source::Arena(planner.place(value)?)),
    };
    graph.operands(id).into_iter().map(operand).collect()
}
