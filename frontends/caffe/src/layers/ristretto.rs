//! Ristretto's layers: Caffe's own, of numbers rounded to few bits.

use firebrick_schemas::caffe::{Phase, Precision, QuantizationParameter, Rounding};

use super::number_format::NumberFormat;
use super::{LayerContext, Tops, convolution, deconvolution, inner_product};
use crate::problem::Problem;

/// ConvolutionRistretto.
pub(super) fn convolution(ctx: &mut LayerContext<'_, '_>) -> Tops {
    rounded(ctx, convolution::convolution)
}

/// DeconvolutionRistretto.
pub(super) fn deconvolution(ctx: &mut LayerContext<'_, '_>) -> Tops {
    rounded(ctx, deconvolution::deconvolution)
}

/// FcRistretto.
pub(super) fn inner_product(ctx: &mut LayerContext<'_, '_>) -> Tops {
    rounded(ctx, inner_product::inner_product)
}

/// A layer whose bottoms are rounded where they are, so that layers behind it find them rounded; then it works with
/// rounded weights, and rounds what it computes.
fn rounded(ctx: &mut LayerContext<'_, '_>, layer: fn(&mut LayerContext<'_, '_>) -> Tops) -> Tops {
    let Formats { input, weights, bias, output } = Formats::read(ctx)?;
    ctx.round_bottoms(input)?;
    ctx.round_weights([weights, bias]);
    let mut tops = layer(ctx)?;
    for top in tops.iter_mut().flatten() {
        *top = output.apply(ctx, "out", *top)?;
    }
    Ok(tops)
}

/// What the numbers of a layer are rounded to.
struct Formats {
    input: NumberFormat,
    weights: NumberFormat,
    bias: NumberFormat,
    output: NumberFormat,
}

impl Formats {
    fn read(ctx: &LayerContext<'_, '_>) -> Result<Self, Problem> {
        let param = ctx.param().quantization_param.as_deref().cloned().unwrap_or_default();
        if param.rounding_scheme() == Rounding::Stochastic {
            let message =
                "`rounding_scheme` is STOCHASTIC, by which Ristretto rounds at random whenever the net is run";
            let problem = ctx.problem_at(field(ctx, "rounding_scheme"), message);
            return Err(problem.help("with NEAREST, which is the default, it gives the same results each time"));
        }
        if ctx.phase() == Phase::Train {
            return Err(ctx.problem("in phase TRAIN Ristretto rounds weights at random, and nothing else"));
        }
        match param.precision() {
            Precision::DynamicFixedPoint => Formats::fixed(ctx, &param, true),
            Precision::FixedPoint => Formats::fixed(ctx, &param, false),
            Precision::Minifloat => Formats::minifloat(ctx, &param, true),
            Precision::MiniFloatingPoint => Formats::minifloat(ctx, &param, false),
            Precision::IntegerPowerOf2Weights | Precision::PowerOf2Weights => Formats::power_of_two(ctx, &param),
        }
    }

    /// Dynamic fixed point. The first release leaves inputs as they are.
    fn fixed(ctx: &LayerContext<'_, '_>, param: &QuantizationParameter, has_input: bool) -> Result<Self, Problem> {
        let QuantizationParameter {
            precision: _,
            rounding_scheme: _,
            // Read through their getters.
            bw_layer_in: _,
            bw_layer_out: _,
            bw_params: _,
            fl_layer_in: _,
            fl_layer_out: _,
            fl_params: _,
            // Of the other formats; Ristretto doesn't read them either.
            mant_bits: _,
            exp_bits: _,
            exp_min: _,
            exp_max: _,
        } = param;
        let format = |name, bits, fraction| {
            NumberFormat::fixed(bits, fraction).map_err(|message| ctx.problem_at(field(ctx, name), message))
        };
        let params = format("bw_params", param.bw_params(), param.fl_params())?;
        let input = match has_input {
            true => format("bw_layer_in", param.bw_layer_in(), param.fl_layer_in())?,
            false => NumberFormat::Float,
        };
        let output = format("bw_layer_out", param.bw_layer_out(), param.fl_layer_out())?;
        Ok(Formats { input, weights: params, bias: params, output })
    }

    fn minifloat(ctx: &LayerContext<'_, '_>, param: &QuantizationParameter, has_input: bool) -> Result<Self, Problem> {
        let (mantissa, exponent) = (param.mant_bits(), param.exp_bits());
        for (name, bits, range) in [("mant_bits", mantissa, 0..=23), ("exp_bits", exponent, 1..=8)] {
            if !range.contains(&bits) {
                let (low, high) = range.into_inner();
                let message = format!("`{name}` is {bits}, but should be from {low} to {high}");
                return Err(ctx.problem_at(field(ctx, name), message));
            }
        }
        let format = NumberFormat::Minifloat { mantissa, exponent };
        let input = if has_input { format } else { NumberFormat::Float };
        Ok(Formats { input, weights: format, bias: format, output: format })
    }

    /// Of the weights alone: on a CPU Ristretto leaves the rest as it is.
    fn power_of_two(ctx: &LayerContext<'_, '_>, param: &QuantizationParameter) -> Result<Self, Problem> {
        let (min, max) = (param.exp_min(), param.exp_max());
        for (name, exponent) in [("exp_min", min), ("exp_max", max)] {
            if !(-126..=127).contains(&exponent) {
                let message = format!("`{name}` is {exponent}, but should be from -126 to 127");
                return Err(ctx.problem_at(field(ctx, name), message));
            }
        }
        let (weights, float) = (NumberFormat::PowerOfTwo { min, max }, NumberFormat::Float);
        Ok(Formats { input: float, weights, bias: float, output: float })
    }
}

fn field(ctx: &LayerContext<'_, '_>, name: &'static str) -> firebrick_schemas::FieldPath {
    ctx.field("quantization_param", name)
}
