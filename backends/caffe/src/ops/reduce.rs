//! Reductions.

use firebrick_ir::ops::{Reduce, ReduceFn};
use firebrick_schemas::caffe::{PoolMethod, PoolingParameter, ReductionOp, ReductionParameter};

use super::power;
use super::reshape::reshaped;
use super::transpose::permuted;
use crate::context::Context;
use crate::layer::{Blob, param};
use crate::{Kind, Reason};

/// Reduction, which takes the last dimensions: others are moved there first. Extremes of an image's plane are a pooling.
pub(super) fn reduce(ctx: &mut Context<'_, '_>, op: &Reduce) -> Result<Blob, Reason> {
    let x = ctx.blob(0);
    let (dims, result) = (ctx.dims(x), ctx.result_dims(0));
    let mut axes = op.axes.clone();
    axes.sort_unstable();
    let is_plane = dims.len() == 4 && axes == [2, 3];
    let y = match op.function {
        ReduceFn::Mean if is_plane => plane(ctx, x, PoolMethod::Ave, &dims),
        ReduceFn::Max if is_plane => plane(ctx, x, PoolMethod::Max, &dims),
        ReduceFn::Min if is_plane => {
            let negative = power(ctx, x, [-1.0, 0.0, 1.0]);
            let max = plane(ctx, negative, PoolMethod::Max, &dims);
            power(ctx, max, [-1.0, 0.0, 1.0])
        }
        ReduceFn::Sum => reduction(ctx, x, ReductionOp::Sum, &axes)?,
        ReduceFn::Mean => reduction(ctx, x, ReductionOp::Mean, &axes)?,
        ReduceFn::L1 => reduction(ctx, x, ReductionOp::Asum, &axes)?,
        ReduceFn::SumSquare => reduction(ctx, x, ReductionOp::Sumsq, &axes)?,
        ReduceFn::L2 => {
            let squares = reduction(ctx, x, ReductionOp::Sumsq, &axes)?;
            power(ctx, squares, [1.0, 0.0, 0.5])
        }
        ReduceFn::LogSum => {
            let sum = reduction(ctx, x, ReductionOp::Sum, &axes)?;
            let dims = ctx.dims(sum);
            ctx.layer(Kind::Log, param(|_| ()), &[sum], &dims)
        }
        ReduceFn::Max | ReduceFn::Min => {
            return Err(Reason::unsupported("Caffe finds extremes of whole planes [N, C, H, W] only"));
        }
        ReduceFn::Prod | ReduceFn::LogSumExp => return Err(Reason::NoLayer),
    };
    Ok(reshaped(ctx, y, &result))
}

/// One number for each plane.
fn plane(ctx: &mut Context<'_, '_>, x: Blob, method: PoolMethod, dims: &[u64]) -> Blob {
    let pooling =
        PoolingParameter { pool: Some(method.into()), global_pooling: Some(true), ..PoolingParameter::default() };
    let set = param(|p| p.pooling_param = Some(Box::new(pooling)));
    ctx.layer(Kind::Pooling, set, &[x], &[dims[0], dims[1], 1, 1])
}

/// A reduction of these dimensions, without them in the result.
fn reduction(ctx: &mut Context<'_, '_>, x: Blob, operation: ReductionOp, axes: &[usize]) -> Result<Blob, Reason> {
    let dims = ctx.dims(x);
    let kept: Vec<usize> = (0..dims.len()).filter(|axis| !axes.contains(axis)).collect();
    if kept.len() == dims.len() {
        return Err(Reason::unsupported("it reduces nothing"));
    }
    let x = permuted(ctx, x, &[kept.as_slice(), axes].concat());
    let axis = i32::try_from(kept.len()).unwrap_or(i32::MAX);
    let reduction = ReductionParameter {
        operation: (operation != ReductionOp::Sum).then_some(operation.into()),
        axis: (axis != 0).then_some(axis),
        coeff: None,
    };
    let left: Vec<u64> = kept.iter().map(|&axis| dims[axis]).collect();
    Ok(ctx.layer(Kind::Reduction, param(|p| p.reduction_param = Some(Box::new(reduction))), &[x], &left))
}
