//! QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear.

use firebrick_ir::ops::{BinaryFn, Dequantize, Quantize, Reduce, ReduceFn, Rounding, Select, UnaryFn};
use firebrick_ir::{DType, Shape, Value};

use super::cast::cast_to;
use super::reshape::to_dims;
use super::{NodeContext, Outputs, Stop};

/// QuantizeLinear: x / scale + zero point, as integers or floats of few bits.
pub(super) fn quantize_linear(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (x, scale) = (ctx.input(0)?, ctx.input(1)?);
    let zero = ctx.optional(2);
    let (axis, block) = layout(ctx, x, scale)?;
    let saturate = ctx.flag("saturate", true)?;
    let output = target(ctx, "output_dtype")?;
    let precision = target(ctx, "precision")?;
    let dtype = zero.map(|zero| ctx.ty(zero).dtype).or(output).unwrap_or(DType::U8);
    if output.is_some_and(|output| output != dtype) {
        return Err(ctx.attribute_problem("output_dtype", format!("the zero point is {dtype}, not as `output_dtype`")));
    }
    let x = match precision {
        Some(precision) => cast_to(ctx, "precise", x, precision)?,
        None => x,
    };
    let scale = match precision {
        Some(precision) => cast_to(ctx, "precise_scale", scale, precision)?,
        None => scale,
    };
    let op = Quantize { axis, block, dtype, saturate, rounding: Rounding::Even };
    Ok(vec![with_zero(ctx, "quantize", op, x, scale, zero)?.into()])
}

/// DequantizeLinear: (x − zero point) * scale.
pub(super) fn dequantize_linear(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (x, scale) = (ctx.input(0)?, ctx.input(1)?);
    let (axis, block) = layout(ctx, x, scale)?;
    let dtype = target(ctx, "output_dtype")?.unwrap_or(ctx.ty(scale).dtype);
    // Nothing is lost between: the product is rounded once, to the wider one of the types.
    let scale = if ctx.ty(scale).dtype.is_float() { scale } else { cast_to(ctx, "scale", scale, DType::F32)? };
    let scale = if dtype.size() > ctx.ty(scale).dtype.size() { cast_to(ctx, "scale", scale, dtype)? } else { scale };
    let zero = ctx.optional(2);
    let result = with_zero(ctx, "dequantize", Dequantize { axis, block }, x, scale, zero)?;
    Ok(vec![cast_to(ctx, "cast", result, dtype)?.into()])
}

/// DynamicQuantizeLinear: x as u8, with the scale and the zero point that its range asks for.
pub(super) fn dynamic_quantize_linear(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let x = ctx.input(0)?;
    let axes: Vec<usize> = (0..ctx.rank(x)).collect();
    let extreme = |function| Reduce { function, axes: axes.clone(), keep_dims: false };
    let (max, min) = (ctx.op("max", extreme(ReduceFn::Max), &[x])?, ctx.op("min", extreme(ReduceFn::Min), &[x])?);
    // 0 is always one of the numbers.
    let (max, min) = (ctx.with_scalar(BinaryFn::Max, max, 0.0)?, ctx.with_scalar(BinaryFn::Min, min, 0.0)?);
    let range = ctx.binary(BinaryFn::Sub, max, min)?;
    let step = ctx.with_scalar(BinaryFn::Div, range, 255.0)?;
    // Nothing but zeros has any scale.
    let (none, one) = (ctx.scalar_like(x, "none", 0.0)?, ctx.scalar_like(x, "one", 1.0)?);
    let is_empty = ctx.binary(BinaryFn::Equal, range, none)?;
    let scale = ctx.op("scale", Select {}, &[is_empty, one, step])?;
    let low = ctx.binary(BinaryFn::Div, min, scale)?;
    let zero = ctx.binary(BinaryFn::Sub, none, low)?;
    let zero = ctx.unary(UnaryFn::Clip { min: 0.0, max: 255.0 }, zero)?;
    let zero = ctx.unary(UnaryFn::Round {}, zero)?;
    let zero = cast_to(ctx, "zero_point", zero, DType::U8)?;
    let op = Quantize { axis: 0, block: 0, dtype: DType::U8, saturate: true, rounding: Rounding::Even };
    let quantized = ctx.op("quantize", op, &[x, scale, zero])?;
    Ok(vec![quantized.into(), scale.into(), zero.into()])
}

/// The dimension that scales differ along, and how many elements share one; a single scale has neither.
fn layout(ctx: &mut NodeContext<'_, '_>, x: Value, scale: Value) -> Result<(usize, usize), Stop> {
    let (axis, block) = (ctx.int_or("axis", 1)?, ctx.int_or("block_size", 0)?);
    if block == 0 && is_single(&ctx.ty(scale).shape) {
        return Ok((0, 0));
    }
    let Ok(block) = usize::try_from(block) else {
        return Err(ctx.attribute_problem("block_size", format!("`block_size` is {block}")));
    };
    Ok((ctx.axis("axis", axis, ctx.rank(x))?, block))
}

/// An element type that 0 leaves open.
fn target(ctx: &mut NodeContext<'_, '_>, name: &str) -> Result<Option<DType>, Stop> {
    match ctx.int(name)? {
        None | Some(0) => Ok(None),
        Some(number) => {
            crate::dtype::dtype_of(number).map(Some).map_err(|message| ctx.attribute_problem(name, message))
        }
    }
}

fn is_single(shape: &Shape) -> bool {
    shape.rank() <= 1 && shape.n_elements() == Some(1)
}

/// Adds a quantization or its inverse. A zero point of one element takes the scale's shape.
pub(super) fn with_zero(
    ctx: &mut NodeContext<'_, '_>,
    suffix: &str,
    op: impl Into<firebrick_ir::Op>,
    x: Value,
    scale: Value,
    zero: Option<Value>,
) -> Result<Value, Stop> {
    let Some(zero) = zero else { return ctx.op(suffix, op, &[x, scale]) };
    let (shape, own) = (ctx.ty(scale).shape, ctx.ty(zero).shape);
    let alike = is_single(&shape) && is_single(&own) && shape != own;
    let zero = if alike { to_dims(ctx, "zero_point", zero, &shape.0)? } else { zero };
    ctx.op(suffix, op, &[x, scale, zero])
}
