//! The steps that random graphs grow by: one for each op family.

use super::build::Builder;
use super::fused::{expand, fused};
use super::{indexed, quantized};
use crate::attr::AttrReader;
use crate::ops::{
    BatchNorm, Binary, BinaryFn, Bitcast, BoxCode, Cast, Cell, Concat, Conv, ConvTranspose, Coordinates, Dequantize,
    DetectionOutput, Gather, Gemm, Identity, Lrn, MatMul, NearestMode, Pad, PadMode, Pool, PoolFn, Quantize, Recur,
    Reduce, ReduceFn, Reshape, Resize, ResizeFn, Rounding, Select, Slice, Softmax, Ties, Tile, TopK, Transpose, Unary,
    UnaryFn, Unpool,
};
use crate::{Attr, Code, DType, Dim, Op, Operator, Type, Value};

/// A step: adds nodes, or gives up.
pub(super) type Step = fn(&mut Builder) -> Option<Value>;

pub(super) const STEPS: &[Step] = &[
    unary,
    Builder::image,
    identity,
    batch_norm,
    binary,
    bitcast,
    bits,
    cast,
    concat,
    conv,
    conv_transpose,
    dequantize,
    detection_output,
    expand,
    fused,
    gather,
    gemm,
    lrn,
    matmul,
    pad,
    pool,
    quantize,
    quantized::binary,
    quantized::concat,
    quantized::conv,
    quantized::conv_transpose,
    quantized::gemm,
    quantized::matmul,
    quantized::pool,
    quantized::reduce,
    quantized::requantize,
    quantized::softmax,
    quantized::unary,
    recur,
    reduce,
    reshape,
    resize,
    select,
    slice,
    softmax,
    tile,
    top_k,
    transpose,
    unpool,
    indexed::cumulate,
    indexed::deform_conv,
    indexed::det,
    indexed::dft,
    indexed::gather_elements,
    indexed::gather_nd,
    indexed::grid_sample,
    indexed::reverse_sequence,
    indexed::roi_align,
    indexed::roi_pool,
    indexed::scatter_elements,
    indexed::scatter_nd,
];

pub(super) fn float(rank: std::ops::RangeInclusive<usize>) -> impl Fn(&Type) -> bool {
    move |ty| ty.dtype.is_float() && rank.contains(&ty.shape.rank())
}

/// The dimension, if it is fixed.
pub(super) fn fixed(ty: &Type, i: usize) -> Option<usize> {
    ty.shape.0.get(i)?.fixed().map(|n| n as usize)
}

/// An axis of fixed size and that size.
pub(super) fn fixed_axis(b: &mut Builder, ty: &Type) -> Option<(usize, usize)> {
    let axes: Vec<(usize, usize)> = (0..ty.shape.rank()).filter_map(|i| Some((i, fixed(ty, i)?))).collect();
    let i = b.below(axes.len().max(1));
    axes.get(i).copied()
}

fn unary(b: &mut Builder) -> Option<Value> {
    let x = b.pick(float(0..=8))?;
    let function = any_unary(b)?;
    b.add(Unary(function), &[x])
}

pub(super) fn any_unary(b: &mut Builder) -> Option<UnaryFn> {
    let mnemonic = b.of(Unary::MNEMONICS);
    let low = b.of(&[-1.0, 0.0, 0.1, 1e-30]);
    let attrs: [&[(&str, f32)]; 6] = [
        &[],
        &[("alpha", low)],
        &[("min", low), ("max", 6.0)],
        &[("alpha", 0.2), ("beta", 0.5)],
        &[("mant_bits", 3.0), ("exp_bits", 4.0)],
        &[("exp_min", -8.0), ("exp_max", -1.0)],
    ];
    attrs.iter().find_map(|attrs| {
        let attrs = attrs.iter().map(|&(name, x)| (name.to_owned(), Attr::Float(x))).collect();
        let Op::Unary(Unary(function)) = Op::read(mnemonic, AttrReader::new(attrs))?.ok()? else { return None };
        Some(function)
    })
}

fn identity(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|_| true)?;
    b.add(Identity {}, &[x])
}

fn batch_norm(b: &mut Builder) -> Option<Value> {
    let x = b.pick(float(2..=5))?;
    let ty = b.ty(x);
    let mut operands = vec![x];
    for _ in 0..4 {
        operands.push(b.weight(ty.dtype, &[fixed(&ty, 1)?])?);
    }
    let op = BatchNorm { epsilon: b.of(&[1e-5, 1.0]) };
    b.add(op, &operands)
}

fn binary(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|ty| ty.dtype.is_number() || ty.dtype == DType::Bool)?;
    let ty = b.ty(x);
    let y = match b.below(3) {
        0 => b.pick(|other| *other == ty)?,
        1 => b.weight(ty.dtype, &[])?,
        _ => {
            let skip = b.below(ty.shape.rank() + 1);
            let dims: Vec<usize> =
                (skip..ty.shape.rank()).map(|i| fixed(&ty, i).filter(|_| b.coin()).unwrap_or(1)).collect();
            b.weight(ty.dtype, &dims)?
        }
    };
    let operands = if b.coin() { [x, y] } else { [y, x] };
    let op = Binary(b.of(BinaryFn::ALL));
    b.add(op, &operands)
}

/// A function of bits, of a value that may have to be converted to have some.
fn bits(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|_| true)?;
    let dtype = b.of(&[DType::U8, DType::I32, DType::Bool]);
    let x = b.add(Cast::to(dtype), &[x])?;
    let y = b.weight(dtype, &[])?;
    let truths = [BinaryFn::And, BinaryFn::Or, BinaryFn::Xor];
    let shifts = [BinaryFn::ShiftLeft, BinaryFn::ShiftRight];
    let function = if dtype != DType::Bool && b.coin() { b.of(&shifts) } else { b.of(&truths) };
    b.add(Binary(function), &[x, y])
}

fn bitcast(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|_| true)?;
    let op = Bitcast { dtype: b.of(DType::ALL) };
    b.add(op, &[x])
}

fn cast(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|_| true)?;
    let op = Cast { dtype: b.of(DType::ALL), saturate: b.coin() };
    b.add(op, &[x])
}

fn concat(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|ty| ty.shape.rank() > 0)?;
    let ty = b.ty(x);
    let mut operands = vec![x];
    for _ in 0..b.below(3) {
        operands.push(b.pick(|other| *other == ty)?);
    }
    let op = Concat { axis: b.below(ty.shape.rank()) };
    b.add(op, &operands)
}

fn conv(b: &mut Builder) -> Option<Value> {
    let (op, operands) = any_conv(b)?;
    b.add(op, &operands)
}

pub(super) fn any_conv(b: &mut Builder) -> Option<(Conv, Vec<Value>)> {
    let x = b.pick(float(3..=5))?;
    conv_of(b, x)
}

/// A convolution of the value, with weights of its type.
pub(super) fn conv_of(b: &mut Builder, x: Value) -> Option<(Conv, Vec<Value>)> {
    let ty = b.ty(x);
    let n_spatial = ty.shape.rank() - 2;
    let channels = fixed(&ty, 1)?;
    let group = b.of(&[1, channels]);
    let outputs = group * b.between(1, 3);
    let mut dims = vec![outputs, channels.checked_div(group)?];
    dims.extend(b.many(n_spatial, 1, 3));
    let mut operands = vec![x, b.weight(ty.dtype, &dims)?];
    if b.coin() {
        operands.push(b.weight(ty.dtype, &[outputs])?);
    }
    let (strides, pads) = (b.many(n_spatial, 1, 2), b.many(2 * n_spatial, 0, 2));
    Some((Conv { strides, pads, dilations: b.many(n_spatial, 1, 2), group }, operands))
}

fn conv_transpose(b: &mut Builder) -> Option<Value> {
    let (op, operands) = any_conv_transpose(b)?;
    b.add(op, &operands)
}

pub(super) fn any_conv_transpose(b: &mut Builder) -> Option<(ConvTranspose, Vec<Value>)> {
    let x = b.pick(float(3..=5))?;
    conv_transpose_of(b, x)
}

/// A transposed convolution of the value, with weights of its type.
pub(super) fn conv_transpose_of(b: &mut Builder, x: Value) -> Option<(ConvTranspose, Vec<Value>)> {
    let ty = b.ty(x);
    let n_spatial = ty.shape.rank() - 2;
    let channels = fixed(&ty, 1)?;
    let group = b.of(&[1, channels]);
    let per_group = b.between(1, 2);
    let mut dims = vec![channels, per_group];
    dims.extend(b.many(n_spatial, 1, 3));
    let mut operands = vec![x, b.weight(ty.dtype, &dims)?];
    if b.coin() {
        operands.push(b.weight(ty.dtype, &[per_group * group])?);
    }
    let (strides, pads, dilations) = (b.many(n_spatial, 1, 2), b.many(2 * n_spatial, 0, 1), b.many(n_spatial, 1, 2));
    let output_padding = b.many(n_spatial, 0, 1);
    Some((ConvTranspose { strides, pads, dilations, group, output_padding }, operands))
}

fn dequantize(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|_| true)?;
    let dtype = b.ty(x).dtype;
    let (operands, (axis, block)) = scales(b, x, dtype)?;
    b.add(Dequantize { axis, block }, &operands)
}

/// A value with a scale and perhaps a zero point; the axis and the block of these.
fn scales(b: &mut Builder, x: Value, zero: DType) -> Option<(Vec<Value>, (usize, usize))> {
    let ty = b.ty(x);
    let (dims, layout) = match fixed_axis(b, &ty).filter(|_| b.coin()) {
        Some((axis, size)) if b.coin() => (vec![size], (axis, 0)),
        Some((axis, size)) => {
            let mut dims = (0..ty.shape.rank()).map(|i| fixed(&ty, i)).collect::<Option<Vec<_>>>()?;
            dims[axis] = size.div_ceil(2);
            (dims, (axis, 2))
        }
        None => (Vec::new(), (0, 0)),
    };
    let mut operands = vec![x, b.weight(DType::F32, &dims)?];
    if b.coin() {
        operands.push(b.weight(zero, &dims)?);
    }
    Some((operands, layout))
}

fn detection_output(b: &mut Builder) -> Option<Value> {
    let (priors, num_classes, share_location) = (b.between(1, 4), b.between(2, 3), b.coin());
    let classes = if share_location { 1 } else { num_classes };
    let locations = b.weight(DType::F32, &[2, priors * classes * 4])?;
    let scores = b.input(Type::f32(&[2, (priors * num_classes) as u64]))?;
    let boxes = b.weight(DType::F32, &[1, 2, priors * 4])?;
    let op = DetectionOutput {
        num_classes,
        share_location,
        background: b.of(&[0, -1]),
        nms_threshold: b.of(&[0.45, 0.9]),
        nms_top_k: b.of(&[-1, 2]),
        eta: b.of(&[1.0, 0.9]),
        code: b.of(BoxCode::ALL),
        variance_in_target: b.coin(),
        keep_top_k: b.of(&[-1, 3]),
        confidence_threshold: b.of(&[0.01, 0.9]),
    };
    b.add(op, &[locations, scores, boxes])
}

fn gather(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|ty| ty.shape.rank() > 0)?;
    let ty = b.ty(x);
    let (axis, size) = fixed_axis(b, &ty)?;
    let n_dims = b.below(3);
    let dims = b.many(n_dims, 0, 3);
    let n: usize = dims.iter().product();
    let indices = (0..n).map(|_| b.below(2 * size.max(1)) as i64 - size as i64).collect();
    let indices = b.integers(&dims, indices)?;
    b.add(Gather { axis }, &[x, indices])
}

fn gemm(b: &mut Builder) -> Option<Value> {
    let (op, operands) = any_gemm(b)?;
    b.add(op, &operands)
}

pub(super) fn any_gemm(b: &mut Builder) -> Option<(Gemm, Vec<Value>)> {
    let a = match b.pick(float(2..=2)) {
        Some(a) => a,
        None => {
            let x = b.pick(float(1..=8))?;
            b.add(Reshape { shape: vec![0, -1] }, &[x])?
        }
    };
    gemm_of(b, a)
}

/// A product with the value, with weights of its type.
pub(super) fn gemm_of(b: &mut Builder, a: Value) -> Option<(Gemm, Vec<Value>)> {
    let ty = b.ty(a);
    let (trans_a, trans_b) = (b.coin(), b.coin());
    let (k, n) = (fixed(&ty, usize::from(!trans_a))?, b.between(1, 4));
    let mut operands = vec![a, b.weight(ty.dtype, &if trans_b { [n, k] } else { [k, n] })?];
    if b.coin() {
        let dims: &[usize] = if b.coin() { &[n] } else { &[1, 1] };
        operands.push(b.weight(ty.dtype, dims)?);
    }
    Some((Gemm { trans_a, trans_b }, operands))
}

fn lrn(b: &mut Builder) -> Option<Value> {
    let x = b.pick(float(2..=5))?;
    let op = Lrn { size: b.of(&[3, 5]), alpha: 1e-4, beta: 0.75, bias: b.of(&[1.0, 2.0]) };
    b.add(op, &[x])
}

fn matmul(b: &mut Builder) -> Option<Value> {
    let a = b.pick(float(2..=4))?;
    let ty = b.ty(a);
    let rank = ty.shape.rank();
    let (k, n) = (fixed(&ty, rank - 1)?, b.between(1, 4));
    let dims: &[usize] = if b.coin() { &[k, n] } else { &[2, k, n] };
    let operands = [a, b.weight(ty.dtype, dims)?];
    b.add(MatMul {}, &operands)
}

fn pad(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|ty| ty.dtype != DType::Bool)?;
    let ty = b.ty(x);
    let rank = ty.shape.rank();
    let pads = (0..2 * rank).map(|i| if fixed(&ty, i % rank).is_some() { b.below(2) } else { 0 }).collect();
    let op = Pad { mode: b.of(PadMode::ALL), pads, value: b.of(&[0.0, -0.5]) };
    b.add(op, &[x])
}

/// A pool of the value.
fn pool_of(b: &mut Builder, x: Value, function: PoolFn, indices: bool) -> Option<Value> {
    let op = any_pool(b, x, function, indices);
    b.add(op, &[x])
}

pub(super) fn any_pool(b: &mut Builder, x: Value, function: PoolFn, indices: bool) -> Pool {
    let n_spatial = b.ty(x).shape.rank() - 2;
    Pool {
        function,
        kernel: b.many(n_spatial, 1, 3),
        strides: b.many(n_spatial, 1, 2),
        pads: vec![b.below(2); 2 * n_spatial],
        dilations: vec![b.of(&[1, 1, 2]); n_spatial],
        ceil: b.coin(),
        count_include_pad: b.coin(),
        indices,
    }
}

fn pool(b: &mut Builder) -> Option<Value> {
    let x = b.pick(float(3..=5))?;
    let function = b.of(PoolFn::ALL);
    let indices = function == PoolFn::Max && b.coin();
    pool_of(b, x, function, indices)
}

fn unpool(b: &mut Builder) -> Option<Value> {
    let x = b.pick(float(3..=5))?;
    let ty = b.ty(x);
    let size = (2..ty.shape.rank()).map(|i| fixed(&ty, i)).collect::<Option<Vec<_>>>()?;
    let values = pool_of(b, x, PoolFn::Max, true)?;
    let positions = Value { port: 1, ..values };
    b.add(Unpool { size }, &[values, positions])
}

fn quantize(b: &mut Builder) -> Option<Value> {
    let x = b.pick(float(0..=4))?;
    let dtype = b.of(&[DType::U8, DType::I8, DType::I16, DType::U4, DType::F8E4M3Fn, DType::F4E2M1]);
    let (operands, (axis, block)) = scales(b, x, dtype)?;
    let saturate = b.coin();
    let is_float = dtype.code().is_some_and(Code::is_float);
    let rounding = if is_float { Rounding::Even } else { b.of(Rounding::ALL) };
    b.add(Quantize { axis, block, dtype, saturate, rounding }, &operands)
}

fn recur(b: &mut Builder) -> Option<Value> {
    let (cell, steps, batch, hidden) = (b.of(Cell::ALL), b.between(1, 3), b.between(1, 2), b.between(1, 3));
    let n_gates = match cell {
        Cell::Lstm | Cell::CoupledLstm => 4,
        Cell::Gru | Cell::GruResetAfter => 3,
        Cell::Rnn => 1,
    };
    let gates = b.input(Type::f32(&[steps as u64, batch as u64, (n_gates * hidden) as u64]))?;
    let mut operands = vec![gates];
    for dims in [[n_gates * hidden, hidden], [steps, batch], [batch, hidden]] {
        operands.push(b.weight(DType::F32, &dims)?);
    }
    match cell {
        Cell::Lstm | Cell::CoupledLstm => operands.push(b.weight(DType::F32, &[batch, hidden])?),
        Cell::GruResetAfter => operands.push(b.weight(DType::F32, &[hidden])?),
        Cell::Gru | Cell::Rnn => (),
    }
    b.add(Recur { continuation: true, states: true, ..Recur::plain(cell) }, &operands)
}

fn reduce(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|ty| ty.dtype.is_number())?;
    let axes = (0..b.ty(x).shape.rank()).filter(|_| b.coin()).collect();
    let op = Reduce { function: b.of(ReduceFn::ALL), axes, keep_dims: b.coin() };
    b.add(op, &[x])
}

fn reshape(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|_| true)?;
    let rank = b.ty(x).shape.rank();
    let shape = match b.below(3) {
        0 => vec![0, -1],
        1 => vec![-1],
        _ => (0..rank).map(|_| 0).chain([1]).collect(),
    };
    b.add(Reshape { shape }, &[x])
}

fn resize(b: &mut Builder) -> Option<Value> {
    let x = b.pick(float(3..=5))?;
    let n_spatial = b.ty(x).shape.rank() - 2;
    let (function, coordinates, size) = (b.of(ResizeFn::ALL), b.of(Coordinates::ALL), b.many(n_spatial, 1, 6));
    let roi = match coordinates {
        Coordinates::TfCropAndResize => [vec![b.of(&[0.0, 0.25, -0.5]); n_spatial], vec![1.0; n_spatial]].concat(),
        Coordinates::Asymmetric | Coordinates::AlignCorners | Coordinates::TfHalfPixelForNn => Vec::new(),
        Coordinates::HalfPixel | Coordinates::HalfPixelSymmetric | Coordinates::PytorchHalfPixel => Vec::new(),
    };
    let plain = Resize::spatial(function, coordinates, size);
    let (nearest, antialias, exclude_outside) = (b.of(NearestMode::ALL), b.coin(), b.coin());
    b.add(Resize { nearest, antialias, exclude_outside, roi, ..plain }, &[x])
}

fn select(b: &mut Builder) -> Option<Value> {
    let x = b.pick(float(0..=5))?;
    let ty = b.ty(x);
    let condition = match b.pick(|other| other.dtype == DType::Bool && other.shape == ty.shape) {
        Some(condition) => condition,
        None => {
            let limit = b.weight(ty.dtype, &[])?;
            b.add(Binary(BinaryFn::Greater), &[x, limit])?
        }
    };
    let other = b.weight(ty.dtype, &[1])?;
    b.add(Select {}, &[condition, x, other])
}

fn slice(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|ty| ty.shape.rank() > 0)?;
    let ty = b.ty(x);
    let (axis, size) = fixed_axis(b, &ty)?;
    let start = b.below(size);
    let (count, step) = if b.coin() { (b.between(0, size - start), 1) } else { (b.between(1, start + 1), -1) };
    b.add(Slice { axes: vec![axis], starts: vec![start], counts: vec![count], steps: vec![step] }, &[x])
}

fn softmax(b: &mut Builder) -> Option<Value> {
    let x = b.pick(float(1..=5))?;
    let rank = b.ty(x).shape.rank();
    let op = Softmax { axis: b.below(rank) };
    b.add(op, &[x])
}

fn tile(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|_| true)?;
    let dims = b.ty(x).shape.0;
    let repeats = dims.iter().map(|dim| if matches!(dim, Dim::Fixed(_)) { b.between(1, 2) } else { 1 }).collect();
    b.add(Tile { repeats }, &[x])
}

fn top_k(b: &mut Builder) -> Option<Value> {
    let x = b.pick(float(1..=5))?;
    let ty = b.ty(x);
    let (axis, size) = fixed_axis(b, &ty)?;
    let op = TopK { axis, k: b.between(1.min(size), size), largest: b.coin(), ties: b.of(Ties::ALL) };
    b.add(op, &[x])
}

fn transpose(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|_| true)?;
    let mut perm: Vec<usize> = (0..b.ty(x).shape.rank()).collect();
    for i in (1..perm.len()).rev() {
        let j = b.below(i + 1);
        perm.swap(i, j);
    }
    b.add(Transpose { perm }, &[x])
}
