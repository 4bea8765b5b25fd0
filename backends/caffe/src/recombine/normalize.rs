//! SSD's Normalize.

use firebrick_ir::Op;
use firebrick_ir::ops::{BinaryFn, Reduce, ReduceFn};
use firebrick_schemas::caffe::NormalizeParameter;

use super::affine::{binary, by_scalar, either};
use super::mvn::root_of;
use crate::Kind;
use crate::context::Context;
use crate::layer::{Blob, Weight, param};

/// x / √(Σ x² + eps) times a weight.
pub(super) fn normalize(ctx: &mut Context<'_, '_>) -> Option<Blob> {
    let pair = binary(ctx, ctx.result(0), BinaryFn::Mul)?;
    let [scale, quotient] = either(pair, |value| ctx.known(value).is_some())?;
    let [x, norm] = binary(ctx, quotient, BinaryFn::Div)?;
    let (sum, eps) = by_scalar(ctx, root_of(ctx, norm)?, BinaryFn::Add)?;
    let (Op::Reduce(Reduce { function: ReduceFn::SumSquare, axes, keep_dims: true }), operands) = ctx.inner(sum)?
    else {
        return None;
    };
    let dims = ctx.dims(Blob::Value(x));
    let whole: Vec<usize> = (1..dims.len()).collect();
    let across_spatial = *axes == whole;
    if operands != [x] || dims.len() > 4 || !(across_spatial || *axes == [1]) {
        return None;
    }
    let tensor = ctx.known(scale)?.clone();
    let channel_shared = tensor.len() == 1;
    let channels = usize::try_from(dims[1]).ok()?;
    let is_channel = |(axis, &dim): (usize, &usize)| dim == 1 || axis + dims.len() - tensor.dims().len() == 1;
    if tensor.dims().len() > dims.len() || !(channel_shared || tensor.dims().iter().enumerate().all(is_channel)) {
        return None;
    }
    let blob = if channel_shared { tensor.reshaped(&[]) } else { tensor.reshaped(&[channels]) }.ok()?;
    let normalize = NormalizeParameter {
        across_spatial: Some(across_spatial),
        channel_shared: Some(channel_shared),
        eps: Some(eps),
        ..NormalizeParameter::default()
    };
    let set = param(|p| p.norm_param = Some(Box::new(normalize)));
    Some(ctx.weighted(Kind::Normalize, set, &[Blob::Value(x)], vec![Weight::own(blob)], &dims))
}
