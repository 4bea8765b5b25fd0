//! Reductions: the mean of planes, which is global average pooling.

use firebrick_ir::ops::{Reduce, ReduceFn};
use firebrick_ir::{NodeId, Value};

use super::planner::Planner;
use super::{Lowered, pool};
use crate::CompileError;

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Reduce) -> Result<Lowered, CompileError> {
    let x = planner.graph.operands(id)[0];
    let mut axes = op.axes.clone();
    axes.sort_unstable();
    let is_mean_of_planes = op.function == ReduceFn::Mean && op.keep_dims && axes == [2, 3];
    if !is_mean_of_planes || !planner.is_all_f32(id) || planner.dims(x).len() != 4 {
        return Ok(Lowered::NoKernel);
    }
    pool::mean_of_planes(planner, x, Value { node: id, port: 0 })?;
    Ok(Lowered::Done)
}
