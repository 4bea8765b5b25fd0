//! Operators of the domain `ai.onnx.ml` that are arithmetic.

use firebrick_ir::ops::{BinaryFn, Gather};

use super::cast::cast_to;
use super::{NodeContext, Outputs};

/// ArrayFeatureExtractor: elements of the last dimension, picked by index.
pub(super) fn array_feature_extractor(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (x, indices) = (ctx.input(0)?, ctx.input(1)?);
    let axis = ctx.axis("axis", -1, ctx.rank(x))?;
    let indices = ctx.reshape("indices", indices, &[-1])?;
    Ok(vec![ctx.op("gather", Gather { axis }, &[x, indices])?.into()])
}

/// Binarizer: 1 where x is above the threshold, else 0.
pub(super) fn binarizer(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let threshold = ctx.float_or("threshold", 0.0)?;
    let x = ctx.input(0)?;
    let above = ctx.with_scalar(BinaryFn::Greater, x, threshold)?;
    let dtype = ctx.ty(x).dtype;
    Ok(vec![cast_to(ctx, "binary", above, dtype)?.into()])
}
