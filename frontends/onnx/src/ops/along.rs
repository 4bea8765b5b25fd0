//! Along a dimension: CumSum and CumProd, ReverseSequence, TopK.

use firebrick_ir::ops::{Cumulate, CumulateFn, ReverseSequence, Ties, TopK};

use super::make::number;
use super::{NodeContext, Outputs};

/// CumSum: the sums of all elements up to each.
pub(super) fn cum_sum(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    cumulate(ctx, CumulateFn::Sum)
}

/// CumProd: the products of all elements up to each.
pub(super) fn cum_prod(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    cumulate(ctx, CumulateFn::Prod)
}

fn cumulate(ctx: &mut NodeContext<'_, '_>, function: CumulateFn) -> Outputs {
    let (exclusive, reverse) = (ctx.flag("exclusive", false)?, ctx.flag("reverse", false)?);
    let x = ctx.input(0)?;
    let axis = number(ctx, 1, "axis")?.unwrap_or(0);
    let axis = ctx.axis("axis", axis, ctx.rank(x))?;
    Ok(vec![ctx.op("cumulate", Cumulate { function, axis, exclusive, reverse }, &[x])?.into()])
}

/// ReverseSequence: sequences reversed as far as their lengths.
pub(super) fn reverse_sequence(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (batch_axis, time_axis) = (ctx.int_or("batch_axis", 1)?, ctx.int_or("time_axis", 0)?);
    let operands = [ctx.input(0)?, ctx.input(1)?];
    let rank = ctx.rank(operands[0]);
    let (batch_axis, time_axis) = (ctx.axis("batch_axis", batch_axis, rank)?, ctx.axis("time_axis", time_axis, rank)?);
    Ok(vec![ctx.op("reversed", ReverseSequence { batch_axis, time_axis }, &operands)?.into()])
}

/// TopK: the best elements, best first. How many is an attribute before opset 10, and an input since.
pub(super) fn top_k(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (axis, largest) = (ctx.int_or("axis", -1)?, ctx.flag("largest", true)?);
    ctx.ignore("sorted", "any order will do without it, the sorted one too");
    let x = ctx.input(0)?;
    let k = if ctx.opset() < 10 { ctx.int("k")? } else { number(ctx, 1, "k")? };
    let k = ctx.required("k", k)?;
    let k = ctx.sizes("k", &[k])?[0];
    let axis = ctx.axis("axis", axis, ctx.rank(x))?;
    let best = ctx.op_n(&["values", "indices"], TopK { axis, k, largest, ties: Ties::Lowest }, &[x])?;
    Ok(best.into_iter().map(Into::into).collect())
}
