//! Eltwise, and the forks' Axpy.

use firebrick_ir::Value;
use firebrick_ir::ops::BinaryFn;
use firebrick_schemas::caffe::{EltwiseOp, EltwiseParameter};

use super::reshape::reshaped;
use super::{LayerContext, Tops};
use crate::problem::Problem;

/// Eltwise: product, weighted sum or maximum of bottoms of one shape.
pub(super) fn eltwise(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().eltwise_param.as_deref().cloned().unwrap_or_default();
    let EltwiseParameter { operation: _, coeff, stable_prod_grad: _ } = &param; // stable_prod_grad: training
    let bottoms = ctx.bottoms();
    for bottom in 1..bottoms.len() {
        same_shape(ctx, 0, bottom)?;
    }
    let problem = |message: String| Err(ctx.problem_at(ctx.field("eltwise_param", "coeff"), message));
    if !coeff.is_empty() && coeff.len() != bottoms.len() {
        return problem(format!("{} bottoms have {} coefficients", bottoms.len(), coeff.len()));
    }
    let (function, terms) = match param.operation() {
        EltwiseOp::Prod if !coeff.is_empty() => return problem("only a sum has coefficients".to_owned()),
        EltwiseOp::Prod => (BinaryFn::Mul, bottoms),
        EltwiseOp::Max => (BinaryFn::Max, bottoms), // Caffe does not read `coeff` here
        EltwiseOp::Sum if coeff.is_empty() => (BinaryFn::Add, bottoms),
        EltwiseOp::Sum => (BinaryFn::Add, weighted(ctx, &bottoms, coeff)?),
    };
    let mut terms = terms.into_iter();
    let Some(first) = terms.next() else { return Ok(Vec::new()) };
    let result = terms.try_fold(first, |left, right| ctx.binary(function, left, right))?;
    Ok(vec![Some(result)])
}

fn weighted(ctx: &mut LayerContext<'_, '_>, terms: &[Value], coeff: &[f32]) -> Result<Vec<Value>, Problem> {
    let pairs = terms.iter().zip(coeff);
    pairs.map(|(&x, &c)| if c == 1.0 { Ok(x) } else { ctx.with_scalar(BinaryFn::Mul, x, c) }).collect()
}

/// Caffe's bottoms are not broadcast, though the ops would.
fn same_shape(ctx: &LayerContext<'_, '_>, a: usize, b: usize) -> Result<(), Problem> {
    let (left, right) = (ctx.dims(ctx.bottom(a)), ctx.dims(ctx.bottom(b)));
    if left == right {
        return Ok(());
    }
    Err(ctx.problem(format!("bottoms {a} and {b} should have the same shape, but have {left:?} and {right:?}")))
}

/// Axpy of SENet: scale x + y, with a scale `[N, C]` or `[N, C, 1, 1]` for x and y of `[N, C, H, W]`.
pub(super) fn axpy(ctx: &mut LayerContext<'_, '_>) -> Tops {
    same_shape(ctx, 1, 2)?;
    let (scale, x, y) = (ctx.bottom(0), ctx.bottom(1), ctx.bottom(2));
    let (scale_dims, dims) = (ctx.dims(scale), ctx.dims(x));
    let fits = match (scale_dims.as_slice(), dims.as_slice()) {
        ([n, c, rest @ ..], [batch, channels, ..]) => n == batch && c == channels && rest.iter().all(|&n| n == 1),
        (_, _) => false,
    };
    if !fits {
        return Err(ctx.problem(format!("a scale of shape {scale_dims:?} does not fit {dims:?}")));
    }
    let mut broadcast = vec![1; dims.len()];
    broadcast[..2].copy_from_slice(&dims[..2]);
    let scale = reshaped(ctx, scale, &broadcast)?;
    let product = ctx.binary(BinaryFn::Mul, scale, x)?;
    Ok(vec![Some(ctx.binary(BinaryFn::Add, product, y)?)])
}
