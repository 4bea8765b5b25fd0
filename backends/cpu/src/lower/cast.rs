//! Elements converted to another type.

use firebrick_ir::ops::Cast;
use firebrick_ir::{NodeId, Value};

use super::planner::Planner;
use super::{Lowered, elements};
use crate::CompileError;
use crate::kernels::{Conversion, Function};

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Cast) -> Result<Lowered, CompileError> {
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    match Conversion::of(planner.dtype(x), op.dtype) {
        Some(conversion) => elements::push(planner, y, Function::Convert(conversion), &[x]),
        None => Ok(Lowered::NoKernel),
    }
}
