//! Elementwise functions of two quantized operands.

use firebrick_ir::ops::{QBinary, QType};
use firebrick_ir::{NodeId, Op, Tensor, Value};

use super::planner::{Planner, stored};
use super::q_sums::Result as Quantization;
use super::quantize::{dequantizing, in_blocks, is_finite, plain};
use super::{Lowered, elements, lookup};
use crate::CompileError;
use crate::kernels::{Function, Map, QMap, Quantized};
use crate::plan::{Image, Size, View};

/// Bytes that a row should have.
const LONG: usize = 16;

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &QBinary) -> Result<Lowered, CompileError> {
    let (operands, y) = (planner.graph.operands(id), Value { node: id, port: 0 });
    let (&[a, b], &[a_type, b_type], Some(y_type)) = (&operands[..], &op.x[..], op.y) else {
        return Ok(Lowered::NoKernel);
    };
    if !Map::has_binary(op.op.0) || !is_finite(a_type) || !is_finite(b_type) {
        return Ok(Lowered::NoKernel);
    }
    let dims = planner.dims(y);
    for (x, other, is_second) in [(a, b, false), (b, a, true)] {
        if planner.dims(x) == dims
            && let Some(number) = number(planner, other)?
        {
            with_number(planner, y, op, (x, number, is_second))?;
            return Ok(Lowered::Done);
        }
    }
    let result = Quantization { y: y_type, clip: op.clip, rounding: op.rounding };
    let function = Pair { y, op, types: [a_type, b_type], result };
    for (x, other, is_second) in [(a, b, false), (b, a, true)] {
        if planner.is_blocked(x) && function.fits(planner, x, other) {
            let views = (planner.blocked(x)?, planner.blocked(other)?, planner.new_blocked(y)?);
            function.push(planner, views, is_second, true);
            return Ok(Lowered::Done);
        }
    }
    if planner.dims(a) == dims && planner.dims(b) == dims {
        let views = (planner.plain(a)?, planner.plain(b)?, planner.new_plain(y)?);
        function.push(planner, views, false, false);
        return Ok(Lowered::Done);
    }
    let from = [a_type, b_type].map(dequantizing);
    let quantized = Quantized { function: op.op.0, from, to: plain(result) };
    elements::push(planner, y, Function::Quantized(quantized), &operands)
}

/// The one element of a constant.
fn number(planner: &Planner<'_>, value: Value) -> Result<Option<Tensor>, CompileError> {
    if let Op::Const(constant) = &planner.graph.node(value.node).op
        && constant.tensor().is_none()
    {
        return Err(CompileError::MissingWeights(planner.graph.value_name(value).to_owned()));
    }
    let tensor = planner.graph.as_const(value).filter(|tensor| tensor.bytes().len() == 1);
    Ok(tensor.cloned())
}

/// With a constant, it is a function of one byte.
fn with_number(
    planner: &mut Planner<'_>,
    y: Value,
    op: &QBinary,
    (x, number, is_second): (Value, Tensor, bool),
) -> Result<(), CompileError> {
    let views = lookup::views(planner, x, y)?;
    let types = [planner.dtype(x), planner.dtype(y)];
    let number = number.reshaped(&[1]).map_err(firebrick_ir::EvalError::from)?;
    let op = Op::from(op.clone());
    let function = |bytes: &Tensor| op.eval(&if is_second { [&number, bytes] } else { [bytes, &number] });
    lookup::push_function(planner, y, types, views, &function)
}

/// A function of two computed operands.
struct Pair<'a> {
    y: Value,
    op: &'a QBinary,
    types: [QType; 2],
    result: Quantization,
}

impl Pair<'_> {
    /// Whether `x`, in blocks, is as large as the result, and another operand is so too, or is the same for whole
    /// images, rows or columns.
    fn fits(&self, planner: &Planner<'_>, x: Value, other: Value) -> bool {
        let (dims, own) = (planner.dims(self.y), planner.dims(other));
        let is_spread = |(i, (own, n)): (usize, (&usize, &usize))| own == n || (i != 1 && *own == 1);
        matches!(dims.len(), 3 | 4)
            && planner.dims(x) == dims
            && own.len() == dims.len()
            && own.iter().zip(&dims).enumerate().all(is_spread)
    }

    fn push(&self, planner: &mut Planner<'_>, (x, other, y): (View, View, View), is_second: bool, is_blocked: bool) {
        let [a, b] = if is_blocked { self.types.map(stored) } else { self.types };
        let from = if is_second { [b, a] } else { [a, b] }.map(dequantizing);
        let to = if is_blocked { in_blocks(self.result) } else { plain(self.result) };
        let [x, other, y] = if is_blocked { [x, other, y] } else { [x, other, y].map(|view| self.rows(planner, view)) };
        planner.push(self.y, QMap { function: self.op.op.0, x, other, y, is_second, from, to });
    }

    /// Plain elements as rows, some of which make a task.
    fn rows(&self, planner: &Planner<'_>, view: View) -> View {
        let dims = planner.dims(self.y);
        let n: usize = dims.iter().product();
        let w = dims.last().copied().filter(|&w| w >= LONG).unwrap_or(n);
        View { image: Image::plain(view.image.dtype, Size { n: 1, c: 1, h: n / w, w }), ..view }
    }
}
