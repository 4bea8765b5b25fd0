//! Convolutions of integers, which ONNX has for elements of 8 bits with zero points.

use firebrick_ir::ops::{Binary, BinaryFn, Conv};
use firebrick_ir::{DType, Op, Tensor, Value};

use super::conv::{attributes, kernel};
use crate::lower::{Arg, Lowered, Lowering, Reason, cast};

/// Integers of 8 bits, and what is to be subtracted from them.
struct Bytes {
    values: Arg,
    zero: Arg,
}

/// ConvInteger, of operands that are integers of 8 bits less a zero point; a bias is added behind it.
pub(super) fn conv(l: &mut Lowering<'_>, op: &Conv) -> Lowered {
    let (x, w) = (bytes(l, 0)?, bytes(l, 1)?);
    let attrs = attributes(op, &kernel(l, 1));
    let sums = l.emit("ConvInteger", &[x.values, w.values, x.zero, w.zero], attrs, DType::I32)?;
    if l.n_operands() < 3 {
        return Ok(vec![sums]);
    }
    let bias = l.arg(2);
    let bias = l.reshape(&bias, [vec![-1], vec![1; op.strides.len()]].concat())?;
    Ok(vec![l.same("Add", &[sums, bias], vec![])?])
}

/// The operand in a slot as integers of 8 bits.
fn bytes(l: &mut Lowering<'_>, slot: usize) -> Result<Bytes, Reason> {
    let operand = l.operand(slot);
    if let Some(constant) = l.graph.as_const(operand) {
        return constant_bytes(l, constant);
    }
    if let Some(values) = widened(l, operand) {
        return Ok(Bytes { values: l.value(values), zero: Arg::absent() });
    }
    let Op::Binary(Binary(BinaryFn::Sub)) = l.graph.node(operand.node).op else { return Err(REASON.to_owned()) };
    let [values, zero] = l.graph.operands(operand.node)[..] else { return Err(REASON.to_owned()) };
    let values = widened(l, values).ok_or(REASON)?;
    let dtype = l.graph.ty(values).dtype;
    let zero = zero_point(l, zero, dtype)?;
    Ok(Bytes { values: l.value(values), zero })
}

const REASON: &str = "ONNX's convolutions of integers take elements of 8 bits, less a zero point";

/// The integers of 8 bits that a value is a conversion of.
fn widened(l: &Lowering<'_>, value: Value) -> Option<Value> {
    let Op::Cast(_) = l.graph.node(value.node).op else { return None };
    let source = l.graph.operands(value.node).first().copied()?;
    matches!(l.graph.ty(source).dtype, DType::I8 | DType::U8).then_some(source)
}

/// A zero point of that type: one number, or a vector.
fn zero_point(l: &mut Lowering<'_>, zero: Value, dtype: DType) -> Result<Arg, Reason> {
    let is_single = l.graph.ty(zero).shape.n_elements() == Some(1);
    let found = if let Some(constant) = l.graph.as_const(zero) {
        let narrow = cast(constant, dtype)?;
        if cast(&narrow, constant.dtype())? != *constant {
            return Err(REASON.to_owned());
        }
        l.tensor("zero_point", narrow)
    } else {
        let narrow = widened(l, zero).filter(|&narrow| l.graph.ty(narrow).dtype == dtype).ok_or(REASON)?;
        l.value(narrow)
    };
    l.reshape(&found, if is_single { Vec::new() } else { vec![-1] })
}

/// Constants of 8 bits: as they are, or moved into the range of u8.
fn constant_bytes(l: &mut Lowering<'_>, constant: &Tensor) -> Result<Bytes, Reason> {
    let narrow = cast(constant, DType::I8)?;
    if cast(&narrow, DType::I32)? == *constant {
        return Ok(Bytes { values: l.tensor("weights", narrow), zero: Arg::absent() });
    }
    let numbers = constant.values::<i32>().map_err(|error| error.to_string())?;
    let least = numbers.iter().copied().min().unwrap_or(0).min(0);
    let moved = numbers.iter().map(|&n| n.checked_sub(least).and_then(|n| u8::try_from(n).ok()));
    let moved = moved.collect::<Option<Vec<u8>>>().zip(least.checked_neg().and_then(|zero| u8::try_from(zero).ok()));
    let (moved, zero) = moved.ok_or(REASON)?;
    let moved = Tensor::from_vec(constant.dims(), moved).map_err(|error| error.to_string())?;
    Ok(Bytes { values: l.tensor("weights", moved), zero: l.tensor("zero_point", Tensor::scalar(zero)) })
}
