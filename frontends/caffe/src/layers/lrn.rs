//! LRN: local response normalisation.

use firebrick_ir::Value;
use firebrick_ir::ops::{BinaryFn, Lrn, Pool, PoolFn};
use firebrick_schemas::caffe::{LRNParameter, NormRegion};

use super::power::affine;
use super::{LayerContext, Tops};
use crate::problem::Problem;

/// LRN: each element divided by a power of what its neighbours in other channels, or in its own, square and sum to.
///
/// In place it is refused: on a CPU Caffe then squares the power instead of multiplying the input by it.
pub(super) fn lrn(ctx: &mut LayerContext<'_, '_>) -> Tops {
    ctx.not_in_place()?;
    let param = ctx.param().lrn_param.as_deref().cloned().unwrap_or_default();
    // engine: how to compute, not what.
    let LRNParameter { local_size: _, alpha: _, beta: _, norm_region: _, k: _, engine: _ } = &param;
    let x = ctx.bottom(0);
    let rank = ctx.dims(x).len();
    if rank != 4 {
        return Err(ctx.problem(format!("the bottom should have 4 dimensions [N, C, H, W], but has {rank}")));
    }
    if param.local_size() % 2 == 0 {
        let message = format!("`local_size` is {}, but should be odd", param.local_size());
        return Err(ctx.problem_at(ctx.field("lrn_param", "local_size"), message));
    }
    let size = param.local_size() as usize;
    let y = match param.norm_region() {
        NormRegion::AcrossChannels => {
            let op = Lrn { size, alpha: param.alpha(), beta: param.beta(), bias: param.k() };
            ctx.op("lrn", op, &[x])?
        }
        // Caffe has 1 for k here, whatever the file says.
        NormRegion::WithinChannel => within_channel(ctx, x, &param, size)?,
    };
    Ok(vec![Some(y)])
}

/// x (1 + alpha m)^-beta, where m is the mean of the squares around x.
fn within_channel(
    ctx: &mut LayerContext<'_, '_>,
    x: Value,
    param: &LRNParameter,
    size: usize,
) -> Result<Value, Problem> {
    let squares = ctx.binary(BinaryFn::Mul, x, x)?;
    let op = Pool {
        function: PoolFn::Average,
        kernel: vec![size; 2],
        strides: vec![1; 2],
        pads: vec![size / 2; 4],
        dilations: vec![1; 2],
        ceil: false,
        count_include_pad: size > 1,
        indices: false,
    };
    let mean = ctx.op("pool", op, &[squares])?;
    let base = affine(ctx, mean, param.alpha(), 1.0)?;
    let factor = ctx.with_scalar(BinaryFn::Pow, base, -param.beta())?;
    ctx.binary(BinaryFn::Mul, x, factor)
}
