//! Dimensions in another order.

use firebrick_ir::ops::Transpose;
use firebrick_ir::{NodeId, Value};

use super::planner::Planner;
use super::{Lowered, moves};
use crate::CompileError;
use crate::emit::as_imm;
use crate::kernels::{Axis, Move, Origin, Way};

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Transpose) -> Result<Lowered, CompileError> {
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    let Some(element) = moves::element(planner, x) else { return Ok(Lowered::NoKernel) };
    let sources = moves::anywhere(planner, x, element)?;
    let dims = planner.dims(y);
    let steps = moves::steps(&dims, element);
    let view = planner.new_plain(y)?;
    for source in sources {
        let mut axes = Vec::new();
        let mut start = 0;
        for (&dim, &step) in op.perm.iter().zip(&steps) {
            let parts = &source.dims[dim];
            for (i, &(n, from)) in parts.iter().enumerate() {
                let inner: usize = parts[i + 1..].iter().map(|(n, _)| n).product();
                axes.push(Axis { n, x: Way::Step(from), y: as_imm(inner) * step });
            }
            start += if dim == 1 { as_imm(source.first) * step } else { 0 };
        }
        let origin = (Origin::View(source.view), 0);
        planner.push(y, Move::new("transpose", origin, view, element, axes).written_from(start));
    }
    Ok(Lowered::Done)
}
