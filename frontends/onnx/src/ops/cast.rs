//! Cast.

use firebrick_ir::DType;
use firebrick_ir::ops::Cast;
use firebrick_schemas::onnx::DataType;

use super::{NodeContext, Outputs, Stop};
use crate::dtype::dtype;

/// Cast: elements of another type.
pub(super) fn cast(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let dtype = target(ctx)?;
    let saturate = ctx.flag("saturate", true)?;
    if ctx.string_or("round_mode", "up")? != "up" {
        return Err(ctx.attribute_problem("round_mode", "`round_mode` is supported as \"up\" only"));
    }
    let x = ctx.input(0)?;
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
