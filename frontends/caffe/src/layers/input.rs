//! Input, and what every layer that becomes a graph input needs.

use firebrick_ir::Value;
use firebrick_schemas::FieldPath;
use firebrick_schemas::caffe::{BlobShape, InputParameter};

use super::{LayerContext, Tops};
use crate::preprocess::preprocess;
use crate::problem::Problem;

/// The most dimensions that a blob may have.
const MAX_RANK: usize = 32;

/// Input: a graph input for each top. A `transform_param` says what is done to images for the first.
pub(super) fn input(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().input_param.as_deref().cloned().unwrap_or_default();
    let InputParameter { shape } = param;
    let n_tops = ctx.n_tops();
    let path = ctx.field("input_param", "shape");
    if shape.len() > 1 && shape.len() != n_tops {
        let message = format!("{n_tops} tops take no shape, 1 or {n_tops}, not {}", shape.len());
        return Err(ctx.problem_at(path, message));
    }
    let shapes = shape.iter().map(|shape| blob_dims(ctx, path.clone(), shape)).collect::<Result<Vec<_>, _>>()?;
    let mut tops = Vec::with_capacity(n_tops);
    for index in 0..n_tops {
        let own = if let [all] = shapes.as_slice() { Some(all) } else { shapes.get(index) };
        tops.push(Some(graph_input(ctx, index, own.cloned())?));
    }
    if ctx.param().transform_param.is_some() {
        let preprocess = preprocess(ctx, None)?;
        ctx.set_preprocessing(&ctx.param().top[0], preprocess);
    }
    Ok(tops)
}

/// A graph input for a top, of the shape that the caller's options say, or else of its own, if it has one.
pub(super) fn graph_input(
    ctx: &mut LayerContext<'_, '_>,
    index: usize,
    own: Option<Vec<u64>>,
) -> Result<Value, Problem> {
    let name = &ctx.param().top[index];
    let dims = ctx.input_dims(name, own).ok_or_else(|| ctx.no_input_shape(index))?;
    ctx.input(index, &dims)
}

/// The dimensions that a file gives a blob, within what Caffe takes: 32 of them, and 2^31 elements.
pub(super) fn blob_dims(ctx: &LayerContext<'_, '_>, path: FieldPath, shape: &BlobShape) -> Result<Vec<u64>, Problem> {
    let BlobShape { dim } = shape;
    let dims: Option<Vec<u64>> = dim.iter().map(|&n| u64::try_from(n).ok()).collect();
    let Some(dims) = dims else {
        return Err(ctx.problem_at(path, format!("a dimension of {dim:?} is below 0")));
    };
    if dims.len() > MAX_RANK {
        return Err(
            ctx.problem_at(path, format!("a blob of {} dimensions: at most {MAX_RANK} are possible", dims.len()))
        );
    }
    let count = dims.iter().try_fold(1u64, |count, &n| count.checked_mul(n));
    if count.is_none_or(|count| i32::try_from(count).is_err()) {
        return Err(ctx.problem_at(path, format!("a blob of shape {dims:?} is too large")));
    }
    Ok(dims)
}
