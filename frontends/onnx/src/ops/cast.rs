//! Cast, CastLike and BitCast.

use firebrick_ir::ops::{BinaryFn, Bitcast, Cast, Select};
use firebrick_ir::{DType, Value};
use firebrick_schemas::onnx::DataType;

use super::{NodeContext, Outputs, Stop};
use crate::dtype::dtype;

/// Cast: elements of another type.
pub(super) fn cast(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let dtype = target(ctx)?;
    convert(ctx, dtype)
}

/// CastLike: elements of the second input's type.
pub(super) fn cast_like(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let dtype = ctx.ty(ctx.input(1)?).dtype;
    convert(ctx, dtype)
}

/// BitCast: the same bits as elements of another type.
pub(super) fn bit_cast(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let dtype = target(ctx)?;
    let x = ctx.input(0)?;
    Ok(vec![ctx.op("bitcast", Bitcast { dtype }, &[x])?.into()])
}

/// A value as elements of that type: itself if they are.
pub(super) fn cast_to(ctx: &mut NodeContext<'_, '_>, suffix: &str, x: Value, dtype: DType) -> Result<Value, Stop> {
    if ctx.ty(x).dtype == dtype { Ok(x) } else { ctx.op(suffix, Cast::to(dtype), &[x]) }
}

fn convert(ctx: &mut NodeContext<'_, '_>, dtype: DType) -> Outputs {
    let saturate = ctx.flag("saturate", true)?;
    let x = ctx.input(0)?;
    let direction = ctx.word("round_mode", &[("up", Some(true)), ("down", Some(false)), ("nearest", None)])?;
    let x = match direction.unwrap_or(Some(true)) {
        Some(is_up) if dtype == DType::F8E8M0 => power_of_two(ctx, x, is_up)?,
        Some(_) | None => x,
    };
    Ok(vec![ctx.op("cast", Cast { dtype, saturate }, &[x])?.into()])
}

/// The power of two that is not below x, or not above it, as the nearest one tells.
fn power_of_two(ctx: &mut NodeContext<'_, '_>, x: Value, is_up: bool) -> Result<Value, Stop> {
    let x = cast_to(ctx, "single", x, DType::F32)?;
    let nearest = ctx.op("nearest", Cast::to(DType::F8E8M0), &[x])?;
    let nearest = ctx.op("power", Cast::to(DType::F32), &[nearest])?;
    let other = ctx.with_scalar(BinaryFn::Mul, nearest, if is_up { 2.0 } else { 0.5 })?;
    let (high, low) = if is_up { (x, nearest) } else { (nearest, x) };
    let is_beyond = ctx.binary(BinaryFn::Greater, high, low)?;
    ctx.op("rounded", Select {}, &[is_beyond, other, nearest])
}

/// The type by number or, before opset 6, by name.
fn target(ctx: &mut NodeContext<'_, '_>) -> Result<DType, Stop> {
    if ctx.opset() >= 6 {
        let to = ctx.dtype("to")?;
        return ctx.required("to", to);
    }
    let name = ctx.string("to")?;
    let name = ctx.required("to", name)?;
    let number = DataType::DESCRIPTOR.number(&name.to_ascii_uppercase());
    let known = number.and_then(|number| DataType::try_from(number).ok()).and_then(dtype);
    known.ok_or_else(|| ctx.attribute_problem("to", format!("elements of type {name} are not supported")))
}
