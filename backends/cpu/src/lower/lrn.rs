//! Local response normalisation.

use firebrick_ir::ops::Lrn;
use firebrick_ir::{NodeId, Value};

use super::Lowered;
use super::planner::Planner;
use crate::CompileError;
use crate::kernels::LrnKernel;

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Lrn) -> Result<Lowered, CompileError> {
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    if !planner.is_all_f32(id) || !matches!(planner.dims(x).len(), 3 | 4) {
        return Ok(Lowered::NoKernel);
    }
    let factor = (f64::from(op.alpha) / op.size as f64) as f32;
    let (before, after) = ((op.size - 1) / 2, op.size / 2);
    let (from, to) = (planner.plain(x)?, planner.new_plain(y)?);
    let n_channels = planner.size(x).c;
    let kernel = LrnKernel {
        x: from,
        y: to,
        before: before.min(n_channels),
        after: after.min(n_channels),
        factor,
        beta: op.beta,
        bias: op.bias,
    };
    planner.push(y, kernel);
    Ok(Lowered::Done)
}
