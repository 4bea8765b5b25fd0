//! Reductions. The mean of planes is global average pooling, in any layout.

use firebrick_ir::ops::{Reduce, ReduceFn};
use firebrick_ir::{NodeId, Value};

use super::planner::Planner;
use super::{Lowered, moves, pool};
use crate::CompileError;
use crate::kernels::{Extent, ReduceKernel};
use crate::plan::View;

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Reduce) -> Result<Lowered, CompileError> {
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    if !planner.is_all_f32(id) {
        return Ok(Lowered::NoKernel);
    }
    let mut axes = op.axes.clone();
    axes.sort_unstable();
    let is_mean_of_planes = op.function == ReduceFn::Mean && op.keep_dims && axes == [2, 3];
    if is_mean_of_planes && planner.dims(x).len() == 4 {
        pool::mean_of_planes(planner, x, y)?;
        return Ok(Lowered::Done);
    }
    let views = (planner.plain(x)?, planner.new_plain(y)?);
    let dims = planner.dims(x);
    push(planner, y, op, &dims, views);
    Ok(Lowered::Done)
}

/// Adds the step that reduces plain elements of those dimensions.
pub(super) fn push(planner: &mut Planner<'_>, value: Value, op: &Reduce, dims: &[usize], (x, y): (View, View)) {
    let mut extents = merged(dims, &op.axes);
    let n_columns = extents.pop_if(|(_, is_reduced)| !*is_reduced).map_or(1, |(extent, _)| extent.n);
    let of = |reduced: bool| {
        extents.iter().filter(move |(_, is_reduced)| *is_reduced == reduced).map(|(extent, _)| *extent).collect()
    };
    let (kept, mut reduced): (Vec<Extent>, Vec<Extent>) = (of(false), of(true));
    if reduced.is_empty() {
        // Every element is reduced by itself.
        reduced.push(Extent { n: 1, step: 0 });
    }
    planner.push(value, ReduceKernel { function: op.function, x, y, kept, reduced, n_columns });
}

/// The dimensions, those made one that are treated alike, with whether they are reduced.
fn merged(dims: &[usize], axes: &[usize]) -> Vec<(Extent, bool)> {
    let mut merged: Vec<(Extent, bool)> = Vec::new();
    for (i, (&n, step)) in dims.iter().zip(moves::steps(dims, size_of::<f32>())).enumerate() {
        let is_reduced = axes.contains(&i);
        match merged.last_mut() {
            _ if n == 1 => (),
            Some((outer, outer_is_reduced)) if *outer_is_reduced == is_reduced => {
                *outer = Extent { n: outer.n * n, step };
            }
            Some(_) | None => merged.push((Extent { n, step }, is_reduced)),
        }
    }
    merged
}
