//! LRN within each channel.

use firebrick_ir::Op;
use firebrick_ir::ops::{BinaryFn, Pool, PoolFn};
use firebrick_schemas::caffe::{LRNParameter, NormRegion};

use super::affine::{binary, by_scalar, either};
use crate::Kind;
use crate::context::Context;
use crate::layer::{Blob, param};

/// x (1 + alpha m)^-beta, where m is the mean of the squares around x.
pub(super) fn within_channel(ctx: &mut Context<'_, '_>) -> Option<Blob> {
    let pair = binary(ctx, ctx.result(0), BinaryFn::Mul)?;
    let [factor, x] = either(pair, |value| by_scalar(ctx, value, BinaryFn::Pow).is_some())?;
    let (base, power) = by_scalar(ctx, factor, BinaryFn::Pow)?;
    let (scaled, one) = by_scalar(ctx, base, BinaryFn::Add)?;
    let (mean, alpha) = by_scalar(ctx, scaled, BinaryFn::Mul).unwrap_or((scaled, 1.0));
    let (Op::Pool(pool), operands) = ctx.inner(mean)? else { return None };
    let squares = binary(ctx, *operands.first()?, BinaryFn::Mul)?;
    let &[size, _] = pool.kernel.as_slice() else { return None };
    let window = Pool {
        function: PoolFn::Average,
        kernel: vec![size; 2],
        strides: vec![1; 2],
        pads: vec![size / 2; 4],
        dilations: vec![1; 2],
        ceil: pool.ceil,
        count_include_pad: size > 1,
        indices: false,
    };
    if one != 1.0 || squares != [x, x] || *pool != window || size.is_multiple_of(2) {
        return None;
    }
    let lrn = LRNParameter {
        local_size: Some(u32::try_from(size).ok()?),
        alpha: Some(alpha),
        beta: Some(-power),
        norm_region: Some(NormRegion::WithinChannel.into()),
        ..LRNParameter::default()
    };
    let dims = ctx.result_dims(0);
    Some(ctx.layer(Kind::LRN, param(|p| p.lrn_param = Some(Box::new(lrn))), &[Blob::Value(x)], &dims))
}
