//! Sums of products of quantized values whose scales and zero points are known: ops on integers.

use firebrick_ir::ops::{QType, Quantizable, Quantized, Rounding};
use firebrick_ir::{DType, Dim, Op, Tensor, Type, Value};

use super::{NodeContext, Stop};

/// Which inputs an operator has: each quantized one is followed by its scale and its zero point.
pub(super) struct Slots {
    /// The activation.
    pub(super) x: usize,
    /// The weights.
    pub(super) w: usize,
    /// The scale of the result, which its zero point follows; `None` if the result is a number.
    pub(super) y: Option<usize>,
    /// The bias: integers in steps of the product of the scales.
    pub(super) bias: usize,
}

/// The op on integers; `None` if a scale or zero point depends on inputs, or is not that of an op on integers.
/// `outputs` is the dimension of the weights that output channels are along.
pub(super) fn sum<T: Quantizable>(
    ctx: &mut NodeContext<'_, '_>,
    op: T,
    slots: &Slots,
    outputs: usize,
) -> Result<Option<Value>, Stop>
where
    Op: From<Quantized<T>>,
{
    let (x, w) = (ctx.input(slots.x)?, ctx.input(slots.w)?);
    let Some(from) = known(ctx, Some(ctx.ty(x).dtype), slots.x + 1) else { return Ok(None) };
    let to = match slots.y {
        Some(y) => match known(ctx, None, y) {
            Some(to) => Some(to),
            None => return Ok(None),
        },
        None => None,
    };
    let Some([scale, zero]) = channels(ctx, w, slots.w + 1) else { return Ok(None) };
    let bias = ctx.optional(slots.bias);
    let n_outputs = ctx.ty(w).shape.0.get(outputs).cloned();
    let is_bias = |ty: Type| ty.dtype == DType::I32 && n_outputs.is_some_and(|n| ty.shape.0 == [n]);
    if bias.is_some_and(|bias| !is_bias(ctx.ty(bias))) {
        return Ok(None);
    }
    let (scale, zero) = (ctx.constant("scale", scale)?, ctx.constant("zero_point", zero)?);
    let operands: Vec<Value> = [x, w, scale, zero].into_iter().chain(bias).collect();
    let op = Quantized { op, x: vec![from], y: to, clip: None, rounding: Rounding::Even };
    ctx.op("integers", op, &operands).map(Some)
}

/// What integers stand for by the inputs `scale` and, behind it, a zero point. Their type is that of the zero point,
/// or else `dtype`.
fn known(ctx: &mut NodeContext<'_, '_>, dtype: Option<DType>, scale: usize) -> Option<QType> {
    let (scale, zero) = (ctx.optional(scale)?, ctx.optional(scale + 1));
    let &[scale] = ctx.known_value(scale)?.values::<f32>().ok()?.as_ref() else { return None };
    let (dtype, zero) = match zero {
        Some(zero) => {
            let zero = ctx.known_value(zero)?;
            let &[byte] = zero.bytes().as_ref() else { return None };
            let number = if zero.dtype() == DType::I8 { i32::from(byte.cast_signed()) } else { i32::from(byte) };
            (zero.dtype(), number)
        }
        None => (dtype?, 0),
    };
    let fits = matches!(dtype, DType::U8 | DType::I8) && scale.is_finite() && scale > 0.0;
    fits.then_some(QType { dtype, scale, zero })
}

/// The scales and zero points of weights: one of each, or as many as there are channels.
fn channels(ctx: &mut NodeContext<'_, '_>, w: Value, scale: usize) -> Option<[Tensor; 2]> {
    let (scale, zero) = (ctx.optional(scale)?, ctx.optional(scale + 1));
    let dtype = ctx.ty(w).dtype;
    if !matches!(dtype, DType::U8 | DType::I8) || ctx.rank(scale) > 1 {
        return None;
    }
    let mut scales = ctx.known_value(scale)?.values::<f32>().ok()?.into_owned();
    let mut zeros = match zero {
        Some(zero) if ctx.rank(zero) <= 1 && ctx.ty(zero).dtype == dtype => ctx.known_value(zero)?.bytes().to_vec(),
        Some(_) => return None,
        None => vec![0],
    };
    let n = scales.len().max(zeros.len());
    if let &[scale] = scales.as_slice() {
        scales = vec![scale; n];
    }
    if let &[zero] = zeros.as_slice() {
        zeros = vec![zero; n];
    }
    Some([Tensor::from_vec(&[n], scales).ok()?, Tensor::new(dtype, &[zeros.len()], zeros.into()).ok()?])
        .filter(|[scales, zeros]| scales.dims() == zeros.dims())
}

/// Whether a value is a matrix.
pub(super) fn is_matrix(ctx: &NodeContext<'_, '_>, value: Value) -> bool {
    matches!(ctx.ty(value).shape.0.as_slice(), [_, Dim::Fixed(_)])
}
