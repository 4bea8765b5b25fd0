//! eˣ and what is made of it, on one number or four at once.
//!
//! With n the integer nearest to x / ln 2 and r = x − n ln 2, eˣ = 2ⁿ eʳ, and |r| is so small that seven terms of the
//! series of eʳ are exact to the last digit of f32.

use cranelift_codegen::ir::types::{F32, F32X4, I32, I32X4};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData as MemFlags, Type, Value};
use cranelift_module::Module;

use super::functions::clip;
use super::numbers::constant;
use crate::emit::Code;

/// A number so large that its last digit counts ones: what is added to it is rounded to an integer.
const ROUNDING: f32 = 12_582_912.0;

/// ln 2 in two parts, the first of few digits, so that its multiples are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// The bits of 1.0.
const ONE: i64 = 0x3f80_0000;

/// Digits behind the point.
const MANTISSA: i64 = 23;

/// 2ⁿ as two factors, either of which is a normal number, and eʳ − 1.
struct Parts {
    scales: [Value; 2],
    rest: Value,
}

/// The type of integers that are as wide as a value.
fn integers<M: Module>(code: &Code<'_, M>, x: Value) -> Type {
    if code.builder.func.dfg.value_type(x) == F32 { I32 } else { I32X4 }
}

fn reals(integers: Type) -> Type {
    if integers == I32 { F32 } else { F32X4 }
}

fn integer<M: Module>(code: &mut Code<'_, M>, n: i64, ty: Type) -> Value {
    let one = code.builder.ins().iconst(I32, n);
    if ty == I32 { one } else { code.builder.ins().splat(I32X4, one) }
}

fn parts<M: Module>(code: &mut Code<'_, M>, x: Value) -> Parts {
    let ty = integers(code, x);
    let [per_ln_2, rounding] = [std::f32::consts::LOG2_E, ROUNDING].map(|number| constant(code, number, x));
    let scaled = code.builder.ins().fmul(x, per_ln_2);
    let shifted = code.builder.ins().fadd(scaled, rounding);
    let n = code.builder.ins().fsub(shifted, rounding);
    let mut r = x;
    for part in LN_2 {
        let part = constant(code, part, x);
        let multiple = code.builder.ins().fmul(n, part);
        r = code.builder.ins().fsub(r, multiple);
    }
    // (((r / 7 + 1) r / 6 + 1) … + 1) r
    let one = constant(code, 1.0, x);
    let mut rest = one;
    for divisor in (2..=7u8).rev() {
        let factor = constant(code, 1.0 / f32::from(divisor), x);
        let step = code.builder.ins().fmul(r, factor);
        let term = code.builder.ins().fmul(rest, step);
        rest = code.builder.ins().fadd(term, one);
    }
    let rest = code.builder.ins().fmul(rest, r);

    let bits = |code: &mut Code<'_, M>, x: Value| code.builder.ins().bitcast(ty, MemFlags::new(), x);
    let (shifted, rounding) = (bits(code, shifted), bits(code, rounding));
    let n = code.builder.ins().isub(shifted, rounding);
    let half = code.builder.ins().sshr_imm_u(n, 1);
    let other = code.builder.ins().isub(n, half);
    let one = integer(code, ONE, ty);
    let scales = [half, other].map(|n| {
        let exponent = code.builder.ins().ishl_imm_u(n, MANTISSA);
        let power = code.builder.ins().iadd(exponent, one);
        code.builder.ins().bitcast(reals(ty), MemFlags::new(), power)
    });
    Parts { scales, rest }
}

/// eˣ
pub(super) fn exp<M: Module>(code: &mut Code<'_, M>, x: Value) -> Value {
    // Beyond, the result is 0 or infinite.
    let x = clip(code, x, -105.0, 90.0);
    let Parts { scales, rest } = parts(code, x);
    let one = constant(code, 1.0, x);
    let mantissa = code.builder.ins().fadd(rest, one);
    let scaled = code.builder.ins().fmul(mantissa, scales[0]);
    code.builder.ins().fmul(scaled, scales[1])
}

/// eˣ − 1, for x up to 40
pub(super) fn exp_m1<M: Module>(code: &mut Code<'_, M>, x: Value) -> Value {
    // Beyond, the result is -1.
    let x = clip(code, x, -40.0, 40.0);
    let Parts { scales, rest } = parts(code, x);
    let scale = code.builder.ins().fmul(scales[0], scales[1]);
    let one = constant(code, 1.0, x);
    let whole = code.builder.ins().fsub(scale, one);
    let scaled = code.builder.ins().fmul(rest, scale);
    code.builder.ins().fadd(scaled, whole)
}

/// 1 / (1 + e⁻ˣ)
pub(super) fn sigmoid<M: Module>(code: &mut Code<'_, M>, x: Value) -> Value {
    let one = constant(code, 1.0, x);
    let divisor = sigmoid_divisor(code, x);
    code.builder.ins().fdiv(one, divisor)
}

/// x / (1 + e⁻ˣ)
pub(super) fn silu<M: Module>(code: &mut Code<'_, M>, x: Value) -> Value {
    let divisor = sigmoid_divisor(code, x);
    code.builder.ins().fdiv(x, divisor)
}

fn sigmoid_divisor<M: Module>(code: &mut Code<'_, M>, x: Value) -> Value {
    let one = constant(code, 1.0, x);
    let negative = code.builder.ins().fneg(x);
    let power = exp(code, negative);
    code.builder.ins().fadd(power, one)
}

/// Hyperbolic tangent: with p = e²ˣ − 1, p / (p + 2).
pub(super) fn tanh<M: Module>(code: &mut Code<'_, M>, x: Value) -> Value {
    let double = code.builder.ins().fadd(x, x);
    let power = exp_m1(code, double);
    let two = constant(code, 2.0, x);
    let divisor = code.builder.ins().fadd(power, two);
    code.builder.ins().fdiv(power, divisor)
}

/// x tanh(ln(1 + eˣ)): with q = eˣ (eˣ + 2), x q / (q + 2).
pub(super) fn mish<M: Module>(code: &mut Code<'_, M>, x: Value) -> Value {
    // Beyond, the result is x; below, so close to 0 that it is one of the smallest numbers.
    let limited = clip(code, x, -105.0, 20.0);
    let power = exp(code, limited);
    let two = constant(code, 2.0, x);
    let factor = code.builder.ins().fadd(power, two);
    let q = code.builder.ins().fmul(power, factor);
    let divisor = code.builder.ins().fadd(q, two);
    let part = code.builder.ins().fdiv(q, divisor);
    code.builder.ins().fmul(x, part)
}
