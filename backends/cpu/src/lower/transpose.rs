//! Dimensions in another order.

use firebrick_ir::ops::Transpose;
use firebrick_ir::{NodeId, Value};

use super::planner::Planner;
use super::{Lowered, moves};
use crate::CompileError;
use crate::kernels::{Origin, Way};

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Transpose) -> Result<Lowered, CompileError> {
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    let Some(element) = moves::element(planner, x) else { return Ok(Lowered::NoKernel) };
    let source = moves::anywhere(planner, x, element)?;
    let dims: Vec<(usize, Way)> =
        op.perm.iter().flat_map(|&dim| &source.dims[dim]).map(|&(n, step)| (n, Way::Step(step))).collect();
    moves::push(planner, y, "transpose", (Origin::View(source.view), 0), element, &dims)
}
