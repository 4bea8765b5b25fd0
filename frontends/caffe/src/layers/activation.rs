//! Layers that map each element by itself, with one function.

use firebrick_ir::DType;
use firebrick_ir::ops::{BinaryFn, Cast, UnaryFn};
use firebrick_schemas::caffe::{
    ClipParameter, DropoutParameter, ELUParameter, FillerParameter, PReLUParameter, ReLUParameter, SigmoidParameter,
    SwishParameter, TanHParameter, ThresholdParameter,
};

use super::{LayerContext, Tops};

/// AbsVal: |x|. Caffe refuses it in place.
pub(super) fn absval(ctx: &mut LayerContext<'_, '_>) -> Tops {
    ctx.not_in_place()?;
    map(ctx, UnaryFn::Abs {})
}

/// BNLL: ln(1 + eˣ).
pub(super) fn bnll(ctx: &mut LayerContext<'_, '_>) -> Tops {
    map(ctx, UnaryFn::Softplus {})
}

/// Clip: x limited to `min..=max`; where `min` is above `max`, everything is `min`.
pub(super) fn clip(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let Some(ClipParameter { min, max }) = ctx.param().clip_param.as_deref().cloned() else {
        return Err(ctx.problem("`clip_param`, with its `min` and `max`, is missing"));
    };
    map(ctx, UnaryFn::Clip { min, max: max.max(min) })
}

/// Dropout: nothing, outside of training.
pub(super) fn dropout(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().dropout_param.as_deref().cloned().unwrap_or_default();
    let DropoutParameter { dropout_ratio: _ } = &param; // training multiplies by it, so that inference need not
    let ratio = param.dropout_ratio();
    if !(ratio > 0.0 && ratio < 1.0) {
        let message = format!("`dropout_ratio` is {ratio}, but should be between 0 and 1");
        return Err(ctx.problem_at(ctx.field("dropout_param", "dropout_ratio"), message));
    }
    Ok(vec![Some(ctx.bottom(0))])
}

/// ELU: x if x > 0, else alpha (eˣ − 1).
pub(super) fn elu(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().elu_param.as_deref().cloned().unwrap_or_default();
    let ELUParameter { alpha: _ } = &param;
    map(ctx, UnaryFn::Elu { alpha: param.alpha() })
}

/// PReLU: x if x > 0, else x times the slope of its channel (axis 1), or of all channels.
pub(super) fn prelu(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().prelu_param.as_deref().cloned().unwrap_or_default();
    let PReLUParameter { filler, channel_shared } = param;
    let default = FillerParameter { value: Some(0.25), ..FillerParameter::default() };
    let filler = filler.map_or(default, |filler| *filler);
    let x = ctx.bottom(0);
    let dims = ctx.dims(x);
    let [_, channels, spatial @ ..] = dims.as_slice() else {
        return Err(ctx.problem(format!("it takes 2 dimensions or more, but its bottom has {}", dims.len())));
    };
    let slope = if channel_shared.unwrap_or_default() {
        ctx.weight(0, "slope", &[], Some(&filler))?
    } else {
        let mut broadcast = vec![1; spatial.len() + 1];
        broadcast[0] = *channels;
        ctx.weight_as(0, "slope", &[*channels], Some(&filler), &broadcast)?
    };
    Ok(vec![Some(ctx.binary(BinaryFn::Prelu, x, slope)?)])
}

/// ReLU: x if x > 0, else x times the negative slope.
pub(super) fn relu(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().relu_param.as_deref().cloned().unwrap_or_default();
    let ReLUParameter { negative_slope, engine: _ } = param; // engine: how, not what
    let alpha = negative_slope.unwrap_or_default();
    map(ctx, if alpha == 0.0 { UnaryFn::Relu {} } else { UnaryFn::LeakyRelu { alpha } })
}

/// The forks' ReLU6: x limited to `0..=6`.
pub(super) fn relu6(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().relu_param.as_deref().cloned().unwrap_or_default();
    let ReLUParameter { negative_slope, engine: _ } = param; // engine: how, not what
    if negative_slope.is_some_and(|slope| slope != 0.0) {
        let message = "the forks that have ReLU6 differ in what a negative slope means";
        return Err(ctx.problem_at(ctx.field("relu_param", "negative_slope"), message));
    }
    map(ctx, UnaryFn::Clip { min: 0.0, max: 6.0 })
}

/// Sigmoid: 1 / (1 + e⁻ˣ).
pub(super) fn sigmoid(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().sigmoid_param.as_deref().cloned().unwrap_or_default();
    let SigmoidParameter { engine: _ } = param; // how, not what
    map(ctx, UnaryFn::Sigmoid {})
}

/// Swish: x sigmoid(beta x).
pub(super) fn swish(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().swish_param.as_deref().cloned().unwrap_or_default();
    let SwishParameter { beta: _ } = &param;
    let x = ctx.bottom(0);
    let scaled = if param.beta() == 1.0 { x } else { ctx.with_scalar(BinaryFn::Mul, x, param.beta())? };
    let gate = ctx.unary(UnaryFn::Sigmoid {}, scaled)?;
    Ok(vec![Some(ctx.binary(BinaryFn::Mul, x, gate)?)])
}

/// TanH.
pub(super) fn tanh(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().tanh_param.as_deref().cloned().unwrap_or_default();
    let TanHParameter { engine: _ } = param; // how, not what
    map(ctx, UnaryFn::Tanh {})
}

/// Threshold: 1 where x is above the threshold, else 0.
pub(super) fn threshold(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().threshold_param.as_deref().cloned().unwrap_or_default();
    let ThresholdParameter { threshold } = param;
    let x = ctx.bottom(0);
    let above = ctx.with_scalar(BinaryFn::Greater, x, threshold.unwrap_or_default())?;
    Ok(vec![Some(ctx.op("cast", Cast::to(DType::F32), &[above])?)])
}

fn map(ctx: &mut LayerContext<'_, '_>, function: UnaryFn) -> Tops {
    let x = ctx.bottom(0);
    Ok(vec![Some(ctx.unary(function, x)?)])
}
