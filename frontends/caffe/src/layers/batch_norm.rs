//! BatchNorm: normalisation of each channel.

use std::borrow::Cow;

use firebrick_ir::ops::{self, BinaryFn, Const, UnaryFn};
use firebrick_ir::{Tensor, Type, Value};
use firebrick_schemas::caffe::{BatchNormParameter, FillerParameter, Phase};

use super::mvn::moments;
use super::reshape::reshaped;
use super::tile::filled;
use super::{LayerContext, Tops};
use crate::problem::Problem;

/// A constant of more numbers is worth an op that makes it.
const MAX_CONSTANT: usize = 1 << 16;

/// BatchNorm: (x − mean) / √(variance + eps) for each channel, with the statistics of training, or with the batch's
/// own.
///
/// NVIDIA's version may also have a scale and a bias.
pub(super) fn batch_norm(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().batch_norm_param.as_deref().cloned().unwrap_or_default();
    let BatchNormParameter {
        use_global_stats,
        moving_average_fraction: _, // training
        eps: _,
        scale_filler,
        bias_filler,
        scale_bias: _,
        engine: _, // how to compute, not what
    } = &param;
    let x = ctx.bottom(0);
    let dims = ctx.dims(x);
    let channels = match dims.as_slice() {
        [] => return Err(ctx.problem("the bottom has no dimensions")),
        [_] => 1,
        [_, channels, ..] => *channels,
    };
    let statistics = Statistics::read(ctx, channels)?;
    let affine = if param.scale_bias() {
        let scale = ctx.weight(3, "scale", &[channels], Some(scale_filler.as_deref().unwrap_or(&constant(1.0))))?;
        let bias = ctx.weight(4, "bias", &[channels], bias_filler.as_deref())?;
        Some([scale, bias])
    } else {
        None
    };
    let uses_global = use_global_stats.unwrap_or(ctx.phase() == Phase::Test);
    let y = if uses_global {
        statistics.normalise(ctx, x, param.eps(), affine)?
    } else {
        own_statistics(ctx, x, param.eps(), affine)?
    };
    Ok(vec![Some(y)])
}

/// Mean and variance of training; `None` if there are no weights.
struct Statistics {
    channels: u64,
    mean: Option<Tensor>,
    variance: Option<Tensor>,
}

impl Statistics {
    /// Reads the three blobs. Drawn at random they are what training would make them for normalised inputs: Caffe's
    /// own fillers leave zeros, with which the layer multiplies its input by some hundreds.
    fn read(ctx: &mut LayerContext<'_, '_>, channels: u64) -> Result<Self, Problem> {
        let mean = ctx.weight_tensor(0, "mean", &[channels], Some(&constant(0.0)))?;
        let variance = ctx.weight_tensor(1, "variance", &[channels], Some(&constant(1.0)))?;
        let factor = ctx.weight_tensor(2, "scale factor", &[1], Some(&constant(1.0)))?;
        let factor = factor.as_ref().map(|factor| numbers(ctx, factor)).transpose()?;
        let factor = factor.and_then(|factor| factor.first().copied()).unwrap_or(0.0);
        let scaled = |tensor: Option<Tensor>| {
            tensor.map(|tensor| scaled(ctx, &tensor, if factor == 0.0 { 0.0 } else { 1.0 / factor })).transpose()
        };
        Ok(Statistics { channels, mean: scaled(mean)?, variance: scaled(variance)? })
    }

    fn normalise(
        self,
        ctx: &mut LayerContext<'_, '_>,
        x: Value,
        epsilon: f32,
        affine: Option<[Value; 2]>,
    ) -> Result<Value, Problem> {
        let channels = self.channels;
        let [scale, bias] = match affine {
            Some(affine) => affine,
            None => [each_channel(ctx, "scale", channels, 1.0)?, each_channel(ctx, "bias", channels, 0.0)?],
        };
        let mean = known_or_missing(ctx, "mean", channels, self.mean)?;
        let variance = known_or_missing(ctx, "variance", channels, self.variance)?;
        let dims = ctx.dims(x);
        // A blob of one dimension is one channel.
        let input = if dims.len() == 1 { reshaped(ctx, x, &[dims[0], 1])? } else { x };
        let y = ctx.op("batch_norm", ops::BatchNorm { epsilon }, &[input, scale, bias, mean, variance])?;
        reshaped(ctx, y, &dims)
    }
}

/// The same with mean and variance of the batch itself.
fn own_statistics(
    ctx: &mut LayerContext<'_, '_>,
    x: Value,
    epsilon: f32,
    affine: Option<[Value; 2]>,
) -> Result<Value, Problem> {
    let rank = ctx.dims(x).len();
    let axes: Vec<usize> = (0..rank).filter(|&axis| axis != 1).collect();
    let (centred, variance) = moments(ctx, x, &axes)?;
    let sum = ctx.with_scalar(BinaryFn::Add, variance, epsilon)?;
    let deviation = ctx.unary(UnaryFn::Sqrt {}, sum)?;
    let y = ctx.binary(BinaryFn::Div, centred, deviation)?;
    let Some([scale, bias]) = affine else { return Ok(y) };
    let dims: Vec<u64> = ctx.dims(x).iter().enumerate().skip(1).map(|(i, &n)| if i == 1 { n } else { 1 }).collect();
    let (scale, bias) = (reshaped(ctx, scale, &dims)?, reshaped(ctx, bias, &dims)?);
    let scaled = ctx.binary(BinaryFn::Mul, y, scale)?;
    ctx.binary(BinaryFn::Add, scaled, bias)
}

fn constant(value: f32) -> FillerParameter {
    FillerParameter { value: Some(value), ..FillerParameter::default() }
}

fn numbers<'a>(ctx: &LayerContext<'_, '_>, tensor: &'a Tensor) -> Result<Cow<'a, [f32]>, Problem> {
    tensor.values::<f32>().map_err(|error| ctx.problem(error.to_string()))
}

fn scaled(ctx: &LayerContext<'_, '_>, tensor: &Tensor, factor: f32) -> Result<Tensor, Problem> {
    if factor == 1.0 {
        return Ok(tensor.clone()); // without a copy
    }
    let values = numbers(ctx, tensor)?.iter().map(|x| x * factor).collect();
    Tensor::from_vec(tensor.dims(), values).map_err(|error| ctx.problem(error.to_string()))
}

/// The same number for each channel. It is a constant unless the file asks for more channels than any net has.
fn each_channel(ctx: &mut LayerContext<'_, '_>, name: &str, channels: u64, value: f32) -> Result<Value, Problem> {
    match usize::try_from(channels) {
        Ok(n) if n <= MAX_CONSTANT => ctx.floats(name, &[channels], vec![value; n]),
        Ok(_) | Err(_) => filled(ctx, value, &[channels]),
    }
}

fn known_or_missing(
    ctx: &mut LayerContext<'_, '_>,
    name: &str,
    n: u64,
    tensor: Option<Tensor>,
) -> Result<Value, Problem> {
    match tensor {
        Some(tensor) => ctx.constant(name, tensor),
        None => ctx.op(name, Const::missing(Type::f32(&[n])), &[]),
    }
}
