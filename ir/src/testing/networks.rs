//! The steps that random networks grow by: what nets of convolutions are made of, several ops a step.

use super::build::Builder;
use super::steps::{Step, fixed};
use crate::ops::{
    BatchNorm, Binary, BinaryFn, Concat, Conv, Gemm, Identity, Pad, PadMode, Pool, PoolFn, Reshape, Slice, Softmax,
    Transpose, Unary, UnaryFn,
};
use crate::{DType, Type, Value};

pub(super) const NETWORK_STEPS: &[Step] = &[
    conv, activation, fire, inception, nested, bypass, scale, scale, batch_norm, pool, pad, copy, turned, split,
    classifier, constants, duplicate,
];

/// An image `[batch, channels, height, width]` of f32.
fn image(ty: &Type) -> bool {
    ty.dtype == DType::F32 && ty.shape.rank() == 4
}

fn channels(b: &Builder, x: Value) -> Option<usize> {
    fixed(&b.ty(x), 1)
}

/// A convolution that keeps the image's size.
fn same_conv(b: &mut Builder, x: Value, n_out: usize, kernel: usize) -> Option<Value> {
    let group = if b.below(6) == 1 { channels(b, x)?.min(2) } else { 1 };
    let n_in = channels(b, x)?;
    let group = if n_in.is_multiple_of(group) && n_out.is_multiple_of(group) { group } else { 1 };
    let mut operands = vec![x, b.weight(DType::F32, &[n_out, n_in / group, kernel, kernel])?];
    if b.below(4) > 0 {
        operands.push(b.weight(DType::F32, &[n_out])?);
    }
    let pads = vec![kernel / 2; 4];
    b.add(Conv { strides: vec![1; 2], pads, dilations: vec![1; 2], group }, &operands)
}

fn activate(b: &mut Builder, x: Value) -> Option<Value> {
    let functions = [
        UnaryFn::Relu {},
        UnaryFn::Relu {},
        UnaryFn::LeakyRelu { alpha: 0.1 },
        UnaryFn::Clip { min: 0.0, max: 6.0 },
        UnaryFn::Sigmoid {},
        UnaryFn::Tanh {},
    ];
    let function = b.of(&functions);
    let y = b.add(Unary(function), &[x])?;
    // Swish, as most formats say it.
    if function == (UnaryFn::Sigmoid {}) && b.coin() { b.add(Binary(BinaryFn::Mul), &[x, y]) } else { Some(y) }
}

fn conv(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let (n_out, kernel) = (b.between(1, 4), b.of(&[1, 3, 3, 5]));
    let y = same_conv(b, x, n_out, kernel)?;
    if b.coin() { activate(b, y) } else { Some(y) }
}

fn activation(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|ty| ty.dtype == DType::F32)?;
    activate(b, x)
}

/// SqueezeNet's: squeeze, expand by two sizes, concatenate; activations on either side of the concatenation.
fn fire(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let squeezed = same_conv(b, x, 2, 1)?;
    let squeezed = activate(b, squeezed)?;
    branches(b, squeezed, &[1, 3])
}

/// Several convolutions of one value, and now and then something else, in one concatenation.
fn inception(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let n = b.between(2, 4);
    let kernels: Vec<usize> = (0..n).map(|_| b.of(&[1, 3, 5])).collect();
    branches(b, x, &kernels)
}

fn branches(b: &mut Builder, x: Value, kernels: &[usize]) -> Option<Value> {
    let early = b.coin();
    let mut parts = Vec::new();
    for &kernel in kernels {
        let n_out = b.between(1, 3);
        let part = same_conv(b, x, n_out, kernel)?;
        parts.push(if early && b.below(4) > 0 { activate(b, part)? } else { part });
    }
    let ty = b.ty(x);
    if b.below(3) == 1 {
        let fits =
            |other: &Type| image(other) && other.shape.0[0] == ty.shape.0[0] && other.shape.0[2..] == ty.shape.0[2..];
        let at = b.below(parts.len() + 1);
        parts.insert(at, b.pick(fits)?);
    }
    let y = b.add(Concat { axis: 1 }, &parts)?;
    if early { Some(y) } else { activate(b, y) }
}

/// A concatenation in a concatenation.
fn nested(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let (p, q) = (same_conv(b, x, 2, 1)?, same_conv(b, x, 1, 3)?);
    let inner = b.add(Concat { axis: 1 }, &[p, q])?;
    let operands = if b.coin() { [x, inner] } else { [inner, x] };
    b.add(Concat { axis: 1 }, &operands)
}

/// A sum of a value and what was made of it, with an activation or without.
fn bypass(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let n = channels(b, x)?;
    let y = same_conv(b, x, n, 3)?;
    let y = if b.coin() { activate(b, y)? } else { y };
    let operands = if b.coin() { [x, y] } else { [y, x] };
    let sum = b.add(Binary(BinaryFn::Add), &operands)?;
    if b.coin() { activate(b, sum) } else { Some(sum) }
}

/// Arithmetic with a constant for each channel or for all, in any spelling.
fn scale(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let n = channels(b, x)?;
    let dims: &[usize] = b.of(&[&[], &[1], &[0, 1, 1], &[1, 0, 1, 1], &[1, 1, 1, 1]]);
    let dims: Vec<usize> = dims.iter().map(|&size| if size == 0 { n } else { size }).collect();
    let constant = b.positive(&dims)?;
    let function = b.of(&[BinaryFn::Mul, BinaryFn::Add, BinaryFn::Sub, BinaryFn::Div]);
    let is_right = function == BinaryFn::Div || b.below(3) > 0;
    b.add(Binary(function), &if is_right { [x, constant] } else { [constant, x] })
}

fn batch_norm(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let n = channels(b, x)?;
    let mut operands = vec![x];
    for _ in 0..3 {
        operands.push(b.weight(DType::F32, &[n])?);
    }
    operands.push(b.positive(&[n])?);
    b.add(BatchNorm { epsilon: 1e-5 }, &operands)
}

fn pool(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let (kernel, stride) = b.of(&[(1, 1), (3, 1), (2, 2), (3, 2)]);
    let op = Pool {
        function: b.of(&[PoolFn::Max, PoolFn::Average]),
        kernel: vec![kernel; 2],
        strides: vec![stride; 2],
        pads: vec![kernel / 2; 4],
        dilations: vec![1; 2],
        ceil: b.coin(),
        count_include_pad: b.coin(),
        indices: false,
    };
    b.add(op, &[x])
}

/// Zeros around an image, and a convolution that reads them.
fn pad(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let mut pads = vec![0, 0];
    pads.extend(b.many(2, 0, 1));
    pads.extend([0, 0]);
    pads.extend(b.many(2, 0, 1));
    let value = b.of(&[0.0, 0.0, 0.5]);
    let padded = b.add(Pad { mode: PadMode::Constant, pads, value }, &[x])?;
    same_conv(b, padded, 2, 3)
}

fn copy(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|_| true)?;
    b.add(Identity {}, &[x])
}

/// Channels last, elementwise functions there, and channels first again; or not again.
fn turned(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let n = channels(b, x)?;
    let turned = b.add(Transpose { perm: vec![0, 2, 3, 1] }, &[x])?;
    let constant = b.weight(DType::F32, &[n])?;
    let function = b.of(&[BinaryFn::Add, BinaryFn::Mul]);
    let y = b.add(Binary(function), &[turned, constant])?;
    let y = activate(b, y)?;
    if b.below(4) > 0 { b.add(Transpose { perm: vec![0, 3, 1, 2] }, &[y]) } else { Some(y) }
}

/// An image's channels in two halves, of which one is worked on, put together again in some order.
fn split(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let n = channels(b, x)?;
    let first = if n > 1 { b.between(1, n - 1) } else { return None };
    let part = |starts: usize, counts: usize| Slice {
        axes: vec![1],
        starts: vec![starts],
        counts: vec![counts],
        steps: vec![1],
    };
    let low = b.add(part(0, first), &[x])?;
    let high = b.add(part(first, n - first), &[x])?;
    let high = if b.coin() { activate(b, high)? } else { high };
    let parts = if b.below(3) > 0 { [low, high] } else { [high, low] };
    b.add(Concat { axis: 1 }, &parts)
}

/// Global pool or none, flattened, one or two inner products, softmax.
fn classifier(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let ty = b.ty(x);
    let sizes: Vec<usize> = (1..4).map(|i| fixed(&ty, i)).collect::<Option<_>>()?;
    let flat = b.add(Reshape { shape: vec![0, -1] }, &[x])?;
    let n_in = sizes.iter().product();
    let y = inner_product(b, flat, n_in, 5)?;
    let y = activate(b, y)?;
    let y = if b.coin() { inner_product(b, y, 5, 4)? } else { y };
    // Of small numbers, since an exponential makes errors of large ones larger.
    let small = b.add(Unary(UnaryFn::Tanh {}), &[y])?;
    b.add(Softmax { axis: 1 }, &[small])
}

fn inner_product(b: &mut Builder, x: Value, n_in: usize, n_out: usize) -> Option<Value> {
    let trans_b = b.coin();
    let dims = if trans_b { [n_out, n_in] } else { [n_in, n_out] };
    let mut operands = vec![x, b.weight(DType::F32, &dims)?];
    if b.coin() {
        operands.push(b.weight(DType::F32, &[n_out])?);
    }
    b.add(Gemm { trans_a: false, trans_b }, &operands)
}

/// Arithmetic of constants only, added to an image.
fn constants(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let n = channels(b, x)?;
    let (p, q) = (b.weight(DType::F32, &[n, 1])?, b.weight(DType::F32, &[n, 1])?);
    let sum = b.add(Binary(BinaryFn::Add), &[p, q])?;
    let shaped = b.add(Reshape { shape: vec![-1, 1, 1] }, &[sum])?;
    b.add(Binary(BinaryFn::Add), &[x, shaped])
}

/// The same function of the same value twice.
fn duplicate(b: &mut Builder) -> Option<Value> {
    let x = b.pick(image)?;
    let (p, q) = (b.add(Unary(UnaryFn::Relu {}), &[x])?, b.add(Unary(UnaryFn::Relu {}), &[x])?);
    b.add(Binary(BinaryFn::Add), &[p, q])
}
