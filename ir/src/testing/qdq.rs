//! The steps that random quantized networks grow by, as exporters write them: dequantize, op, quantize.

use super::build::Builder;
use super::integers::{biased, convolved, multiplied};
use super::steps::{Step, fixed};
use crate::ops::{
    Binary, BinaryFn, Concat, Const, Conv, Dequantize, Gemm, Identity, Pool, PoolFn, QType, Quantize, Reshape,
    Rounding, Slice, Softmax, Transpose, Unary, UnaryFn,
};
use crate::{DType, Dim, Op, Tensor, Type, Value};

pub(super) const QDQ_STEPS: &[Step] = &[
    conv,
    conv,
    unquantized,
    gemm,
    activation,
    bypass,
    concat,
    mean,
    maximum,
    movement,
    again,
    softmax,
    shared,
    biased,
    convolved,
    multiplied,
];

/// An image of bytes.
pub(super) fn image(ty: &Type) -> bool {
    matches!(ty.dtype, DType::U8 | DType::I8) && ty.shape.rank() == 4
}

/// An image of bytes, and one of numbers that is quantized.
pub(super) fn begin(b: &mut Builder) {
    let batch = if b.coin() { Dim::sym("N") } else { 2.into() };
    let mut dims = vec![batch, (b.between(1, 4) as u64).into()];
    dims.extend(b.many(2, 3, 7).into_iter().map(|n| Dim::from(n as u64)));
    let dtype = b.of(&[DType::U8, DType::I8]);
    b.input(Type::new(dtype, dims.clone()));
    if let Some(x) = b.input(Type::new(DType::F32, dims)) {
        let _ = quantize(b, x);
    }
}

/// What the integers of a new value stand for.
fn any_type(b: &mut Builder) -> QType {
    let dtype = b.of(&[DType::U8, DType::I8]);
    let scale = b.scale();
    let zero = b.of(if dtype == DType::I8 { &[0, 0, -5] } else { &[0, 128, 100] });
    QType { dtype, scale, zero }
}

pub(super) fn parameters(b: &mut Builder, q: QType) -> Option<[Value; 2]> {
    let zero = Tensor::new(q.dtype, &[], vec![q.zero as u8].into()).ok()?;
    Some([b.constant(Const::new(Tensor::scalar(q.scale)))?, b.constant(Const::new(zero))?])
}

pub(super) fn quantize(b: &mut Builder, x: Value) -> Option<Value> {
    let y = any_type(b);
    quantize_as(b, x, y)
}

fn quantize_as(b: &mut Builder, x: Value, y: QType) -> Option<Value> {
    let [scale, zero] = parameters(b, y)?;
    let op = Quantize { axis: 0, block: 0, dtype: y.dtype, saturate: true, rounding: Rounding::Even };
    b.add(op, &[x, scale, zero])
}

/// A quantized image as numbers, by the scale that it was quantized with, if it was.
fn dequantized(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    dequantize(b, x)
}

fn dequantize(b: &mut Builder, x: Value) -> Option<Value> {
    let known = b.operands_of::<Quantize>(x);
    let (scale, zero) = match known.as_deref() {
        Some(&[_, scale, zero]) => (scale, zero),
        Some(_) | None => {
            let dtype = b.ty(x).dtype;
            let zero = if dtype == DType::I8 { 0 } else { 128 };
            let scale = b.scale();
            return dequantize_as(b, x, QType { dtype, scale, zero });
        }
    };
    b.add(Dequantize { axis: 0, block: 0 }, &[x, scale, zero])
}

pub(super) fn dequantize_as(b: &mut Builder, x: Value, ty: QType) -> Option<Value> {
    let [scale, zero] = parameters(b, ty)?;
    b.add(Dequantize { axis: 0, block: 0 }, &[x, scale, zero])
}

/// Weights as numbers: i8, with a scale for all, or one for each output.
fn weights(b: &mut Builder, dims: &[usize]) -> Option<Value> {
    let w = b.weight(DType::I8, dims)?;
    let n = if b.coin() { *dims.first()? } else { 1 };
    let scales: Vec<f32> = (0..n).map(|_| b.scale() / 32.0).collect();
    let scale = b.constant(Const::new(Tensor::from_vec(&[n], scales).ok()?))?;
    b.add(Dequantize { axis: 0, block: 0 }, &[w, scale])
}

/// A convolution that keeps the size, with a ReLU or without.
fn numbers(b: &mut Builder) -> Option<Value> {
    let x = dequantized(b)?;
    let (n_in, n_out, kernel) = (fixed(&b.ty(x), 1)?, b.between(1, 3), b.of(&[1, 3]));
    let mut operands = vec![x, weights(b, &[n_out, n_in, kernel, kernel])?];
    if b.coin() {
        let values = (0..n_out).map(|_| b.between(0, 64) as f32 / 16.0 - 2.0).collect();
        operands.push(b.constant(Const::new(Tensor::from_vec(&[n_out], values).ok()?))?);
    }
    let y =
        b.add(Conv { strides: vec![1; 2], pads: vec![kernel / 2; 4], dilations: vec![1; 2], group: 1 }, &operands)?;
    match b.below(4) {
        0 => b.add(Unary(UnaryFn::Relu {}), &[y]),
        1 => b.add(Unary(UnaryFn::Clip { min: -1.0, max: 2.0 }), &[y]),
        _ => Some(y),
    }
}

fn conv(b: &mut Builder) -> Option<Value> {
    let y = numbers(b)?;
    quantize(b, y)
}

/// A result that stays a number, scaled, as behind a batch norm.
fn unquantized(b: &mut Builder) -> Option<Value> {
    let y = numbers(b)?;
    let factor = b.scale();
    let factor = b.constant(Const::new(Tensor::scalar(factor)))?;
    let scaled = b.add(Binary(BinaryFn::Mul), &[y, factor])?;
    if b.coin() { quantize(b, scaled) } else { Some(scaled) }
}

fn gemm(b: &mut Builder) -> Option<Value> {
    let x = dequantized(b)?;
    let flat = b.add(Reshape { shape: vec![0, -1] }, &[x])?;
    let w = weights(b, &[3, fixed(&b.ty(flat), 1)?])?;
    let y = b.add(Gemm { trans_a: false, trans_b: true }, &[flat, w])?;
    let y = b.add(Reshape { shape: vec![0, 3, 1, 1] }, &[y])?;
    quantize(b, y)
}

fn activation(b: &mut Builder) -> Option<Value> {
    let x = dequantized(b)?;
    let function =
        b.of(&[UnaryFn::Relu {}, UnaryFn::Sigmoid {}, UnaryFn::Tanh {}, UnaryFn::Clip { min: 0.0, max: 6.0 }]);
    let y = b.add(Unary(function), &[x])?;
    quantize(b, y)
}

fn bypass(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let ty = b.ty(x);
    let y = b.pick(|other| image(other) && other.shape == ty.shape)?;
    let operands = [dequantize(b, x)?, dequantize(b, y)?];
    let function = b.of(&[BinaryFn::Add, BinaryFn::Mul]);
    let sum = b.add(Binary(function), &operands)?;
    let sum = if b.coin() { b.add(Unary(UnaryFn::Relu {}), &[sum])? } else { sum };
    quantize(b, sum)
}

fn concat(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let shape = b.ty(x).shape;
    let y = b.pick(|other| image(other) && other.shape.0[0] == shape.0[0] && other.shape.0[2..] == shape.0[2..])?;
    let first = dequantize(b, x)?;
    // One of them may be a number that was just computed.
    let second = if b.coin() { dequantize(b, y)? } else { b.add(Unary(UnaryFn::Tanh {}), &[first])? };
    let y = b.add(Concat { axis: 1 }, &[first, second])?;
    quantize(b, y)
}

fn pool(function: PoolFn) -> Pool {
    Pool {
        function,
        kernel: vec![3; 2],
        strides: vec![2; 2],
        pads: vec![1; 4],
        dilations: vec![1; 2],
        ceil: true,
        count_include_pad: false,
        indices: false,
    }
}

fn mean(b: &mut Builder) -> Option<Value> {
    let x = dequantized(b)?;
    let y = b.add(pool(PoolFn::Average), &[x])?;
    quantize(b, y)
}

/// A maximum between dequantize and quantize of the same scale, or behind a convolution.
fn maximum(b: &mut Builder) -> Option<Value> {
    let x = if b.coin() { dequantized(b)? } else { numbers(b)? };
    let y = b.add(pool(PoolFn::Max), &[x])?;
    quantize(b, y)
}

fn movement(b: &mut Builder) -> Option<Value> {
    let x = dequantized(b)?;
    let turned = b.add(Transpose { perm: vec![0, 1, 3, 2] }, &[x])?;
    let part = Slice { axes: vec![1], starts: vec![0], counts: vec![1], steps: vec![1] };
    let part = b.add(part, &[turned])?;
    quantize(b, part)
}

/// What was dequantized, quantized by the same scale or another; a copy or a ReLU between.
fn again(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let number = dequantize(b, x)?;
    let copy = if b.coin() { b.add(Identity {}, &[number])? } else { b.add(Unary(UnaryFn::Relu {}), &[number])? };
    match b.operands_of::<Quantize>(x).as_deref() {
        Some(&[_, scale, zero]) if b.coin() => {
            let dtype = b.ty(x).dtype;
            let op = Quantize { axis: 0, block: 0, dtype, saturate: true, rounding: Rounding::Even };
            b.add(op, &[copy, scale, zero])
        }
        Some(_) | None => quantize(b, copy),
    }
}

fn softmax(b: &mut Builder) -> Option<Value> {
    let x = dequantized(b)?;
    let y = b.add(Softmax { axis: 1 }, &[x])?;
    quantize(b, y)
}

/// A number that is quantized twice, or read by something else too; and weights that are used as numbers.
fn shared(b: &mut Builder) -> Option<Value> {
    let y = numbers(b)?;
    quantize(b, y)?;
    let n = fixed(&b.ty(y), 1)?;
    let w = weights(b, &[n, 1, 1])?;
    let relu = b.add(Unary(UnaryFn::Relu {}), &[y])?;
    let other = b.add(Binary(BinaryFn::Mul), &[relu, w])?;
    b.add(Op::from(Unary(UnaryFn::Tanh {})), &[other])
}
