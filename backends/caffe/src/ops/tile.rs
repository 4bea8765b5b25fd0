//! Repetition.

use firebrick_ir::ops::Tile;
use firebrick_schemas::caffe::TileParameter;

use super::reshape::reshaped;
use crate::context::Context;
use crate::layer::{Blob, param};
use crate::{Kind, Reason};

/// A Tile layer for each dimension that is repeated.
pub(super) fn tile(ctx: &mut Context<'_, '_>, op: &Tile) -> Result<Blob, Reason> {
    let repeats: Vec<u64> = op.repeats.iter().map(|&n| n as u64).collect();
    if repeats.iter().all(|&n| n == 1) {
        return super::identity::identity(ctx);
    }
    repeated(ctx, ctx.blob(0), &repeats)
}

/// A blob broadcast to those dimensions.
pub(super) fn expanded(ctx: &mut Context<'_, '_>, x: Blob, dims: &[u64]) -> Result<Blob, Reason> {
    let from = ctx.dims(x);
    let missing = dims.len().saturating_sub(from.len());
    let from = [&vec![1; missing], from.as_slice()].concat();
    let x = reshaped(ctx, x, &from);
    let repeats: Vec<u64> = from.iter().zip(dims).map(|(&from, &to)| if from == to { 1 } else { to }).collect();
    repeated(ctx, x, &repeats)
}

fn repeated(ctx: &mut Context<'_, '_>, x: Blob, repeats: &[u64]) -> Result<Blob, Reason> {
    let mut y = x;
    for (axis, &n) in repeats.iter().enumerate().filter(|&(_, &n)| n != 1) {
        let mut dims = ctx.dims(y);
        let tiles = i32::try_from(n).ok().filter(|&n| n > 0);
        let Some(tiles) = tiles else { return Err(Reason::unsupported(format!("Caffe can't repeat {n} times"))) };
        dims[axis] = dims[axis].saturating_mul(n);
        let axis = i32::try_from(axis).unwrap_or(i32::MAX);
        let tile = TileParameter { axis: (axis != 1).then_some(axis), tiles: Some(tiles) };
        y = ctx.layer(Kind::Tile, param(|p| p.tile_param = Some(Box::new(tile))), &[y], &dims);
    }
    Ok(y)
}
