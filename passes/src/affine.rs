//! Ops that scale and shift channels by known numbers.

use firebrick_ir::ops::{BatchNorm, Binary, BinaryFn, Unary, UnaryFn};
use firebrick_ir::{Tensor, Type, Value};

use crate::At;

/// What a node does to each channel of an f32 value: `x scale + shift`.
#[derive(Debug)]
pub(crate) struct Affine {
    /// The value.
    pub(crate) x: Value,
    /// A number for each channel.
    pub(crate) scale: Vec<f64>,
    /// A number for each channel.
    pub(crate) shift: Vec<f64>,
}

impl Affine {
    /// The value that a node may scale and shift, by the looks of it: cheaper than [`Affine::of`].
    pub(crate) fn operand(at: At<'_>) -> Option<Value> {
        if let Some(norm) = at.is::<BatchNorm>() {
            return Some(norm.x());
        }
        if let Some(unary) = at.is::<Unary>() {
            return (unary.op.0 == UnaryFn::Neg {}).then(|| unary.x());
        }
        let binary = at.is::<Binary>()?;
        binary.operands.iter().copied().find(|&value| at.constant(value).is_none())
    }

    /// What the node does, if it does nothing else and all numbers are known and finite.
    pub(crate) fn of(at: At<'_>) -> Option<Affine> {
        Affine::along(at, 1)
    }

    /// As [`Affine::of`], where channels are that dimension.
    pub(crate) fn along(at: At<'_>, axis: usize) -> Option<Affine> {
        let x = Affine::operand(at)?;
        let n_channels = usize::try_from(at.ty(x).shape.0.get(axis)?.fixed()?).ok()?;
        if at.ty(x) != at.ty(at.result()) {
            return None;
        }
        let (scale, shift) = batch_norm(at, axis).or_else(|| negative(at)).or_else(|| binary(at, at.ty(x), axis))?;
        let of_channels = |numbers: Vec<f64>| match numbers.as_slice() {
            &[number] => vec![number; n_channels],
            _ => numbers,
        };
        let affine = Affine { x, scale: of_channels(scale), shift: of_channels(shift) };
        let numbers = affine.scale.iter().chain(&affine.shift);
        let is_known = affine.scale.len() == n_channels && affine.shift.len() == n_channels;
        (is_known && numbers.clone().all(|number| number.is_finite())).then_some(affine)
    }

    /// Whether nothing is added.
    pub(crate) fn is_scale(&self) -> bool {
        self.shift.iter().all(|&shift| shift == 0.0)
    }
}

/// Scale and shift: a number for each channel, or one for all.
type Numbers = (Vec<f64>, Vec<f64>);

fn batch_norm(at: At<'_>, axis: usize) -> Option<Numbers> {
    let norm = at.is::<BatchNorm>().filter(|_| axis == 1)?;
    let operand = |slot: usize| reals(at.constant(norm.operand(slot)?)?);
    let (scale, bias, mean, variance) = (operand(1)?, operand(2)?, operand(3)?, operand(4)?);
    let deviations = variance.iter().map(|&variance| (variance + f64::from(norm.op.epsilon)).sqrt());
    let scale: Vec<f64> = scale.iter().zip(deviations).map(|(&scale, deviation)| scale / deviation).collect();
    let shift = bias.iter().zip(&mean).zip(&scale).map(|((&bias, &mean), &scale)| bias - mean * scale).collect();
    Some((scale, shift))
}

fn negative(at: At<'_>) -> Option<Numbers> {
    at.is::<Unary>().filter(|unary| unary.op.0 == UnaryFn::Neg {}).map(|_| (vec![-1.0], vec![0.0]))
}

/// An elementwise function of a value of type `x` and a constant.
fn binary(at: At<'_>, x: &Type, axis: usize) -> Option<Numbers> {
    let binary = at.is::<Binary>()?;
    let &[a, b] = binary.operands.as_slice() else { return None };
    let (constant, is_second) = at.constant(b).map(|b| (b, true)).or_else(|| Some((at.constant(a)?, false)))?;
    let numbers = of_channels(constant, x.shape.rank(), axis)?;
    let map = |f: fn(f64) -> f64| numbers.iter().map(|&number| f(number)).collect();
    match (binary.op.0, is_second) {
        (BinaryFn::Mul, _) => Some((numbers, vec![0.0])),
        (BinaryFn::Div, true) => Some((map(|number| 1.0 / number), vec![0.0])),
        (BinaryFn::Add, _) => Some((vec![1.0], numbers)),
        (BinaryFn::Sub, true) => Some((vec![1.0], map(|number| -number))),
        (BinaryFn::Sub, false) => Some((vec![-1.0], numbers)),
        _ => None,
    }
}

/// The elements of an f32 constant that is the same for all of a channel, when broadcast to that rank: a number for
/// each channel, which are dimension `axis`, or one.
pub(crate) fn of_channels(constant: &Tensor, rank: usize, axis: usize) -> Option<Vec<f64>> {
    let first = rank.checked_sub(constant.dims().len())?;
    let is_channel_or_one = |(i, &n): (usize, &usize)| n == 1 || first + i == axis;
    constant.dims().iter().enumerate().all(is_channel_or_one).then(|| reals(constant)).flatten()
}

/// The elements of a tensor of f32.
pub(crate) fn reals(tensor: &Tensor) -> Option<Vec<f64>> {
    // Of narrower types the new weights would be rounded too much.
    Some(tensor.values::<f32>().ok()?.iter().map(|&x| f64::from(x)).collect())
}

/// The number that an f32 constant of one element is.
pub(crate) fn number(at: At<'_>, value: Value) -> Option<f64> {
    let tensor = at.constant(value).filter(|tensor| tensor.len() == 1)?;
    reals(tensor)?.first().copied()
}
