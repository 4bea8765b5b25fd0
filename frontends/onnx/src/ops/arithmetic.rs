//! Arithmetic of two values or more.

use firebrick_ir::ops::{BinaryFn, Cast};
use firebrick_ir::{DType, Op, Value};

use super::cast::cast_to;
use super::{NodeContext, Outputs, Stop};

/// Add: a + b.
pub(super) fn add(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    of_two(ctx, BinaryFn::Add)
}

/// Div: a / b; integers are rounded towards zero.
pub(super) fn div(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    of_two(ctx, BinaryFn::Div)
}

/// Mul: a b.
pub(super) fn mul(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    of_two(ctx, BinaryFn::Mul)
}

/// Sub: a − b.
pub(super) fn sub(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    of_two(ctx, BinaryFn::Sub)
}

/// Max: the largest of several values, element by element.
pub(super) fn max(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    Ok(vec![of_many(ctx, BinaryFn::Max)?.into()])
}

/// Min: the smallest of several values, element by element.
pub(super) fn min(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    Ok(vec![of_many(ctx, BinaryFn::Min)?.into()])
}

/// Sum: of several values, element by element.
pub(super) fn sum(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    Ok(vec![of_many(ctx, BinaryFn::Add)?.into()])
}

/// Mean: of several values, element by element.
pub(super) fn mean(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let sum = of_many(ctx, BinaryFn::Add)?;
    let n_inputs = ctx.n_inputs() as f32;
    Ok(vec![ctx.with_scalar(BinaryFn::Div, sum, n_inputs)?.into()])
}

/// Mod: what is left of a / b, with b's sign or, with `fmod`, a's.
pub(super) fn modulo(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let function = if ctx.flag("fmod", false)? { BinaryFn::Rem } else { BinaryFn::Mod };
    of_two(ctx, function)
}

/// Pow: aᵇ in a's element type, whatever b's is.
pub(super) fn pow(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (a, b) = operands(ctx)?;
    let (base, exponent) = (ctx.ty(a).dtype, ctx.ty(b).dtype);
    if base == exponent {
        return Ok(vec![ctx.binary(BinaryFn::Pow, a, b)?.into()]);
    }
    if base.is_float() && is_small(ctx, b) {
        let b = cast_to(ctx, "exponent", b, base)?;
        return Ok(vec![ctx.binary(BinaryFn::Pow, a, b)?.into()]);
    }
    // Integers are multiplied as integers, whose low bits don't depend on the width; all else has room in doubles.
    let wide = if base.is_integer() && exponent.is_integer() { DType::I64 } else { DType::F64 };
    let (a, b) = (cast_to(ctx, "base", a, wide)?, cast_to(ctx, "exponent", b, wide)?);
    let power = ctx.binary(BinaryFn::Pow, a, b)?;
    Ok(vec![cast_to(ctx, "power", power, base)?.into()])
}

/// Whether a value is known, and has integers only that every floating-point type holds.
fn is_small(ctx: &mut NodeContext<'_, '_>, value: Value) -> bool {
    let Some(tensor) = ctx.known_value(value).filter(|tensor| tensor.dtype().is_integer()) else { return false };
    let wide = Op::from(Cast::to(DType::I64)).eval(&[&tensor]);
    let wide = wide.ok().and_then(|wide| Some(wide.first()?.values::<i64>().ok()?.into_owned()));
    wide.is_some_and(|numbers| numbers.iter().all(|n| n.unsigned_abs() <= 256))
}

fn of_two(ctx: &mut NodeContext<'_, '_>, function: BinaryFn) -> Outputs {
    let (a, b) = operands(ctx)?;
    Ok(vec![ctx.binary(function, a, b)?.into()])
}

/// The two operands, ready to be broadcast as NumPy does. Before opset 7 the second one is broadcast only if an
/// attribute says so: its dimensions are the first one's from `axis` on, or the last ones.
pub(super) fn operands(ctx: &mut NodeContext<'_, '_>) -> Result<(Value, Value), Stop> {
    let (a, b) = (ctx.input(0)?, ctx.input(1)?);
    if ctx.opset() >= 7 {
        return Ok((a, b));
    }
    ctx.ignore("consumed_inputs", "it says which inputs may be overwritten, and none is");
    let (broadcast, axis) = (ctx.flag("broadcast", false)?, ctx.int("axis")?);
    let (rank, b_rank) = (ctx.rank(a), ctx.rank(b));
    if !broadcast {
        let (a_ty, b_ty) = (ctx.ty(a), ctx.ty(b));
        return match a_ty.shape == b_ty.shape {
            true => Ok((a, b)),
            false => Err(ctx.problem(format!("it has operands {a_ty} and {b_ty}, and `broadcast` is 0"))),
        };
    }
    let Some(axis) = axis else { return Ok((a, b)) };
    let axis = if b_rank == 0 { 0 } else { ctx.axis("axis", axis, rank)? };
    let Some(n_behind) = rank.checked_sub(axis + b_rank) else {
        let (a, b) = (ctx.ty(a), ctx.ty(b));
        return Err(ctx.problem(format!("{b} does not fit into {a} from dimension {axis} on")));
    };
    let shape: Vec<i64> = std::iter::repeat_n(0, b_rank).chain(std::iter::repeat_n(1, n_behind)).collect();
    Ok((a, ctx.reshape("broadcast", b, &shape)?))
}

fn of_many(ctx: &mut NodeContext<'_, '_>, function: BinaryFn) -> Result<Value, Stop> {
    if ctx.opset() < 6 {
        ctx.ignore("consumed_inputs", "it says which inputs may be overwritten, and none is");
    }
    let inputs = ctx.all_inputs()?;
    let mut result = ctx.input(0)?;
    for &input in &inputs[1..] {
        result = ctx.binary(function, result, input)?;
    }
    Ok(result)
}
