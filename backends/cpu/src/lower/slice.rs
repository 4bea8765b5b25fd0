//! Elements at regular distances.

use firebrick_ir::ops::Slice;
use firebrick_ir::{NodeId, Value};

use super::planner::Planner;
use super::{Lowered, moves};
use crate::CompileError;
use crate::emit::as_imm;
use crate::kernels::{Origin, Way};

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Slice) -> Result<Lowered, CompileError> {
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    let Some(element) = moves::element(planner, x) else { return Ok(Lowered::NoKernel) };
    let steps = moves::steps(&planner.dims(x), element);
    let mut dims: Vec<(usize, Way)> =
        planner.dims(y).into_iter().zip(steps.iter().map(|&step| Way::Step(step))).collect();
    let mut start = 0;
    for (i, &axis) in op.axes.iter().enumerate() {
        start += as_imm(op.starts[i]) * steps[axis];
        // Without a second element, a step has no limit, and no meaning.
        let step = if op.counts[i] > 1 { op.steps[i] * steps[axis] } else { 0 };
        dims[axis].1 = Way::Step(step);
    }
    let view = planner.plain(x)?;
    moves::push(planner, y, "slice", (Origin::View(view), start), element, &dims)
}
