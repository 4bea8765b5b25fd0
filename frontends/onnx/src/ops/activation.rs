//! Activations: functions of each element by itself.

use firebrick_ir::ops::{BinaryFn, Select, UnaryFn};

use super::elementary::{consumed, map};
use super::{NodeContext, Outputs};

/// Elu: x if x > 0, else alpha (eˣ − 1).
pub(super) fn elu(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let alpha = ctx.float_or("alpha", 1.0)?;
    map(ctx, UnaryFn::Elu { alpha })
}

/// LeakyRelu: x if x > 0, else alpha x.
pub(super) fn leaky_relu(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let alpha = ctx.float_or("alpha", 0.01)?;
    map(ctx, UnaryFn::LeakyRelu { alpha })
}

/// Selu: gamma (x if x > 0, else alpha (eˣ − 1)).
pub(super) fn selu(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    // Opset 1 rounds the constants of the paper, later ones give them as exactly as f32 can.
    let old = ctx.opset() < 6;
    let alpha = ctx.float_or("alpha", if old { 1.6732 } else { 1.673_263_2 })?;
    let gamma = ctx.float_or("gamma", if old { 1.0507 } else { 1.050_701 })?;
    consumed(ctx);
    let x = ctx.input(0)?;
    let elu = ctx.unary(UnaryFn::Elu { alpha }, x)?;
    Ok(vec![ctx.with_scalar(BinaryFn::Mul, elu, gamma)?.into()])
}

/// Celu: x if x > 0, else alpha (e^(x / alpha) − 1).
pub(super) fn celu(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let alpha = ctx.float_or("alpha", 1.0)?;
    let x = ctx.input(0)?;
    if alpha == 1.0 {
        return map(ctx, UnaryFn::Elu { alpha });
    }
    let scaled = ctx.with_scalar(BinaryFn::Div, x, alpha)?;
    let elu = ctx.unary(UnaryFn::Elu { alpha: 1.0 }, scaled)?;
    Ok(vec![ctx.with_scalar(BinaryFn::Mul, elu, alpha)?.into()])
}

/// HardSigmoid: alpha x + beta, limited to `0..=1`.
pub(super) fn hard_sigmoid(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (alpha, beta) = (ctx.float_or("alpha", 0.2)?, ctx.float_or("beta", 0.5)?);
    map(ctx, UnaryFn::HardSigmoid { alpha, beta })
}

/// HardSwish: x (x / 6 + 1/2, limited to `0..=1`).
pub(super) fn hard_swish(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    map(ctx, UnaryFn::HardSwish {})
}

/// Mish: x tanh(ln(1 + eˣ)).
pub(super) fn mish(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    map(ctx, UnaryFn::Mish {})
}

/// Gelu: x Φ(x), or its approximation x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2.
pub(super) fn gelu(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let is_tanh = ctx.word("approximate", &[("none", false), ("tanh", true)])?;
    if is_tanh != Some(true) {
        return map(ctx, UnaryFn::Gelu {});
    }
    let x = ctx.input(0)?;
    let square = ctx.binary(BinaryFn::Mul, x, x)?;
    let cube = ctx.binary(BinaryFn::Mul, square, x)?;
    let term = ctx.with_scalar(BinaryFn::Mul, cube, 0.044_715)?;
    let sum = ctx.binary(BinaryFn::Add, x, term)?;
    let scaled =
        ctx.with_scalar(BinaryFn::Mul, sum, std::f32::consts::FRAC_2_SQRT_PI * std::f32::consts::FRAC_1_SQRT_2)?;
    let tanh = ctx.unary(UnaryFn::Tanh {}, scaled)?;
    let gate = ctx.with_scalar(BinaryFn::Add, tanh, 1.0)?;
    let product = ctx.binary(BinaryFn::Mul, x, gate)?;
    Ok(vec![ctx.with_scalar(BinaryFn::Mul, product, 0.5)?.into()])
}

/// Shrink: x moved by `bias` towards 0 where it is farther from 0 than `lambd`, else 0.
pub(super) fn shrink(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (bias, lambd) = (ctx.float_or("bias", 0.0)?, ctx.float_or("lambd", 0.5)?);
    let x = ctx.input(0)?;
    let zero = ctx.scalar_like(x, "zero", 0.0)?;
    let (low, high) = (ctx.scalar_like(x, "low", -lambd)?, ctx.scalar_like(x, "high", lambd)?);
    let (is_below, is_above) = (ctx.binary(BinaryFn::Greater, low, x)?, ctx.binary(BinaryFn::Greater, x, high)?);
    let (raised, lowered) = (ctx.with_scalar(BinaryFn::Add, x, bias)?, ctx.with_scalar(BinaryFn::Sub, x, bias)?);
    let upper = ctx.op("above", Select {}, &[is_above, lowered, zero])?;
    Ok(vec![ctx.op("shrink", Select {}, &[is_below, raised, upper])?.into()])
}

/// Softsign: x / (1 + |x|).
pub(super) fn softsign(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let x = ctx.input(0)?;
    let size = ctx.unary(UnaryFn::Abs {}, x)?;
    let divisor = ctx.with_scalar(BinaryFn::Add, size, 1.0)?;
    Ok(vec![ctx.binary(BinaryFn::Div, x, divisor)?.into()])
}

/// Swish: x / (1 + e^(−alpha x)).
pub(super) fn swish(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let alpha = ctx.float_or("alpha", 1.0)?;
    if alpha == 1.0 {
        return map(ctx, UnaryFn::Silu {});
    }
    let x = ctx.input(0)?;
    let scaled = ctx.with_scalar(BinaryFn::Mul, x, alpha)?;
    let gate = ctx.unary(UnaryFn::Sigmoid {}, scaled)?;
    Ok(vec![ctx.binary(BinaryFn::Mul, x, gate)?.into()])
}

/// ThresholdedRelu: x if x > alpha, else 0.
pub(super) fn thresholded_relu(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let alpha = ctx.float_or("alpha", 1.0)?;
    let x = ctx.input(0)?;
    let (zero, limit) = (ctx.scalar_like(x, "zero", 0.0)?, ctx.scalar_like(x, "alpha", alpha)?);
    let is_above = ctx.binary(BinaryFn::Greater, x, limit)?;
    Ok(vec![ctx.op("thresholded", Select {}, &[is_above, x, zero])?.into()])
}

/// Clip: x limited to `min..=max`, which are attributes before opset 11, and inputs since.
pub(super) fn clip(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let x = ctx.input(0)?;
    if ctx.opset() < 11 {
        let (min, max) = (ctx.float_or("min", -f32::MAX)?, ctx.float_or("max", f32::MAX)?);
        consumed(ctx);
        return Ok(vec![ctx.unary(UnaryFn::Clip { min, max }, x)?.into()]);
    }
    let (min, max) = (ctx.optional(1), ctx.optional(2));
    let mut known = |bound: Option<firebrick_ir::Value>, default: f32| match bound {
        Some(bound) => ctx.known_value(bound).and_then(|tensor| Some(*tensor.values::<f32>().ok()?.first()?)),
        None => Some(default),
    };
    let limits = known(min, f32::NEG_INFINITY).zip(known(max, f32::INFINITY));
    if let Some((min, max)) = limits
        && ctx.ty(x).dtype.is_float()
        && min <= max
    {
        return Ok(vec![ctx.unary(UnaryFn::Clip { min, max }, x)?.into()]);
    }
    let raised = min.map_or(Ok(x), |min| ctx.binary(BinaryFn::Max, x, min))?;
    Ok(vec![max.map_or(Ok(raised), |max| ctx.binary(BinaryFn::Min, raised, max))?.into()])
}

/// PRelu: x if x > 0, else x times a slope. Before opset 7 the slopes are those of channels.
pub(super) fn prelu(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    consumed(ctx);
    let (x, mut slope) = (ctx.input(0)?, ctx.input(1)?);
    let rank = ctx.rank(x);
    if ctx.opset() < 7 && ctx.rank(slope) == 1 && rank > 2 && ctx.dim(slope, 0)? != 1 {
        let shape: Vec<i64> = std::iter::once(0).chain(std::iter::repeat_n(1, rank - 2)).collect();
        slope = ctx.reshape("slope", slope, &shape)?;
    }
    Ok(vec![ctx.binary(BinaryFn::Prelu, x, slope)?.into()])
}
