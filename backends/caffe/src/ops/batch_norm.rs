//! Normalisation with known statistics.

use firebrick_ir::Tensor;
use firebrick_ir::ops::BatchNorm;
use firebrick_schemas::caffe::{BatchNormParameter, ScaleParameter};

use crate::context::Context;
use crate::layer::{Blob, Weight, param};
use crate::{Kind, Reason};

/// BatchNorm's own default.
const DEFAULT_EPSILON: f32 = 1e-5;

/// BatchNorm, and a Scale layer unless the factors are 1 and the summands 0.
pub(super) fn batch_norm(ctx: &mut Context<'_, '_>, op: &BatchNorm) -> Result<Blob, Reason> {
    let weight = |slot, what| ctx.weight(ctx.operand(slot), what);
    let (scale, bias) = (weight(1, "factors")?, weight(2, "summands")?);
    let (mean, variance) = (weight(3, "means")?, weight(4, "variances")?);
    // What the sums of training are divided by: these are means already.
    let divisor =
        Weight::own(Tensor::from_vec(&[1], vec![1f32]).map_err(|error| Reason::unsupported(error.to_string()))?);
    let batch_norm = BatchNormParameter {
        use_global_stats: Some(true),
        eps: (op.epsilon != DEFAULT_EPSILON).then_some(op.epsilon),
        ..BatchNormParameter::default()
    };
    let x = ctx.blob(0);
    let dims = ctx.dims(x);
    let set = param(|p| p.batch_norm_param = Some(Box::new(batch_norm)));
    let y = ctx.weighted(Kind::BatchNorm, set, &[x], vec![mean, variance, divisor], &dims);
    if is_all(&scale.tensor, 1.0) && is_all(&bias.tensor, 0.0) {
        return Ok(y);
    }
    let scale_param = ScaleParameter { bias_term: Some(true), ..ScaleParameter::default() };
    let set = param(|p| p.scale_param = Some(Box::new(scale_param)));
    Ok(ctx.weighted(Kind::Scale, set, &[y], vec![scale, bias], &dims))
}

fn is_all(tensor: &Tensor, value: f32) -> bool {
    tensor.values::<f32>().is_ok_and(|values| values.iter().all(|&x| x == value))
}
