//! Conv.

use firebrick_ir::Value;
use firebrick_ir::ops::Conv;

use super::windows::Windows;
use super::{NodeContext, Outputs, Stop};

/// Conv: convolution.
pub(super) fn conv(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (x, w) = (ctx.input(0)?, ctx.input(1)?);
    let op = read(ctx, x, w)?;
    let operands: Vec<Value> = [x, w].into_iter().chain(ctx.optional(2)).collect();
    Ok(vec![ctx.op("conv", op, &operands)?.into()])
}

/// The attributes of a convolution of `x` with `w`.
pub(super) fn read(ctx: &mut NodeContext<'_, '_>, x: Value, w: Value) -> Result<Conv, Stop> {
    let kernel = kernel(ctx, w)?;
    let windows = Windows::read(ctx, Some(kernel))?;
    let group = ctx.int_or("group", 1)?;
    let group = usize::try_from(group).map_err(|_| ctx.attribute_problem("group", format!("`group` is {group}")))?;
    let pads = windows.pads(ctx, x)?;
    let Windows { strides, dilations, .. } = windows;
    Ok(Conv { strides, pads, dilations, group })
}

/// The window's size, of weights `[out, in, kernel...]` or `[in, out, kernel...]`.
pub(super) fn kernel(ctx: &NodeContext<'_, '_>, w: Value) -> Result<Vec<usize>, Stop> {
    let dims = ctx.dims(w)?;
    let kernel = dims.get(2..).ok_or_else(|| ctx.problem(format!("its weights have {} dimensions", dims.len())))?;
    Ok(kernel.iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect())
}
