//! Windows that slide over the spatial dimensions: what convolutions and pools share.

use crate::{InferError, Type};

/// How a window slides along each spatial dimension.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window<'a> {
    /// The window's size.
    pub(super) kernel: &'a [usize],
    /// Steps between windows.
    pub(super) strides: &'a [usize],
    /// Elements added: all beginnings, then all ends, as ONNX writes them.
    pub(super) pads: &'a [usize],
    /// Steps between the window's elements.
    pub(super) dilations: &'a [usize],
}

/// How many windows there are where the last one does not fit whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    /// Only whole windows count.
    Floor,
    /// A partial window counts, unless it would start in the padding behind the end (Caffe; ONNX `ceil_mode`).
    Ceil,
}

impl Window<'_> {
    /// Checks that the attributes have one entry for each spatial dimension (`pads` two), and none is 0 that can't be.
    pub(super) fn check(&self, n_spatial: usize) -> Result<(), InferError> {
        let lengths = [
            ("kernel", self.kernel, n_spatial),
            ("strides", self.strides, n_spatial),
            ("pads", self.pads, n_spatial.saturating_mul(2)),
            ("dilations", self.dilations, n_spatial),
        ];
        for (name, values, expected) in lengths {
            if values.len() != expected {
                let problem = format!("has {} entries, but {expected} are needed", values.len());
                return Err(InferError::Attribute { name, problem });
            }
            if name != "pads" && values.contains(&0) {
                return Err(InferError::Attribute { name, problem: "is 0".to_owned() });
            }
        }
        Ok(())
    }

    /// The span that a dilated window covers along dimension `i`.
    pub(super) fn extent(&self, i: usize) -> Option<usize> {
        (self.kernel[i] - 1).checked_mul(self.dilations[i])?.checked_add(1)
    }

    /// The number of windows along each spatial dimension.
    pub(super) fn output(&self, input: &[usize], rounding: Rounding) -> Result<Vec<usize>, InferError> {
        self.check(input.len())?;
        (0..input.len()).map(|i| self.output_dim(input[i], i, rounding)).collect()
    }

    fn output_dim(&self, size: usize, i: usize, rounding: Rounding) -> Result<usize, InferError> {
        let (begin, end) = (self.pads[i], self.pads[self.kernel.len() + i]);
        let padded = size.checked_add(begin).and_then(|n| n.checked_add(end));
        let (Some(padded), Some(extent)) = (padded, self.extent(i)) else {
            return Err(InferError::TooLarge(format!("{size} + {begin} + {end}")));
        };
        let Some(slack) = padded.checked_sub(extent) else {
            let problem = format!("a window of {extent} does not fit in {size} padded to {padded} (dimension {i})");
            return Err(InferError::Shape(problem));
        };
        let stride = self.strides[i];
        match rounding {
            Rounding::Floor => Ok(slack / stride + 1),
            Rounding::Ceil => {
                let n = slack.div_ceil(stride) + 1;
                let starts_inside = (n - 1).checked_mul(stride).is_some_and(|at| at < size.saturating_add(begin));
                Ok(if starts_inside { n } else { n - 1 })
            }
        }
    }
}

/// The operand's dimensions behind batch and channels, which must be known.
pub(super) fn spatial(operand: usize, ty: &Type) -> Result<Vec<usize>, InferError> {
    (2..ty.shape.rank()).map(|dim| fixed(operand, ty, dim)).collect()
}

/// One dimension of an operand, which must be known.
pub(super) fn fixed(operand: usize, ty: &Type, dim: usize) -> Result<usize, InferError> {
    let size = ty.shape.0.get(dim).and_then(crate::Dim::fixed).ok_or(InferError::Symbolic { operand, dim })?;
    usize::try_from(size).map_err(|_| InferError::TooLarge(ty.shape.to_string()))
}

/// Checks that an operand has at least that many dimensions.
pub(super) fn check_min_rank(operand: usize, ty: &Type, min: usize) -> Result<(), InferError> {
    let found = ty.shape.rank();
    if found < min {
        return Err(InferError::Rank { operand, expected: format!("{min} or more"), found });
    }
    Ok(())
}

/// Checks that an attribute has one size for each spatial dimension, and none is 0.
pub(super) fn check_spatial(name: &'static str, sizes: &[usize], n_spatial: usize) -> Result<(), InferError> {
    if sizes.len() != n_spatial {
        let problem = format!("has {} entries, but {n_spatial} are needed", sizes.len());
        return Err(InferError::Attribute { name, problem });
    }
    if sizes.contains(&0) {
        return Err(InferError::Attribute { name, problem: "is 0".to_owned() });
    }
    Ok(())
}

/// One element of a window, and the runs of outputs that it meets an input at: what padding cuts off is left out.
pub(super) struct Tap {
    /// The element's index in the window, row-major.
    pub(super) index: usize,
    /// The runs.
    pub(super) runs: Vec<Run>,
}

/// Consecutive outputs of one row: output `out + i` meets input `inp + i * stride`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Run {
    pub(super) out: usize,
    pub(super) inp: usize,
    pub(super) len: usize,
}

/// All taps of a window over one plane of `input` elements with one of `output` elements. With a step of 1, rows
/// that continue each other on both sides are one run.
pub(super) fn taps(window: Window<'_>, input: &[usize], output: &[usize]) -> Vec<Tap> {
    let n_taps: usize = window.kernel.iter().product();
    (0..n_taps).map(|index| Tap { index, runs: runs(window, input, output, &unravel(index, window.kernel)) }).collect()
}

fn runs(window: Window<'_>, input: &[usize], output: &[usize], tap: &[usize]) -> Vec<Run> {
    let last = input.len() - 1;
    let (first, past) = valid(window, last, input[last], output[last], tap[last]);
    let n_rows: usize = output[..last].iter().product();
    let mut runs: Vec<Run> = Vec::new();
    if first >= past {
        return runs;
    }
    let column = first * window.strides[last] + tap[last] * window.dilations[last] - window.pads[last];
    for row in 0..n_rows {
        let Some(input_row) = input_row(window, input, &unravel(row, &output[..last]), tap) else { continue };
        let run = Run { out: row * output[last] + first, inp: input_row * input[last] + column, len: past - first };
        match runs.last_mut() {
            Some(previous)
                if window.strides[last] == 1
                    && previous.out + previous.len == run.out
                    && previous.inp + previous.len == run.inp =>
            {
                previous.len += run.len;
            }
            _ => runs.push(run),
        }
    }
    runs
}

/// The outputs `first..past` along dimension `i` whose window element `tap` lies in the input.
fn valid(window: Window<'_>, i: usize, input: usize, output: usize, tap: usize) -> (usize, usize) {
    let (stride, offset, pad) = (window.strides[i], tap * window.dilations[i], window.pads[i]);
    let first = pad.saturating_sub(offset).div_ceil(stride);
    let past = (input + pad).saturating_sub(offset).div_ceil(stride);
    (first, past.min(output))
}

/// The row of the input that a window's element meets at the given row of outputs, if it is not padding.
fn input_row(window: Window<'_>, input: &[usize], at: &[usize], tap: &[usize]) -> Option<usize> {
    at.iter().enumerate().try_fold(0usize, |row, (i, &o)| {
        let position = (o * window.strides[i] + tap[i] * window.dilations[i]).checked_sub(window.pads[i])?;
        (position < input[i]).then(|| row * input[i] + position)
    })
}

/// The coordinates of the `index`-th element, row-major.
pub(super) fn unravel(mut index: usize, dims: &[usize]) -> Vec<usize> {
    let mut at = vec![0; dims.len()];
    for (i, &size) in dims.iter().enumerate().rev() {
        at[i] = index % size;
        index /= size;
    }
    at
}
