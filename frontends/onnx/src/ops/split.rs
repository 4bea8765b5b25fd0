//! Split.

use firebrick_ir::ops::Slice;

use super::{NodeContext, Outputs, Stop};
use crate::ops::Item;

/// Split: parts of a dimension, each an output.
pub(super) fn split(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axis = ctx.int_or("axis", 0)?;
    let x = ctx.input(0)?;
    let axis = ctx.axis("axis", axis, ctx.rank(x))?;
    let size = usize::try_from(ctx.dim(x, axis)?).unwrap_or(usize::MAX);
    let counts = counts(ctx, size)?;
    let total = counts.iter().try_fold(0usize, |sum, &count| sum.checked_add(count));
    if counts.len() != ctx.n_outputs() || total != Some(size) {
        let n_outputs = ctx.n_outputs();
        return Err(ctx.problem(format!("parts of {counts:?} are not {n_outputs} that make up {size} elements")));
    }
    let mut start = 0;
    let mut parts = Vec::new();
    for (index, &count) in counts.iter().enumerate() {
        let op = Slice {
            axes: vec![axis],
            starts: vec![start.min(size.saturating_sub(1))],
            counts: vec![count],
            steps: vec![1],
        };
        parts.push(Item::from(ctx.op(&format!("part_{index}"), op, &[x])?));
        start += count;
    }
    Ok(parts)
}

/// The sizes of the parts: an attribute before opset 13, an input since; else equal ones, of which the last may be
/// smaller.
fn counts(ctx: &mut NodeContext<'_, '_>, size: usize) -> Result<Vec<usize>, Stop> {
    let said = match ctx.optional(1) {
        Some(input) => Some(ctx.constant_ints(input)?),
        None => ctx.ints("split")?,
    };
    let n_parts = ctx.int("num_outputs")?;
    if let Some(said) = said {
        return ctx.sizes("split", &said);
    }
    let n_parts = match n_parts {
        Some(n) => usize::try_from(n).unwrap_or(0),
        None => ctx.n_outputs(),
    };
    if n_parts == 0 || n_parts > ctx.n_outputs() {
        return Err(ctx.attribute_problem("num_outputs", format!("it has {} outputs, not {n_parts}", ctx.n_outputs())));
    }
    let each = size.div_ceil(n_parts);
    Ok((0..n_parts).map(|i| each.min(size.saturating_sub(i * each))).collect())
}
