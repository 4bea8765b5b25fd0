//! Steps that add fused ops.

use super::build::Builder;
use super::steps::{any_conv, any_conv_transpose, any_gemm, any_unary, fixed, float};
use crate::ops::{BinaryFn, Branch, BranchConv, Epilogue, Expand, Fused, Fusible, Step};
use crate::{Dim, Op, Type, Value};

pub(super) fn fused(b: &mut Builder) -> Option<Value> {
    match b.below(3) {
        0 => {
            let (op, operands) = any_conv(b)?;
            fuse(b, op, operands)
        }
        1 => {
            let (op, operands) = any_conv_transpose(b)?;
            fuse(b, op, operands)
        }
        _ => {
            let (op, operands) = any_gemm(b)?;
            fuse(b, op, operands)
        }
    }
}

fn fuse<T: Fusible>(b: &mut Builder, op: T, mut operands: Vec<Value>) -> Option<Value>
where
    Op: From<Fused<T>>,
{
    let types: Vec<Type> = operands.iter().map(|&value| b.ty(value)).collect();
    let result = op.infer(&types.iter().collect::<Vec<_>>()).ok()?.into_iter().next()?;
    let mut epilogue = Epilogue(vec![step(b, &result, &mut operands)?]);
    if b.coin() {
        epilogue.0.push(step(b, &result, &mut operands)?);
    }
    b.add(Fused { op, epilogue }, &operands)
}

/// A step that keeps the type; its operand, if it has one, is added.
fn step(b: &mut Builder, ty: &Type, operands: &mut Vec<Value>) -> Option<Step> {
    if b.coin() {
        return any_unary(b).map(Step::Unary);
    }
    let function = b.of(&[BinaryFn::Add, BinaryFn::Prelu, BinaryFn::Mul, BinaryFn::Max]);
    let same = b.pick(|other| other == ty).filter(|_| b.coin());
    let operand = match same {
        Some(value) => value,
        None => {
            let channels = fixed(ty, 1)?;
            let dims: Vec<usize> = std::iter::once(channels).chain((2..ty.shape.rank()).map(|_| 1)).collect();
            b.weight(ty.dtype, &dims)?
        }
    };
    operands.push(operand);
    Some(Step::Binary(function))
}

/// Branches that keep the size, or halve it.
pub(super) fn expand(b: &mut Builder) -> Option<Value> {
    let x = b.pick(float(3..=5))?;
    let ty = b.ty(x);
    let (n_spatial, channels, stride) = (ty.shape.rank() - 2, fixed(&ty, 1)?, b.between(1, 2));
    let mut operands = vec![x];
    let mut branches = Vec::new();
    for _ in 0..b.between(1, 3) {
        let (group, radius, dilation) = (b.of(&[1, 1, channels]), b.below(2), b.between(1, 2));
        let outputs = group.checked_mul(b.between(1, 2))?;
        let mut dims = vec![outputs, channels.checked_div(group)?];
        dims.extend(vec![2 * radius + 1; n_spatial]);
        operands.extend([b.weight(ty.dtype, &dims)?, b.weight(ty.dtype, &[outputs])?]);
        branches.push(Branch::Conv(BranchConv {
            pads: vec![radius * dilation; 2 * n_spatial],
            dilations: vec![dilation; n_spatial],
            group,
            activation: if b.coin() { any_unary(b) } else { None },
        }));
    }
    if b.coin() {
        let size = |dim: &Dim| dim.fixed().map(|n| n.div_ceil(stride as u64));
        let fits = |other: &Type| {
            let same_rank = other.shape.rank() == ty.shape.rank() && other.dtype == ty.dtype;
            same_rank
                && other.shape.0[0] == ty.shape.0[0]
                && (2..other.shape.rank()).all(|i| other.shape.0[i].fixed() == size(&ty.shape.0[i]))
        };
        operands.push(b.pick(fits)?);
        branches.push(Branch::Copy);
    }
    let epilogue = Epilogue(if b.coin() { vec![any_unary(b).map(Step::Unary)?] } else { Vec::new() });
    b.add(Expand { strides: vec![stride; n_spatial], branches, epilogue }, &operands)
}
