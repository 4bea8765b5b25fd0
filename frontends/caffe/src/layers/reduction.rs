//! Reduction.

use firebrick_ir::ops::{BinaryFn, Reduce, ReduceFn};
use firebrick_schemas::caffe::{ReductionOp, ReductionParameter};

use super::{LayerContext, Tops};

/// Reduction: everything from `axis` on becomes one number, which is multiplied by `coeff`.
pub(super) fn reduction(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().reduction_param.as_deref().cloned().unwrap_or_default();
    let ReductionParameter { operation: _, axis: _, coeff: _ } = &param;
    let x = ctx.bottom(0);
    let rank = ctx.dims(x).len();
    let axis = ctx.axis(&ctx.field("reduction_param", "axis"), param.axis(), rank)?;
    let function = match param.operation() {
        ReductionOp::Sum => ReduceFn::Sum,
        ReductionOp::Asum => ReduceFn::L1,
        ReductionOp::Sumsq => ReduceFn::SumSquare,
        ReductionOp::Mean => ReduceFn::Mean,
    };
    let op = Reduce { function, axes: (axis..rank).collect(), keep_dims: false };
    let reduced = ctx.op("reduced", op, &[x])?;
    let coeff = param.coeff();
    Ok(vec![Some(if coeff == 1.0 { reduced } else { ctx.with_scalar(BinaryFn::Mul, reduced, coeff)? })])
}
