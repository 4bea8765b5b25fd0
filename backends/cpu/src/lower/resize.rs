//! Resampling to other sizes.

use firebrick_ir::ops::{Resize, Taps};
use firebrick_ir::{DType, NodeId, Value};

use super::Lowered;
use super::planner::Planner;
use crate::CompileError;
use crate::kernels::{Copy, Filter, Resample};
use crate::plan::{Image, Size, View};

/// Taps that are written out where all elements have as many.
const MAX_UNIFORM: usize = 4;

/// Words of a table beyond which there is no kernel.
const MAX_WORDS: usize = 1 << 24;

/// One dimension that is resized.
struct Line {
    axis: usize,
    from: usize,
    taps: Vec<Taps>,
}

impl Line {
    fn n_taps(&self) -> usize {
        self.taps.iter().flatten().map(Vec::len).max().unwrap_or(0)
    }

    /// Whether the dimension stays as it is.
    fn is_identity(&self) -> bool {
        let is_same = |(i, taps): (usize, &Taps)| matches!(taps.as_deref(), Some([(at, 1.0)]) if *at == i);
        self.from == self.taps.len() && self.taps.iter().enumerate().all(is_same)
    }

    /// The table of taps that are `step` elements apart; `None` if it is too large, or places are too far away.
    fn filter(&self, planner: &mut Planner<'_>, step: usize) -> Option<Filter> {
        let n_taps = self.n_taps();
        let is_uniform = n_taps <= MAX_UNIFORM && self.taps.iter().all(Option::is_some);
        let n_words = self.taps.len().checked_mul(Filter::n_words(n_taps))?;
        let mut words = Vec::new();
        for taps in &self.taps {
            let mut taps = taps.clone().unwrap_or_default();
            // A tap in two halves, one after another, is the same tap.
            while is_uniform && taps.len() < n_taps {
                let (at, weight) = taps.pop()?;
                taps.extend([(at, weight / 2.0); 2]);
            }
            words.push(u32::try_from(taps.len()).ok()?);
            taps.resize(n_taps, (0, 0.0));
            for (at, weight) in taps {
                let distance = at.checked_mul(step)?.checked_mul(size_of::<f32>())?;
                words.extend([u32::try_from(distance).ok()?, (weight as f32).to_bits()]);
            }
        }
        (n_words <= MAX_WORDS).then(|| Filter { table: planner.add_words(words), n_taps, is_uniform })
    }
}

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Resize) -> Result<Lowered, CompileError> {
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    let dims = planner.dims(x);
    let is_small = |line: &Line| line.taps.len().saturating_mul(Filter::n_words(line.n_taps())) <= MAX_WORDS;
    let results = planner.dims(y);
    if !planner.is_all_f32(id) || op.axes.iter().any(|&axis| dims[axis].max(results[axis]) > MAX_WORDS) {
        return Ok(Lowered::NoKernel);
    }
    let line = |(i, &axis): (usize, &usize)| Line { axis, from: dims[axis], taps: op.taps(i, dims[axis]) };
    let lines: Vec<Line> = op.axes.iter().enumerate().map(line).filter(|line| !line.is_identity()).collect();
    if !lines.iter().all(is_small) {
        return Ok(Lowered::NoKernel);
    }
    let is_plane = dims.len() == 4 && lines.iter().all(|line| line.axis >= 2);
    if is_plane { planes(planner, x, y, op, &lines) } else { one_by_one(planner, x, y, op, lines) }
}

/// Rows and columns at once, in the layout that the operand has.
fn planes(planner: &mut Planner<'_>, x: Value, y: Value, op: &Resize, lines: &[Line]) -> Result<Lowered, CompileError> {
    let is_blocked = planner.is_blocked(x);
    let from = if is_blocked { planner.blocked(x)? } else { planner.plain(x)? };
    let line = |axis: usize, n: usize| match lines.iter().find(|line| line.axis == axis) {
        Some(line) => Line { taps: line.taps.clone(), ..*line },
        None => identity(axis, n),
    };
    let size = from.image.size;
    let rows = line(2, size.h).filter(planner, from.image.row);
    let columns = line(3, size.w).filter(planner, from.image.block);
    let (Some(rows), Some(columns)) = (rows, columns) else { return Ok(Lowered::NoKernel) };
    let to = if is_blocked { planner.new_blocked(y)? } else { planner.new_plain(y)? };
    planner.push(y, Resample { x: from, y: to, rows, columns, outside: op.extrapolation });
    Ok(Lowered::Done)
}

fn identity(axis: usize, n: usize) -> Line {
    Line { axis, from: n, taps: (0..n).map(|i| Some(vec![(i, 1.0)])).collect() }
}

/// A dimension after another, as rows of plain images. Those that shrink come first, so that nothing between is larger
/// than both ends.
fn one_by_one(
    planner: &mut Planner<'_>,
    x: Value,
    y: Value,
    op: &Resize,
    mut lines: Vec<Line>,
) -> Result<Lowered, CompileError> {
    let mut dims = planner.dims(x);
    lines.sort_by_key(|line| line.taps.len() > line.from);
    let mut from = planner.plain(x)?;
    let to = planner.new_plain(y)?;
    for (i, line) in lines.iter().enumerate() {
        let (outer, inner): (usize, usize) =
            (dims[..line.axis].iter().product(), dims[line.axis + 1..].iter().product());
        dims[line.axis] = line.taps.len();
        let image = |h: usize| Image::plain(DType::F32, Size { n: outer, c: 1, h, w: inner });
        let rows = line.filter(planner, inner);
        let columns =
            if inner <= MAX_WORDS / Filter::n_words(1) { identity(0, inner).filter(planner, 1) } else { None };
        let (Some(rows), Some(columns)) = (rows, columns) else { return Ok(Lowered::NoKernel) };
        let result = image(line.taps.len());
        let target = if i + 1 == lines.len() { View { image: result, ..to } } else { planner.new_temporary(result) };
        let x = View { image: image(line.from), ..from };
        planner.push(y, Resample { x, y: target, rows, columns, outside: op.extrapolation });
        from = target;
    }
    if lines.is_empty() {
        let image = Image::plain(DType::F32, Size { n: 1, c: 1, h: 1, w: dims.iter().product() });
        planner.push(y, Copy { x: View { image, ..from }, y: View { image, ..to } });
    }
    Ok(Lowered::Done)
}
