//! ConstantOfShape.

use firebrick_ir::Tensor;
use firebrick_ir::ops::Tile;

use super::{NodeContext, Outputs};

/// ConstantOfShape: one element, repeated. It is repeated when the graph runs, so that the graph is no larger than the
/// model's file.
pub(super) fn constant_of_shape(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let value = ctx.tensor("value")?.unwrap_or_else(|| Tensor::scalar(0f32));
    let shape = ctx.input(0)?;
    let shape = ctx.constant_ints(shape)?;
    let repeats = ctx.sizes("shape", &shape)?;
    let element = value.reshaped(&vec![1; repeats.len()]);
    let element = element.map_err(|_| ctx.attribute_problem("value", "`value` has more than one element"))?;
    let element = ctx.constant("element", element)?;
    Ok(vec![ctx.op("repeated", Tile { repeats }, &[element])?.into()])
}
