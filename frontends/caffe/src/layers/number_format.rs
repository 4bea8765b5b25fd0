//! What Ristretto rounds numbers to, and the ops that do it.

use firebrick_ir::ops::{BinaryFn, Dequantize, Quantize, Rounding, UnaryFn};
use firebrick_ir::{DType, Tensor, Value};

use super::LayerContext;
use crate::problem::Problem;

/// What numbers are rounded to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum NumberFormat {
    /// They are left as they are.
    Float,
    /// Multiples of `step` from `low` to `high`, which are integers of `bits` bits.
    Fixed { bits: u32, step: f32, low: f32, high: f32 },
    /// Minifloats of so many bits, and a sign.
    Minifloat { mantissa: u32, exponent: u32 },
    /// Powers of two with exponents from `min` to `max`, and a sign.
    PowerOfTwo { min: i32, max: i32 },
}

impl NumberFormat {
    /// Numbers of so many bits in all, of which so many are a fraction: the step is 2 to the power of −`fraction`.
    pub(super) fn fixed(bits: u32, fraction: i32) -> Result<Self, String> {
        if !(1..=32).contains(&bits) {
            return Err(format!("numbers of {bits} bits: there should be from 1 to 32"));
        }
        let step = 2_f64.powi(fraction.saturating_neg());
        let half = 2_f64.powi(bits as i32 - 1);
        let [step, low, high] = [step, -half * step, (half - 1.0) * step].map(|x| x as f32);
        if !(step.is_normal() && step.recip().is_normal() && low.is_finite()) {
            let message =
                format!("fixed-point numbers of {bits} bits, {fraction} of them a fraction, are beyond those of f32");
            return Err(message);
        }
        Ok(NumberFormat::Fixed { bits, step, low, high })
    }

    /// The value, rounded. `what` it is names the results.
    pub(super) fn apply(self, ctx: &mut LayerContext<'_, '_>, what: &str, x: Value) -> Result<Value, Problem> {
        match self {
            NumberFormat::Float => Ok(x),
            NumberFormat::Fixed { bits, step, low, high } => {
                let (dtype, n_bits) = if bits <= 8 { (DType::I8, 8) } else { (DType::I16, 16) };
                // The integer's own limits are the format's, unless it has more bits.
                let is_limited = bits == n_bits;
                let x = if is_limited { x } else { ctx.unary(UnaryFn::Clip { min: low, max: high }, x)? };
                if bits <= n_bits { quantized(ctx, what, x, dtype, step) } else { stepped(ctx, x, step) }
            }
            NumberFormat::Minifloat { mantissa, exponent } => {
                let (mant_bits, exp_bits) = (mantissa as f32, exponent as f32);
                ctx.unary(UnaryFn::Minifloat { mant_bits, exp_bits }, x)
            }
            NumberFormat::PowerOfTwo { min, max } => {
                let (exp_min, exp_max) = (min as f32, max as f32);
                ctx.unary(UnaryFn::PowerOfTwo { exp_min, exp_max }, x)
            }
        }
    }
}

/// Integers of that type, and the numbers that they stand for.
fn quantized(ctx: &mut LayerContext<'_, '_>, what: &str, x: Value, dtype: DType, step: f32) -> Result<Value, Problem> {
    let scale = ctx.constant(&format!("{what}_scale"), Tensor::scalar(step))?;
    let quantize = Quantize { axis: 0, block: 0, dtype, saturate: true, rounding: Rounding::Away };
    let q = ctx.op(&format!("{what}_quantized"), quantize, &[x, scale])?;
    ctx.op(&format!("{what}_rounded"), Dequantize { axis: 0, block: 0 }, &[q, scale])
}

/// Multiples of the step that no integer of few bits counts.
fn stepped(ctx: &mut LayerContext<'_, '_>, x: Value, step: f32) -> Result<Value, Problem> {
    let steps = ctx.with_scalar(BinaryFn::Mul, x, step.recip())?;
    let whole = ctx.unary(UnaryFn::RoundAway {}, steps)?;
    ctx.with_scalar(BinaryFn::Mul, whole, step)
}
