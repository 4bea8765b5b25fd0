//! Scale with a bias.

use firebrick_ir::ops::BinaryFn;

use super::affine::{binary, either};
use crate::context::Context;
use crate::layer::{Blob, Weight};
use crate::ops::{self, Block};

/// A product, and a constant of the same dimensions as the factor that is added to it.
pub(super) fn scale(ctx: &mut Context<'_, '_>) -> Option<Blob> {
    let sum = binary(ctx, ctx.result(0), BinaryFn::Add)?;
    let [bias, product] = either(sum, |value| ctx.known(value).is_some())?;
    let factors = binary(ctx, product, BinaryFn::Mul)?;
    let dims = ctx.result_dims(0);
    let is_whole = |value| ctx.known(value).is_none() && ctx.dims(Blob::Value(value)) == dims;
    let [x, factor] = either(factors, is_whole)?;
    let x = Blob::Value(x);
    let summand = ctx.weight(bias, "summands").ok()?;
    let block = Block::around(&ctx.dims(Blob::Value(bias)), &dims);
    let summand = block.weight(summand, &dims).ok()?;
    if ctx.known(factor).is_some() {
        let own = Block::around(&ctx.dims(Blob::Value(factor)), &dims);
        let same = (own.axis, &own.dims) == (block.axis, &block.dims) && !own.dims.is_empty();
        let factor = block.weight(ctx.weight(factor, "factors").ok()?, &dims).ok()?;
        return same.then(|| ops::scale(ctx, &[x], &block, vec![factor, summand]));
    }
    let own = Block::of(&ctx.dims(Blob::Value(factor)), &dims)?;
    if (own.axis, &own.dims) != (block.axis, &block.dims) {
        return None;
    }
    let factor = ops::reshaped(ctx, Blob::Value(factor), &block.dims);
    let weights: Vec<Weight> = vec![summand];
    Some(ops::scale(ctx, &[x, factor], &block, weights))
}
