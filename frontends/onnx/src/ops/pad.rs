//! Pad.

use firebrick_ir::Value;
use firebrick_ir::ops::{Pad, PadMode, Slice};

use super::{NodeContext, Outputs, Stop};

/// Pad: elements added at the ends of dimensions, or cut off where pads are negative.
pub(super) fn pad(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let words = [
        ("constant", PadMode::Constant),
        ("edge", PadMode::Edge),
        ("reflect", PadMode::Reflect),
        ("wrap", PadMode::Wrap),
    ];
    let mode = ctx.word("mode", &words)?.unwrap_or(PadMode::Constant);
    let x = ctx.input(0)?;
    let (given, value) = given(ctx)?;
    let rank = ctx.rank(x);
    let axes = match ctx.optional(3) {
        Some(axes) => ctx.constant_ints(axes)?,
        None => (0..rank as i64).collect(),
    };
    let axes = ctx.axes("axes", &axes, rank)?;
    if given.len() != axes.len() * 2 {
        let message = format!("`pads` has {} entries, but {} are needed", given.len(), axes.len() * 2);
        return Err(ctx.problem(message));
    }
    let mut pads = vec![0i64; rank * 2];
    for (i, &axis) in axes.iter().enumerate() {
        pads[axis] = given[i];
        pads[rank + axis] = given[axes.len() + i];
    }
    let cut = cut(ctx, x, &pads)?;
    let pads = pads.iter().map(|&pad| usize::try_from(pad.max(0)).unwrap_or(usize::MAX)).collect::<Vec<_>>();
    if pads.iter().all(|&pad| pad == 0) {
        return Ok(vec![cut.into()]);
    }
    Ok(vec![ctx.op("pad", Pad { mode, pads, value }, &[cut])?.into()])
}

/// The pads and the value: attributes before opset 11, inputs since.
fn given(ctx: &mut NodeContext<'_, '_>) -> Result<(Vec<i64>, f32), Stop> {
    if ctx.opset() < 11 {
        let name = if ctx.opset() < 2 { "paddings" } else { "pads" };
        let pads = ctx.ints(name)?;
        return Ok((ctx.required(name, pads)?, ctx.float_or("value", 0.0)?));
    }
    let pads = ctx.input(1)?;
    let pads = ctx.constant_ints(pads)?;
    let value = ctx.optional(2).map(|value| ctx.constant_floats(value)).transpose()?;
    Ok((pads, value.and_then(|value| value.first().copied()).unwrap_or(0.0)))
}

/// What negative pads leave.
fn cut(ctx: &mut NodeContext<'_, '_>, x: Value, pads: &[i64]) -> Result<Value, Stop> {
    let rank = pads.len() / 2;
    let axes: Vec<usize> = (0..rank).filter(|&axis| pads[axis] < 0 || pads[rank + axis] < 0).collect();
    if axes.is_empty() {
        return Ok(x);
    }
    let (mut starts, mut counts) = (Vec::new(), Vec::new());
    for &axis in &axes {
        let size = usize::try_from(ctx.dim(x, axis)?).unwrap_or(usize::MAX);
        let off = |pad: i64| usize::try_from(pad.min(0).unsigned_abs()).unwrap_or(usize::MAX);
        let (start, end) = (off(pads[axis]), off(pads[rank + axis]));
        let count = size.checked_sub(start).and_then(|left| left.checked_sub(end));
        starts.push(start);
        counts.push(count.ok_or_else(|| {
            ctx.problem(format!("its pads cut off more than the {size} elements of dimension {axis}"))
        })?);
    }
    let steps = vec![1; axes.len()];
    ctx.op("cut", Slice { axes, starts, counts, steps }, &[x])
}
