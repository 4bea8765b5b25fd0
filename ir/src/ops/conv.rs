use super::term::{Term, same_term, with_term};
use super::window::{Rounding, Tap, Window, fixed, spatial, taps};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Shape, Tensor, Type};

/// Convolution over any number of spatial dimensions, as ONNX's Conv and Caffe's Convolution.
///
/// Operands: input `[N, C, spatial...]`, weights `[O, C / group, kernel...]`, and optionally a bias `[O]`.
/// Result: `[N, O, windows...]`, where only whole windows count. Elements are floats, or integers of 32 or 64 bits,
/// which wrap.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv {
    /// Steps between windows, a number for each spatial dimension.
    pub strides: Vec<usize>,
    /// Zeros added: all beginnings, then all ends.
    pub pads: Vec<usize>,
    /// Steps between a window's elements.
    pub dilations: Vec<usize>,
    /// Channels are split into that many groups, each convolved by itself.
    pub group: usize,
}

impl Conv {
    fn window<'a>(&'a self, kernel: &'a [usize]) -> Window<'a> {
        Window { kernel, strides: &self.strides, pads: &self.pads, dilations: &self.dilations }
    }
}

impl Operator for Conv {
    const MNEMONICS: &'static [&'static str] = &["conv"];

    fn arity(&self) -> Arity {
        Arity::between(2, 3)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let dtype = same_term(operands)?;
        let (x, w) = (operands[0], operands[1]);
        check_ranks(operands)?;
        let (n_in, n_out, per_group) = (fixed(0, x, 1)?, fixed(1, w, 0)?, fixed(1, w, 1)?);
        check_group(self.group, n_in, n_out, per_group)?;
        check_bias(operands, n_out)?;
        let output = self.window(&spatial(1, w)?).output(&spatial(0, x)?, Rounding::Floor)?;
        let mut dims = vec![x.shape.0[0].clone(), Dim::Fixed(n_out as u64)];
        dims.extend(output.into_iter().map(|n| Dim::Fixed(n as u64)));
        Ok(vec![Type::new(dtype, Shape(dims))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        with_term!(operands[0].dtype(), T => Ok(vec![self.convolve::<T>(operands)?]))
    }

    fn macs(&self, operands: &[&Type], results: &[Type]) -> u64 {
        let per_output = operands[1].shape.0[1..].iter().try_fold(1u64, |n, dim| n.checked_mul(dim.fixed()?));
        let outputs = results[0].shape.n_elements();
        per_output.zip(outputs).map_or(0, |(a, b)| a.saturating_mul(b))
    }

    attributes!(strides, pads, dilations, group);
}

impl Conv {
    pub(super) fn convolve<T: Term>(&self, operands: &[&Tensor]) -> Result<Tensor, EvalError> {
        let (x, w) = (operands[0], operands[1]);
        let (input, kernel) = (&x.dims()[2..], &w.dims()[2..]);
        let window = self.window(kernel);
        let output = window.output(input, Rounding::Floor)?;
        let (batch, n_in, n_out, per_group) = (x.dims()[0], x.dims()[1], w.dims()[0], w.dims()[1]);
        let dims = [&[batch, n_out], output.as_slice()].concat();
        if dims.contains(&0) {
            return T::tensor(x.dtype(), &dims, Vec::new());
        }
        let taps = if w.is_empty() { Vec::new() } else { taps(window, input, &output) };
        let stride = self.strides.last().copied().unwrap_or(1);
        let (xs, ws) = (T::read(x)?, T::read(w)?);
        let bias = operands.get(2).map(|bias| T::read(bias)).transpose()?;

        let (in_plane, out_plane) = (x.len() / (batch * n_in).max(1), output.iter().product());
        let outs_per_group = n_out / self.group;
        let mut result = Vec::with_capacity(batch * n_out * out_plane);
        let mut sums = vec![T::Sum::default(); out_plane];
        for n in 0..batch {
            for o in 0..n_out {
                sums.fill(bias.as_ref().map_or_else(T::Sum::default, |bias| bias[o].widen()));
                for c in 0..per_group {
                    let channel = n * n_in + o / outs_per_group * per_group + c;
                    let plane = &xs[channel * in_plane..][..in_plane];
                    let weights = &ws[(o * per_group + c) * taps.len()..][..taps.len()];
                    accumulate(&mut sums, plane, weights, &taps, stride);
                }
                result.extend_from_slice(&sums);
            }
        }
        T::tensor(x.dtype(), &dims, result)
    }
}

/// Adds one input channel's part to the sums of one output channel.
fn accumulate<T: Term>(sums: &mut [T::Sum], plane: &[T], weights: &[T], taps: &[Tap], stride: usize) {
    for tap in taps {
        let weight = weights[tap.index].widen();
        for run in &tap.runs {
            let sums = &mut sums[run.out..][..run.len];
            if stride == 1 {
                let inputs = &plane[run.inp..][..run.len];
                sums.iter_mut().zip(inputs).for_each(|(sum, &x)| *sum += weight * x.widen());
            } else {
                let inputs = plane[run.inp..].iter().step_by(stride);
                sums.iter_mut().zip(inputs).for_each(|(sum, &x)| *sum += weight * x.widen());
            }
        }
    }
}

/// Input and weights have the same rank, at least 3.
pub(super) fn check_ranks(operands: &[&Type]) -> Result<(), InferError> {
    let (x, w) = (operands[0].shape.rank(), operands[1].shape.rank());
    if x < 3 {
        return Err(InferError::Rank { operand: 0, expected: "3 or more".to_owned(), found: x });
    }
    if w != x {
        return Err(InferError::Rank { operand: 1, expected: x.to_string(), found: w });
    }
    Ok(())
}

/// Channels and outputs divide into groups, and the weights have a group's input channels.
pub(super) fn check_group(group: usize, n_in: usize, n_out: usize, per_group: usize) -> Result<(), InferError> {
    if group == 0 || !n_in.is_multiple_of(group) || !n_out.is_multiple_of(group) {
        let problem = format!("is {group}, which does not divide {n_in} channels and {n_out} outputs");
        return Err(InferError::Attribute { name: "group", problem });
    }
    if n_in / group != per_group {
        let problem = format!(
            "the weights are for {per_group} input channels a group, but the input has {n_in} in {group} groups"
        );
        return Err(InferError::Shape(problem));
    }
    Ok(())
}

/// The bias, if there is one, has an element for each output channel.
pub(super) fn check_bias(operands: &[&Type], n_out: usize) -> Result<(), InferError> {
    match operands.get(2) {
        Some(bias) if bias.shape != Shape::fixed(&[n_out as u64]) => {
            Err(InferError::Shape(format!("the bias is {}, but should be [{n_out}]", bias.shape)))
        }
        Some(_) | None => Ok(()),
    }
}
