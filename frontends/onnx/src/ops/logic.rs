//! Functions of truth values and of bits.

use firebrick_ir::ops::BinaryFn;
use firebrick_ir::{DType, Tensor};

use super::arithmetic::operands;
use super::{NodeContext, Outputs};

/// And and BitwiseAnd.
pub(super) fn and(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    of_two(ctx, BinaryFn::And)
}

/// Or and BitwiseOr.
pub(super) fn or(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    of_two(ctx, BinaryFn::Or)
}

/// Xor and BitwiseXor.
pub(super) fn xor(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    of_two(ctx, BinaryFn::Xor)
}

/// Not and BitwiseNot: all bits turned.
pub(super) fn not(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let x = ctx.input(0)?;
    let ones = if ctx.ty(x).dtype == DType::Bool {
        ctx.constant("ones", Tensor::from_bools(&[], &[true]).map_err(|error| ctx.problem(error.to_string()))?)?
    } else {
        ctx.integer_like(x, "ones", -1)?
    };
    Ok(vec![ctx.binary(BinaryFn::Xor, x, ones)?.into()])
}

/// BitShift: bits moved up or down.
pub(super) fn bit_shift(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let directions = [("LEFT", BinaryFn::ShiftLeft), ("RIGHT", BinaryFn::ShiftRight)];
    let direction = ctx.word("direction", &directions)?;
    let function = ctx.required("direction", direction)?;
    of_two(ctx, function)
}

fn of_two(ctx: &mut NodeContext<'_, '_>, function: BinaryFn) -> Outputs {
    let (a, b) = operands(ctx)?;
    Ok(vec![ctx.binary(function, a, b)?.into()])
}
