//! Plain values that are broadcast to others.

use std::ops::Range;

use firebrick_ir::{DType, Value};

use super::moves;
use super::planner::Planner;
use crate::CompileError;
use crate::kernels::{Axis, Move, Origin, Way};
use crate::plan::{Image, Size, View};

/// Pixels that a row should have.
const LONG: usize = 16;

/// Runs of a value's dimensions, each of which is one dimension of images. Within each, another value has either all
/// elements or one.
#[derive(Debug, Clone)]
pub(super) struct Grouping([Range<usize>; 4]);

impl Grouping {
    /// Batch, channels, and all that is behind them.
    pub(super) fn channels(dims: &[usize]) -> Self {
        let rank = dims.len();
        Grouping([0..1.min(rank), 1.min(rank)..2.min(rank), 2.min(rank)..2.min(rank), 2.min(rank)..rank])
    }

    /// One for a value of these dimensions and others that are broadcast to it; `None` if they differ in too many ways.
    pub(super) fn of(dims: &[usize], others: &[Vec<usize>]) -> Option<Self> {
        let rank = dims.len();
        let split = |at: usize| Grouping([0..0, 0..0, 0..at, at..rank]);
        let is_long = |from: usize| dims.iter().skip(from).product::<usize>() >= LONG;
        let mut candidates = Vec::new();
        if rank > 2 && is_long(2) {
            candidates.push(Grouping::channels(dims));
        }
        candidates.push(split(1.min(rank.saturating_sub(1))));
        if rank > 2 {
            candidates.extend([Grouping::channels(dims), Grouping([0..1, 1..2, 2..3, 3..rank])]);
        }
        candidates.extend(Self::by_pattern(dims, others));
        candidates.into_iter().find(|grouping| others.iter().all(|other| grouping.fit(dims, other).is_some()))
    }

    /// Neighbours together that are broadcast alike.
    fn by_pattern(dims: &[usize], others: &[Vec<usize>]) -> Option<Self> {
        let padded: Vec<Vec<usize>> = others.iter().map(|other| padded(other, dims.len())).collect();
        let pattern = |dim: usize| padded.iter().map(|other| other[dim] == dims[dim]).collect::<Vec<_>>();
        let mut groups: Vec<Range<usize>> = Vec::new();
        for (dim, &n) in dims.iter().enumerate() {
            match groups.last_mut() {
                Some(group) if pattern(group.start) == pattern(dim) || n == 1 => group.end = dim + 1,
                Some(_) | None => groups.push(dim..dim + 1),
            }
        }
        while groups.len() < 4 {
            groups.insert(0, 0..0);
        }
        groups.try_into().ok().map(Grouping)
    }

    /// The value's own size.
    pub(super) fn size(&self, dims: &[usize]) -> Size {
        let [n, c, h, w] = self.0.clone().map(|group| dims[group].iter().product());
        Size { n, c, h, w }
    }

    /// The size of another value that is broadcast to it, if it is as large or 1 in each of the image's dimensions.
    pub(super) fn fit(&self, dims: &[usize], other: &[usize]) -> Option<Size> {
        let other = padded(other, dims.len());
        let size = |group: &Range<usize>| {
            let (whole, own) = (&dims[group.clone()], &other[group.clone()]);
            let is_one = own.iter().all(|&n| n == 1);
            (whole == own || is_one).then(|| own.iter().product::<usize>())
        };
        let [n, c, h, w] = self.0.each_ref().map(size);
        Some(Size { n: n?, c: c?, h: h?, w: w? })
    }
}

/// Dimensions with ones before them.
pub(super) fn padded(dims: &[usize], rank: usize) -> Vec<usize> {
    [vec![1; rank.saturating_sub(dims.len())], dims.to_vec()].concat()
}

/// A plain copy of a value, as large as what it is broadcast to.
pub(super) fn copy(planner: &mut Planner<'_>, y: Value, x: Value, dims: &[usize]) -> Result<View, CompileError> {
    let own = padded(&planner.dims(x), dims.len());
    let element = size_of::<f32>();
    let (from, to) = (moves::steps(&own, element), moves::steps(dims, element));
    let axes = (0..dims.len()).map(|i| Axis {
        n: dims[i],
        x: Way::Step(if own[i] == dims[i] { from[i] } else { 0 }),
        y: to[i],
    });
    let axes: Vec<Axis> = axes.collect();
    let view = planner.plain(x)?;
    let target = planner.new_temporary(Image::plain(DType::F32, Size { n: 1, c: 1, h: 1, w: dims.iter().product() }));
    planner.push(y, Move::new("broadcast", (Origin::View(view), 0), target, element, axes));
    Ok(target)
}
