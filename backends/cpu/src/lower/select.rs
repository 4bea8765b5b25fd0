//! Elements of one value or another.

use firebrick_ir::{NodeId, Value};

use super::planner::Planner;
use super::{Lowered, elements, moves};
use crate::CompileError;
use crate::kernels::Function;

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId) -> Result<Lowered, CompileError> {
    let (operands, y) = (planner.graph.operands(id), Value { node: id, port: 0 });
    if moves::element(planner, y).is_none() {
        return Ok(Lowered::NoKernel);
    }
    elements::push(planner, y, Function::Select, &operands)
}
