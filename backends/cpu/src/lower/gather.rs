//! Parts picked by index.

use firebrick_ir::ops::Gather;
use firebrick_ir::{DType, NodeId, Tensor, Value};

use super::planner::Planner;
use super::{Lowered, moves};
use crate::CompileError;
use crate::emit::as_imm;
use crate::kernels::{GatherKernel, Origin, Way};
use crate::plan::{Image, Size};

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Gather) -> Result<Lowered, CompileError> {
    let [x, indices] = planner.graph.operands(id)[..] else { return Ok(Lowered::NoKernel) };
    let y = Value { node: id, port: 0 };
    let Some(element) = moves::element(planner, x) else { return Ok(Lowered::NoKernel) };
    let dims = planner.dims(x);
    let (n_blocks, size): (usize, usize) = (dims[..op.axis].iter().product(), dims[op.axis]);
    let len = dims[op.axis + 1..].iter().product::<usize>();
    if let Some(indices) = planner.graph.as_const(indices) {
        let run = as_imm(len * element);
        let Some(places) = places(indices, size) else { return Ok(Lowered::NoKernel) };
        let n_places = places.len();
        let Some(way) = moves::table(planner, places.into_iter(), run) else { return Ok(Lowered::NoKernel) };
        let view = planner.plain(x)?;
        let outer = (n_blocks, Way::Step(as_imm(size) * run));
        let dims = [outer, (n_places, way), (len, Way::Step(as_imm(element)))];
        return moves::push(planner, y, "gather", (Origin::View(view), 0), element, &dims);
    }
    let n_indices = planner.dims(indices).iter().product();
    let kernel = GatherKernel {
        x: planner.plain(x)?,
        indices: planner.plain(indices)?,
        y: planner.new_plain(y)?,
        outside: planner.new_temporary(Image::plain(DType::U32, Size { n: 1, c: 1, h: 1, w: 1 })).buffer,
        n_blocks,
        size,
        n_indices,
        run: len * element,
    };
    planner.push(y, kernel);
    Ok(Lowered::Done)
}

/// The places that constant indices mean; `None` if one is outside, which the evaluator says.
fn places(indices: &Tensor, size: usize) -> Option<Vec<usize>> {
    let indices: Vec<i64> = match indices.values::<i64>() {
        Ok(indices) => indices.into_owned(),
        Err(_) => indices.values::<i32>().ok()?.iter().map(|&n| i64::from(n)).collect(),
    };
    let size = i64::try_from(size).ok()?;
    let place = |index: i64| {
        let place = if index < 0 { index.checked_add(size)? } else { index };
        usize::try_from(place).ok().filter(|_| place < size)
    };
    indices.into_iter().map(place).collect()
}
