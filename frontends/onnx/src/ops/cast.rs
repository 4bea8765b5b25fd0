//! Cast, CastLike and BitCast.

use firebrick_ir::ops::{Bitcast, Cast};
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
    let round_mode = ctx.string_or("round_mode", "up")?;
    if dtype == DType::F8E8M0 && round_mode != "nearest" {
        return Err(ctx.attribute_problem("round_mode", "`round_mode` is supported as \"nearest\" only"));
    }
    Ok(vec![ctx.op("cast", Cast { dtype, saturate }, &[x])?.into()])
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
