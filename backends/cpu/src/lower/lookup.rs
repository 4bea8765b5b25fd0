//! Functions of one quantized value: a table of what becomes of each of its integers.

use firebrick_ir::{DType, EvalError, NodeId, Op, Tensor, Value};

use super::Lowered;
use super::planner::{I8_TO_U8, Planner};
use crate::CompileError;
use crate::kernels::Lookup;
use crate::plan::View;

/// Lowers an op of one operand that computes each element by itself.
pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId) -> Result<Lowered, CompileError> {
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    let views = views(planner, x, y)?;
    let op = planner.graph.node(id).op.clone();
    push(planner, y, &op, views)?;
    Ok(Lowered::Done)
}

/// Where a value lies, and where a function of its elements is to be put: in blocks if the value is.
pub(super) fn views(planner: &mut Planner<'_>, x: Value, y: Value) -> Result<(View, View), CompileError> {
    let is_blocked = planner.is_blocked(x);
    let from = if is_blocked { planner.blocked(x)? } else { planner.plain(x)? };
    let to = if is_blocked { planner.new_blocked(y)? } else { planner.new_plain(y)? };
    Ok((from, to))
}

/// Adds the step that looks up what the op makes of each byte of `x`, in the views' own elements.
pub(super) fn push(planner: &mut Planner<'_>, value: Value, op: &Op, (x, y): (View, View)) -> Result<(), CompileError> {
    let (from, to) = types(op, &x, &y);
    push_function(planner, value, [from, to], (x, y), &|bytes| op.eval(&[bytes]))
}

/// Adds the step that looks up what a function makes of each byte of `x`, which has elements of these types.
pub(super) fn push_function(
    planner: &mut Planner<'_>,
    value: Value,
    [from, to]: [DType; 2],
    (x, y): (View, View),
    function: &dyn Fn(&Tensor) -> Result<Vec<Tensor>, EvalError>,
) -> Result<(), CompileError> {
    // Of the bytes of i8 and u8, one is 128 more than the other.
    let shift = |view: &View, dtype: DType| if view.image.dtype == dtype { 0 } else { I8_TO_U8 as u8 };
    let (from_shift, to_shift) = (shift(&x, from), shift(&y, to));
    let bytes: Vec<u8> = (0..=u8::MAX).map(|byte| byte.wrapping_sub(from_shift)).collect();
    let operand = Tensor::new(from, &[bytes.len()], bytes.into()).map_err(EvalError::from)?;
    let results = function(&operand)?;
    let results = results.iter().flat_map(|result| result.bytes().iter());
    let table: Vec<u8> = results.map(|byte| byte.wrapping_add(to_shift)).collect();
    let words = table.chunks_exact(4).map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]]));
    let table = planner.add_words(words.collect::<Vec<_>>());
    planner.push(value, Lookup { x, y, table });
    Ok(())
}

/// The types of an op's operand and result.
fn types(op: &Op, x: &View, y: &View) -> (DType, DType) {
    let of = |x: Option<DType>, y: Option<DType>| (x.unwrap_or(DType::U8), y.unwrap_or(DType::U8));
    if let Op::QUnary(q) = op {
        of(q.x.first().map(|x| x.dtype), q.y.map(|y| y.dtype))
    } else if let Op::Requantize(q) = op {
        of(q.x.first().map(|x| x.dtype), q.y.map(|y| y.dtype))
    } else {
        (x.image.dtype, y.image.dtype)
    }
}
