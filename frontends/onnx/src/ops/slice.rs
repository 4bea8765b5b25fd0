//! Slice.

use firebrick_ir::ops::Slice;

use super::{NodeContext, Outputs, Stop};

/// Slice: elements at regular distances. Starts and ends are limited to what is there; they are attributes before
/// opset 10, and inputs since.
pub(super) fn slice(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let x = ctx.input(0)?;
    let rank = ctx.rank(x);
    let Bounds { starts, ends, axes, steps } = Bounds::read(ctx)?;
    let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = steps.unwrap_or_else(|| vec![1; starts.len()]);
    let n = starts.len();
    if [ends.len(), axes.len(), steps.len()].iter().any(|&len| len != n) {
        let message = format!("it has {n} starts, {} ends, {} axes and {} steps", ends.len(), axes.len(), steps.len());
        return Err(ctx.problem(message));
    }
    let axes = ctx.axes("axes", &axes, rank)?;
    let mut op = Slice { axes: Vec::new(), starts: Vec::new(), counts: Vec::new(), steps: Vec::new() };
    for (i, &axis) in axes.iter().enumerate() {
        let size = i64::try_from(ctx.dim(x, axis)?).unwrap_or(i64::MAX);
        let (start, count) =
            resolve(starts[i], ends[i], steps[i], size).ok_or_else(|| ctx.problem("it has a step of 0"))?;
        op.axes.push(axis);
        op.starts.push(start);
        op.counts.push(count);
        op.steps.push(steps[i]);
    }
    Ok(vec![ctx.op("slice", op, &[x])?.into()])
}

struct Bounds {
    starts: Vec<i64>,
    ends: Vec<i64>,
    axes: Option<Vec<i64>>,
    steps: Option<Vec<i64>>,
}

impl Bounds {
    fn read(ctx: &mut NodeContext<'_, '_>) -> Result<Self, Stop> {
        if ctx.opset() < 10 {
            let (starts, ends, axes) = (ctx.ints("starts")?, ctx.ints("ends")?, ctx.ints("axes")?);
            let (starts, ends) = (ctx.required("starts", starts)?, ctx.required("ends", ends)?);
            return Ok(Bounds { starts, ends, axes, steps: None });
        }
        let (starts, ends) = (ctx.input(1)?, ctx.input(2)?);
        let (starts, ends) = (ctx.constant_ints(starts)?, ctx.constant_ints(ends)?);
        let axes = ctx.optional(3).map(|axes| ctx.constant_ints(axes)).transpose()?;
        let steps = ctx.optional(4).map(|steps| ctx.constant_ints(steps)).transpose()?;
        Ok(Bounds { starts, ends, axes, steps })
    }
}

/// The first element and the number of elements that there are, in a dimension of that size; `None` for a step of 0.
fn resolve(start: i64, end: i64, step: i64, size: i64) -> Option<(usize, usize)> {
    let place = |at: i64| if at < 0 { at.saturating_add(size) } else { at };
    // Backwards, the end may be before the first element.
    let (start, end) = match step {
        0 => return None,
        1.. => (place(start).clamp(0, size), place(end).clamp(0, size)),
        i64::MIN..0 => (place(start).clamp(-1, size - 1), place(end).clamp(-1, size - 1)),
    };
    let distance = (i128::from(end) - i128::from(start)) * i128::from(step.signum());
    let count = if distance <= 0 { 0 } else { (distance as u128).div_ceil(u128::from(step.unsigned_abs())) };
    let start = if count == 0 { 0 } else { start };
    Some((usize::try_from(start).unwrap_or(0), usize::try_from(count).unwrap_or(usize::MAX)))
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn bounds() {
        assert_eq!(resolve(1, 4, 1, 10), Some((1, 3)));
        assert_eq!(resolve(-3, i64::MAX, 1, 10), Some((7, 3)));
        assert_eq!(resolve(0, -1, 2, 10), Some((0, 5)));
        assert_eq!(resolve(20, 30, 1, 10), Some((0, 0)));
        assert_eq!(resolve(-1, i64::MIN, -1, 10), Some((9, 10)));
        assert_eq!(resolve(20, 0, -3, 10), Some((9, 3)));
        assert_eq!(resolve(0, 1, 0, 10), None);
        assert_eq!(resolve(0, 5, 1, 0), Some((0, 0)));
        assert_eq!(resolve(-1, i64::MIN, -1, 0), Some((0, 0)));
    }
}
