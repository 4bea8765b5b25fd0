//! Functions of each element by itself.

use firebrick_ir::ops::{BinaryFn, Unary, UnaryFn};
use firebrick_schemas::caffe::{ELUParameter, EltwiseOp, ExpParameter, LogParameter, ReLUParameter};

use super::binary::{clip, eltwise, power};
use crate::context::Context;
use crate::layer::{Blob, param};
use crate::recombine::affine;
use crate::{Kind, Reason};

/// A function of one operand: a layer of its own, but for those that Power says.
pub(super) fn unary(ctx: &mut Context<'_, '_>, op: &Unary) -> Result<Blob, Reason> {
    let x = ctx.blob(0);
    let dims = ctx.dims(x);
    let layer = |ctx: &mut Context<'_, '_>, kind, param| Ok(ctx.layer(kind, param, &[x], &dims));
    match op.0 {
        UnaryFn::Abs {} => layer(ctx, Kind::AbsVal, param(|_| ())),
        // Caffe has the larger where the bounds are the wrong way round.
        UnaryFn::Clip { min, max } => Ok(clip(ctx, x, min.min(max), max)),
        UnaryFn::Elu { alpha } => {
            let alpha = (alpha != 1.0).then_some(alpha);
            let elu = alpha.map(|alpha| Box::new(ELUParameter { alpha: Some(alpha) }));
            layer(ctx, Kind::ELU, param(|p| p.elu_param = elu))
        }
        UnaryFn::Exp {} => Ok(exp(ctx)),
        UnaryFn::HardSigmoid { alpha, beta } => {
            let y = power(ctx, x, [alpha, beta, 1.0]);
            Ok(clip(ctx, y, 0.0, 1.0))
        }
        UnaryFn::HardSwish {} => {
            let y = power(ctx, x, [1.0 / 6.0, 0.5, 1.0]);
            let gate = clip(ctx, y, 0.0, 1.0);
            Ok(eltwise(ctx, EltwiseOp::Prod, &[x, gate], Vec::new()))
        }
        UnaryFn::LeakyRelu { alpha } => {
            let relu = ReLUParameter { negative_slope: Some(alpha), ..ReLUParameter::default() };
            layer(ctx, Kind::ReLU, param(|p| p.relu_param = Some(Box::new(relu))))
        }
        UnaryFn::Log {} => Ok(log(ctx)),
        UnaryFn::Mish {} => {
            let softplus = ctx.layer(Kind::BNLL, param(|_| ()), &[x], &dims);
            let gate = ctx.layer(Kind::TanH, param(|_| ()), &[softplus], &dims);
            Ok(eltwise(ctx, EltwiseOp::Prod, &[x, gate], Vec::new()))
        }
        UnaryFn::Neg {} => Ok(power(ctx, x, [-1.0, 0.0, 1.0])),
        UnaryFn::Relu {} => layer(ctx, Kind::ReLU, param(|_| ())),
        UnaryFn::Sigmoid {} => layer(ctx, Kind::Sigmoid, param(|_| ())),
        UnaryFn::Silu {} => {
            let gate = ctx.layer(Kind::Sigmoid, param(|_| ()), &[x], &dims);
            Ok(eltwise(ctx, EltwiseOp::Prod, &[x, gate], Vec::new()))
        }
        UnaryFn::Softplus {} => layer(ctx, Kind::BNLL, param(|_| ())),
        UnaryFn::Sqrt {} => Ok(power(ctx, x, [1.0, 0.0, 0.5])),
        UnaryFn::Tanh {} => layer(ctx, Kind::TanH, param(|_| ())),
        UnaryFn::Acos {} | UnaryFn::Acosh {} | UnaryFn::Asin {} | UnaryFn::Asinh {} => Err(Reason::NoLayer),
        UnaryFn::Atan {} | UnaryFn::Atanh {} | UnaryFn::Cos {} | UnaryFn::Cosh {} => Err(Reason::NoLayer),
        UnaryFn::Sin {} | UnaryFn::Sinh {} | UnaryFn::Tan {} => Err(Reason::NoLayer),
        UnaryFn::Ceil {} | UnaryFn::Floor {} | UnaryFn::Round {} | UnaryFn::Sign {} => Err(Reason::NoLayer),
        UnaryFn::Erf {} | UnaryFn::Gelu {} => Err(Reason::NoLayer),
        UnaryFn::Minifloat { .. } | UnaryFn::PowerOfTwo { .. } | UnaryFn::RoundAway {} => Err(Reason::Quantized),
    }
}

/// Exp, which may scale x first.
fn exp(ctx: &mut Context<'_, '_>) -> Blob {
    let x = ctx.operand(0);
    let (x, scale) = affine::by_scalar(ctx, x, BinaryFn::Mul).unwrap_or((x, 1.0));
    let exp = (scale != 1.0).then(|| Box::new(ExpParameter { scale: Some(scale), ..ExpParameter::default() }));
    let dims = ctx.dims(Blob::Value(x));
    ctx.layer(Kind::Exp, param(|p| p.exp_param = exp), &[Blob::Value(x)], &dims)
}

/// Log, which may scale and shift x first.
fn log(ctx: &mut Context<'_, '_>) -> Blob {
    let x = ctx.operand(0);
    let (x, shift) = affine::by_scalar(ctx, x, BinaryFn::Add).unwrap_or((x, 0.0));
    let (x, scale) = affine::by_scalar(ctx, x, BinaryFn::Mul).unwrap_or((x, 1.0));
    let log = LogParameter {
        scale: (scale != 1.0).then_some(scale),
        shift: (shift != 0.0).then_some(shift),
        ..LogParameter::default()
    };
    let log = (log != LogParameter::default()).then(|| Box::new(log));
    let dims = ctx.dims(Blob::Value(x));
    ctx.layer(Kind::Log, param(|p| p.log_param = log), &[Blob::Value(x)], &dims)
}
