//! Windows as Caffe has them: padded alike at both ends.

use firebrick_ir::Tensor;
use firebrick_ir::ops::{Pad, PadMode};
use firebrick_schemas::caffe::ConvolutionParameter;

use super::constant::applied;
use crate::Reason;

/// A convolution's windows along its spatial dimensions.
pub(super) struct Window<'a> {
    pub(super) strides: &'a [usize],
    pub(super) dilations: &'a [usize],
    /// Padding at the beginnings, then at the ends. May be below 0 for a transposed convolution's ends.
    pub(super) pads: [Vec<i64>; 2],
}

impl Window<'_> {
    /// The padding that is the same at both ends, and the weights with zeros added in front of or behind each
    /// filter's elements so that the windows stay where they were.
    ///
    /// A window that begins with zeros reaches further to the front without seeing more; one that ends with zeros
    /// reaches further back. A convolution's padding is then that of the larger end; a transposed convolution's result
    /// grows by the zeros, which the padding cuts off again. Where the input has infinities or
    /// NaNs, the zeros make more NaNs of them than the op does.
    pub(super) fn symmetric(&self, weights: &Tensor) -> Result<(Vec<usize>, Option<Tensor>), Reason> {
        let rank = weights.dims().len();
        let mut zeros = vec![0; 2 * rank];
        let mut pads = Vec::with_capacity(self.strides.len());
        let [begins, ends] = &self.pads;
        for (i, (&begin, &end)) in begins.iter().zip(ends).enumerate() {
            let (more, dilation) = (begin.abs_diff(end), self.dilations[i] as u64);
            if !more.is_multiple_of(dilation) {
                let message =
                    format!("paddings of {begin} and {end} can't be made the same with a dilation of {dilation}");
                return Err(Reason::unsupported(message));
            }
            let in_front = end > begin;
            let slot = 2 + i + if in_front { 0 } else { rank };
            zeros[slot] = usize::try_from(more / dilation).unwrap_or(usize::MAX);
            pads.push(usize::try_from(begin.max(end)).unwrap_or(0));
        }
        if zeros.iter().all(|&n| n == 0) {
            return Ok((pads, None));
        }
        let op = Pad { mode: PadMode::Constant, pads: zeros, value: 0.0 };
        Ok((pads, Some(applied(op, weights)?)))
    }

    /// The fields that say the windows.
    pub(super) fn fields(
        &self,
        kernel: &[usize],
        pads: &[usize],
        group: usize,
    ) -> Result<ConvolutionParameter, Reason> {
        let kernel = numbers(kernel, None)?;
        let strides = numbers(self.strides, Some(1))?;
        let pads = numbers(pads, Some(0))?;
        let dilation = each(self.dilations, Some(1))?;
        let group = number(group)?;
        Ok(ConvolutionParameter {
            pad: pads.all,
            pad_h: pads.two.map(|two| two[0]),
            pad_w: pads.two.map(|two| two[1]),
            kernel_size: kernel.all,
            kernel_h: kernel.two.map(|two| two[0]),
            kernel_w: kernel.two.map(|two| two[1]),
            stride: strides.all,
            stride_h: strides.two.map(|two| two[0]),
            stride_w: strides.two.map(|two| two[1]),
            dilation,
            group: (group != 1).then_some(group),
            ..ConvolutionParameter::default()
        })
    }
}

/// One of the window's numbers as the fields say it: once or for each dimension, or for height and width.
struct Numbers {
    all: Vec<u32>,
    two: Option<[u32; 2]>,
}

fn numbers(numbers: &[usize], default: Option<u32>) -> Result<Numbers, Reason> {
    let all = each(numbers, default)?;
    Ok(match all.as_slice() {
        &[h, w] => Numbers { all: Vec::new(), two: Some([h, w]) },
        _ => Numbers { all, two: None },
    })
}

/// A number for each dimension, one if they are all the same, or none if they are the default.
fn each(numbers: &[usize], default: Option<u32>) -> Result<Vec<u32>, Reason> {
    let mut numbers = numbers.iter().map(|&n| number(n)).collect::<Result<Vec<u32>, _>>()?;
    if numbers.windows(2).all(|pair| pair[0] == pair[1]) {
        numbers.truncate(1);
    }
    if numbers.iter().all(|&n| Some(n) == default) {
        numbers.clear();
    }
    Ok(numbers)
}

/// A number of Caffe's, which are 32 bits wide.
pub(super) fn number(n: usize) -> Result<u32, Reason> {
    u32::try_from(n).map_err(|_| Reason::unsupported(format!("{n} is too large a number for Caffe")))
}
