//! Losses, as networks that were exported for training have them.

use firebrick_ir::ops::{BinaryFn, Reduce, ReduceFn, Select};
use firebrick_ir::{DType, Dim, Value};

use super::cast::cast_to;
use super::reshape::to_dims;
use super::softmax::log_softmax_of;
use super::{NodeContext, Outputs, Stop};

/// What is made of the losses of all elements.
#[derive(Clone, Copy, PartialEq)]
enum Reduction {
    None,
    Mean,
    Sum,
}

/// NegativeLogLikelihoodLoss: −weight x, of each element's class.
pub(super) fn negative_log_likelihood(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let x = ctx.input(0)?;
    Ok(vec![likelihood(ctx, x)?.into()])
}

/// SoftmaxCrossEntropyLoss: the same of the logarithm of the softmax, which is the second output.
pub(super) fn softmax_cross_entropy(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let x = ctx.input(0)?;
    if ctx.rank(x) < 2 {
        return Err(ctx.problem("its scores have fewer than 2 dimensions"));
    }
    let log = log_softmax_of(ctx, x, 1)?;
    Ok(vec![likelihood(ctx, log)?.into(), log.into()])
}

/// The loss of logarithms of probabilities `[N, C, ...]`, of which the second input says the classes `[N, ...]`, and
/// the third the classes' weights.
fn likelihood(ctx: &mut NodeContext<'_, '_>, x: Value) -> Result<Value, Stop> {
    let reductions = [("none", Reduction::None), ("mean", Reduction::Mean), ("sum", Reduction::Sum)];
    let reduction = ctx.word("reduction", &reductions)?.unwrap_or(Reduction::Mean);
    let ignored = ctx.int("ignore_index")?;
    let target = ctx.input(1)?;
    let target = cast_to(ctx, "target", target, DType::I64)?;
    let (dims, n_classes) = (ctx.ty(x).shape.0, ctx.dim(x, 1)?);
    let mut wide = dims.clone();
    wide[1] = Dim::Fixed(1);
    let target = to_dims(ctx, "classes", target, &wide)?;

    let numbers = ctx.places(n_classes, 1, dims.len())?;
    let is_class = ctx.binary(BinaryFn::Equal, target, numbers)?;
    let zero = ctx.scalar_like(x, "zero", 0.0)?;
    let mut weights = match ctx.optional(2) {
        Some(weights) => {
            let column = ctx.ty(numbers).shape.0;
            let weights = to_dims(ctx, "weights", weights, &column)?;
            Some(picked(ctx, "weight", is_class, weights, zero)?)
        }
        None => None,
    };
    if let Some(ignored) = ignored {
        let index = ctx.integer_like(target, "ignored", ignored)?;
        let is_ignored = ctx.binary(BinaryFn::Equal, target, index)?;
        let others = match weights {
            Some(weights) => weights,
            None => ctx.scalar_like(x, "one", 1.0)?,
        };
        weights = Some(ctx.op("weight", Select {}, &[is_ignored, zero, others])?);
    }
    let likelihood = picked(ctx, "likelihood", is_class, x, zero)?;
    let loss = ctx.binary(BinaryFn::Sub, zero, likelihood)?;
    let loss = weights.map_or(Ok(loss), |weights| ctx.binary(BinaryFn::Mul, loss, weights))?;
    reduced(ctx, reduction, loss, weights)
}

/// The element of each class, along dimension 1, which stays with the size 1.
fn picked(ctx: &mut NodeContext<'_, '_>, suffix: &str, is_class: Value, x: Value, zero: Value) -> Result<Value, Stop> {
    let of_class = ctx.op("of_class", Select {}, &[is_class, x, zero])?;
    ctx.op(suffix, Reduce { function: ReduceFn::Sum, axes: vec![1], keep_dims: true }, &[of_class])
}

fn reduced(
    ctx: &mut NodeContext<'_, '_>,
    reduction: Reduction,
    loss: Value,
    weights: Option<Value>,
) -> Result<Value, Stop> {
    let all: Vec<usize> = (0..ctx.rank(loss)).collect();
    let reduce = |function, axes: &[usize]| Reduce { function, axes: axes.to_vec(), keep_dims: false };
    match (reduction, weights) {
        (Reduction::None, _) => ctx.op("loss", reduce(ReduceFn::Sum, &[1]), &[loss]),
        (Reduction::Sum, _) => ctx.op("loss", reduce(ReduceFn::Sum, &all), &[loss]),
        (Reduction::Mean, None) => ctx.op("loss", reduce(ReduceFn::Mean, &all), &[loss]),
        (Reduction::Mean, Some(weights)) => {
            let sum = ctx.op("sum", reduce(ReduceFn::Sum, &all), &[loss])?;
            let weight = ctx.op("total", reduce(ReduceFn::Sum, &all), &[weights])?;
            ctx.binary(BinaryFn::Div, sum, weight)
        }
    }
}
