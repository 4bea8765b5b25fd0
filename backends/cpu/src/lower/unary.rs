//! Elementwise functions of one operand.

use firebrick_ir::ops::Unary;
use firebrick_ir::{DType, NodeId, Value};

use super::Lowered;
use super::broadcast::Grouping;
use super::planner::Planner;
use crate::CompileError;
use crate::kernels::{Map, MapOp, Other};
use crate::plan::{Image, View};

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Unary) -> Result<Lowered, CompileError> {
    if !planner.is_all_f32(id) {
        return Ok(Lowered::NoKernel);
    }
    let x = planner.graph.operands(id)[0];
    map(planner, x, Value { node: id, port: 0 }, vec![MapOp::Unary(op.0)])?;
    Ok(Lowered::Done)
}

/// A chain of functions on a value, in the layout that it has.
pub(super) fn map(planner: &mut Planner<'_>, x: Value, y: Value, ops: Vec<MapOp>) -> Result<(), CompileError> {
    if planner.is_blocked(x) {
        let (from, to) = (planner.blocked(x)?, planner.new_blocked(y)?);
        planner.push_map(x, y, Map { x: from, y: to, ops });
        return Ok(());
    }
    let dims = planner.dims(x);
    let has_channels = ops.iter().any(|op| matches!(op, MapOp::Binary { other: Other::Channels(_), .. }));
    let grouping = if has_channels { Some(Grouping::channels(&dims)) } else { Grouping::of(&dims, &[]) };
    let image = Image::plain(DType::F32, grouping.unwrap_or_else(|| Grouping::channels(&dims)).size(&dims));
    let (from, to) = (planner.plain(x)?, planner.new_plain(y)?);
    planner.push_map(x, y, Map { x: View { image, ..from }, y: View { image, ..to }, ops });
    Ok(())
}
