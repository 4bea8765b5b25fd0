//! Elementwise functions of two operands.

use firebrick_ir::ops::Binary;
use firebrick_ir::{NodeId, Value};

use super::planner::Planner;
use super::{Lowered, unary};
use crate::CompileError;
use crate::kernels::{Map, MapOp, Other};

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Binary) -> Result<Lowered, CompileError> {
    let operands = planner.graph.operands(id);
    let y = Value { node: id, port: 0 };
    let [a, b] = operands[..] else { return Ok(Lowered::NoKernel) };
    if !planner.is_all_f32(id) || !Map::has_binary(op.0) {
        return Ok(Lowered::NoKernel);
    }
    for (x, other, is_second) in [(a, b, false), (b, a, true)] {
        if planner.dims(x) == planner.dims(y)
            && let Some(other) = constant(planner, other, &planner.dims(y))?
        {
            unary::map(planner, x, y, vec![MapOp::Binary { function: op.0, other, is_second }])?;
            return Ok(Lowered::Done);
        }
    }
    if planner.dims(a) != planner.dims(y) || planner.dims(b) != planner.dims(y) {
        return Ok(Lowered::NoKernel);
    }
    let is_blocked = planner.is_blocked(a) || planner.is_blocked(b);
    let [x, other] =
        if is_blocked { [planner.blocked(a)?, planner.blocked(b)?] } else { [planner.plain(a)?, planner.plain(b)?] };
    let target = if is_blocked { planner.new_blocked(y)? } else { planner.new_plain(y)? };
    let op = MapOp::Binary { function: op.0, other: Other::Image(other), is_second: false };
    planner.push(y, Map { x, y: target, ops: vec![op] });
    Ok(Lowered::Done)
}

/// A constant operand of a function whose result has those dimensions: one number, or one for each channel.
pub(super) fn constant(planner: &mut Planner<'_>, value: Value, dims: &[usize]) -> Result<Option<Other>, CompileError> {
    let Some(elements) = planner.constant(value)? else { return Ok(None) };
    if let [number] = elements[..] {
        return Ok(Some(Other::Scalar(number)));
    }
    Ok(is_channels(planner, value, dims).then(|| Other::Channels(planner.add_channels(&elements))))
}

/// Whether [`constant`] finds one.
pub(super) fn has_constant(planner: &Planner<'_>, value: Value, dims: &[usize]) -> Result<bool, CompileError> {
    let elements = planner.constant(value)?;
    Ok(elements.is_some_and(|elements| elements.len() == 1 || is_channels(planner, value, dims)))
}

fn is_channels(planner: &Planner<'_>, value: Value, dims: &[usize]) -> bool {
    // Aligned at the last dimension; of an image, only the channels' may be larger than 1.
    let own = planner.dims(value);
    let padded = [vec![1; dims.len().saturating_sub(own.len())], own].concat();
    matches!(dims.len(), 3 | 4)
        && padded.len() == dims.len()
        && padded.iter().enumerate().all(|(i, &size)| size == if i == 1 { dims[1] } else { 1 })
}
