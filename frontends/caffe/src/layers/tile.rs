//! Tile, and blobs of one value.

use firebrick_ir::{Value, ops};
use firebrick_schemas::caffe::TileParameter;

use super::{LayerContext, Tops};
use crate::problem::Problem;

/// Tile: the bottom repeated along an axis.
pub(super) fn tile(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().tile_param.as_deref().cloned().unwrap_or_default();
    let TileParameter { axis: _, tiles } = &param;
    let x = ctx.bottom(0);
    let rank = ctx.dims(x).len();
    let axis = ctx.axis(&ctx.field("tile_param", "axis"), param.axis(), rank)?;
    let tiles = tiles.and_then(|tiles| usize::try_from(tiles).ok()).filter(|&tiles| tiles > 0);
    let Some(tiles) = tiles else {
        return Err(ctx.problem_at(ctx.field("tile_param", "tiles"), "`tiles` is missing, or not above 0"));
    };
    let mut repeats = vec![1; rank];
    repeats[axis] = tiles;
    Ok(vec![Some(ctx.op("tile", ops::Tile { repeats }, &[x])?)])
}

/// A blob of one value everywhere. It takes no memory in the graph, whatever dimensions a file asks for.
pub(super) fn filled(ctx: &mut LayerContext<'_, '_>, value: f32, dims: &[u64]) -> Result<Value, Problem> {
    let element = ctx.floats("value", &vec![1; dims.len()], vec![value])?;
    if dims.iter().all(|&dim| dim == 1) {
        return Ok(element);
    }
    let repeats = dims.iter().map(|&dim| usize::try_from(dim).unwrap_or(usize::MAX)).collect();
    ctx.op("tile", ops::Tile { repeats }, &[element])
}
