//! Squeeze and Unsqueeze.

use firebrick_ir::Dim;

use super::reshape::to_dims;
use super::{NodeContext, Outputs, Stop};

/// Squeeze: without some dimensions of 1, or without all.
pub(super) fn squeeze(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axes = axes(ctx)?;
    let x = ctx.input(0)?;
    let dims = ctx.ty(x).shape.0;
    let axes = match axes {
        Some(axes) => ctx.axes("axes", &axes, dims.len())?,
        None => {
            ctx.dims(x)?; // a symbol may be 1
            (0..dims.len()).filter(|&axis| dims[axis] == Dim::Fixed(1)).collect()
        }
    };
    for &axis in &axes {
        if ctx.dim(x, axis)? != 1 {
            return Err(ctx.problem(format!("dimension {axis} of {} is not 1", ctx.ty(x))));
        }
    }
    let left: Vec<Dim> = dims.into_iter().enumerate().filter(|(i, _)| !axes.contains(i)).map(|(_, dim)| dim).collect();
    Ok(vec![to_dims(ctx, "squeeze", x, &left)?.into()])
}

/// Unsqueeze: with dimensions of 1 at these places of the result.
pub(super) fn unsqueeze(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axes = axes(ctx)?;
    let axes = ctx.required("axes", axes)?;
    let x = ctx.input(0)?;
    let dims = ctx.ty(x).shape.0;
    let rank = dims.len() + axes.len();
    let axes = ctx.axes("axes", &axes, rank)?;
    let mut own = dims.into_iter();
    let one = |axis: usize| if axes.contains(&axis) { Some(Dim::Fixed(1)) } else { None };
    let result: Vec<Dim> = (0..rank).filter_map(|axis| one(axis).or_else(|| own.next())).collect();
    Ok(vec![to_dims(ctx, "unsqueeze", x, &result)?.into()])
}

/// An attribute before opset 13, an input since.
fn axes(ctx: &mut NodeContext<'_, '_>) -> Result<Option<Vec<i64>>, Stop> {
    if ctx.opset() < 13 {
        return ctx.ints("axes");
    }
    ctx.optional(1).map(|axes| ctx.constant_ints(axes)).transpose()
}
