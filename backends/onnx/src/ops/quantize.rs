//! Numbers as small integers or floats, and back.

use firebrick_ir::ops::{Dequantize, Quantize, Rounding};
use firebrick_ir::{DType, Tensor};

use crate::attr::{self, Attr};
use crate::elements::packed_bits;
use crate::lower::{Arg, Lowered, Lowering, Reason, cast};

/// QuantizeLinear. Its zero point says what elements it makes, so there always is one.
pub(super) fn quantize(l: &mut Lowering<'_>, op: &Quantize) -> Lowered {
    let scale = if op.rounding == Rounding::Away { scales_away(l)? } else { scales(l, 1)? };
    let zero = if l.n_operands() > 2 { scales(l, 2)? } else { zeros(l, op.dtype)? };
    let x = l.arg(0);
    // Quotients are f32; wider and narrower floats come with operator sets of their own.
    let (x, scale) = (as_f32(l, &x)?, as_f32(l, &scale)?);
    let mut attrs = places(l, op.axis, op.block)?;
    if !op.saturate && op.dtype.code().is_some() && packed_bits(op.dtype).is_none() {
        attrs.push(attr::int("saturate", 0));
    }
    Ok(vec![l.emit("QuantizeLinear", &[x, scale, zero], attrs, op.dtype)?])
}

/// DequantizeLinear.
pub(super) fn dequantize(l: &mut Lowering<'_>, op: &Dequantize) -> Lowered {
    let scale = scales(l, 1)?;
    let dtype = scale.dtype;
    let zero = if l.n_operands() > 2 { scales(l, 2)? } else { Arg::absent() };
    let attrs = places(l, op.axis, op.block)?;
    let (x, scale) = (l.arg(0), as_f32(l, &scale)?);
    let result = l.emit("DequantizeLinear", &[x, scale, zero], attrs, DType::F32)?;
    Ok(vec![l.cast(&result, dtype)?])
}

/// A scale with which rounding halves to even rounds them away from 0: two units in the last place smaller, so that
/// quotients are larger in magnitude by two or three, and none is a half. Nothing else changes but quotients that near
/// below a half. Of a power of two and sums of integers below 2²³ there are none, so that it is exact for Ristretto's nets.
pub(super) fn rounding_away(scale: f32) -> f32 {
    f32::from_bits(scale.to_bits().saturating_sub(2).max(1))
}

/// Scales with which halves are rounded away from 0.
fn scales_away(l: &mut Lowering<'_>) -> Result<Arg, Reason> {
    let scale = l.constant(1).ok_or("halves are rounded away from zero, and its scale is computed")?;
    let dims = if scale.len() == 1 { &[][..] } else { scale.dims() };
    let scale = cast(scale, DType::F32)?;
    let smaller = scale.values::<f32>().map_err(|error| error.to_string())?;
    let smaller = smaller.iter().map(|&scale| rounding_away(scale)).collect();
    let smaller = Tensor::from_vec(dims, smaller).map_err(|error| error.to_string())?;
    Ok(l.tensor("scale", smaller))
}

fn as_f32(l: &mut Lowering<'_>, x: &Arg) -> Result<Arg, Reason> {
    if x.dtype == DType::F64 {
        return Err("quantization of f64 has no operator".to_owned());
    }
    l.cast(x, DType::F32)
}

/// A scale or zero point: one number has no dimensions.
fn scales(l: &mut Lowering<'_>, slot: usize) -> Result<Arg, Reason> {
    let arg = l.arg(slot);
    let shape = &l.ty(slot).shape;
    if shape.rank() == 1 && shape.n_elements() == Some(1) { l.reshape(&arg, vec![]) } else { Ok(arg) }
}

/// A zero point of zeros, of the scale's shape.
fn zeros(l: &mut Lowering<'_>, dtype: DType) -> Result<Arg, Reason> {
    let shape = &l.ty(1).shape;
    let dims = shape.0.iter().map(|dim| dim.fixed().and_then(|n| usize::try_from(n).ok()));
    let dims: Vec<usize> = dims.collect::<Option<_>>().ok_or("the scale's shape is symbolic")?;
    let is_single = dims.len() == 1 && dims == [1];
    let dims = if is_single { Vec::new() } else { dims };
    let n_bytes = dims.iter().product::<usize>() * dtype.size();
    let zeros = Tensor::new(dtype, &dims, vec![0; n_bytes].into()).map_err(|error| error.to_string())?;
    Ok(l.tensor("zero_point", zeros))
}

/// Along which dimension scales differ, and in blocks of how many. Before operator set 13 there is one scale.
fn places(l: &Lowering<'_>, axis: usize, block: usize) -> Result<Vec<Attr>, Reason> {
    let shape = &l.ty(1).shape;
    if block == 0 && shape.rank() <= 1 && shape.n_elements() == Some(1) {
        return Ok(vec![]);
    }
    let mut attrs = vec![attr::int("axis", axis as i64)];
    if block > 0 {
        attrs.push(attr::int("block_size", block as i64));
    }
    match l.version() {
        ..13 => Err(format!("operator set {} has one scale for all elements", l.opset)),
        ..21 if block > 0 => Err(format!("operator set {} has no scales for blocks", l.opset)),
        _ => Ok(attrs),
    }
}
