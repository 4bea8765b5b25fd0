//! What integers stand for, as the passes that fold quantization read it of a graph.

use firebrick_ir::ops::{Dequantize, QType, Quantize, Rounding, Unary, UnaryFn};
use firebrick_ir::{DType, Tensor, Value};

use crate::{At, sums};

/// What a dequantize reads, if its result is f32 and all elements have one scale.
pub(crate) fn dequantized(at: At<'_>, value: Value) -> Option<(Value, QType)> {
    let found = at.source::<Dequantize>(value).filter(|found| found.op.block == 0)?;
    let x = found.x();
    let y = qtype(at, at.ty(x).dtype, found.operand(1)?, found.operand(2))?;
    Some((x, y))
}

/// A scale and a zero point that are one constant each, of elements of 8 bits.
fn qtype(at: At<'_>, dtype: DType, scale: Value, zero: Option<Value>) -> Option<QType> {
    if !matches!(dtype, DType::U8 | DType::I8) {
        return None;
    }
    let &[scale] = at.constant(scale)?.values::<f32>().ok()?.as_ref() else { return None };
    let zero = match zero {
        Some(zero) => match integers(at.constant(zero)?)?.as_slice() {
            &[zero] => zero,
            _ => return None,
        },
        None => 0,
    };
    is_plain(scale).then_some(QType { dtype, scale, zero })
}

/// Whether products of a few scales, and of a scale and a byte, are neither too large nor too small for an f32.
fn is_plain(scale: f32) -> bool {
    (1e-12..=1e12).contains(&scale)
}

/// The elements of a tensor of bytes.
pub(crate) fn integers(tensor: &Tensor) -> Option<Vec<i32>> {
    if tensor.dtype() == DType::I8 {
        return Some(tensor.values::<i8>().ok()?.iter().map(|&q| q.into()).collect());
    }
    Some(tensor.values::<u8>().ok()?.iter().map(|&q| q.into()).collect())
}

/// Weights that are dequantized, with one scale or one for each index of a dimension.
pub(crate) struct Weights {
    /// The integers: u8 or i8.
    pub(crate) values: Value,
    /// Their scales.
    pub(crate) scales: Vec<f32>,
    /// As many zero points.
    pub(crate) zeros: Vec<i32>,
    /// The dimension that the scales differ along, if they do.
    pub(crate) axis: Option<usize>,
}

impl Weights {
    /// The weights that a value is, if it is.
    pub(crate) fn of(at: At<'_>, value: Value) -> Option<Weights> {
        let found = at.source::<Dequantize>(value).filter(|found| found.op.block == 0)?;
        let values = found.x();
        if !matches!(at.ty(values).dtype, DType::U8 | DType::I8) {
            return None;
        }
        let scales = at.constant(found.operand(1)?)?.values::<f32>().ok()?.into_owned();
        let zeros = match found.operand(2) {
            Some(zero) => integers(at.constant(zero)?)?,
            None => vec![0; scales.len()],
        };
        let axis = if scales.len() == 1 { None } else { Some(found.op.axis) };
        scales.iter().all(|&scale| is_plain(scale)).then_some(Weights { values, scales, zeros, axis })
    }

    /// The largest magnitude of a weight less its zero point.
    pub(crate) fn most(&self, at: At<'_>) -> u64 {
        sums::most_of(at.ty(self.values).dtype, &self.zeros)
    }

    /// The scales and zero points as constants.
    pub(crate) fn constants(&self, at: At<'_>) -> Option<[Tensor; 2]> {
        let dims = [self.scales.len()];
        let bytes: Vec<u8> = self.zeros.iter().map(|&zero| zero as u8).collect();
        let zeros = Tensor::new(at.ty(self.values).dtype, &dims, bytes.into()).ok()?;
        Some([Tensor::from_vec(&dims, self.scales.clone()).ok()?, zeros])
    }
}

/// A quantize with what is limited before it.
pub(crate) struct Tail {
    /// What is quantized.
    pub(crate) x: Value,
    /// What the result stands for.
    pub(crate) y: QType,
    /// What is left of the integers.
    pub(crate) clip: Option<[i32; 2]>,
    /// How it rounds.
    pub(crate) rounding: Rounding,
}

impl Tail {
    /// A quantize to bytes with one scale. ReLU and clip before it, which nothing else reads, limit the integers as
    /// they limit the numbers, since quantization keeps their order.
    pub(crate) fn of(at: At<'_>) -> Option<Tail> {
        let found = at.is::<Quantize>().filter(|found| found.op.block == 0)?;
        let y = qtype(at, found.op.dtype, found.operand(1)?, found.operand(2))?;
        if at.ty(found.x()).dtype != DType::F32 {
            return None;
        }
        let (full, rounding) = (y.limits(), found.op.rounding);
        let (mut x, mut limits) = (found.x(), full);
        while let Some((inner, [low, high])) = limited(at, x) {
            let integer = |bound: f32| y.integer(bound / y.scale, rounding, full).max(limits[0]).min(limits[1]);
            (x, limits) = (inner, [integer(low), integer(high)]);
        }
        let clip = (limits != full).then_some(limits);
        Some(Tail { x, y, clip, rounding })
    }
}

/// What a value is limited from, and between which numbers, if nothing else reads it.
fn limited(at: At<'_>, value: Value) -> Option<(Value, [f32; 2])> {
    let unary = at.sole_source::<Unary>(value)?;
    let limits = if unary.op.0 == (UnaryFn::Relu {}) {
        [0.0, f32::INFINITY]
    } else if let UnaryFn::Clip { min, max } = unary.op.0 {
        [min, max]
    } else {
        return None;
    };
    (limits[0] <= limits[1]).then_some((unary.x(), limits))
}
