//! ArgMax.

use firebrick_ir::ops::{Cast, Concat, Ties, TopK};
use firebrick_ir::{DType, Value};
use firebrick_schemas::caffe::ArgMaxParameter;

use super::reshape::reshaped;
use super::{LayerContext, Tops};
use crate::problem::Problem;

/// ArgMax: the indices of the largest elements, or their values, or both.
///
/// Along an axis: indices, or values if `out_max_val`. Without one, over everything but the batch: `[N, 1, k]`, with 1s
/// up to the bottom's rank, or `[N, 2, k]` with the indices first if `out_max_val`. Indices are floats, and of equal
/// elements the last one comes first, since Caffe sorts pairs of value and index.
pub(super) fn argmax(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().argmax_param.as_deref().cloned().unwrap_or_default();
    let ArgMaxParameter { out_max_val, top_k: _, axis } = &param;
    let with_values = out_max_val.unwrap_or_default();
    let x = ctx.bottom(0);
    let dims = ctx.dims(x);
    if let Some(axis) = axis {
        let axis = ctx.axis(&ctx.field("argmax_param", "axis"), *axis, dims.len())?;
        let (values, indices) = top_k(ctx, &param, x, axis, dims[axis])?;
        let result = if with_values { values } else { as_floats(ctx, indices)? };
        return Ok(vec![Some(result)]);
    }
    let Some((&n, rest)) = dims.split_first() else {
        return Err(ctx.problem("its bottom has no dimensions"));
    };
    let count = rest.iter().try_fold(1u64, |count, &dim| count.checked_mul(dim));
    let count = count.ok_or_else(|| ctx.problem("its bottom is too large"))?;
    let rows = reshaped(ctx, x, &[n, count])?;
    let (values, indices) = top_k(ctx, &param, rows, 1, count)?;
    let mut top = vec![1; dims.len().max(3)];
    (top[0], top[2]) = (n, u64::from(param.top_k()));
    let indices = as_floats(ctx, indices)?;
    let indices = reshaped(ctx, indices, &top)?;
    if !with_values {
        return Ok(vec![Some(indices)]);
    }
    let values = reshaped(ctx, values, &top)?;
    Ok(vec![Some(ctx.op("both", Concat { axis: 1 }, &[indices, values])?)])
}

/// The largest elements' values and indices along an axis of that size.
fn top_k(
    ctx: &mut LayerContext<'_, '_>,
    param: &ArgMaxParameter,
    x: Value,
    axis: usize,
    size: u64,
) -> Result<(Value, Value), Problem> {
    let k = param.top_k();
    if k == 0 || u64::from(k) > size {
        let message = format!("`top_k` is {k}, but should be between 1 and {size}");
        return Err(ctx.problem_at(ctx.field("argmax_param", "top_k"), message));
    }
    let op = TopK { axis, k: k as usize, largest: true, ties: Ties::Highest };
    let results = ctx.op_n(&["values", "indices"], op, &[x])?;
    Ok((results[0], results[1]))
}

fn as_floats(ctx: &mut LayerContext<'_, '_>, indices: Value) -> Result<Value, Problem> {
    ctx.op("cast", Cast::to(DType::F32), &[indices])
}
