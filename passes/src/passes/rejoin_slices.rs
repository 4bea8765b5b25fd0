use firebrick_ir::Value;
use firebrick_ir::ops::{Concat, Slice};

use crate::{At, Draft, Operand, Rule};

/// Slices of one value that are put back one behind the other, as they were cut, are one slice. If it is of
/// everything, it goes with the other no-ops.
pub(crate) struct RejoinSlices;

impl Rule for RejoinSlices {
    const NAME: &'static str = "rejoin-slices";
    const DESCRIPTION: &'static str = "Makes one slice of neighbouring ones that are concatenated";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let concat = at.is::<Concat>()?;
        let axis = concat.op.axis;
        let mut runs: Vec<Run> = Vec::with_capacity(concat.operands.len());
        for &value in &concat.operands {
            let run = Run::of(at, value, axis);
            match runs.last_mut() {
                Some(last) if last.continues_with(&run) => last.count += run.count,
                Some(_) | None => runs.push(run),
            }
        }
        if runs.len() == concat.operands.len() {
            return None;
        }
        let mut draft = Draft::new(concat.node);
        let operands: Vec<Operand> = runs.iter().map(|run| run.operand(&mut draft, axis)).collect();
        let new = draft.node(Concat { axis }, &operands);
        Some(draft.replace(concat.result(), new))
    }
}

/// One operand of the concatenation, or several that are neighbouring slices of one value.
struct Run {
    /// The first operand.
    first: Value,
    /// How many elements that has.
    first_count: usize,
    /// What was cut and from where on, if something was.
    cut: Option<(Value, usize)>,
    count: usize,
}

impl Run {
    fn of(at: At<'_>, value: Value, axis: usize) -> Run {
        let slice = at.source::<Slice>(value);
        let cut = slice.and_then(|slice| match (&slice.op.axes[..], &slice.op.steps[..]) {
            (&[cut], &[1]) if cut == axis => Some((slice.x(), *slice.op.starts.first()?, *slice.op.counts.first()?)),
            (_, _) => None,
        });
        let count = cut.map_or(0, |(_, _, count)| count);
        Run { first: value, first_count: count, cut: cut.map(|(x, start, _)| (x, start)), count }
    }

    fn continues_with(&self, next: &Run) -> bool {
        match (self.cut, next.cut) {
            (Some((x, start)), Some((y, other))) => x == y && start.checked_add(self.count) == Some(other),
            (_, _) => false,
        }
    }

    fn operand(&self, draft: &mut Draft, axis: usize) -> Operand {
        match self.cut {
            Some((x, start)) if self.count > self.first_count => {
                let slice = Slice { axes: vec![axis], starts: vec![start], counts: vec![self.count], steps: vec![1] };
                draft.node(slice, &[x.into()])
            }
            Some(_) | None => self.first.into(),
        }
    }
}
