//! Transpose.

use firebrick_ir::ops::Transpose;

use super::{NodeContext, Outputs};

/// Transpose: dimensions in another order, by default the reverse one.
pub(super) fn transpose(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let perm = ctx.ints("perm")?;
    let x = ctx.input(0)?;
    let rank = ctx.rank(x);
    let perm = match perm {
        Some(perm) => ctx.axes("perm", &perm, rank)?,
        None => (0..rank).rev().collect(),
    };
    Ok(vec![ctx.op("transpose", Transpose { perm }, &[x])?.into()])
}
