//! Elementwise functions of one operand.

use firebrick_ir::DType;
use firebrick_ir::ops::{Bitcast, Cast, Unary, UnaryFn};

use crate::attr::{self, Attr};
use crate::elements::data_type;
use crate::lower::{Arg, Lowered, Lowering, Reason};

pub(super) fn unary(l: &mut Lowering<'_>, op: &Unary) -> Lowered {
    let x = l.arg(0);
    Ok(vec![apply(l, op.0, x)?])
}

/// A function of a value.
pub(super) fn apply(l: &mut Lowering<'_>, function: UnaryFn, x: Arg) -> Result<Arg, Reason> {
    let (name, attrs): (&'static str, Vec<Attr>) = match function {
        UnaryFn::Abs {} => ("Abs", vec![]),
        UnaryFn::Acos {} => ("Acos", vec![]),
        UnaryFn::Acosh {} => ("Acosh", vec![]),
        UnaryFn::Asin {} => ("Asin", vec![]),
        UnaryFn::Asinh {} => ("Asinh", vec![]),
        UnaryFn::Atan {} => ("Atan", vec![]),
        UnaryFn::Atanh {} => ("Atanh", vec![]),
        UnaryFn::Ceil {} => ("Ceil", vec![]),
        UnaryFn::Clip { min, max } => return clip(l, x, min, max),
        UnaryFn::Cos {} => ("Cos", vec![]),
        UnaryFn::Cosh {} => ("Cosh", vec![]),
        UnaryFn::Elu { alpha } => ("Elu", vec![attr::float("alpha", alpha)]),
        UnaryFn::Erf {} => ("Erf", vec![]),
        UnaryFn::Exp {} => ("Exp", vec![]),
        UnaryFn::Floor {} => ("Floor", vec![]),
        UnaryFn::Gelu {} if l.version() < 20 => return gelu(l, x),
        UnaryFn::Gelu {} => ("Gelu", vec![]),
        UnaryFn::HardSigmoid { alpha, beta } => {
            ("HardSigmoid", vec![attr::float("alpha", alpha), attr::float("beta", beta)])
        }
        UnaryFn::HardSwish {} if l.version() < 14 => {
            let limits = vec![attr::float("alpha", 1.0 / 6.0), attr::float("beta", 0.5)];
            let factor = l.same("HardSigmoid", std::slice::from_ref(&x), limits)?;
            return l.same("Mul", &[x, factor], vec![]);
        }
        UnaryFn::HardSwish {} => ("HardSwish", vec![]),
        UnaryFn::LeakyRelu { alpha } => ("LeakyRelu", vec![attr::float("alpha", alpha)]),
        UnaryFn::Log {} => ("Log", vec![]),
        UnaryFn::Minifloat { .. } | UnaryFn::PowerOfTwo { .. } => {
            return Err("ONNX has no operator for Ristretto's minifloats and powers of two".to_owned());
        }
        UnaryFn::Mish {} if l.version() < 18 => {
            let soft = l.same("Softplus", std::slice::from_ref(&x), vec![])?;
            let factor = l.same("Tanh", &[soft], vec![])?;
            return l.same("Mul", &[x, factor], vec![]);
        }
        UnaryFn::Mish {} => ("Mish", vec![]),
        UnaryFn::Neg {} => ("Neg", vec![]),
        UnaryFn::Relu {} => ("Relu", vec![]),
        UnaryFn::Round {} => ("Round", vec![]),
        UnaryFn::RoundAway {} => return round_away(l, x),
        UnaryFn::Sigmoid {} => ("Sigmoid", vec![]),
        UnaryFn::Sign {} => ("Sign", vec![]),
        // Swish is an operator since set 24; its parts say the same everywhere.
        UnaryFn::Silu {} => {
            let factor = l.same("Sigmoid", std::slice::from_ref(&x), vec![])?;
            return l.same("Mul", &[x, factor], vec![]);
        }
        UnaryFn::Sin {} => ("Sin", vec![]),
        UnaryFn::Sinh {} => ("Sinh", vec![]),
        UnaryFn::Softplus {} => ("Softplus", vec![]),
        UnaryFn::Sqrt {} => ("Sqrt", vec![]),
        UnaryFn::Tan {} => ("Tan", vec![]),
        UnaryFn::Tanh {} => ("Tanh", vec![]),
    };
    l.same(name, &[x], attrs)
}

/// `x (1 + erf(x / √2)) / 2`, before there was an operator for it.
fn gelu(l: &mut Lowering<'_>, x: Arg) -> Result<Arg, Reason> {
    let share = l.scalar("share", std::f32::consts::FRAC_1_SQRT_2, x.dtype)?;
    let (one, half) = (l.scalar("one", 1.0, x.dtype)?, l.scalar("half", 0.5, x.dtype)?);
    let scaled = l.same("Mul", &[x.clone(), share], vec![])?;
    let erf = l.same("Erf", &[scaled], vec![])?;
    let sum = l.same("Add", &[erf, one], vec![])?;
    let halved = l.same("Mul", &[x, half], vec![])?;
    l.same("Mul", &[halved, sum], vec![])
}

/// `sign(x) * (⌊|x|⌋ + [|x| − ⌊|x|⌋ ≥ 1/2])`, each step of which is exact.
fn round_away(l: &mut Lowering<'_>, x: Arg) -> Result<Arg, Reason> {
    let half = l.scalar("half", 0.5, x.dtype)?;
    let magnitude = l.same("Abs", std::slice::from_ref(&x), vec![])?;
    let whole = l.same("Floor", std::slice::from_ref(&magnitude), vec![])?;
    let rest = l.same("Sub", &[magnitude, whole.clone()], vec![])?;
    let below = l.emit("Less", &[rest, half], vec![], DType::Bool)?;
    let up = l.emit("Not", &[below], vec![], DType::Bool)?;
    let up = l.cast_with(&up, x.dtype, true)?;
    let rounded = l.same("Add", &[whole, up], vec![])?;
    let sign = l.same("Sign", &[x], vec![])?;
    l.same("Mul", &[rounded, sign], vec![])
}

/// Limits are attributes up to operator set 10, then operands. An infinite one is none.
fn clip(l: &mut Lowering<'_>, x: Arg, min: f32, max: f32) -> Result<Arg, Reason> {
    let (low, high) = (min > f32::NEG_INFINITY, max < f32::INFINITY);
    if l.version() < 11 {
        let attrs = [(low, "min", min), (high, "max", max)];
        let attrs =
            attrs.into_iter().filter(|(is_limit, ..)| *is_limit).map(|(_, name, value)| attr::float(name, value));
        return l.same("Clip", &[x], attrs.collect());
    }
    let min = if low { l.scalar("min", min, x.dtype)? } else { Arg::absent() };
    let max = if high { l.scalar("max", max, x.dtype)? } else { Arg::absent() };
    l.same("Clip", &[x, min, max], vec![])
}

pub(super) fn cast(l: &mut Lowering<'_>, op: &Cast) -> Lowered {
    let x = l.arg(0);
    Ok(vec![l.cast_with(&x, op.dtype, op.saturate)?])
}

/// BitCast.
pub(super) fn bitcast(l: &mut Lowering<'_>, op: &Bitcast) -> Lowered {
    let x = l.arg(0);
    let to = attr::int("to", data_type(op.dtype) as i64);
    Ok(vec![l.emit("BitCast", &[x], vec![to], op.dtype)?])
}

pub(super) fn identity(l: &mut Lowering<'_>) -> Lowered {
    let x = l.arg(0);
    Ok(vec![l.same("Identity", &[x], vec![])?])
}
