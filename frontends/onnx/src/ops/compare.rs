//! Comparisons.

use firebrick_ir::ops::{BinaryFn, UnaryFn};
use firebrick_ir::{DType, Value};

use super::arithmetic::operands;
use super::cast::cast_to;
use super::{NodeContext, Outputs, Stop};

/// Equal: a = b.
pub(super) fn equal(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (a, b) = operands(ctx)?;
    Ok(vec![ctx.binary(BinaryFn::Equal, a, b)?.into()])
}

/// Greater: a > b.
pub(super) fn greater(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (a, b) = operands(ctx)?;
    Ok(vec![ctx.binary(BinaryFn::Greater, a, b)?.into()])
}

/// GreaterOrEqual: a ≥ b.
pub(super) fn greater_or_equal(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (a, b) = operands(ctx)?;
    Ok(vec![ctx.binary(BinaryFn::GreaterEqual, a, b)?.into()])
}

/// Less: a < b.
pub(super) fn less(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (a, b) = operands(ctx)?;
    Ok(vec![ctx.binary(BinaryFn::Greater, b, a)?.into()])
}

/// LessOrEqual: a ≤ b.
pub(super) fn less_or_equal(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (a, b) = operands(ctx)?;
    Ok(vec![ctx.binary(BinaryFn::GreaterEqual, b, a)?.into()])
}

/// IsNaN: whether x differs from itself.
pub(super) fn is_nan(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let x = float(ctx)?;
    let is_number = ctx.binary(BinaryFn::Equal, x, x)?;
    let always = ctx.scalar_like(is_number, "always", 1.0)?;
    Ok(vec![ctx.binary(BinaryFn::Xor, is_number, always)?.into()])
}

/// IsInf: whether x is infinite, of either sign or of one.
pub(super) fn is_inf(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (negative, positive) = (ctx.flag("detect_negative", true)?, ctx.flag("detect_positive", true)?);
    let x = float(ctx)?;
    let result = match (negative, positive) {
        (true, true) => {
            let size = ctx.unary(UnaryFn::Abs {}, x)?;
            with_infinity(ctx, BinaryFn::Equal, size, f32::INFINITY)?
        }
        (false, true) => with_infinity(ctx, BinaryFn::Equal, x, f32::INFINITY)?,
        (true, false) => with_infinity(ctx, BinaryFn::Equal, x, f32::NEG_INFINITY)?,
        // Nothing is larger.
        (false, false) => with_infinity(ctx, BinaryFn::Greater, x, f32::INFINITY)?,
    };
    Ok(vec![result.into()])
}

fn with_infinity(ctx: &mut NodeContext<'_, '_>, function: BinaryFn, x: Value, infinity: f32) -> Result<Value, Stop> {
    let infinity = ctx.scalar_like(x, "infinity", infinity)?;
    ctx.binary(function, x, infinity)
}

/// The input, as f32 if its type has no arithmetic.
fn float(ctx: &mut NodeContext<'_, '_>) -> Result<Value, Stop> {
    let x = ctx.input(0)?;
    if ctx.ty(x).dtype.is_float() { Ok(x) } else { cast_to(ctx, "float", x, DType::F32) }
}
