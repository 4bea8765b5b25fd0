//! Eltwise of more than two bottoms, or with coefficients.

use firebrick_ir::Value;
use firebrick_ir::ops::BinaryFn;
use firebrick_schemas::caffe::EltwiseOp;

use super::affine::{binary, by_scalar};
use crate::context::Context;
use crate::layer::Blob;
use crate::ops;

/// A chain of `add`, `mul` or `max` of blobs of one shape; what is added may have a factor.
pub(super) fn eltwise(ctx: &mut Context<'_, '_>) -> Option<Blob> {
    let functions =
        [(BinaryFn::Add, EltwiseOp::Sum), (BinaryFn::Mul, EltwiseOp::Prod), (BinaryFn::Max, EltwiseOp::Max)];
    functions.into_iter().find_map(|(function, operation)| chain(ctx, function, operation))
}

fn chain(ctx: &mut Context<'_, '_>, function: BinaryFn, operation: EltwiseOp) -> Option<Blob> {
    let dims = ctx.result_dims(0);
    let own = ctx.result(0);
    binary(ctx, own, function)?;
    let is_blob = |value: Value| ctx.known(value).is_none() && ctx.dims(Blob::Value(value)) == dims;
    let (mut terms, mut left) = (Vec::new(), own);
    while let Some([a, b]) = binary(ctx, left, function).filter(|pair| pair.iter().all(|&value| is_blob(value))) {
        terms.push(b);
        left = a;
    }
    terms.push(left);
    terms.reverse();
    let weighted =
        |&term: &Value| by_scalar(ctx, term, BinaryFn::Mul).filter(|&(x, _)| is_blob(x)).unwrap_or((term, 1.0));
    let is_sum = function == BinaryFn::Add;
    let (terms, mut coeff): (Vec<Value>, Vec<f32>) =
        if is_sum { terms.iter().map(weighted).unzip() } else { (terms, Vec::new()) };
    if coeff.iter().all(|&c| c == 1.0) {
        coeff.clear();
    }
    let is_more = terms.len() > 2 || (terms.len() == 2 && !coeff.is_empty());
    let bottoms: Vec<Blob> = terms.into_iter().map(Blob::Value).collect();
    is_more.then(|| ops::eltwise(ctx, operation, &bottoms, coeff))
}
