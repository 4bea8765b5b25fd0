//! Elementwise functions of two operands.

use firebrick_ir::ops::{Binary, BinaryFn};
use firebrick_ir::{DType, NodeId, Value};

use super::broadcast::{self, Grouping, padded};
use super::planner::Planner;
use super::{Lowered, elements, unary};
use crate::CompileError;
use crate::kernels::{Function, Integers, Map, MapOp, Other, Relayout};
use crate::plan::{Halo, Image, Size, View};

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Binary) -> Result<Lowered, CompileError> {
    let operands = planner.graph.operands(id);
    let y = Value { node: id, port: 0 };
    let [a, b] = operands[..] else { return Ok(Lowered::NoKernel) };
    if !planner.is_all_f32(id) || !Map::has_binary(op.0) {
        return match Integers::of(op.0, planner.dtype(a)) {
            Some(function) => elements::push(planner, y, Function::Binary(function), &operands),
            None => Ok(Lowered::NoKernel),
        };
    }
    let dims = planner.dims(y);
    for (x, other, is_second) in [(a, b, false), (b, a, true)] {
        if planner.dims(x) == dims
            && let Some(other) = constant(planner, other, &dims)?
        {
            unary::map(planner, x, y, vec![MapOp::Binary { function: op.0, other, is_second }])?;
            return Ok(Lowered::Done);
        }
    }
    let is_whole = |value: Value| planner.dims(value) == dims;
    // What lies in blocks stays there, and a chain goes on.
    let rank = |value: Value| is_whole(value).then(|| (planner.is_blocked(value), planner.is_chain(value)));
    let is_second = rank(b) > rank(a);
    let (x, other) = if is_second { (b, a) } else { (a, b) };
    if !is_whole(x) {
        return both_broadcast(planner, op.0, [a, b], y);
    }
    if planner.is_blocked(x) {
        let from = planner.blocked(x)?;
        let other = blocked_other(planner, other, &dims)?;
        let to = planner.new_blocked(y)?;
        planner.push_map(x, y, Map { x: from, y: to, ops: vec![MapOp::Binary { function: op.0, other, is_second }] });
        return Ok(Lowered::Done);
    }
    let from = planner.plain(x)?;
    push_plain(planner, (Some(x), from), y, op.0, (other, is_second))
}

/// Two operands neither of which is as large as the result: the first one is copied.
fn both_broadcast(
    planner: &mut Planner<'_>,
    function: BinaryFn,
    [a, b]: [Value; 2],
    y: Value,
) -> Result<Lowered, CompileError> {
    let dims = planner.dims(y);
    let from = broadcast::copy(planner, y, a, &dims)?;
    push_plain(planner, (None, from), y, function, (b, false))
}

fn push_plain(
    planner: &mut Planner<'_>,
    (x, from): (Option<Value>, View),
    y: Value,
    function: BinaryFn,
    (other, is_second): (Value, bool),
) -> Result<Lowered, CompileError> {
    let dims = planner.dims(y);
    let grouping = plain_grouping(planner, &dims, &[other]);
    let other = plain_other(planner, y, other, &dims, &grouping)?;
    let to = planner.new_plain(y)?;
    let image = Image::plain(DType::F32, grouping.size(&dims));
    let map = Map {
        x: View { image, ..from },
        y: View { image, ..to },
        ops: vec![MapOp::Binary { function, other, is_second }],
    };
    match x {
        Some(x) => planner.push_map(x, y, map),
        None => planner.push(y, map),
    }
    Ok(Lowered::Done)
}

/// Dimensions of images for a plain value and operands that are broadcast to it. Those that don't fit are copied.
pub(super) fn plain_grouping(planner: &Planner<'_>, dims: &[usize], others: &[Value]) -> Grouping {
    let others: Vec<Vec<usize>> = others.iter().map(|&other| planner.dims(other)).collect();
    Grouping::of(dims, &others).unwrap_or_else(|| Grouping::channels(dims))
}

/// An operand of a function whose result, of dimensions `dims`, is plain.
pub(super) fn plain_other(
    planner: &mut Planner<'_>,
    y: Value,
    value: Value,
    dims: &[usize],
    grouping: &Grouping,
) -> Result<Other, CompileError> {
    let (view, size) = match grouping.fit(dims, &planner.dims(value)) {
        Some(size) => (planner.plain(value)?, size),
        None => (broadcast::copy(planner, y, value, dims)?, grouping.size(dims)),
    };
    Ok(Other::Image(View { image: Image::plain(DType::F32, size), ..view }))
}

/// An operand of a function whose result, of dimensions `dims`, is in blocks.
pub(super) fn blocked_other(planner: &mut Planner<'_>, value: Value, dims: &[usize]) -> Result<Other, CompileError> {
    let own = planner.dims(value);
    let size = Size::of(&padded(&own, dims.len()));
    let has_channels = dims.get(1) == Some(&size.c);
    if has_channels && own.len() == dims.len() {
        return Ok(Other::Image(planner.blocked(value)?));
    }
    let view = View { image: Image::plain(DType::F32, size), ..planner.plain(value)? };
    if !has_channels {
        return Ok(Other::Image(view));
    }
    let blocked = planner.new_temporary(Planner::image(DType::F32, size, planner.isa.lanes(), Halo::default())?);
    planner.push(value, Relayout { x: view, y: blocked });
    Ok(Other::Image(blocked))
}

/// A constant operand of a function whose result has those dimensions: one number, or one for each channel.
pub(super) fn constant(planner: &mut Planner<'_>, value: Value, dims: &[usize]) -> Result<Option<Other>, CompileError> {
    let Some(elements) = planner.constant(value)? else { return Ok(None) };
    if let [number] = elements[..] {
        return Ok(Some(Other::Scalar(number)));
    }
    Ok(is_channels(planner, value, dims).then(|| Other::Channels(planner.add_channels(&elements))))
}

fn is_channels(planner: &Planner<'_>, value: Value, dims: &[usize]) -> bool {
    // Aligned at the last dimension; of an image, only the channels' may be larger than 1.
    let padded = padded(&planner.dims(value), dims.len());
    dims.len() > 2
        && padded.len() == dims.len()
        && padded.iter().enumerate().all(|(i, &size)| size == if i == 1 { dims[1] } else { 1 })
}
