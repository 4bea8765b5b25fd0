//! Concatenation: of channels, parts are computed where they belong in the whole.

use std::collections::HashMap;

use firebrick_ir::ops::{Branch, Concat, Identity, QConcat, QType, Quantized, Requantize};
use firebrick_ir::{DType, Dim, Graph, NodeId, Op, Value};

use super::Lowered;
use super::lookup;
use super::planner::{Planner, part_of};
use super::q_sums::Result as Quantization;
use crate::kernels::Copy;
use crate::plan::{Image, Size, View};
use crate::tile::CHANNELS;
use crate::{CompileError, Isa};

/// Values that are parts of others: which of which, and from which channel on.
#[derive(Debug, Default)]
pub(super) struct Slices {
    parts: HashMap<Value, (Value, usize)>,
    /// Parts that are computed there with another scale.
    requantized: HashMap<Value, (QType, Quantization, (Value, usize))>,
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
            let is_bytes = matches!(ty.dtype, DType::U8 | DType::I8);
            if ty.shape.rank() != 4 || !(is_bytes || ty.dtype == DType::F32) {
                continue;
            }
            let block = if is_bytes { CHANNELS } else { isa.lanes() };
            let mut starts = Vec::new();
            let mut channel = 0;
            for (part, n_channels) in parts {
                starts.push((part, channel));
                channel += n_channels;
            }
            if starts.iter().all(|(_, start)| start.is_multiple_of(block)) {
                slices.wholes.push(whole);
                for (operand, (part, start)) in starts.into_iter().enumerate() {
                    let Some(part) = part else { continue };
                    match scale(graph, id, operand, part) {
                        Some(Scale::Same) => {
                            slices.parts.entry(part).or_insert((whole, start));
                        }
                        Some(Scale::Other(from, result)) => {
                            slices.requantized.insert(part, (from, result, (whole, start)));
                        }
                        None => {}
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

    /// What becomes of a part, and where, if it is not needed itself.
    pub(super) fn requantized(&self, part: Value) -> Option<(QType, Quantization, (Value, usize))> {
        self.requantized.get(&part).copied()
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

/// What a concatenation does to a part that may be computed where it belongs.
enum Scale {
    /// Nothing.
    Same,
    /// It is read so, and brought to another scale by the convolution that computes it.
    Other(QType, Quantization),
}

/// What a concatenation does to an operand; `None` if it has to be a step of its own.
fn scale(graph: &Graph, id: NodeId, operand: usize, part: Value) -> Option<Scale> {
    let Op::QConcat(concat) = &graph.node(id).op else { return Some(Scale::Same) };
    let (x, y) = (*concat.x.get(operand)?, concat.y?);
    if x == y && concat.clip.is_none() {
        return Some(Scale::Same);
    }
    let Op::QConv(conv) = &graph.node(part.node).op else { return None };
    let is_read_here = graph.uses(part).len() == 1;
    let result = Quantization { y, clip: concat.clip, rounding: concat.rounding };
    (is_read_here && conv.y?.zero == x.zero).then_some(Scale::Other(x, result))
}

/// The parts of a concatenation of channels, in order: a value, unless the op itself computes it, and its channels.
fn parts(graph: &Graph, id: NodeId) -> Option<Vec<(Option<Value>, usize)>> {
    let operands = graph.operands(id);
    let size = |value: Value, axis: usize| {
        graph.ty(value).shape.0.get(axis).and_then(Dim::fixed).and_then(|n| usize::try_from(n).ok())
    };
    let op = &graph.node(id).op;
    let is_concat = |concat: &Concat| concat.axis == 1;
    if matches!(op, Op::Concat(concat) if is_concat(concat)) || matches!(op, Op::QConcat(q) if is_concat(&q.op)) {
        operands.into_iter().map(|part| Some((Some(part), size(part, 1)?))).collect()
    } else if let Op::Expand(op) = op {
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
    join(planner, id, op, None)
}

pub(super) fn lower_quantized(planner: &mut Planner<'_>, id: NodeId, op: &QConcat) -> Result<Lowered, CompileError> {
    join(planner, id, &op.op, Some(op))
}

fn join(
    planner: &mut Planner<'_>,
    id: NodeId,
    op: &Concat,
    quantized: Option<&QConcat>,
) -> Result<Lowered, CompileError> {
    let parts = planner.graph.operands(id);
    let whole = Value { node: id, port: 0 };
    let is_in_blocks = |&part: &Value| planner.is_blocked(part) || planner.requantized(part).is_some();
    if planner.is_concat_of_blocks(whole) && parts.iter().any(is_in_blocks) {
        blocked(planner, &parts, whole, quantized)?;
    } else {
        plain(planner, &parts, whole, op.axis, quantized)?;
    }
    Ok(Lowered::Done)
}

/// Copies what is not in its place yet.
fn blocked(
    planner: &mut Planner<'_>,
    parts: &[Value],
    whole: Value,
    quantized: Option<&QConcat>,
) -> Result<(), CompileError> {
    let target = planner.whole(whole)?;
    let mut channel = 0;
    for (operand, &part) in parts.iter().enumerate() {
        let n_channels = planner.size(part).c;
        let place = part_of(&target, channel, n_channels);
        channel += n_channels;
        if planner.requantized(part).is_some() && planner.forms(part).is_empty() {
            continue; // The convolution has put it there.
        }
        let view = planner.blocked(part)?;
        if view != place {
            copy(planner, whole, (view, place), quantized, operand)?;
        }
    }
    Ok(())
}

/// Copies a part, brought to the scale of the whole.
fn copy(
    planner: &mut Planner<'_>,
    whole: Value,
    (x, y): (View, View),
    quantized: Option<&QConcat>,
    operand: usize,
) -> Result<(), CompileError> {
    let requantize = quantized.and_then(|concat| {
        let from = *concat.x.get(operand)?;
        let is_same = Some(from) == concat.y && concat.clip.is_none();
        let Quantized { y, clip, rounding, .. } = *concat;
        (!is_same).then(|| Requantize { op: Identity {}, x: vec![from], y, clip, rounding })
    });
    match requantize {
        Some(op) => lookup::push(planner, whole, &op.into(), (x, y)),
        None => {
            planner.push(whole, Copy { x, y });
            Ok(())
        }
    }
}

/// Copies runs of elements.
fn plain(
    planner: &mut Planner<'_>,
    parts: &[Value],
    whole: Value,
    axis: usize,
    quantized: Option<&QConcat>,
) -> Result<(), CompileError> {
    let dims = planner.dims(whole);
    let n_runs: usize = dims[..axis].iter().product();
    let target = planner.new_plain(whole)?;
    let total: usize = dims[axis..].iter().product();
    let mut start = target.start;
    for (operand, &part) in parts.iter().enumerate() {
        let run: usize = planner.dims(part)[axis..].iter().product();
        let image = Image::plain(target.image.dtype, Size { n: n_runs, c: 1, h: 1, w: run });
        let from = planner.plain(part)?;
        let x = View { image: Image { dtype: from.image.dtype, ..image }, ..from };
        let y = View { start, image: Image { image: total, ..image }, ..target };
        copy(planner, whole, (x, y), quantized, operand)?;
        start += run;
    }
    Ok(())
}
