//! One step of training: how an optimiser moves values along their gradients.

use firebrick_ir::ops::{BinaryFn, Select, UnaryFn};
use firebrick_ir::{DType, Value};

use super::cast::cast_to;
use super::{NodeContext, Outputs, Stop};

/// Adagrad: x − r g / (√h + epsilon), where h sums the squares of all gradients.
pub(super) fn adagrad(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let decay = ctx.float_or("decay_factor", 0.0)?;
    let (epsilon, norm) = (ctx.float_or("epsilon", 0.0)?, ctx.float_or("norm_coefficient", 0.0)?);
    let [values, gradients, squares] = groups(ctx)?;
    let (rate, count) = rate_and_count(ctx)?;
    let slow = ctx.with_scalar(BinaryFn::Mul, count, decay)?;
    let slow = ctx.with_scalar(BinaryFn::Add, slow, 1.0)?;
    let rate = ctx.binary(BinaryFn::Div, rate, slow)?;
    let (mut moved, mut sums) = (Vec::new(), Vec::new());
    for ((x, gradient), old) in values.into_iter().zip(gradients).zip(squares) {
        let gradient = weighted(ctx, x, norm, gradient, 1.0)?;
        let square = ctx.binary(BinaryFn::Mul, gradient, gradient)?;
        let sum = ctx.binary(BinaryFn::Add, old, square)?;
        let step = ctx.binary(BinaryFn::Mul, rate, gradient)?;
        let step = over_root(ctx, step, sum, epsilon)?;
        moved.push(ctx.binary(BinaryFn::Sub, x, step)?.into());
        sums.push(sum.into());
    }
    Ok([moved, sums].concat())
}

/// Adam: x − r v / (√h + epsilon), where v and h are running means of gradients and of their squares.
pub(super) fn adam(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (alpha, beta) = (ctx.float_or("alpha", 0.9)?, ctx.float_or("beta", 0.999)?);
    let (epsilon, norm) = (ctx.float_or("epsilon", 0.0)?, ctx.float_or("norm_coefficient", 0.0)?);
    let after = ctx.float_or("norm_coefficient_post", 0.0)?;
    let [values, gradients, means, squares] = groups(ctx)?;
    let (rate, count) = rate_and_count(ctx)?;
    let rate = adjusted(ctx, rate, count, alpha, beta)?;
    let (mut moved, mut new_means, mut new_squares) = (Vec::new(), Vec::new(), Vec::new());
    for (((x, gradient), mean), square) in values.into_iter().zip(gradients).zip(means).zip(squares) {
        let gradient = weighted(ctx, x, norm, gradient, 1.0)?;
        let mean = weighted(ctx, mean, alpha, gradient, 1.0 - alpha)?;
        let own = ctx.binary(BinaryFn::Mul, gradient, gradient)?;
        let square = weighted(ctx, square, beta, own, 1.0 - beta)?;
        let step = ctx.binary(BinaryFn::Mul, rate, mean)?;
        let step = over_root(ctx, step, square, epsilon)?;
        let next = ctx.binary(BinaryFn::Sub, x, step)?;
        moved.push(ctx.with_scalar(BinaryFn::Mul, next, 1.0 - after)?.into());
        new_means.push(mean.into());
        new_squares.push(square.into());
    }
    Ok([moved, new_means, new_squares].concat())
}

/// Momentum: x − r v, where v is the decaying sum of gradients; Nesterov's looks one step ahead.
pub(super) fn momentum(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (alpha, beta) = (ctx.float("alpha")?, ctx.float("beta")?);
    let (alpha, beta) = (ctx.required("alpha", alpha)?, ctx.required("beta", beta)?);
    let norm = ctx.float_or("norm_coefficient", 0.0)?;
    let is_nesterov = ctx.word("mode", &[("standard", false), ("nesterov", true)])?;
    let is_nesterov = ctx.required("mode", is_nesterov)?;
    let [values, gradients, momenta] = groups(ctx)?;
    let (rate, count) = rate_and_count(ctx)?;
    let (zero, one) = (ctx.scalar_like(count, "zero", 0.0)?, ctx.scalar_like(count, "one", 1.0)?);
    let beta = ctx.scalar_like(count, "beta", beta)?;
    let is_later = ctx.binary(BinaryFn::Greater, count, zero)?;
    let beta = ctx.op("share", Select {}, &[is_later, beta, one])?;
    let (mut moved, mut sums) = (Vec::new(), Vec::new());
    for ((x, gradient), old) in values.into_iter().zip(gradients).zip(momenta) {
        let gradient = weighted(ctx, x, norm, gradient, 1.0)?;
        let share = ctx.binary(BinaryFn::Mul, beta, gradient)?;
        let sum = weighted(ctx, old, alpha, share, 1.0)?;
        let direction = if is_nesterov { weighted(ctx, sum, alpha, gradient, 1.0)? } else { sum };
        let step = ctx.binary(BinaryFn::Mul, rate, direction)?;
        moved.push(ctx.binary(BinaryFn::Sub, x, step)?.into());
        sums.push(sum.into());
    }
    Ok([moved, sums].concat())
}

/// The inputs behind the first two, in as many groups of equal size.
fn groups<const N: usize>(ctx: &mut NodeContext<'_, '_>) -> Result<[Vec<Value>; N], Stop> {
    let inputs = ctx.all_inputs()?.split_off(2);
    if inputs.is_empty() || !inputs.len().is_multiple_of(N) {
        return Err(ctx.problem(format!("{} inputs behind the first two are not {N} for each value", inputs.len())));
    }
    let size = inputs.len() / N;
    Ok(std::array::from_fn(|group| inputs[group * size..][..size].to_vec()))
}

/// The learning rate, and the number of steps in its element type.
fn rate_and_count(ctx: &mut NodeContext<'_, '_>) -> Result<(Value, Value), Stop> {
    let (rate, count) = (ctx.input(0)?, ctx.input(1)?);
    let dtype: DType = ctx.ty(rate).dtype;
    Ok((rate, cast_to(ctx, "count", count, dtype)?))
}

/// Adam's rate: r √(1 − betaᵗ) / (1 − alphaᵗ) after the first step.
fn adjusted(ctx: &mut NodeContext<'_, '_>, rate: Value, count: Value, alpha: f32, beta: f32) -> Result<Value, Stop> {
    let rest = |ctx: &mut NodeContext<'_, '_>, suffix: &str, base: f32| -> Result<Value, Stop> {
        let (base, one) = (ctx.scalar_like(count, suffix, base)?, ctx.scalar_like(count, "one", 1.0)?);
        let power = ctx.binary(BinaryFn::Pow, base, count)?;
        ctx.binary(BinaryFn::Sub, one, power)
    };
    let (of_alpha, of_beta) = (rest(ctx, "alpha", alpha)?, rest(ctx, "beta", beta)?);
    let root = ctx.unary(UnaryFn::Sqrt {}, of_beta)?;
    let product = ctx.binary(BinaryFn::Mul, rate, root)?;
    let later = ctx.binary(BinaryFn::Div, product, of_alpha)?;
    let zero = ctx.scalar_like(count, "zero", 0.0)?;
    let is_later = ctx.binary(BinaryFn::Greater, count, zero)?;
    ctx.op("rate", Select {}, &[is_later, later, rate])
}

/// x by √y + epsilon.
fn over_root(ctx: &mut NodeContext<'_, '_>, x: Value, y: Value, epsilon: f32) -> Result<Value, Stop> {
    let root = ctx.unary(UnaryFn::Sqrt {}, y)?;
    let divisor = ctx.with_scalar(BinaryFn::Add, root, epsilon)?;
    ctx.binary(BinaryFn::Div, x, divisor)
}

/// a x + b y.
fn weighted(ctx: &mut NodeContext<'_, '_>, x: Value, a: f32, y: Value, b: f32) -> Result<Value, Stop> {
    let x = ctx.with_scalar(BinaryFn::Mul, x, a)?;
    let y = if b == 1.0 { y } else { ctx.with_scalar(BinaryFn::Mul, y, b)? };
    ctx.binary(BinaryFn::Add, x, y)
}
