//! What ops that only move elements have in common.

use firebrick_ir::Value;

use super::Lowered;
use super::planner::Planner;
use crate::CompileError;
use crate::emit::as_imm;
use crate::kernels::{Axis, Move, Origin, Way};
use crate::plan::View;

/// Where an operand's elements lie, or some of its channels'.
pub(super) struct Source {
    pub(super) view: View,
    /// The first channel.
    pub(super) first: usize,
    /// For each dimension, sizes and steps in bytes, outermost first: one of memory, or channels that are some.
    pub(super) dims: Vec<Vec<(usize, i64)>>,
}

/// Bytes of an element, if it can be moved by itself.
pub(super) fn element(planner: &Planner<'_>, value: Value) -> Option<usize> {
    let size = planner.graph.ty(value).dtype.size();
    matches!(size, 1 | 2 | 4 | 8).then_some(size)
}

/// Steps in bytes between the elements of plain values of that many dimensions.
pub(super) fn steps(dims: &[usize], element: usize) -> Vec<i64> {
    let mut steps = vec![as_imm(element); dims.len()];
    for i in (1..dims.len()).rev() {
        steps[i - 1] = steps[i] * as_imm(dims[i]);
    }
    steps
}

/// A value where it lies: in blocks, if it does, so that channels are two dimensions, and those of the last block apart.
pub(super) fn anywhere(planner: &mut Planner<'_>, x: Value, element: usize) -> Result<Vec<Source>, CompileError> {
    let (forms, sizes) = (planner.forms(x), planner.dims(x));
    let is_plain = planner.stored(x) != planner.dtype(x) || forms.iter().any(|view| view.image.is_plain());
    let Some(view) = forms.first().filter(|_| !is_plain && sizes.len() == 4).copied() else {
        let dims = sizes.iter().copied().zip(steps(&sizes, element)).map(|dim| vec![dim]).collect();
        return Ok(vec![Source { view: planner.plain(x)?, first: 0, dims }]);
    };
    let image = view.image;
    let bytes = |n: usize| as_imm(image.bytes(n));
    let n_whole = image.size.c / image.block;
    let part = |first_block: usize, n_blocks: usize, n_lanes: usize| Source {
        view: View { start: view.start + first_block * image.plane, ..view },
        first: first_block * image.block,
        dims: vec![
            vec![(image.size.n, bytes(image.image))],
            vec![(n_blocks, bytes(image.plane)), (n_lanes, bytes(1))],
            vec![(image.size.h, bytes(image.row))],
            vec![(image.size.w, bytes(image.block))],
        ],
    };
    let parts = [part(0, n_whole, image.block), part(n_whole, 1, image.size.c % image.block)];
    Ok(parts.into_iter().filter(|part| part.dims[1].iter().all(|&(n, _)| n > 0)).collect())
}

/// Adds the step that moves elements to the plain value `y`: along these dimensions, outermost first, from `start` on.
pub(super) fn push(
    planner: &mut Planner<'_>,
    y: Value,
    name: &'static str,
    (x, start): (Origin, i64),
    element: usize,
    dims: &[(usize, Way)],
) -> Result<Lowered, CompileError> {
    let sizes: Vec<usize> = dims.iter().map(|(n, _)| *n).collect();
    let axes = dims.iter().zip(steps(&sizes, element)).map(|(&(n, x), y)| Axis { n, x, y });
    let view = planner.new_plain(y)?;
    planner.push(y, Move::new(name, (x, start), view, element, axes));
    Ok(Lowered::Done)
}

/// A table of places, in bytes; `None` if one is too far away for it.
pub(super) fn table(planner: &mut Planner<'_>, places: impl Iterator<Item = usize>, step: i64) -> Option<Way> {
    let step = usize::try_from(step).ok()?;
    // Such integers are no NaNs, which might be changed when they are copied as numbers.
    let entry = |place: usize| place.checked_mul(step).and_then(|n| i32::try_from(n).ok());
    let entries: Option<Vec<f32>> =
        places.map(|place| entry(place).map(|entry| f32::from_bits(entry.cast_unsigned()))).collect();
    Some(Way::Table(planner.add_weights(entries?)))
}
