//! Operators that map each element by itself, with one function.

use firebrick_ir::ops::{BinaryFn, UnaryFn};

use super::{NodeContext, Outputs};

/// Abs: |x|.
pub(super) fn abs(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    map(ctx, UnaryFn::Abs {})
}

/// Exp: eˣ.
pub(super) fn exp(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    map(ctx, UnaryFn::Exp {})
}

/// Log: the natural logarithm.
pub(super) fn log(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    map(ctx, UnaryFn::Log {})
}

/// Neg: −x.
pub(super) fn neg(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    map(ctx, UnaryFn::Neg {})
}

/// Sqrt: the square root.
pub(super) fn sqrt(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    map(ctx, UnaryFn::Sqrt {})
}

/// Relu: max(x, 0).
pub(super) fn relu(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    map(ctx, UnaryFn::Relu {})
}

/// Sigmoid: 1 / (1 + e⁻ˣ).
pub(super) fn sigmoid(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    map(ctx, UnaryFn::Sigmoid {})
}

/// Softplus: ln(1 + eˣ).
pub(super) fn softplus(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    map(ctx, UnaryFn::Softplus {})
}

/// Tanh.
pub(super) fn tanh(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    map(ctx, UnaryFn::Tanh {})
}

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

/// HardSigmoid: alpha x + beta, limited to `0..=1`.
pub(super) fn hard_sigmoid(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (alpha, beta) = (ctx.float_or("alpha", 0.2)?, ctx.float_or("beta", 0.5)?);
    consumed(ctx);
    let x = ctx.input(0)?;
    Ok(vec![limited(ctx, x, alpha, beta)?.into()])
}

/// HardSwish: x (x / 6 + 1/2, limited to `0..=1`).
pub(super) fn hard_swish(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let x = ctx.input(0)?;
    let gate = limited(ctx, x, 1.0 / 6.0, 0.5)?;
    Ok(vec![ctx.binary(BinaryFn::Mul, x, gate)?.into()])
}

fn limited(
    ctx: &mut NodeContext<'_, '_>,
    x: firebrick_ir::Value,
    alpha: f32,
    beta: f32,
) -> Result<firebrick_ir::Value, super::Stop> {
    let scaled = ctx.with_scalar(BinaryFn::Mul, x, alpha)?;
    let line = ctx.with_scalar(BinaryFn::Add, scaled, beta)?;
    ctx.unary(UnaryFn::Clip { min: 0.0, max: 1.0 }, line)
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

fn map(ctx: &mut NodeContext<'_, '_>, function: UnaryFn) -> Outputs {
    consumed(ctx);
    let x = ctx.input(0)?;
    Ok(vec![ctx.unary(function, x)?.into()])
}

/// An attribute of opsets before 6.
fn consumed(ctx: &mut NodeContext<'_, '_>) {
    if ctx.opset() < 6 {
        ctx.ignore("consumed_inputs", "it says which inputs may be overwritten, and none is");
    }
}
