//! Ops without a kernel: the reference evaluator, called by the runtime.

use firebrick_ir::{NodeId, Op};

use super::planner::Planner;
use crate::CompileError;
use crate::kernels::{Evaluate, Source};

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId) -> Result<(), CompileError> {
    let graph = planner.graph;
    let mut operands = Vec::new();
    for value in graph.operands(id) {
        operands.push(match (graph.as_const(value), &graph.node(value.node).op) {
            (Some(tensor), _) => Source::Constant(tensor.clone()),
            (None, Op::Const(_)) => return Err(CompileError::MissingWeights(graph.value_name(value).to_owned())),
            (None, _) => Source::Arena(planner.place(value)?),
        });
    }
    let results = planner.results(id);
    for &result in &results {
        planner.new_plain(result)?;
    }
    let places = results.iter().map(|&result| planner.place(result)).collect::<Result<Vec<_>, _>>()?;
    if let Some(&first) = results.first() {
        planner.push(first, Evaluate { op: graph.node(id).op.clone(), operands, results: places });
    }
    Ok(())
}
