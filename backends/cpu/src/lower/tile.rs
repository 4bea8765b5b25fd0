//! Repetition along dimensions.

use firebrick_ir::ops::Tile;
use firebrick_ir::{NodeId, Value};

use super::planner::Planner;
use super::{Lowered, moves};
use crate::CompileError;
use crate::kernels::{Origin, Way};

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Tile) -> Result<Lowered, CompileError> {
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    let Some(element) = moves::element(planner, x) else { return Ok(Lowered::NoKernel) };
    let sizes = planner.dims(x);
    let steps = moves::steps(&sizes, element);
    let dims = op.repeats.iter().zip(sizes).zip(steps);
    let dims: Vec<(usize, Way)> =
        dims.flat_map(|((&repeat, n), step)| [(repeat, Way::Step(0)), (n, Way::Step(step))]).collect();
    let view = planner.plain(x)?;
    moves::push(planner, y, "tile", (Origin::View(view), 0), element, &dims)
}
