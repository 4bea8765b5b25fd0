//! Elementwise functions as instructions.

use cranelift_codegen::ir::{InstBuilder, Value};
use cranelift_module::{FuncId, Module};
use firebrick_ir::ops::{BinaryFn, UnaryFn};

use super::exponential;
use super::numbers::{self, constant, is_above, select};
use crate::CompileError;
use crate::emit::{Code, Helper};

/// How a function of one operand is computed.
#[derive(Debug, Clone, Copy)]
enum Unary {
    Abs,
    Ceil,
    Clip {
        min: f32,
        max: f32,
    },
    Elu {
        alpha: f32,
    },
    Exp,
    Floor,
    HardSigmoid {
        alpha: f32,
        beta: f32,
    },
    HardSwish,
    LeakyRelu {
        alpha: f32,
    },
    Mish,
    Neg,
    Relu,
    Round,
    RoundAway,
    Sigmoid,
    Silu,
    Sqrt,
    Tanh,
    /// By the runtime.
    Call(Helper),
    /// By the runtime, from the parameters too.
    CallWith(Helper, [f32; 2]),
}

/// How a function of two operands is computed.
#[derive(Debug, Clone, Copy)]
enum Binary {
    Add,
    Div,
    Max,
    Min,
    Mul,
    Prelu,
    Sub,
    /// By the runtime.
    Call(Helper),
}

fn of_unary(function: UnaryFn) -> Unary {
    match function {
        UnaryFn::Abs {} => Unary::Abs,
        UnaryFn::Ceil {} => Unary::Ceil,
        UnaryFn::Clip { min, max } => Unary::Clip { min, max },
        UnaryFn::Elu { alpha } => Unary::Elu { alpha },
        UnaryFn::Erf {} => Unary::Call(Helper::Erf),
        UnaryFn::Exp {} => Unary::Exp,
        UnaryFn::Floor {} => Unary::Floor,
        UnaryFn::Gelu {} => Unary::Call(Helper::Gelu),
        UnaryFn::HardSigmoid { alpha, beta } => Unary::HardSigmoid { alpha, beta },
        UnaryFn::HardSwish {} => Unary::HardSwish,
        UnaryFn::LeakyRelu { alpha } => Unary::LeakyRelu { alpha },
        UnaryFn::Log {} => Unary::Call(Helper::Log),
        UnaryFn::Minifloat { mant_bits, exp_bits } => Unary::CallWith(Helper::Minifloat, [mant_bits, exp_bits]),
        UnaryFn::Mish {} => Unary::Mish,
        UnaryFn::Neg {} => Unary::Neg,
        UnaryFn::PowerOfTwo { exp_min, exp_max } => Unary::CallWith(Helper::PowerOfTwo, [exp_min, exp_max]),
        UnaryFn::Relu {} => Unary::Relu,
        UnaryFn::Round {} => Unary::Round,
        UnaryFn::RoundAway {} => Unary::RoundAway,
        UnaryFn::Sigmoid {} => Unary::Sigmoid,
        UnaryFn::Silu {} => Unary::Silu,
        UnaryFn::Softplus {} => Unary::Call(Helper::Softplus),
        UnaryFn::Sqrt {} => Unary::Sqrt,
        UnaryFn::Tanh {} => Unary::Tanh,
        UnaryFn::Acos {} => Unary::Call(Helper::Acos),
        UnaryFn::Acosh {} => Unary::Call(Helper::Acosh),
        UnaryFn::Asin {} => Unary::Call(Helper::Asin),
        UnaryFn::Asinh {} => Unary::Call(Helper::Asinh),
        UnaryFn::Atan {} => Unary::Call(Helper::Atan),
        UnaryFn::Atanh {} => Unary::Call(Helper::Atanh),
        UnaryFn::Cos {} => Unary::Call(Helper::Cos),
        UnaryFn::Cosh {} => Unary::Call(Helper::Cosh),
        UnaryFn::Sign {} => Unary::Call(Helper::Sign),
        UnaryFn::Sin {} => Unary::Call(Helper::Sin),
        UnaryFn::Sinh {} => Unary::Call(Helper::Sinh),
        UnaryFn::Tan {} => Unary::Call(Helper::Tan),
    }
}

/// `None` for functions that are left to the reference evaluator.
fn of_binary(function: BinaryFn) -> Option<Binary> {
    match function {
        BinaryFn::Add => Some(Binary::Add),
        BinaryFn::Div => Some(Binary::Div),
        BinaryFn::Max => Some(Binary::Max),
        BinaryFn::Min => Some(Binary::Min),
        BinaryFn::Mul => Some(Binary::Mul),
        BinaryFn::Mod => Some(Binary::Call(Helper::Mod)),
        BinaryFn::Pow => Some(Binary::Call(Helper::Pow)),
        BinaryFn::Rem => Some(Binary::Call(Helper::Rem)),
        BinaryFn::Prelu => Some(Binary::Prelu),
        BinaryFn::Sub => Some(Binary::Sub),
        BinaryFn::And
        | BinaryFn::Equal
        | BinaryFn::Greater
        | BinaryFn::GreaterEqual
        | BinaryFn::Or
        | BinaryFn::ShiftLeft
        | BinaryFn::ShiftRight
        | BinaryFn::Xor => None,
    }
}

/// Whether there is code for a function.
pub(super) fn has_binary(function: BinaryFn) -> bool {
    of_binary(function).is_some()
}

/// Declares what a function calls.
pub(super) fn declare_unary<M: Module>(
    code: &mut Code<'_, M>,
    function: UnaryFn,
) -> Result<Option<FuncId>, CompileError> {
    let (Unary::Call(helper) | Unary::CallWith(helper, _)) = of_unary(function) else { return Ok(None) };
    code.helper(helper).map(Some)
}

/// Declares what a function calls.
pub(super) fn declare_binary<M: Module>(
    code: &mut Code<'_, M>,
    function: BinaryFn,
) -> Result<Option<FuncId>, CompileError> {
    match of_binary(function) {
        Some(Binary::Call(helper)) => code.helper(helper).map(Some),
        Some(Binary::Add | Binary::Div | Binary::Max | Binary::Min | Binary::Mul | Binary::Prelu | Binary::Sub)
        | None => Ok(None),
    }
}

/// A function's value, as the evaluator defines it.
pub(super) fn unary<M: Module>(code: &mut Code<'_, M>, function: UnaryFn, x: Value, callee: Option<FuncId>) -> Value {
    match of_unary(function) {
        Unary::Abs => code.builder.ins().fabs(x),
        Unary::Call(_) => callee.map_or(x, |callee| numbers::call(code, callee, &[x])),
        Unary::CallWith(_, parameters) => {
            let [a, b] = parameters.map(|parameter| constant(code, parameter, x));
            callee.map_or(x, |callee| numbers::call(code, callee, &[x, a, b]))
        }
        Unary::Ceil => code.builder.ins().ceil(x),
        Unary::Clip { min, max } => clip(code, x, min, max),
        Unary::Elu { alpha } => {
            let power = exponential::exp_m1(code, x);
            let below = scale(code, power, alpha);
            where_positive(code, x, below)
        }
        Unary::Exp => exponential::exp(code, x),
        Unary::Floor => code.builder.ins().floor(x),
        Unary::HardSigmoid { alpha, beta } => {
            let scaled = scale(code, x, alpha);
            let beta = constant(code, beta, x);
            let line = code.builder.ins().fadd(scaled, beta);
            clip(code, line, 0.0, 1.0)
        }
        Unary::HardSwish => {
            let (three, six) = (constant(code, 3.0, x), constant(code, 6.0, x));
            let moved = code.builder.ins().fadd(x, three);
            let line = code.builder.ins().fdiv(moved, six);
            let factor = clip(code, line, 0.0, 1.0);
            code.builder.ins().fmul(x, factor)
        }
        Unary::LeakyRelu { alpha } => {
            let below = scale(code, x, alpha);
            where_positive(code, x, below)
        }
        Unary::Mish => exponential::mish(code, x),
        Unary::Neg => code.builder.ins().fneg(x),
        Unary::Relu => {
            let zero = constant(code, 0.0, x);
            let is_negative = is_above(code, zero, x);
            select(code, is_negative, zero, x)
        }
        Unary::Round => code.builder.ins().nearest(x),
        Unary::RoundAway => round_away(code, x),
        Unary::Sigmoid => exponential::sigmoid(code, x),
        Unary::Silu => exponential::silu(code, x),
        Unary::Sqrt => code.builder.ins().sqrt(x),
        Unary::Tanh => exponential::tanh(code, x),
    }
}

/// A function's value, as the evaluator defines it.
pub(super) fn binary<M: Module>(
    code: &mut Code<'_, M>,
    function: BinaryFn,
    a: Value,
    b: Value,
    callee: Option<FuncId>,
) -> Value {
    let Some(formula) = of_binary(function) else { return a };
    match formula {
        Binary::Add => code.builder.ins().fadd(a, b),
        Binary::Call(_) => callee.map_or(a, |callee| numbers::call(code, callee, &[a, b])),
        Binary::Div => code.builder.ins().fdiv(a, b),
        Binary::Max => code.builder.ins().fmax(a, b),
        Binary::Min => code.builder.ins().fmin(a, b),
        Binary::Mul => code.builder.ins().fmul(a, b),
        Binary::Prelu => {
            let below = code.builder.ins().fmul(a, b);
            where_positive(code, a, below)
        }
        Binary::Sub => code.builder.ins().fsub(a, b),
    }
}

/// The nearest integer, of two the one farther from 0.
fn round_away<M: Module>(code: &mut Code<'_, M>, x: Value) -> Value {
    let whole = code.builder.ins().trunc(x);
    let rest = code.builder.ins().fsub(x, whole); // exactly
    let rest = code.builder.ins().fabs(rest);
    let below_half = constant(code, 0.5_f32.next_down(), x);
    let is_up = is_above(code, rest, below_half);
    let (zero, one, minus_one) = (constant(code, 0.0, x), constant(code, 1.0, x), constant(code, -1.0, x));
    let is_negative = is_above(code, zero, x);
    let step = select(code, is_negative, minus_one, one);
    let next = code.builder.ins().fadd(whole, step);
    select(code, is_up, next, whole)
}

/// `x` where it is above 0, else `otherwise`.
fn where_positive<M: Module>(code: &mut Code<'_, M>, x: Value, otherwise: Value) -> Value {
    let zero = constant(code, 0.0, x);
    let is_positive = is_above(code, x, zero);
    select(code, is_positive, x, otherwise)
}

fn scale<M: Module>(code: &mut Code<'_, M>, x: Value, factor: f32) -> Value {
    let factor = constant(code, factor, x);
    code.builder.ins().fmul(factor, x)
}

/// `x` limited to `min..=max`; a NaN stays one.
pub(super) fn clip<M: Module>(code: &mut Code<'_, M>, x: Value, min: f32, max: f32) -> Value {
    let (min, max) = (constant(code, min, x), constant(code, max, x));
    let is_below = is_above(code, min, x);
    let x = select(code, is_below, min, x);
    let is_beyond = is_above(code, x, max);
    select(code, is_beyond, max, x)
}
