//! Power, Exp and Log: a function of shift + scale x.

use firebrick_ir::Value;
use firebrick_ir::ops::{BinaryFn, UnaryFn};
use firebrick_schemas::caffe::{ExpParameter, LogParameter, PowerParameter};

use super::tile::filled;
use super::{LayerContext, Tops};
use crate::problem::Problem;

/// What stands for e where a base is asked for.
const NATURAL: f32 = -1.0;

/// Power: (shift + scale x)^power.
pub(super) fn power(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().power_param.as_deref().cloned().unwrap_or_default();
    let PowerParameter { power: _, scale: _, shift: _ } = &param;
    let (power, scale, shift) = (param.power(), param.scale(), param.shift());
    let x = ctx.bottom(0);
    // Caffe does not look at x then, so that its infinities and NaNs have no effect.
    if power * scale == 0.0 {
        let value = if power == 0.0 { 1.0 } else { shift.powf(power) };
        let dims = ctx.dims(x);
        return Ok(vec![Some(filled(ctx, value, &dims)?)]);
    }
    let inner = affine(ctx, x, scale, shift)?;
    let y = if power == 1.0 { inner } else { ctx.with_scalar(BinaryFn::Pow, inner, power)? };
    Ok(vec![Some(y)])
}

/// Exp: base^(shift + scale x), computed as base^shift e^(ln(base) scale x).
pub(super) fn exp(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().exp_param.as_deref().cloned().unwrap_or_default();
    let ExpParameter { base: _, scale: _, shift: _ } = &param;
    let (base, shift) = (param.base(), param.shift());
    let log_base = log_of_base(ctx, "exp_param", base)?;
    let outer = match shift {
        0.0 => 1.0,
        shift if base == NATURAL => shift.exp(),
        shift => base.powf(shift),
    };
    let x = ctx.bottom(0);
    let inner = affine(ctx, x, log_base * param.scale(), 0.0)?;
    let y = ctx.unary(UnaryFn::Exp {}, inner)?;
    Ok(vec![Some(affine(ctx, y, outer, 0.0)?)])
}

/// Log: log_base(shift + scale x).
pub(super) fn log(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().log_param.as_deref().cloned().unwrap_or_default();
    let LogParameter { base: _, scale: _, shift: _ } = &param;
    let base_scale = 1.0 / log_of_base(ctx, "log_param", param.base())?;
    if !base_scale.is_finite() {
        let message = format!("there is no logarithm to the base {}", param.base());
        return Err(ctx.problem_at(ctx.field("log_param", "base"), message));
    }
    let x = ctx.bottom(0);
    let inner = affine(ctx, x, param.scale(), param.shift())?;
    let y = ctx.unary(UnaryFn::Log {}, inner)?;
    Ok(vec![Some(affine(ctx, y, base_scale, 0.0)?)])
}

/// The natural logarithm of a base.
fn log_of_base(ctx: &LayerContext<'_, '_>, param: &'static str, base: f32) -> Result<f32, Problem> {
    let log = if base == NATURAL { 1.0 } else { base.ln() };
    if log.is_finite() {
        return Ok(log);
    }
    let message = format!("`base` is {base}, but should be above 0, or -1, which stands for e");
    Err(ctx.problem_at(ctx.field(param, "base"), message))
}

/// shift + scale x, without what changes nothing.
pub(super) fn affine(ctx: &mut LayerContext<'_, '_>, x: Value, scale: f32, shift: f32) -> Result<Value, Problem> {
    let scaled = if scale == 1.0 { x } else { ctx.with_scalar(BinaryFn::Mul, x, scale)? };
    if shift == 0.0 { Ok(scaled) } else { ctx.with_scalar(BinaryFn::Add, scaled, shift) }
}
