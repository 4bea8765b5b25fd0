//! Sums of products of integers, and what becomes of them.

use super::{Quantizable, Quantized};
use crate::op::InferError;
use crate::ops::qtype::integer_of;
use crate::ops::{Conv, ConvTranspose, Gemm, MatMul, matmul};
use crate::{DType, Dim, EvalError, Shape, Tensor, Type};

/// How an op makes sums of products of integers.
pub struct Sums<T> {
    /// Of `x` and weights, given as i16 less their zero points: sums of i32.
    evaluate: fn(&T, &[&Tensor]) -> Result<Tensor, EvalError>,
    /// The output channel of a weight: of weights of these dimensions, the one of this index.
    channel: fn(&T, &[usize], usize) -> usize,
    /// Whether the output channel is a result's second dimension, or else the last one.
    channels_second: bool,
}

pub(super) const CONV: Sums<Conv> = Sums {
    evaluate: |op, operands| op.convolve::<i16>(operands),
    channel: |_, dims, i| i / dims[1..].iter().product::<usize>(),
    channels_second: true,
};

pub(super) const CONV_TRANSPOSE: Sums<ConvTranspose> = Sums {
    evaluate: |op, operands| op.convolve::<i16>(operands),
    channel: |op, dims, i| {
        let (kernel, per_group): (usize, usize) = (dims[2..].iter().product(), dims[1]);
        let (input, output) = (i / kernel / per_group, i / kernel % per_group);
        input / (dims[0] / op.group) * per_group + output
    },
    channels_second: true,
};

pub(super) const GEMM: Sums<Gemm> = Sums {
    evaluate: |op, operands| op.multiply::<i16>(operands),
    channel: |op, dims, i| if op.trans_b { i / dims[1] } else { i % dims[1] },
    channels_second: false,
};

pub(super) const MAT_MUL: Sums<MatMul> = Sums {
    evaluate: |_, operands| matmul::multiply::<i16>(operands),
    channel: |_, dims, i| i % dims[dims.len() - 1],
    channels_second: false,
};

impl<T: Quantizable> Quantized<T> {
    pub(super) fn infer_sums(&self, sums: &Sums<T>, operands: &[&Type]) -> Result<Type, InferError> {
        self.check(operands, 1)?;
        let (w, scale, zero) = (operands[1], operands[2], operands[3]);
        check_dtype(operands, 1, &[DType::U8, DType::I8])?;
        check_dtype(operands, 2, &[DType::F32])?;
        check_dtype(operands, 3, &[w.dtype])?;
        let integers: Vec<Type> = operands[..2].iter().map(|ty| Type::new(DType::I32, ty.shape.clone())).collect();
        let results = self.op.infer(&integers.iter().collect::<Vec<_>>())?;
        let dtype = self.y.map_or(DType::F32, |y| y.dtype);
        let result = Type::new(dtype, results[0].shape.clone());

        let axis = if sums.channels_second { 1 } else { result.shape.rank() - 1 };
        let channels = Shape(vec![result.shape.0[axis].clone()]);
        if scale.shape != channels && scale.shape != Shape(vec![Dim::Fixed(1)]) {
            let found = &scale.shape;
            return Err(InferError::Shape(format!("the weights' scale is {found}, but should be [1] or {channels}")));
        }
        if zero.shape != scale.shape {
            let (zero, scale) = (&zero.shape, &scale.shape);
            return Err(InferError::Shape(format!("the weights' zero point is {zero}, but their scale {scale}")));
        }
        if let Some(bias) = operands.get(4) {
            check_dtype(operands, 4, &[DType::I32, DType::F32])?;
            if bias.shape != channels {
                return Err(InferError::Shape(format!("the bias is {}, but should be {channels}", bias.shape)));
            }
        }
        Ok(result)
    }

    pub(super) fn eval_sums(&self, sums: &Sums<T>, operands: &[&Tensor]) -> Result<Tensor, EvalError> {
        let (x, w) = (less_zero(operands[0], |_| self.x[0].zero)?, self.weights(sums, operands)?);
        let result = (sums.evaluate)(&self.op, &[&x, &w])?;
        let (values, dims) = (result.values::<i32>()?, result.dims());
        let axis = if sums.channels_second { 1 } else { dims.len() - 1 };
        let scaling = self.scaling(operands, dims[axis])?;
        let inner: usize = dims[axis + 1..].iter().product();
        let quotients = values.chunks(inner.max(1)).zip(scaling.iter().cycle());
        let quotients = quotients.flat_map(|(sums, channel)| sums.iter().map(|&sum| channel.quotient(sum)));
        match self.y {
            Some(y) => {
                let limits = self.limits(y);
                y.tensor(dims, quotients.map(|quotient| y.integer(quotient, self.rounding, limits)))
            }
            None => Ok(Tensor::from_vec(dims, quotients.collect())?),
        }
    }

    /// The weights less their zero points.
    fn weights(&self, sums: &Sums<T>, operands: &[&Tensor]) -> Result<Tensor, EvalError> {
        let (w, zero) = (operands[1], operands[3]);
        let zeros: Vec<i32> = zero.bytes().iter().map(|&byte| integer_of(w.dtype(), byte)).collect();
        match zeros.as_slice() {
            [first, rest @ ..] if rest.iter().any(|zero| zero != first) => {
                less_zero(w, |i| zeros[(sums.channel)(&self.op, w.dims(), i)])
            }
            zeros => less_zero(w, |_| zeros.first().copied().unwrap_or(0)),
        }
    }

    /// What is done to the sums of each channel.
    fn scaling(&self, operands: &[&Tensor], n_channels: usize) -> Result<Vec<Channel>, EvalError> {
        let scales = operands[2].values::<f32>()?;
        let mut channels = Vec::with_capacity(n_channels);
        for o in 0..n_channels {
            let scale = self.x[0].scale * scales.get(o).or(scales.first()).copied().unwrap_or(1.0);
            let factor = self.y.map_or(scale, |y| scale / y.scale);
            channels.push(Channel { summand: 0, factor, bias: None });
        }
        if let Some(bias) = operands.get(4) {
            if bias.dtype() == DType::I32 {
                channels.iter_mut().zip(bias.values::<i32>()?.iter()).for_each(|(channel, &b)| channel.summand = b);
            } else {
                let divisor = self.y.map_or(1.0, |y| y.scale);
                let biases = bias.values::<f32>()?;
                channels.iter_mut().zip(biases.iter()).for_each(|(channel, b)| channel.bias = Some(b / divisor));
            }
        }
        Ok(channels)
    }
}

/// What is done to the sums of one output channel.
struct Channel {
    summand: i32,
    factor: f32,
    bias: Option<f32>,
}

impl Channel {
    fn quotient(&self, sum: i32) -> f32 {
        let product = sum.wrapping_add(self.summand) as f32 * self.factor;
        self.bias.map_or(product, |bias| product + bias)
    }
}

/// The integers of a tensor of bytes, less a zero point for each.
fn less_zero(tensor: &Tensor, zero: impl Fn(usize) -> i32) -> Result<Tensor, EvalError> {
    let dtype = tensor.dtype();
    let shifted = tensor.bytes().iter().enumerate().map(|(i, &byte)| (integer_of(dtype, byte) - zero(i)) as i16);
    Ok(Tensor::from_vec(tensor.dims(), shifted.collect())?)
}

fn check_dtype(operands: &[&Type], operand: usize, allowed: &[DType]) -> Result<(), InferError> {
    let found = operands[operand].dtype;
    if allowed.contains(&found) {
        return Ok(());
    }
    let expected = allowed.iter().map(|dtype| dtype.name()).collect::<Vec<_>>().join(" or ");
    Err(InferError::DType { operand, expected, found })
}
