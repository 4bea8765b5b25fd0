//! Resampling to other sizes.
//!
//! Resize says it from operator set 11 on, Upsample and an earlier Resize for whole factors before. Runtimes compute
//! positions in single precision, so that `nearest` may miss an element that is exactly at a position: but for whole
//! factors, elements are gathered by their indices instead. What no operator says is a product with a matrix along each
//! dimension, whose entries are what the op itself makes of each element.

use firebrick_ir::Tensor;
use firebrick_ir::ops::{Coordinates, NearestMode, Resize, ResizeFn, Transpose};

use crate::attr;
use crate::lower::{Arg, Lowered, Lowering, Reason, cast, eval};

pub(super) fn resize(l: &mut Lowering<'_>, op: &Resize) -> Lowered {
    let sizes = op.axes.iter().map(|&axis| l.dim(0, axis).ok_or_else(|| format!("dimension {axis} is symbolic")));
    let input: Vec<usize> = sizes.collect::<Result<_, _>>()?;
    if input == op.size && keeps(op) {
        let x = l.arg(0);
        return Ok(vec![l.same("Identity", &[x], vec![])?]);
    }
    let result = match form(l, op, &input) {
        Form::Sizes => by_size(l, op)?,
        Form::Factors => by_factors(l, op, &input)?,
        Form::Dimensions => by_dimension(l, op, &input)?,
    };
    Ok(vec![result])
}

/// Whether a dimension that keeps its size keeps its elements.
fn keeps(op: &Resize) -> bool {
    let shifts = matches!(op.coordinates, Coordinates::TfHalfPixelForNn | Coordinates::TfCropAndResize);
    op.scales.is_empty() && !shifts
}

/// How a resize is said.
enum Form {
    /// Resize of operator set 11 and later.
    Sizes,
    /// Upsample, or Resize of operator set 10.
    Factors,
    /// One dimension after another.
    Dimensions,
}

fn form(l: &Lowering<'_>, op: &Resize, input: &[usize]) -> Form {
    let plain = op.scales.is_empty() && !op.antialias && !op.exclude_outside;
    let spatial = op.axes.iter().all(|&axis| axis >= 2) && op.axes.len() <= 2;
    let whole_factors = input.iter().zip(&op.size).all(|(&from, &to)| to.is_multiple_of(from));
    let at_factors = matches!(op.coordinates, Coordinates::Asymmetric | Coordinates::HalfPixel);
    let is_known = matches!(
        op.coordinates,
        Coordinates::Asymmetric | Coordinates::HalfPixel | Coordinates::AlignCorners | Coordinates::PytorchHalfPixel
    );
    let static_shape = !l.result(0).shape.is_symbolic();
    let nearest = op.function == ResizeFn::Nearest && whole_factors && at_factors && op.nearest == NearestMode::Floor;
    let smooth = op.function != ResizeFn::Nearest && is_known && spatial && l.result(0).shape.rank() == 4;
    match l.version() {
        11.. if plain && static_shape && (nearest || smooth) => Form::Sizes,
        ..=10 if plain && nearest && op.coordinates == Coordinates::Asymmetric => Form::Factors,
        _ => Form::Dimensions,
    }
}

fn by_size(l: &mut Lowering<'_>, op: &Resize) -> Result<Arg, Reason> {
    let coordinates = match op.coordinates {
        Coordinates::Asymmetric => "asymmetric",
        Coordinates::AlignCorners => "align_corners",
        Coordinates::HalfPixel => "half_pixel",
        Coordinates::PytorchHalfPixel => "pytorch_half_pixel",
        Coordinates::HalfPixelSymmetric | Coordinates::TfHalfPixelForNn | Coordinates::TfCropAndResize => {
            return Err("its coordinates are no operator's".to_owned());
        }
    };
    let mut attrs = vec![attr::string("coordinate_transformation_mode", coordinates)];
    match op.function {
        ResizeFn::Nearest => attrs.extend([attr::string("mode", "nearest"), attr::string("nearest_mode", "floor")]),
        ResizeFn::Linear => attrs.push(attr::string("mode", "linear")),
        ResizeFn::Cubic => attrs.extend([attr::string("mode", "cubic"), attr::float("cubic_coeff_a", op.cubic)]),
    }
    // Up to operator set 12, the operands before the sizes have to be there, without elements.
    let empty = if l.version() < 13 {
        l.tensor("empty", Tensor::from_vec(&[0], Vec::<f32>::new()).map_err(|error| error.to_string())?)
    } else {
        Arg::absent()
    };
    let sizes = l.result(0).shape.0.iter().map(|dim| dim.fixed().map(|n| n as i64));
    let sizes = sizes.collect::<Option<_>>().ok_or("a dimension is symbolic")?;
    let (x, sizes) = (l.arg(0), l.ints("sizes", sizes));
    l.same("Resize", &[x, empty.clone(), empty, sizes], attrs)
}

/// Elements repeated by whole factors.
fn by_factors(l: &mut Lowering<'_>, op: &Resize, input: &[usize]) -> Result<Arg, Reason> {
    let mut scales = vec![1f32; l.result(0).shape.rank()];
    for ((&axis, &to), &from) in op.axes.iter().zip(&op.size).zip(input) {
        scales[axis] = (to / from) as f32;
    }
    let scales = Tensor::from_vec(&[scales.len()], scales).map_err(|error| error.to_string())?;
    let (x, scales) = (l.arg(0), l.tensor("scales", scales));
    let name = if l.version() < 10 { "Upsample" } else { "Resize" };
    l.same(name, &[x, scales], vec![attr::string("mode", "nearest")])
}

/// A dimension after another.
fn by_dimension(l: &mut Lowering<'_>, op: &Resize, input: &[usize]) -> Result<Arg, Reason> {
    if op.coordinates == Coordinates::TfCropAndResize {
        return Err("its positions outside have a value of their own (tf_crop_and_resize)".to_owned());
    }
    let mut x = l.arg(0);
    for (i, &from) in input.iter().enumerate() {
        if from == op.size[i] && keeps(op) {
            continue;
        }
        let matrix = matrix(op, i, from)?;
        x = match op.function {
            ResizeFn::Nearest => picked(l, &x, op.axes[i], &matrix)?,
            ResizeFn::Linear | ResizeFn::Cubic => mixed(l, &x, op.axes[i], &matrix)?,
        };
    }
    Ok(x)
}

/// What the op makes of each element of its `i`-th axis: `[from, to]`.
fn matrix(op: &Resize, i: usize, from: usize) -> Result<Tensor, Reason> {
    let mut identity = vec![0f32; from.saturating_mul(from)];
    identity.iter_mut().step_by(from + 1).for_each(|x| *x = 1.0);
    let identity = Tensor::from_vec(&[from, from], identity).map_err(|error| error.to_string())?;
    let scales = op.scales.get(i).copied().into_iter().collect();
    eval(Resize { axes: vec![1], size: vec![op.size[i]], scales, ..op.clone() }, &[&identity])
}

/// Elements by their indices.
fn picked(l: &mut Lowering<'_>, x: &Arg, axis: usize, matrix: &Tensor) -> Result<Arg, Reason> {
    let (from, to) = (matrix.dims()[0], matrix.dims()[1]);
    let weights = matrix.values::<f32>().map_err(|error| error.to_string())?;
    let source = |column: usize| (0..from).find(|row| weights[row * to + column] == 1.0).unwrap_or(0) as i64;
    let indices = l.ints("indices", (0..to).map(source).collect());
    l.same("Gather", &[x.clone(), indices], vec![attr::int("axis", axis as i64)])
}

/// Elements by their weights.
fn mixed(l: &mut Lowering<'_>, x: &Arg, axis: usize, matrix: &Tensor) -> Result<Arg, Reason> {
    let rank = l.result(0).shape.rank();
    let matrix = cast(matrix, x.dtype)?;
    if axis + 2 == rank {
        let transposed = eval(Transpose { perm: vec![1, 0] }, &[&matrix])?;
        let transposed = l.tensor("weights", transposed);
        return l.same("MatMul", &[transposed, x.clone()], vec![]);
    }
    let matrix = l.tensor("weights", matrix);
    if axis + 1 == rank {
        return l.same("MatMul", &[x.clone(), matrix], vec![]);
    }
    let mut perm: Vec<usize> = (0..rank).collect();
    perm.swap(axis, rank - 1);
    let last = l.transpose(x, &perm)?;
    let product = l.same("MatMul", &[last, matrix], vec![])?;
    l.transpose(&product, &perm)
}
