//! Ops on quantized values that have operators of their own: the other ones are unfolded before.

use firebrick_ir::ops::{QConv, QMatMul, QType, Rounding};
use firebrick_ir::{DType, Tensor};

use super::conv::{attributes, kernel};
use super::quantize::rounding_away;
use crate::lower::{Arg, Lowered, Lowering, Reason};

/// QLinearConv.
pub(super) fn conv(l: &mut Lowering<'_>, op: &QConv) -> Lowered {
    let attrs = attributes(&op.op, &kernel(l, 1));
    sums(l, "QLinearConv", (op.x[0], op.y, op.clip, op.rounding), attrs)
}

/// QLinearMatMul.
pub(super) fn matmul(l: &mut Lowering<'_>, op: &QMatMul) -> Lowered {
    sums(l, "QLinearMatMul", (op.x[0], op.y, op.clip, op.rounding), Vec::new())
}

/// An operator whose operands are `x`, weights and the result's integers, each with scale and zero point; the bias is
/// last.
fn sums(
    l: &mut Lowering<'_>,
    operator: &'static str,
    (x, y, clip, rounding): (QType, Option<QType>, Option<[i32; 2]>, Rounding),
    attrs: Vec<crate::attr::Attr>,
) -> Lowered {
    let takes_bias = operator == "QLinearConv" && l.n_operands() > 4 && l.ty(4).dtype == DType::I32;
    let Some(y) = y.filter(|_| takes_bias || l.n_operands() <= 4) else { return Err(NO_FORM.to_owned()) };
    let (values, weights) = (l.arg(0), l.arg(1));
    let (x_scale, x_zero) = (l.tensor("scale", Tensor::scalar(x.scale)), zero(l, x)?);
    let (w_scale, w_zero) = (single(l, 2)?, single(l, 3)?);
    let y_scale = if rounding == Rounding::Away { rounding_away(y.scale) } else { y.scale };
    let (y_scale, y_zero) = (l.tensor("scale", Tensor::scalar(y_scale)), zero(l, y)?);
    let bias = if takes_bias { l.arg(4) } else { Arg::absent() };
    let args = [values, x_scale, x_zero, weights, w_scale, w_zero, y_scale, y_zero, bias];
    let result = l.emit(operator, &args, attrs, y.dtype)?;
    let Some([low, high]) = clip else { return Ok(vec![result]) };
    let (low, high) = (integer(l, "min", low, y.dtype)?, integer(l, "max", high, y.dtype)?);
    Ok(vec![l.same("Clip", &[result, low, high], Vec::new())?])
}

const NO_FORM: &str = "each channel of its weights has a scale, and they are computed, which the operator set can't say: \
    choose one from 13 on";

/// What is left of the other ops: those that could not be unfolded.
pub(super) fn refused() -> Lowered {
    Err(NO_FORM.to_owned())
}

fn zero(l: &mut Lowering<'_>, ty: QType) -> Result<Arg, Reason> {
    integer(l, "zero_point", ty.zero, ty.dtype)
}

/// An integer of 8 bits.
fn integer(l: &mut Lowering<'_>, what: &'static str, n: i32, dtype: DType) -> Result<Arg, Reason> {
    let byte = n.to_le_bytes()[..1].to_vec();
    let tensor = Tensor::new(dtype, &[], byte.into()).map_err(|error| error.to_string())?;
    Ok(l.tensor(what, tensor))
}

/// A scale or zero point of the weights: one number has no dimensions.
fn single(l: &mut Lowering<'_>, slot: usize) -> Result<Arg, Reason> {
    if l.ty(slot).shape.n_elements() != Some(1) {
        return Ok(l.arg(slot));
    }
    match l.constant(slot).map(|tensor| tensor.reshaped(&[])) {
        Some(tensor) => Ok(l.tensor("weights", tensor.map_err(|error| error.to_string())?)),
        None => {
            let arg = l.arg(slot);
            l.reshape(&arg, Vec::new())
        }
    }
}
