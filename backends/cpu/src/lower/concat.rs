//! Concatenation: of channels, parts are computed where they belong in the whole.

use std::collections::HashMap;

use firebrick_ir::ops::{Branch, Concat};
use firebrick_ir::{DType, Dim, Graph, NodeId, Op, Value};

use super::Lowered;
use super::planner::{Planner, part_of};
use crate::kernels::Copy;
use crate::plan::{Image, Size, View};
use crate::{CompileError, Isa};

/// Values that are parts of others: which of which, and from which channel on.
#[derive(Debug, Default)]
pub(super) struct Slices {
    parts: HashMap<Value, (Value, usize)>,
    wholes: Vec<Value>,
}

impl Slices {
    /// The parts of a graph's concatenations of channels where each begins with a block.
    pub(super) fn of(graph: &Graph, isa: Isa) -> Self {
        let mut slices = Slices::default();
        for id in graph.schedule() {
            let whole = Value { node: id, port: 0 };
            let Some(parts) = parts(graph, id) else { continue };
            let ty = graph.ty(whole);
            if ty.shape.rank() != 4 || ty.dtype != DType::F32 {
                continue;
            }
            let mut starts = Vec::new();
            let mut channel = 0;
            for (part, n_channels) in parts {
                starts.push((part, channel));
                channel += n_channels;
            }
            if starts.iter().all(|(_, start)| start.is_multiple_of(isa.lanes())) {
                slices.wholes.push(whole);
                for (part, start) in starts {
                    if let Some(part) = part {
                        slices.parts.entry(part).or_insert((whole, start));
                    }
                }
            }
        }
        slices
    }

    /// The value that `part` is a part of, and its first channel there.
    pub(super) fn get(&self, part: Value) -> Option<(Value, usize)> {
        self.parts.get(&part).copied()
    }

    /// Whether a value's parts may lie in it.
    pub(super) fn is_whole(&self, value: Value) -> bool {
        self.wholes.contains(&value)
    }

    /// Every part with its whole.
    pub(super) fn parts(&self) -> impl Iterator<Item = (Value, Value)> + '_ {
        self.parts.iter().map(|(&part, &(whole, _))| (part, whole))
    }
}

/// The parts of a concatenation of channels, in order: a value, unless the op itself computes it, and its channels.
fn parts(graph: &Graph, id: NodeId) -> Option<Vec<(Option<Value>, usize)>> {
    let operands = graph.operands(id);
    let size = |value: Value, axis: usize| {
        graph.ty(value).shape.0.get(axis).and_then(Dim::fixed).and_then(|n| usize::try_from(n).ok())
    };
    if let Op::Concat(Concat { axis: 1 }) = &graph.node(id).op {
        operands.into_iter().map(|part| Some((Some(part), size(part, 1)?))).collect()
    } else if let Op::Expand(op) = &graph.node(id).op {
        let parts = op.slots().0.into_iter().map(|(branch, at)| match branch {
            Branch::Conv(_) => Some((None, size(operands[at], 0)?)),
            Branch::Copy => Some((Some(operands[at]), size(operands[at], 1)?)),
        });
        parts.collect()
    } else {
        None
    }
}

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Concat) -> Result<Lowered, CompileError> {
    let parts = planner.graph.operands(id);
    let whole = Value { node: id, port: 0 };
    if planner.is_concat_of_blocks(whole) && parts.iter().any(|&part| planner.is_blocked(part)) {
        blocked(planner, &parts, whole)?;
    } else {
        plain(planner, &parts, whole, op.axis)?;
    }
    Ok(Lowered::Done)
}

/// Copies what is not in its place yet.
fn blocked(planner: &mut Planner<'_>, parts: &[Value], whole: Value) -> Result<(), CompileError> {
    let target = planner.whole(whole)?;
    let mut channel = 0;
    for &part in parts {
        let n_channels = planner.size(part).c;
        let place = part_of(&target, channel, n_channels);
        let view = planner.blocked(part)?;
        if view != place {
            planner.push(whole, Copy { x: view, y: place });
        }
        channel += n_channels;
    }
    Ok(())
}

/// Copies runs of elements.
fn plain(planner: &mut Planner<'_>, parts: &[Value], whole: Value, axis: usize) -> Result<(), CompileError> {
    let dims = planner.dims(whole);
    let n_runs: usize = dims[..axis].iter().product();
    let target = planner.new_plain(whole)?;
    let total: usize = dims[axis..].iter().product();
    let mut start = target.start;
    for &part in parts {
        let run: usize = planner.dims(part)[axis..].iter().product();
        let image = Image::plain(target.image.dtype, Size { n: n_runs, c: 1, h: 1, w: run });
        let x = View { image, ..planner.plain(part)? };
        let y = View { start, image: Image { image: total, ..image }, ..target };
        planner.push(whole, Copy { x, y });
        start += run;
    }
    Ok(())
}
