//! BatchNormalization.

use firebrick_ir::Value;
use firebrick_ir::ops::{BatchNorm, BinaryFn, Reduce, ReduceFn};

use super::cast::cast_to;
use super::{NodeContext, Outputs, Stop};

/// BatchNormalization: (x − mean) / √(variance + epsilon) * scale + bias, by channel.
pub(super) fn batch_normalization(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let epsilon = ctx.float_or("epsilon", 1e-5)?;
    let momentum = ctx.float_or("momentum", 0.9)?;
    let opset = ctx.opset();
    if opset < 6 {
        ctx.ignore("consumed_inputs", "it says which inputs may be overwritten, and none is");
    }
    if opset < 7 {
        ctx.ignore("is_test", "in these opsets a node that trains has five outputs");
    }
    if opset < 9 && !ctx.flag("spatial", true)? && ctx.rank(ctx.input(0)?) > 2 {
        return Err(ctx.attribute_problem("spatial", "statistics of each position (`spatial` 0) are not supported"));
    }
    if opset >= 14 && ctx.flag("training_mode", false)? {
        return train(ctx, epsilon, momentum);
    }
    if (1..ctx.n_outputs()).any(|index| ctx.is_used(index)) {
        return Err(ctx.problem("its outputs behind the first are those of training, which is not supported"));
    }
    let operands = ctx.all_inputs()?;
    Ok(vec![normalise(ctx, epsilon, &operands)?.into()])
}

/// A node that trains: it normalises by the statistics of its input, and moves those that it was given towards them.
fn train(ctx: &mut NodeContext<'_, '_>, epsilon: f32, momentum: f32) -> Outputs {
    let operands = ctx.all_inputs()?;
    let [x, scale, bias, mean, variance] = operands[..] else { return Err(ctx.problem("it takes 5 inputs")) };
    let axes: Vec<usize> = (0..ctx.rank(x)).filter(|&axis| axis != 1).collect();
    let reduce = |keep_dims| Reduce { function: ReduceFn::Mean, axes: axes.clone(), keep_dims };
    let dtype = ctx.ty(mean).dtype;
    let wide = cast_to(ctx, "wide", x, dtype)?;
    let own_mean = ctx.op("batch_mean", reduce(false), &[wide])?;
    let kept_mean = ctx.op("kept_mean", reduce(true), &[wide])?;
    let centred = ctx.binary(BinaryFn::Sub, wide, kept_mean)?;
    let square = ctx.binary(BinaryFn::Mul, centred, centred)?;
    let own_variance = ctx.op("batch_variance", reduce(false), &[square])?;
    let result = normalise(ctx, epsilon, &[x, scale, bias, own_mean, own_variance])?;
    let new_mean = moved(ctx, mean, own_mean, momentum)?;
    let new_variance = moved(ctx, variance, own_variance, momentum)?;
    Ok(vec![result.into(), new_mean.into(), new_variance.into()])
}

/// The op on operands of one type: the statistics', if they differ.
fn normalise(ctx: &mut NodeContext<'_, '_>, epsilon: f32, operands: &[Value]) -> Result<Value, Stop> {
    let (dtype, wide) = (ctx.ty(operands[0]).dtype, ctx.ty(operands[3]).dtype);
    let operands = operands.iter().map(|&operand| cast_to(ctx, "wide", operand, wide));
    let operands = operands.collect::<Result<Vec<_>, _>>()?;
    let result = ctx.op("batch_norm", BatchNorm { epsilon }, &operands)?;
    cast_to(ctx, "narrow", result, dtype)
}

fn moved(ctx: &mut NodeContext<'_, '_>, old: Value, new: Value, momentum: f32) -> Result<Value, Stop> {
    let old = ctx.with_scalar(BinaryFn::Mul, old, momentum)?;
    let new = ctx.with_scalar(BinaryFn::Mul, new, 1.0 - momentum)?;
    ctx.binary(BinaryFn::Add, old, new)
}
