//! Steps of quantized networks in which integers are summed as ConvInteger and MatMulInteger do, and products of
//! matrices with a bias behind them.

use super::build::Builder;
use super::qdq::{dequantize_as, image, parameters, quantize};
use super::steps::fixed;
use crate::ops::{
    Binary, BinaryFn, Cast, Const, Conv, Dequantize, MatMul, QType, Quantize, Reduce, ReduceFn, Rounding, Unary,
    UnaryFn,
};
use crate::{DType, Tensor, Value};

/// A product of matrices, and a bias that is added: of i32 in its steps, or of numbers.
pub(super) fn biased(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let k = fixed(&b.ty(x), 3)?;
    let (x_scale, w_scale) = (b.scale(), b.scale());
    let dtype = b.ty(x).dtype;
    let x = dequantize_as(b, x, QType { dtype, scale: x_scale, zero: if dtype == DType::I8 { 0 } else { 128 } })?;
    let w = b.weight(DType::I8, &[k, 3])?;
    let [scale, zero] = parameters(b, QType { dtype: DType::I8, scale: w_scale, zero: 0 })?;
    let w = b.add(Dequantize { axis: 0, block: 0 }, &[w, scale, zero])?;
    let product = b.add(MatMul {}, &[x, w])?;
    let bias: Vec<i32> = b.many(3, 0, 200).into_iter().map(|n| n as i32 - 100).collect();
    let bias = if b.coin() {
        let (bias, scale) = (Tensor::from_vec(&[3], bias).ok()?, Tensor::scalar(x_scale * w_scale));
        let operands = [b.constant(Const::new(bias))?, b.constant(Const::new(scale))?];
        b.add(Dequantize { axis: 0, block: 0 }, &operands)?
    } else {
        let numbers = bias.into_iter().map(|n| n as f32 / 16.0).collect();
        b.constant(Const::new(Tensor::from_vec(&[3], numbers).ok()?))?
    };
    let sum = b.add(Binary(BinaryFn::Add), &[product, bias])?;
    quantize(b, sum)
}

/// A byte and its zero point, of which either may be computed: differences of 32 bits.
fn centred(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|ty| image(ty) && ty.dtype == DType::U8)?;
    let wide = b.add(Cast::to(DType::I32), &[x])?;
    let zero = match b.below(4) {
        0 => return Some(wide),
        1 => computed_zero(b, wide)?,
        _ => {
            let zero = b.of(&[0, 128, 100]);
            b.constant(Const::new(Tensor::scalar(zero)))?
        }
    };
    b.add(Binary(BinaryFn::Sub), &[wide, zero])
}

/// A byte that depends on a value, as the zero point of DynamicQuantizeLinear.
fn computed_zero(b: &mut Builder, x: Value) -> Option<Value> {
    let number = b.add(Cast::to(DType::F32), &[x])?;
    let least = b.add(Reduce { function: ReduceFn::Min, axes: vec![0, 1, 2, 3], keep_dims: false }, &[number])?;
    let one = b.constant(Const::new(Tensor::scalar(1.0f32)))?;
    let op = Quantize { axis: 0, block: 0, dtype: DType::U8, saturate: true, rounding: Rounding::Even };
    let byte = b.add(op, &[least, one])?;
    b.add(Cast::to(DType::I32), &[byte])
}

/// What follows a sum: a conversion, a scale, an activation, quantization; or nothing.
fn finish(b: &mut Builder, sums: Value) -> Option<Value> {
    if b.below(4) == 1 {
        return Some(sums);
    }
    let number = b.add(Cast::to(DType::F32), &[sums])?;
    let scale = b.scale() / 32.0;
    let scale = b.constant(Const::new(Tensor::scalar(scale)))?;
    let scaled = b.add(Binary(BinaryFn::Mul), &[number, scale])?;
    let limited = if b.coin() { b.add(Unary(UnaryFn::Relu {}), &[scaled])? } else { scaled };
    quantize(b, limited)
}

/// A convolution of differences with weights of bytes, which may have a zero point for each output.
pub(super) fn convolved(b: &mut Builder) -> Option<Value> {
    let x = centred(b)?;
    let (n_in, n_out, kernel) = (fixed(&b.ty(x), 1)?, b.between(1, 3), b.of(&[1, 3]));
    let dtype = b.of(&[DType::I8, DType::U8]);
    let w = b.weight(dtype, &[n_out, n_in, kernel, kernel])?;
    let mut w = b.add(Cast::to(DType::I32), &[w])?;
    if dtype == DType::U8 {
        let zeros: Vec<i32> = b.many(n_out, 0, 255).into_iter().map(|n| n as i32).collect();
        let zeros = b.constant(Const::new(Tensor::from_vec(&[n_out, 1, 1, 1], zeros).ok()?))?;
        w = b.add(Binary(BinaryFn::Sub), &[w, zeros])?;
    }
    let op = Conv { strides: vec![1; 2], pads: vec![kernel / 2; 4], dilations: vec![1; 2], group: 1 };
    let mut sums = b.add(op, &[x, w])?;
    if b.below(4) == 1 {
        let bias: Vec<i32> = b.many(n_out, 0, 200).into_iter().map(|n| n as i32 - 100).collect();
        let bias = b.constant(Const::new(Tensor::from_vec(&[1, n_out, 1, 1], bias).ok()?))?;
        sums = b.add(Binary(BinaryFn::Add), &[sums, bias])?;
    }
    finish(b, sums)
}

/// A product of a stack of differences with a matrix of bytes.
pub(super) fn multiplied(b: &mut Builder) -> Option<Value> {
    let x = centred(b)?;
    let k = fixed(&b.ty(x), 3)?;
    let w = b.weight(DType::I8, &[k, 3])?;
    let w = b.add(Cast::to(DType::I32), &[w])?;
    let sums = b.add(MatMul {}, &[x, w])?;
    finish(b, sums)
}
