//! Parts picked by index.

use firebrick_ir::ops::{Binary, BinaryFn, Gather, Select, Slice};
use firebrick_ir::{DType, Tensor};

use crate::attr;
use crate::lower::{Arg, Lowered, Lowering, Reason, cast, eval};

pub(super) fn gather(l: &mut Lowering<'_>, op: &Gather) -> Lowered {
    let (data, mut indices) = (l.arg(0), l.arg(1));
    // Indices that count from the end came with operator set 11.
    if l.version() < 11 {
        indices = from_the_start(l, 1, op.axis)?;
    }
    Ok(vec![l.same("Gather", &[data, indices], vec![attr::int("axis", op.axis as i64)])?])
}

/// The indices in a slot, of which none counts from the end of the first operand's dimension.
pub(super) fn from_the_start(l: &mut Lowering<'_>, slot: usize, axis: usize) -> Result<Arg, Reason> {
    let indices = l.arg(slot);
    let size = l.dim(0, axis).ok_or_else(|| {
        format!("dimension {axis} is symbolic, and operator set {} can't count from its end here", l.opset)
    })?;
    let size = cast(&Tensor::scalar(size as i64), indices.dtype)?;
    let zero = cast(&Tensor::scalar(0i64), indices.dtype)?;
    if let Some(constant) = l.constant(slot) {
        let is_negative = eval(Binary(BinaryFn::Greater), &[&zero, constant])?;
        let from_end = eval(Binary(BinaryFn::Add), &[constant, &size])?;
        let indices = eval(Select {}, &[&is_negative, &from_end, constant])?;
        return Ok(l.tensor("indices", indices));
    }
    let (zero, size) = (l.tensor("zero", zero), l.tensor("size", size));
    let is_negative = l.emit("Less", &[indices.clone(), zero], vec![], DType::Bool)?;
    let from_end = l.same("Add", &[indices.clone(), size], vec![])?;
    l.emit("Where", &[is_negative, from_end, indices.clone()], vec![], indices.dtype)
}

pub(super) fn slice(l: &mut Lowering<'_>, op: &Slice) -> Lowered {
    let Slice { axes, starts, counts, steps } = op;
    let ranges = (0..axes.len()).map(|i| Range { axis: axes[i], start: starts[i], count: counts[i], step: steps[i] });
    let x = l.arg(0);
    Ok(vec![sliced(l, &x, &ranges.collect::<Vec<_>>())?])
}

/// Elements along one dimension.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) axis: usize,
    pub(super) start: usize,
    pub(super) count: usize,
    pub(super) step: i64,
}

impl Range {
    /// The first element and the one before which the range ends.
    fn ends(self) -> (i64, i64) {
        let (start, count) = (self.start as i64, self.count as i64);
        if self.count == 0 {
            return (0, 0);
        }
        let last = start + (count - 1) * self.step;
        match self.step {
            1.. => (start, last + 1),
            // Below 0 it would count from the end, so it is further below than any end.
            _ if last == 0 => (start, i64::from(i32::MIN)),
            _ => (start, last - 1),
        }
    }

    /// With so few elements that the step does not matter, it is 1.
    fn normalised(self) -> Self {
        if self.count < 2 { Range { step: 1, ..self } } else { self }
    }
}

/// Slices. Up to operator set 9 they have no steps: elements are gathered there.
pub(super) fn sliced(l: &mut Lowering<'_>, x: &Arg, ranges: &[Range]) -> Result<Arg, Reason> {
    let ranges: Vec<Range> = ranges.iter().map(|range| range.normalised()).collect();
    if ranges.is_empty() {
        return l.same("Identity", std::slice::from_ref(x), vec![]);
    }
    let axes = |ranges: &[Range]| ranges.iter().map(|range| range.axis as i64).collect::<Vec<_>>();
    let (starts, ends): (Vec<i64>, Vec<i64>) = ranges.iter().map(|range| range.ends()).unzip();
    if l.version() >= 10 {
        let mut args = vec![x.clone(), l.ints("starts", starts), l.ints("ends", ends), l.ints("axes", axes(&ranges))];
        if ranges.iter().any(|range| range.step != 1) {
            args.push(l.ints("steps", ranges.iter().map(|range| range.step).collect()));
        }
        return l.same("Slice", &args, vec![]);
    }
    let mut result = x.clone();
    let (plain, stepping): (Vec<Range>, Vec<Range>) = ranges.iter().partition(|range| range.step == 1);
    for range in stepping {
        let places = (0..range.count as i64).map(|i| range.start as i64 + i * range.step);
        let indices = l.ints("indices", places.collect());
        result = l.same("Gather", &[result, indices], vec![attr::int("axis", range.axis as i64)])?;
    }
    if plain.is_empty() {
        return Ok(result);
    }
    let (starts, ends): (Vec<i64>, Vec<i64>) = plain.iter().map(|range| range.ends()).unzip();
    let attrs = vec![attr::ints("axes", axes(&plain)), attr::ints("starts", starts), attr::ints("ends", ends)];
    l.same("Slice", &[result], attrs)
}
