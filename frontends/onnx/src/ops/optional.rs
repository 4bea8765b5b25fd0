//! Optional values: whether they are there is known when a model is imported.

use firebrick_ir::Tensor;

use super::{Item, NodeContext, Outputs};

/// Optional: the value, or none.
pub(super) fn optional(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    ctx.ignore("type", "a value has its own type, and none needs none");
    Ok(vec![ctx.item(0)])
}

/// OptionalHasElement: whether the value is there.
pub(super) fn has_element(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let is_there = ctx.item(0) != Item::Absent;
    let tensor = Tensor::from_bools(&[], &[is_there]).map_err(|error| ctx.problem(error.to_string()))?;
    Ok(vec![ctx.constant("is_there", tensor)?.into()])
}

/// OptionalGetElement: the value, which must be there.
pub(super) fn get_element(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    match ctx.item(0) {
        Item::Absent => Err(ctx.problem("the optional value is not there")),
        item @ (Item::Tensor(_) | Item::Sequence(_)) => Ok(vec![item]),
    }
}
