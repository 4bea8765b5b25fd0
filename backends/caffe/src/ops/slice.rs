//! Parts of a blob.

use firebrick_ir::ops::Slice;
use firebrick_ir::{NodeId, Op, Value};
use firebrick_schemas::caffe::SliceParameter;

use super::window::number;
use crate::context::Context;
use crate::layer::{Blob, param};
use crate::{Kind, Reason};

/// Slice. Parts of one blob that lie one behind the other are the tops of one layer; of others, the rest is cut off.
pub(super) fn slice(ctx: &mut Context<'_, '_>, op: &Slice) -> Result<Blob, Reason> {
    if op.steps.iter().any(|&step| step != 1) {
        return Err(Reason::unsupported("Caffe takes elements that lie next to each other only"));
    }
    if let Some(parts) = siblings(ctx) {
        return together(ctx, parts);
    }
    let mut y = ctx.blob(0);
    for ((&axis, &start), &count) in op.axes.iter().zip(&op.starts).zip(&op.counts) {
        y = cropped(ctx, y, axis, start as u64, count as u64);
    }
    if y == ctx.blob(0) { super::identity::identity(ctx) } else { Ok(y) }
}

/// One of the parts that a blob is cut into.
#[derive(Clone, Copy)]
struct Part {
    axis: usize,
    start: usize,
    count: usize,
    value: Value,
}

/// The parts of the node's operand along its axis, if they are the whole of it, one behind the other.
fn siblings(ctx: &Context<'_, '_>) -> Option<Vec<Part>> {
    let x = ctx.operand(0);
    let own = part(ctx, ctx.node)?;
    let mut parts: Vec<Part> = ctx.graph().uses(x).into_iter().filter_map(|(user, _)| part(ctx, user)).collect();
    parts.retain(|part| part.axis == own.axis);
    parts.sort_by_key(|part| part.start);
    let mut next = 0;
    for part in &parts {
        if part.start != next || part.count == 0 {
            return None;
        }
        next += part.count;
    }
    let is_whole = ctx.dims(Blob::Value(x)).get(own.axis) == Some(&(next as u64));
    (is_whole && parts.len() > 1).then_some(parts)
}

/// What a slice along one axis takes.
fn part(ctx: &Context<'_, '_>, id: NodeId) -> Option<Part> {
    let Op::Slice(Slice { axes, starts, counts, steps }) = &ctx.graph().node(id).op else { return None };
    match (axes.as_slice(), starts.as_slice(), counts.as_slice(), steps.as_slice()) {
        (&[axis], &[start], &[count], &[1]) => Some(Part { axis, start, count, value: Value { node: id, port: 0 } }),
        (_, _, _, _) => None,
    }
}

/// One layer for all parts. It stands where the first of them is computed, whose turn comes last.
fn together(ctx: &mut Context<'_, '_>, parts: Vec<Part>) -> Result<Blob, Reason> {
    let own = ctx.result(0);
    let live = parts.iter().filter(|part| ctx.selection.live.contains(&part.value.node));
    let first = live.min_by_key(|part| ctx.selection.order.get(&part.value.node));
    if first.is_none_or(|part| part.value == own) {
        let points = parts.iter().skip(1).map(|part| number(part.start)).collect::<Result<Vec<u32>, _>>()?;
        let tops: Vec<Blob> = parts.iter().map(|part| Blob::Value(part.value)).collect();
        let axis = parts.first().map_or(1, |part| part.axis);
        push(ctx, ctx.blob(0), axis, points, tops);
    }
    Ok(Blob::Value(own))
}

/// `count` elements along an axis from `start` on. The rest is cut off into blobs that nobody reads.
pub(super) fn cropped(ctx: &mut Context<'_, '_>, x: Blob, axis: usize, start: u64, count: u64) -> Blob {
    let mut dims = ctx.dims(x);
    let size = dims[axis];
    if count == size {
        return x;
    }
    let rest = size.saturating_sub(start.saturating_add(count));
    let parts = [start, count, rest].into_iter().enumerate().filter(|&(index, n)| index == 1 || n > 0);
    let (mut tops, mut points, mut end, mut kept) = (Vec::new(), Vec::new(), 0, x);
    for (index, n) in parts {
        if end > 0 {
            points.push(u32::try_from(end).unwrap_or(u32::MAX));
        }
        end += n;
        dims[axis] = n;
        let top = ctx.new_blob(&dims);
        tops.push(top);
        if index == 1 {
            kept = top;
        }
    }
    push(ctx, x, axis, points, tops);
    kept
}

fn push(ctx: &mut Context<'_, '_>, x: Blob, axis: usize, slice_point: Vec<u32>, tops: Vec<Blob>) {
    let axis = i32::try_from(axis).unwrap_or(i32::MAX);
    let slice = SliceParameter { axis: (axis != 1).then_some(axis), slice_point, ..SliceParameter::default() };
    ctx.push(Kind::Slice, param(|p| p.slice_param = Some(Box::new(slice))), &[x], Vec::new(), tops);
}
