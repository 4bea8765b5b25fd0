//! SSD's detections. How many there are depends on values: there is memory for as many as there may be, and none of
//! the graph's ops may read them.

use firebrick_ir::{DType, Dim, Graph, NodeId, Op, Value};

use super::planner::Planner;
use super::{Lowered, evaluate};
use crate::CompileError;
use crate::kernels::Detect;
use crate::plan::{Image, Size};

/// Detections that there may be, if the value is some, of f32, and nothing but the graph's outputs reads it.
pub(super) fn capacity(graph: &Graph, value: Value) -> Option<usize> {
    let Op::DetectionOutput(op) = &graph.node(value.node).op else { return None };
    let operands = graph.operands(value.node);
    let size = |operand: usize, dim: usize| {
        let dim = graph.ty(*operands.get(operand)?).shape.0.get(dim).and_then(Dim::fixed)?;
        usize::try_from(dim).ok().filter(|&n| n > 0)
    };
    let is_output = |(user, _): &(NodeId, usize)| matches!(graph.node(*user).op, Op::Return(_));
    let is_last = graph.uses(value).iter().all(is_output);
    let is_f32 = operands.iter().all(|&operand| graph.ty(operand).dtype == DType::F32);
    let n = op.max_detections(size(0, 0)?, size(2, 2)? / 4)?;
    (is_last && is_f32).then_some(n)
}

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId) -> Result<Lowered, CompileError> {
    let y = Value { node: id, port: 0 };
    if capacity(planner.graph, y).is_none() {
        return Ok(Lowered::NoKernel);
    }
    let operands = evaluate::operands(planner, id)?;
    planner.new_plain(y)?;
    let count = planner.new_temporary(Image::plain(DType::U32, Size { n: 1, c: 1, h: 1, w: 1 })).buffer;
    planner.set_count(y, count);
    let result = planner.place(y)?;
    planner.push(y, Detect { op: planner.graph.node(id).op.clone(), operands, result, count });
    Ok(Lowered::Done)
}
