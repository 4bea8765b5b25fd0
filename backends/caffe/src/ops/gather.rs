//! Parts picked by index.

use firebrick_ir::ops::Gather;
use firebrick_ir::{DType, Op, Value};
use firebrick_schemas::caffe::EmbedParameter;

use super::reshape::reshaped;
use super::slice::cropped;
use super::window::number;
use crate::context::Context;
use crate::layer::{Blob, param};
use crate::{Kind, Reason};

/// Slice for known indices that lie one behind the other. Else Embed for rows of a constant, BatchReindex for a vector of items of a blob. Both cut indices in floats down to
/// integers, and know no negative ones.
pub(super) fn gather(ctx: &mut Context<'_, '_>, op: &Gather) -> Result<Blob, Reason> {
    if let Some((start, count)) = range(ctx, ctx.operand(1)) {
        let part = cropped(ctx, ctx.blob(0), op.axis, start, count);
        let dims = ctx.result_dims(0);
        let y = reshaped(ctx, part, &dims);
        return if y == ctx.blob(0) { super::identity::identity(ctx) } else { Ok(y) };
    }
    if op.axis != 0 {
        return Err(Reason::unsupported("Caffe picks along the first dimension only"));
    }
    let Some(indices) = float_indices(ctx, ctx.operand(1)) else {
        return Err(Reason::unsupported("its indices are not a blob of floats"));
    };
    let index_dims = ctx.dims(indices);
    let data = ctx.operand(0);
    if ctx.known(data).is_some() {
        let mut weights = ctx.weight(data, "rows")?;
        let n_rows = weights.tensor.dims().first().copied().unwrap_or_default();
        let n_columns: usize = weights.tensor.dims().iter().skip(1).product();
        weights.tensor =
            weights.tensor.reshaped(&[n_rows, n_columns]).map_err(|error| Reason::unsupported(error.to_string()))?;
        let embed = EmbedParameter {
            num_output: Some(number(n_columns)?),
            input_dim: Some(number(n_rows)?),
            bias_term: Some(false),
            ..EmbedParameter::default()
        };
        let rows = [index_dims.as_slice(), &[n_columns as u64]].concat();
        let set = param(|p| p.embed_param = Some(Box::new(embed)));
        let y = ctx.weighted(Kind::Embed, set, &[indices], vec![weights], &rows);
        let dims = ctx.result_dims(0);
        return Ok(reshaped(ctx, y, &dims));
    }
    if index_dims.len() != 1 {
        return Err(Reason::unsupported("Caffe picks items by a vector of indices"));
    }
    let dims = ctx.result_dims(0);
    Ok(ctx.layer(Kind::BatchReindex, param(|_| ()), &[Blob::Value(data), indices], &dims))
}

/// The first of known indices and how many they are, if each is one more than the one before.
fn range(ctx: &Context<'_, '_>, indices: Value) -> Option<(u64, u64)> {
    let tensor = ctx.known(indices)?;
    let wide = tensor.values::<i64>().map(std::borrow::Cow::into_owned);
    let narrow = || tensor.values::<i32>().map(|indices| indices.iter().copied().map(i64::from).collect());
    let indices: Vec<i64> = wide.or_else(|_| narrow()).ok()?;
    let is_range = indices.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1]));
    let start = u64::try_from(*indices.first()?).ok()?;
    is_range.then_some((start, indices.len() as u64))
}

/// Integers as the floats that they were made of.
pub(super) fn float_indices(ctx: &Context<'_, '_>, indices: Value) -> Option<Blob> {
    let Op::Cast(_) = ctx.graph().node(indices.node).op else { return None };
    let floats = ctx.graph().operands(indices.node).into_iter().next()?;
    let is_float = ctx.graph().ty(floats).dtype == DType::F32;
    let is_whole = matches!(ctx.graph().ty(indices).dtype, DType::I32 | DType::I64);
    (is_float && is_whole).then_some(Blob::Value(floats))
}
