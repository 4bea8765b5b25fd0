use firebrick_ir::ops::{Concat, Slice};
use firebrick_ir::{Dim, Value};

use crate::{At, Draft, Found, Rule};

/// A slice of a slice is one slice, and a slice of a concatenation that lies within one operand is a slice of that
/// operand. Who else reads the value between makes no difference.
pub(crate) struct ForwardSlices;

impl Rule for ForwardSlices {
    const NAME: &'static str = "forward-slices";
    const DESCRIPTION: &'static str = "Slices what a value was made of: another slice's operand, a concatenation's";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let outer = at.is::<Slice>()?;
        if let Some(inner) = at.source::<Slice>(outer.x()) {
            let merged = merged(inner.op, outer.op)?;
            return Some(Draft::swap(outer.node, outer.result(), merged, &[inner.x()]));
        }
        let concat = at.source::<Concat>(outer.x())?;
        let (slice, operand) = within(at, outer.op, &concat)?;
        Some(Draft::swap(outer.node, outer.result(), slice, &[operand]))
    }
}

/// The outer slice of what the inner one slices.
fn merged(inner: &Slice, outer: &Slice) -> Option<Slice> {
    let mut merged = inner.clone();
    for (i, &axis) in outer.axes.iter().enumerate() {
        let (start, count, step) = (*outer.starts.get(i)?, *outer.counts.get(i)?, *outer.steps.get(i)?);
        match inner.axes.iter().position(|&other| other == axis) {
            Some(j) => {
                let (inner_start, inner_step) = (i64::try_from(inner.starts[j]).ok()?, inner.steps[j]);
                let offset = inner_step.checked_mul(i64::try_from(start).ok()?)?;
                merged.starts[j] = usize::try_from(inner_start.checked_add(offset)?).ok()?;
                merged.counts[j] = count;
                merged.steps[j] = inner_step.checked_mul(step)?;
            }
            None => {
                merged.axes.push(axis);
                merged.starts.push(start);
                merged.counts.push(count);
                merged.steps.push(step);
            }
        }
    }
    Some(merged)
}

/// The same slice of the one operand that all of its elements come from.
fn within(at: At<'_>, slice: &Slice, concat: &Found<'_, Concat>) -> Option<(Slice, Value)> {
    let i = slice.axes.iter().position(|&axis| axis == concat.op.axis)?;
    let (first, n_more) = (slice.starts[i], slice.counts[i].checked_sub(1)?);
    let way = slice.steps[i].checked_mul(i64::try_from(n_more).ok()?)?;
    let last = first.checked_add_signed(isize::try_from(way).ok()?)?;
    let mut begin = 0usize;
    for &operand in &concat.operands {
        let size = at.ty(operand).shape.0.get(concat.op.axis).and_then(Dim::fixed)?;
        let end = begin.checked_add(usize::try_from(size).ok()?)?;
        if (begin..end).contains(&first) && (begin..end).contains(&last) {
            let mut slice = slice.clone();
            slice.starts[i] = first - begin;
            return Some((slice, operand));
        }
        begin = end;
    }
    None
}
