//! Elements added at the ends of dimensions.

use firebrick_ir::ops::{Cast, Pad, PadMode};
use firebrick_ir::{NodeId, Op, Tensor, Value};

use super::planner::Planner;
use super::{Lowered, moves};
use crate::CompileError;
use crate::emit::as_imm;
use crate::kernels::{Axis, Move, Origin, Way};
use crate::plan::View;

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Pad) -> Result<Lowered, CompileError> {
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    let Some(element) = moves::element(planner, x) else { return Ok(Lowered::NoKernel) };
    match op.mode {
        PadMode::Constant => constant(planner, x, y, op, element),
        PadMode::Edge | PadMode::Reflect | PadMode::Wrap => by_tables(planner, x, y, op, element),
    }
}

/// The constant everywhere, then the operand where it belongs.
fn constant(planner: &mut Planner<'_>, x: Value, y: Value, op: &Pad, element: usize) -> Result<Lowered, CompileError> {
    let number = Op::from(Cast::to(planner.graph.ty(x).dtype)).eval(&[&Tensor::scalar(op.value)])?;
    let mut words = [0u8; 8];
    words[..element].copy_from_slice(number[0].bytes());
    if cfg!(target_endian = "big") {
        words[..element].reverse();
    }
    let words: [[u8; 4]; 2] = bytemuck::cast(words);
    let origin = Origin::Weight(planner.add_weights(words.map(f32::from_ne_bytes)));
    let (dims, sizes) = (planner.dims(x), planner.dims(y));
    let from = planner.plain(x)?;
    let all: Vec<(usize, Way)> = sizes.iter().map(|&n| (n, Way::Step(0))).collect();
    moves::push(planner, y, "fill", (origin, 0), element, &all)?;

    let steps = moves::steps(&sizes, element);
    let start: i64 = op.pads.iter().zip(&steps).map(|(&pad, step)| as_imm(pad) * step).sum();
    let from_steps = moves::steps(&dims, element);
    let axes = dims.iter().zip(from_steps).zip(&steps).map(|((&n, x), &y)| Axis { n, x: Way::Step(x), y });
    if dims.contains(&0) {
        return Ok(Lowered::Done);
    }
    let view: View = planner.plain(y)?;
    planner.push(y, Move::new("pad", (Origin::View(from), 0), view, element, axes).written_from(start));
    Ok(Lowered::Done)
}

/// Every element by where it comes from.
fn by_tables(planner: &mut Planner<'_>, x: Value, y: Value, op: &Pad, element: usize) -> Result<Lowered, CompileError> {
    let (from, to) = (planner.dims(x), planner.dims(y));
    let mut dims = Vec::new();
    for (i, step) in moves::steps(&from, element).into_iter().enumerate() {
        let way = if from[i] == to[i] {
            Way::Step(step)
        } else {
            let places = (0..to[i]).map(|at| op.source(at, op.pads[i], from[i]).unwrap_or(0));
            let Some(way) = moves::table(planner, places, step) else { return Ok(Lowered::NoKernel) };
            way
        };
        dims.push((to[i], way));
    }
    let view = planner.plain(x)?;
    moves::push(planner, y, "pad", (Origin::View(view), 0), element, &dims)
}
