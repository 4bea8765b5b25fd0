//! Convolutions that no tile is made for.

use firebrick_ir::Value;
use firebrick_ir::ops::{Conv, Epilogue};

use super::Lowered;
use super::epilogue::{Parts, Tiles};
use super::planner::Planner;
use crate::CompileError;
use crate::kernels::{ConvRows, SLIDE_WORDS, Slide};

pub(super) fn lower(
    planner: &mut Planner<'_>,
    y: Value,
    op: &Conv,
    operands: &[Value],
    (epilogue, others): (&Epilogue, &[Value]),
) -> Result<Lowered, CompileError> {
    let Some(parts) = Parts::of(planner, epilogue, others, y, Tiles::None) else { return Ok(Lowered::NoKernel) };
    let (x, w) = (planner.dims(operands[0]), planner.dims(operands[1]));
    let output = planner.dims(y);
    let n_spatial = op.strides.len();
    let slide = |from_last: usize| match n_spatial.checked_sub(from_last + 1) {
        Some(i) => Slide {
            input: x[i + 2],
            output: output[i + 2],
            kernel: w[i + 2],
            stride: op.strides[i],
            dilation: op.dilations[i],
            pad: op.pads[i],
        },
        None => Slide { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, pad: 0 },
    };
    if n_spatial > 3 {
        return Ok(Lowered::NoKernel);
    }
    let line = slide(0);
    let Some(table) = columns(line) else { return Ok(Lowered::NoKernel) };
    let kernel = ConvRows {
        x: planner.plain(operands[0])?,
        weights: planner.plain(operands[1])?,
        bias: operands.get(2).map(|&bias| planner.plain(bias)).transpose()?,
        y: planner.new_plain(y)?,
        n_images: x[0],
        group: op.group,
        per_group: w[1],
        outs_per_group: w[0] / op.group,
        outer: [slide(2), slide(1)],
        line,
        columns: planner.add_words(table),
    };
    let view = kernel.y;
    planner.push(y, kernel);
    parts.push_rest(planner, y, view)?;
    Ok(Lowered::Done)
}

/// For each tap of a row: the first column that it counts for, how many there are, and what the first of them reads.
/// `None` if these are no words.
fn columns(line: Slide) -> Option<Vec<u32>> {
    let [input, output, stride, dilation, pad] =
        [line.input, line.output, line.stride, line.dilation, line.pad].map(|n| i128::try_from(n).ok());
    let (input, output, stride, dilation, pad) = (input?, output?, stride?, dilation?, pad?);
    let mut words = Vec::new();
    for tap in 0..line.kernel {
        let start = i128::try_from(tap).ok()?.checked_mul(dilation)?.checked_sub(pad)?;
        // The columns o for which 0 <= o * stride + start < input.
        let first = (-start).max(0).checked_add(stride - 1)? / stride;
        let end = (input - start).max(0).checked_add(stride - 1)? / stride;
        let end = end.min(output);
        let entry = if first < end { [first, end - first, first * stride + start] } else { [0; SLIDE_WORDS] };
        for word in entry {
            words.push(u32::try_from(word).ok()?);
        }
    }
    Some(words)
}
