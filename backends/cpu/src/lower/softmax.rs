//! Softmax.

use firebrick_ir::ops::Softmax;
use firebrick_ir::{NodeId, Value};

use super::Lowered;
use super::planner::Planner;
use crate::CompileError;
use crate::kernels::SoftmaxKernel;

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Softmax) -> Result<Lowered, CompileError> {
    if !planner.is_all_f32(id) {
        return Ok(Lowered::NoKernel);
    }
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    let dims = planner.dims(x);
    let sizes = [dims[..op.axis].iter().product(), dims[op.axis], dims[op.axis + 1..].iter().product()];
    let kernel = SoftmaxKernel { x: planner.plain(x)?, y: planner.new_plain(y)?, sizes };
    planner.push(y, kernel);
    Ok(Lowered::Done)
}
