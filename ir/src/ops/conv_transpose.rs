use super::conv::{check_bias, check_ranks};
use super::term::{Term, same_term, with_term};
use super::window::{Tap, Window, fixed, spatial, taps};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Shape, Tensor, Type};

/// Transposed convolution over any number of spatial dimensions, as ONNX's ConvTranspose and Caffe's Deconvolution:
/// each element of the input adds its window of weights to the result.
///
/// Operands: input `[N, C, spatial...]`, weights `[C, O / group, kernel...]`, and optionally a bias `[O]`.
/// Result: `[N, O, spatial...]`, of size `(input − 1) stride + window − pads + output_padding`.
#[derive(Debug, Clone, PartialEq)]
pub struct ConvTranspose {
    /// Steps between windows, a number for each spatial dimension.
    pub strides: Vec<usize>,
    /// Elements cut off the result: all beginnings, then all ends.
    pub pads: Vec<usize>,
    /// Steps between a window's elements.
    pub dilations: Vec<usize>,
    /// Channels are split into that many groups, each convolved by itself.
    pub group: usize,
    /// Elements added at each end, a number for each spatial dimension.
    pub output_padding: Vec<usize>,
}

impl ConvTranspose {
    fn window<'a>(&'a self, kernel: &'a [usize]) -> Window<'a> {
        Window { kernel, strides: &self.strides, pads: &self.pads, dilations: &self.dilations }
    }

    fn output(&self, input: &[usize], kernel: &[usize]) -> Result<Vec<usize>, InferError> {
        let window = self.window(kernel);
        window.check(input.len())?;
        if self.output_padding.len() != input.len() {
            let problem = format!("has {} entries, but {} are needed", self.output_padding.len(), input.len());
            return Err(InferError::Attribute { name: "output_padding", problem });
        }
        (0..input.len()).map(|i| self.output_dim(window, input[i], i)).collect()
    }

    fn output_dim(&self, window: Window<'_>, size: usize, i: usize) -> Result<usize, InferError> {
        let Some(steps) = size.checked_sub(1) else {
            return Err(InferError::Shape(format!("the input has no elements along spatial dimension {i}")));
        };
        let whole = steps.checked_mul(self.strides[i]).zip(window.extent(i)).and_then(|(a, b)| a.checked_add(b));
        let padded = whole.and_then(|n| n.checked_add(self.output_padding[i]));
        let cut = self.pads[i].checked_add(self.pads[self.strides.len() + i]);
        let (Some(padded), Some(cut)) = (padded, cut) else {
            return Err(InferError::TooLarge(format!("{steps} * {}", self.strides[i])));
        };
        match padded.checked_sub(cut) {
            Some(n) if n > 0 => Ok(n),
            Some(_) | None => {
                let problem = format!("pads of {cut} leave nothing of {padded} (spatial dimension {i})");
                Err(InferError::Shape(problem))
            }
        }
    }
}

impl Operator for ConvTranspose {
    const MNEMONICS: &'static [&'static str] = &["conv_transpose"];

    fn arity(&self) -> Arity {
        Arity::between(2, 3)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let dtype = same_term(operands)?;
        let (x, w) = (operands[0], operands[1]);
        check_ranks(operands)?;
        let (n_in, n_weights, per_group) = (fixed(0, x, 1)?, fixed(1, w, 0)?, fixed(1, w, 1)?);
        if n_in != n_weights {
            let problem = format!("the weights are for {n_weights} input channels, but the input has {n_in}");
            return Err(InferError::Shape(problem));
        }
        if self.group == 0 || !n_in.is_multiple_of(self.group) {
            let problem = format!("is {}, which does not divide {n_in} channels", self.group);
            return Err(InferError::Attribute { name: "group", problem });
        }
        let n_out = per_group.checked_mul(self.group);
        let n_out = n_out.ok_or_else(|| InferError::TooLarge(format!("{per_group} * {}", self.group)))?;
        check_bias(operands, n_out)?;
        let output = self.output(&spatial(0, x)?, &spatial(1, w)?)?;
        let mut dims = vec![x.shape.0[0].clone(), Dim::Fixed(n_out as u64)];
        dims.extend(output.into_iter().map(|n| Dim::Fixed(n as u64)));
        Ok(vec![Type::new(dtype, Shape(dims))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        with_term!(operands[0].dtype(), T => Ok(vec![self.convolve::<T>(operands)?]))
    }

    fn macs(&self, operands: &[&Type], _: &[Type]) -> u64 {
        let per_input = operands[1].shape.0[1..].iter().try_fold(1u64, |n, dim| n.checked_mul(dim.fixed()?));
        let inputs = operands[0].shape.n_elements();
        per_input.zip(inputs).map_or(0, |(a, b)| a.saturating_mul(b))
    }

    attributes!(strides, pads, dilations, group, output_padding);
}

impl ConvTranspose {
    pub(super) fn convolve<T: Term>(&self, operands: &[&Tensor]) -> Result<Tensor, EvalError> {
        let (x, w) = (operands[0], operands[1]);
        let (input, kernel) = (&x.dims()[2..], &w.dims()[2..]);
        let output = self.output(input, kernel)?;
        let (batch, n_in, per_group) = (x.dims()[0], x.dims()[1], w.dims()[1]);
        let n_out = per_group * self.group;
        let dims = [&[batch, n_out], output.as_slice()].concat();
        if dims.contains(&0) {
            return T::tensor(x.dtype(), &dims, Vec::new());
        }
        // The convolution that this transposes goes from the result to the input.
        let taps = if w.is_empty() { Vec::new() } else { taps(self.window(kernel), &output, input) };
        let stride = self.strides.last().copied().unwrap_or(1);
        let (xs, ws) = (T::read(x)?, T::read(w)?);
        let bias = operands.get(2).map(|bias| T::read(bias)).transpose()?;

        let (in_plane, out_plane) = (x.len() / (batch * n_in).max(1), output.iter().product());
        let ins_per_group = n_in / self.group;
        let mut result = Vec::with_capacity(batch * n_out * out_plane);
        let mut sums = vec![T::Sum::default(); out_plane];
        for n in 0..batch {
            for o in 0..n_out {
                sums.fill(bias.as_ref().map_or_else(T::Sum::default, |bias| bias[o].widen()));
                for c in o / per_group * ins_per_group..(o / per_group + 1) * ins_per_group {
                    let plane = &xs[(n * n_in + c) * in_plane..][..in_plane];
                    let weights = &ws[(c * per_group + o % per_group) * taps.len()..][..taps.len()];
                    scatter(&mut sums, plane, weights, &taps, stride);
                }
                result.extend_from_slice(&sums);
            }
        }
        T::tensor(x.dtype(), &dims, result)
    }
}

/// Adds one input channel's part to the sums of one output channel.
fn scatter<T: Term>(sums: &mut [T::Sum], plane: &[T], weights: &[T], taps: &[Tap], stride: usize) {
    for tap in taps {
        let weight = weights[tap.index].widen();
        for run in &tap.runs {
            let inputs = &plane[run.out..][..run.len];
            let sums = sums[run.inp..].iter_mut().step_by(stride);
            sums.zip(inputs).for_each(|(sum, &x)| *sum += weight * x.widen());
        }
    }
}
