//! Scale and Bias: a factor or a summand for some of the dimensions.

use firebrick_ir::Value;
use firebrick_ir::ops::BinaryFn;
use firebrick_schemas::caffe::{BiasParameter, FillerParameter, ScaleParameter};

use super::reshape::reshaped;
use super::{LayerContext, Tops};
use crate::problem::Problem;

/// Scale: the first bottom times the second or a weight, which is broadcast from `axis` on; and a bias if there is one.
pub(super) fn scale(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().scale_param.as_deref().cloned().unwrap_or_default();
    let ScaleParameter { axis: _, num_axes: _, filler, bias_term: _, bias_filler } = &param;
    let place = Place { message: "scale_param", axis: param.axis(), n_axes: param.num_axes() };
    let x = ctx.bottom(0);
    let one = FillerParameter { value: Some(1.0), ..FillerParameter::default() };
    let has_weight = ctx.n_bottoms() == 1;
    let (factor, bias_place) = if has_weight {
        (place.weight(ctx, 0, "scale", Some(filler.as_deref().unwrap_or(&one)))?, place)
    } else {
        let rank = ctx.dims(ctx.bottom(1)).len();
        let n_axes = i32::try_from(rank).unwrap_or(i32::MAX);
        (place.second_bottom(ctx)?, Place { n_axes, ..place })
    };
    let scaled = ctx.binary(BinaryFn::Mul, x, factor)?;
    if !param.bias_term() {
        return Ok(vec![Some(scaled)]);
    }
    let bias = bias_place.weight(ctx, usize::from(has_weight), "bias", bias_filler.as_deref())?;
    Ok(vec![Some(ctx.binary(BinaryFn::Add, scaled, bias)?)])
}

/// Bias: the first bottom plus the second or a weight, which is broadcast from `axis` on.
pub(super) fn bias(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().bias_param.as_deref().cloned().unwrap_or_default();
    let BiasParameter { axis: _, num_axes: _, filler } = &param;
    let place = Place { message: "bias_param", axis: param.axis(), n_axes: param.num_axes() };
    let summand = if ctx.n_bottoms() == 1 {
        place.weight(ctx, 0, "bias", filler.as_deref())?
    } else {
        place.second_bottom(ctx)?
    };
    let x = ctx.bottom(0);
    Ok(vec![Some(ctx.binary(BinaryFn::Add, x, summand)?)])
}

/// Which dimensions of the first bottom the other operand has.
#[derive(Clone, Copy)]
struct Place {
    message: &'static str,
    axis: i32,
    /// -1 for all from `axis` on; 0 for a single number.
    n_axes: i32,
}

impl Place {
    /// A weight blob that has them.
    fn weight(
        self,
        ctx: &mut LayerContext<'_, '_>,
        index: usize,
        what: &str,
        filler: Option<&FillerParameter>,
    ) -> Result<Value, Problem> {
        let dims = ctx.dims(ctx.bottom(0));
        let start = self.start(ctx, dims.len())?;
        let past = if self.n_axes == -1 {
            Some(dims.len())
        } else {
            usize::try_from(self.n_axes).ok().and_then(|n| start.checked_add(n))
        };
        let Some(stored) = past.and_then(|past| dims.get(start..past)) else {
            let message = format!("{} dimensions from {start} on are out of range for {}", self.n_axes, dims.len());
            return Err(ctx.problem_at(ctx.field(self.message, "num_axes"), message));
        };
        let graph = broadcast(stored, dims.len() - start);
        ctx.weight_as(index, what, stored, filler, &graph)
    }

    /// The second bottom, if it has them.
    fn second_bottom(self, ctx: &mut LayerContext<'_, '_>) -> Result<Value, Problem> {
        let (dims, other) = (ctx.dims(ctx.bottom(0)), ctx.dims(ctx.bottom(1)));
        // Of a single number, Caffe does not look at the axis.
        let start = if other.is_empty() { 0 } else { self.start(ctx, dims.len())? };
        if !dims[start..].starts_with(&other) {
            let message =
                format!("the second bottom, {other:?}, does not fit the first, {dims:?}, from axis {start} on");
            return Err(ctx.problem(message));
        }
        let bottom = ctx.bottom(1);
        reshaped(ctx, bottom, &broadcast(&other, dims.len() - start))
    }

    fn start(self, ctx: &LayerContext<'_, '_>, rank: usize) -> Result<usize, Problem> {
        ctx.axis(&ctx.field(self.message, "axis"), self.axis, rank)
    }
}

/// The dimensions as the ops broadcast them: with a 1 for each one behind, up to `rank`.
fn broadcast(dims: &[u64], rank: usize) -> Vec<u64> {
    if dims.is_empty() {
        return Vec::new();
    }
    let mut graph = dims.to_vec();
    graph.resize(rank, 1);
    graph
}
