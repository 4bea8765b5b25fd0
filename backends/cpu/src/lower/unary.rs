//! Elementwise functions of one operand.

use firebrick_ir::ops::Unary;
use firebrick_ir::{NodeId, Value};

use super::Lowered;
use super::planner::Planner;
use crate::CompileError;
use crate::kernels::{Map, MapOp};

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Unary) -> Result<Lowered, CompileError> {
    if !planner.is_all_f32(id) || !Map::has_unary(op.0) {
        return Ok(Lowered::NoKernel);
    }
    let x = planner.graph.operands(id)[0];
    map(planner, x, Value { node: id, port: 0 }, vec![MapOp::Unary(op.0)])?;
    Ok(Lowered::Done)
}

/// A chain of functions on a value, in the layout that it has.
pub(super) fn map(planner: &mut Planner<'_>, x: Value, y: Value, ops: Vec<MapOp>) -> Result<(), CompileError> {
    let is_blocked = planner.is_blocked(x);
    let from = if is_blocked { planner.blocked(x)? } else { planner.plain(x)? };
    let to = if is_blocked { planner.new_blocked(y)? } else { planner.new_plain(y)? };
    planner.push(y, Map { x: from, y: to, ops });
    Ok(())
}
