//! Steps that add ops on quantized values.

use std::ops::RangeInclusive;

use super::build::Builder;
use super::steps::{any_pool, any_unary, conv_of, conv_transpose_of, fixed, float, gemm_of};
use crate::ops::{
    Binary, BinaryFn, Concat, Identity, MatMul, PoolFn, QType, Quantizable, Quantize, Quantized, Reduce, ReduceFn,
    Rounding, Softmax, Unary,
};
use crate::{DType, Op, Operator, Value};

const TYPES: &[DType] = &[DType::U8, DType::I8];

/// A quantized value of such a rank: one that is there, or one made of floats.
fn quantized(b: &mut Builder, rank: RangeInclusive<usize>) -> Option<Value> {
    let ranks = rank.clone();
    let old = b.pick(move |ty| TYPES.contains(&ty.dtype) && ranks.contains(&ty.shape.rank()));
    if let Some(old) = old.filter(|_| b.below(3) > 0) {
        return Some(old);
    }
    let (x, dtype) = (b.pick(float(rank))?, b.of(TYPES));
    let operands = [x, b.positive(&[])?, b.weight(dtype, &[])?];
    let op = Quantize { axis: 0, block: 0, dtype, saturate: true, rounding: Rounding::Even };
    b.add(op, &operands)
}

fn any_type(b: &mut Builder, dtype: DType) -> QType {
    let scale = b.of(&[0.5, 0.0207, 1.0, 3.7]);
    let zero = b.of(if dtype == DType::I8 { &[0, -128, 5, 127] } else { &[0, 128, 5, 255] });
    QType { dtype, scale, zero }
}

/// The op on quantized values, with types for its operands and its result.
fn any_quantized<T>(b: &mut Builder, op: T, operands: &[Value]) -> Quantized<T> {
    let x = operands.iter().map(|&value| b.ty(value).dtype).collect::<Vec<_>>();
    let x = x.into_iter().map(|dtype| any_type(b, dtype)).collect();
    let dtype = b.of(TYPES);
    let clip = if b.coin() { Some([b.of(&[0, 5]), b.of(&[5, 127])]) } else { None };
    Quantized { op, x, y: Some(any_type(b, dtype)), clip, rounding: b.of(Rounding::ALL) }
}

/// An op that is defined on numbers.
fn by_reals<T: Quantizable>(b: &mut Builder, op: T, operands: &[Value]) -> Option<Value>
where
    Op: From<Quantized<T>>,
{
    let op = any_quantized(b, op, operands);
    b.add(op, operands)
}

/// A sum of products, of these operands in the op's own order; of its weights' type. Its output channels are the
/// result's dimension `axis`.
fn by_sums<T: Quantizable>(b: &mut Builder, op: T, operands: &[Value], axis: usize) -> Option<Value>
where
    Op: From<Quantized<T>>,
{
    let &[x, w, ..] = operands else { return None };
    let mut op = any_quantized(b, op, &[x]);
    let dtype = b.ty(w).dtype;
    let (scale, zero) = (b.positive(&[1])?, b.weight(dtype, &[1])?);
    let types = [x, w, scale, zero].map(|value| b.ty(value));
    let results = op.infer(&types.each_ref()).ok()?;
    let channels = fixed(results.first()?, axis)?;
    let mut operands = vec![x, w, scale, zero];
    if b.coin() {
        operands[2] = b.positive(&[channels])?;
        operands[3] = b.weight(dtype, &[channels])?;
    }
    if b.coin() {
        let dtype = b.of(&[DType::I32, DType::F32]);
        operands.push(b.weight(dtype, &[channels])?);
    }
    if b.below(4) == 1 {
        (op.y, op.clip) = (None, None);
    }
    b.add(op, &operands)
}

pub(super) fn conv(b: &mut Builder) -> Option<Value> {
    let x = quantized(b, 3..=5)?;
    let (op, operands) = conv_of(b, x)?;
    by_sums(b, op, &operands, 1)
}

pub(super) fn conv_transpose(b: &mut Builder) -> Option<Value> {
    let x = quantized(b, 3..=5)?;
    let (op, operands) = conv_transpose_of(b, x)?;
    by_sums(b, op, &operands, 1)
}

pub(super) fn gemm(b: &mut Builder) -> Option<Value> {
    let x = match quantized(b, 2..=2) {
        Some(x) => x,
        None => {
            let x = quantized(b, 3..=5)?;
            b.add(crate::ops::Reshape { shape: vec![0, -1] }, &[x])?
        }
    };
    let (op, operands) = gemm_of(b, x)?;
    by_sums(b, op, &operands, 1)
}

pub(super) fn matmul(b: &mut Builder) -> Option<Value> {
    let x = quantized(b, 2..=4)?;
    let ty = b.ty(x);
    let (axis, n) = (ty.shape.rank() - 1, b.between(1, 4));
    let k = fixed(&ty, axis)?;
    let dtype = b.of(TYPES);
    let w = b.weight(dtype, &[k, n])?;
    by_sums(b, MatMul {}, &[x, w], axis)
}

pub(super) fn binary(b: &mut Builder) -> Option<Value> {
    let x = quantized(b, 0..=5)?;
    let shape = b.ty(x).shape;
    let same = b.pick(|other| TYPES.contains(&other.dtype) && other.shape == shape).filter(|_| b.coin());
    let dtype = b.of(TYPES);
    let y = if let Some(same) = same { same } else { b.weight(dtype, &[1])? };
    let function = b.of(&[BinaryFn::Add, BinaryFn::Mul, BinaryFn::Sub, BinaryFn::Max, BinaryFn::Div]);
    by_reals(b, Binary(function), &[x, y])
}

pub(super) fn concat(b: &mut Builder) -> Option<Value> {
    let x = quantized(b, 1..=5)?;
    let ty = b.ty(x);
    let mut operands = vec![x];
    for _ in 0..b.below(3) {
        operands.push(b.pick(|other| TYPES.contains(&other.dtype) && other.shape == ty.shape)?);
    }
    let op = Concat { axis: b.below(ty.shape.rank()) };
    by_reals(b, op, &operands)
}

pub(super) fn pool(b: &mut Builder) -> Option<Value> {
    let x = quantized(b, 3..=5)?;
    let function = b.of(PoolFn::ALL);
    let op = any_pool(b, x, function, false);
    by_reals(b, op, &[x])
}

pub(super) fn reduce(b: &mut Builder) -> Option<Value> {
    let x = quantized(b, 0..=5)?;
    let axes = (0..b.ty(x).shape.rank()).filter(|_| b.coin()).collect();
    let function = b.of(&[ReduceFn::Mean, ReduceFn::Sum, ReduceFn::L2]);
    let op = Reduce { function, axes, keep_dims: b.coin() };
    by_reals(b, op, &[x])
}

pub(super) fn requantize(b: &mut Builder) -> Option<Value> {
    let x = quantized(b, 0..=5)?;
    by_reals(b, Identity {}, &[x])
}

pub(super) fn softmax(b: &mut Builder) -> Option<Value> {
    let x = quantized(b, 1..=5)?;
    let rank = b.ty(x).shape.rank();
    let op = Softmax { axis: b.below(rank) };
    by_reals(b, op, &[x])
}

pub(super) fn unary(b: &mut Builder) -> Option<Value> {
    let x = quantized(b, 0..=5)?;
    let function = any_unary(b)?;
    by_reals(b, Unary(function), &[x])
}
