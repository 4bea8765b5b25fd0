//! Operators whose results' shapes depend on elements: NonZero, Compress, Unique, NonMaxSuppression. They are computed
//! while the model is imported, from inputs that are constant by then.

use std::cmp::Ordering;

use firebrick_ir::ops::Gather;
use firebrick_ir::{DType, Tensor};

use super::make::{converted, tensor};
use super::{NodeContext, Outputs, Stop};

/// NonZero: the positions of all elements but 0, a column each.
pub(super) fn non_zero(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let x = ctx.input(0)?;
    let x = ctx.constant_value(x)?;
    let truths = truths(ctx, &x)?;
    let found: Vec<usize> = (0..truths.len()).filter(|&i| truths[i]).collect();
    let mut rows = Vec::new();
    let mut stride = 1;
    for &size in x.dims().iter().rev() {
        rows.push(found.iter().map(|&at| (at / stride % size.max(1)) as i64).collect::<Vec<_>>());
        stride *= size.max(1);
    }
    let positions = tensor::<i64>(ctx, &[rows.len(), found.len()], rows.into_iter().rev().flatten().collect())?;
    Ok(vec![ctx.constant("positions", positions)?.into()])
}

fn truths(ctx: &NodeContext<'_, '_>, x: &Tensor) -> Result<Vec<bool>, Stop> {
    let truths = converted(ctx, x, DType::Bool)?;
    truths.bools().map(Iterator::collect).map_err(|error| ctx.problem(error.to_string()))
}

/// Compress: parts for which a condition holds, along a dimension or of all elements.
pub(super) fn compress(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axis = ctx.int("axis")?;
    let (x, condition) = (ctx.input(0)?, ctx.input(1)?);
    let condition = ctx.constant_value(condition)?;
    let condition = truths(ctx, &condition)?;
    let (x, axis) = match axis {
        Some(axis) => (x, ctx.axis("axis", axis, ctx.rank(x))?),
        None => (ctx.reshape("flat", x, &[-1])?, 0),
    };
    let indices = (0..).zip(condition).filter(|&(_, holds)| holds).map(|(i, _)| i).collect();
    let indices = ctx.constant_i64("kept", indices)?;
    Ok(vec![ctx.op("compressed", Gather { axis }, &[x, indices])?.into()])
}

/// Unique: each element once or, with an axis, each part along it, and where they were found.
pub(super) fn unique(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (axis, sorted) = (ctx.int("axis")?, ctx.flag("sorted", true)?);
    let x = ctx.input(0)?;
    let (x, axis) = match axis {
        Some(axis) => (x, ctx.axis("axis", axis, ctx.rank(x))?),
        None => (ctx.reshape("flat", x, &[-1])?, 0),
    };
    let elements = ctx.constant_value(x)?;
    if elements.is_empty() && elements.dims()[axis] > 0 {
        return Err(ctx.problem("its parts have no elements"));
    }
    let parts = parts(ctx, &elements, axis)?;
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|&i, &j| compare(&parts[i], &parts[j]).then(i.cmp(&j)));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for i in order {
        match groups.last_mut() {
            Some(group) if compare(&parts[group[0]], &parts[i]) == Ordering::Equal => group.push(i),
            Some(_) | None => groups.push(vec![i]),
        }
    }
    if !sorted {
        groups.sort_by_key(|group| group[0]);
    }
    let first: Vec<i64> = groups.iter().map(|group| group[0] as i64).collect();
    let counts = groups.iter().map(|group| group.len() as i64).collect();
    let mut inverse = vec![0; parts.len()];
    groups.iter().zip(0..).for_each(|(group, number)| group.iter().for_each(|&i| inverse[i] = number));
    let first = ctx.constant_i64("first", first)?;
    let unique = ctx.op("unique", Gather { axis }, &[x, first])?;
    let (inverse, counts) = (ctx.constant_i64("inverse", inverse)?, ctx.constant_i64("counts", counts)?);
    Ok(vec![unique.into(), first.into(), inverse.into(), counts.into()])
}

/// A number that compares as any element does.
#[derive(Clone, Copy)]
enum Number {
    Int(i64),
    Real(f64),
}

/// The elements of each part along a dimension.
fn parts(ctx: &NodeContext<'_, '_>, x: &Tensor, axis: usize) -> Result<Vec<Vec<Number>>, Stop> {
    let dtype = x.dtype();
    let wide = converted(ctx, x, if dtype.is_float() { DType::F64 } else { DType::I64 })?;
    let numbers: Vec<Number> = if dtype.is_float() {
        wide.values::<f64>().map(|values| values.iter().map(|&x| Number::Real(x)).collect())
    } else {
        wide.values::<i64>().map(|values| values.iter().map(|&n| Number::Int(n)).collect())
    }
    .map_err(|error| ctx.problem(error.to_string()))?;
    let size = x.dims()[axis];
    let inner: usize = x.dims()[axis + 1..].iter().product();
    let outer: usize = x.dims()[..axis].iter().product();
    let part = |i: usize| (0..outer).flat_map(move |block| (0..inner).map(move |j| (block * size + i) * inner + j));
    Ok((0..size).map(|i| part(i).map(|at| numbers[at]).collect()).collect())
}

/// In order, part by part; NaN is above all numbers and equal to itself.
fn compare(a: &[Number], b: &[Number]) -> Ordering {
    let pairs = a.iter().zip(b).map(|pair| match pair {
        (Number::Int(a), Number::Int(b)) => a.cmp(b),
        (Number::Real(a), Number::Real(b)) => a.partial_cmp(b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan())),
        (Number::Int(_), Number::Real(_)) => Ordering::Less,
        (Number::Real(_), Number::Int(_)) => Ordering::Greater,
    });
    pairs.fold(Ordering::Equal, Ordering::then)
}

/// NonMaxSuppression: for each image and class the boxes with the best scores, but those that cover too much of a better
/// one.
pub(super) fn non_max_suppression(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let is_centre = ctx.flag("center_point_box", false)?;
    let (boxes, scores) = (ctx.input(0)?, ctx.input(1)?);
    let (&[n_images, n_boxes, 4], &[score_images, n_classes, score_boxes]) =
        (ctx.dims(boxes)?.as_slice(), ctx.dims(scores)?.as_slice())
    else {
        return Err(ctx.problem("its boxes should be [N, B, 4] and its scores [N, C, B]"));
    };
    if (n_images, n_boxes) != (score_images, score_boxes) {
        return Err(ctx.problem(format!("there are {n_images} * {n_boxes} boxes and {score_images} * {score_boxes}")));
    }
    let (boxes, scores) = (ctx.constant_floats(boxes)?, ctx.constant_floats(scores)?);
    let most = limit(ctx, 2)?.unwrap_or(0.0) as usize;
    let overlap = limit(ctx, 3)?.unwrap_or(0.0);
    let least = limit(ctx, 4)?;
    // Without boxes, the other dimensions may be any.
    let n_planes = if scores.is_empty() { 0 } else { n_images * n_classes };
    let n_boxes = n_boxes as usize;
    let mut found: Vec<i64> = Vec::new();
    for plane in 0..n_planes as usize {
        let image = plane / (n_classes as usize).max(1);
        let boxes = &boxes[image * n_boxes * 4..][..n_boxes * 4];
        let boxes: Vec<Corners> = boxes.chunks_exact(4).map(|corners| Corners::new(corners, is_centre)).collect();
        for chosen in best(&boxes, &scores[plane * n_boxes..][..n_boxes], most, overlap, least) {
            found.extend([image as i64, (plane % n_classes as usize) as i64, chosen as i64]);
        }
    }
    let found = tensor::<i64>(ctx, &[found.len() / 3, 3], found)?;
    Ok(vec![ctx.constant("boxes", found)?.into()])
}

/// An input that is one number, if it is there.
fn limit(ctx: &mut NodeContext<'_, '_>, index: usize) -> Result<Option<f32>, Stop> {
    let Some(value) = ctx.optional(index) else { return Ok(None) };
    match ctx.constant_floats(value)?.as_slice() {
        [number] => Ok(Some(*number)),
        numbers => Err(ctx.problem(format!("input {index} should be one number, but has {}", numbers.len()))),
    }
}

/// The boxes that stay, best first.
fn best(boxes: &[Corners], scores: &[f32], most: usize, overlap: f32, least: Option<f32>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..boxes.len()).filter(|&i| least.is_none_or(|least| scores[i] > least)).collect();
    order.sort_by(|&i, &j| scores[j].total_cmp(&scores[i]));
    let mut chosen: Vec<usize> = Vec::new();
    for i in order {
        if chosen.len() >= most {
            break;
        }
        if chosen.iter().all(|&better| boxes[i].overlap(boxes[better]) <= overlap) {
            chosen.push(i);
        }
    }
    chosen
}

/// A box from its least to its greatest corner.
#[derive(Clone, Copy)]
struct Corners([f32; 4]);

impl Corners {
    fn new(numbers: &[f32], is_centre: bool) -> Self {
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| numbers[i]);
        if is_centre {
            return Corners([a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0]);
        }
        Corners([a.min(c), b.min(d), a.max(c), b.max(d)])
    }

    fn area(self) -> f32 {
        let Corners([a, b, c, d]) = self;
        (c - a) * (d - b)
    }

    /// What both have in common, of what they cover together.
    fn overlap(self, other: Self) -> f32 {
        let (Corners([a, b, c, d]), Corners([e, f, g, h])) = (self, other);
        let common = (c.min(g) - a.max(e)).max(0.0) * (d.min(h) - b.max(f)).max(0.0);
        if common <= 0.0 { 0.0 } else { common / (self.area() + other.area() - common) }
    }
}
