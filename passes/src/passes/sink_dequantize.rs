use firebrick_ir::ops::{Concat, Dequantize, Transpose};
use firebrick_ir::{Op, Value};

use crate::movement::{is_same, on_integers};
use crate::{At, Draft, Found, Operand, Rule};

/// Moves a dequantize behind what moves elements only: reshapes, transposes, slices, pads of 0, maxima of a pool; and
/// concatenations of values with the same scale. Integers are then what is moved, and the dequantize comes nearer to
/// what quantizes again. Scales along a dimension follow transposes.
pub(crate) struct SinkDequantize;

impl Rule for SinkDequantize {
    const NAME: &'static str = "sink-dequantize";
    const DESCRIPTION: &'static str = "Moves dequantization behind what moves elements only";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        if let Some(concat) = at.is::<Concat>() {
            return behind_concat(at, &concat);
        }
        let operands = at.graph.operands(at.node);
        let (&first, others) = operands.split_first()?;
        let dequantize = at.source::<Dequantize>(first)?;
        let op = on_integers(at, at.ty(dequantize.x()).dtype, zero(at, &dequantize))?;
        let axis = match at.is::<Transpose>() {
            _ if is_single(at, &dequantize) => dequantize.op.axis,
            Some(transpose) if dequantize.op.block == 0 => {
                transpose.op.perm.iter().position(|&dim| dim == dequantize.op.axis)?
            }
            Some(_) | None => return None,
        };
        let operands: Vec<Operand> =
            std::iter::once(dequantize.x()).chain(others.iter().copied()).map(Operand::Old).collect();
        Some(behind(at, op, &operands, &dequantize, axis))
    }
}

/// The draft in which the op comes before the dequantize.
fn behind(
    at: At<'_>,
    op: impl Into<Op>,
    operands: &[Operand],
    dequantize: &Found<'_, Dequantize>,
    axis: usize,
) -> Draft {
    let mut draft = Draft::new(at.node);
    let inner = draft.node(op, operands);
    let rest = dequantize.operands.iter().skip(1).copied().map(Operand::Old);
    let operands: Vec<Operand> = std::iter::once(inner).chain(rest).collect();
    let outer = draft.node(Dequantize { axis, ..dequantize.op.clone() }, &operands);
    draft.replace(at.result(), outer)
}

fn behind_concat(at: At<'_>, concat: &Found<'_, Concat>) -> Option<Draft> {
    let parts = concat.operands.iter().map(|&value| at.source::<Dequantize>(value)).collect::<Option<Vec<_>>>()?;
    let (first, others) = parts.split_first()?;
    let is_alike = |part: &Found<'_, Dequantize>| {
        at.ty(part.x()).dtype == at.ty(first.x()).dtype
            && is_same(at, part.operand(1), first.operand(1))
            && is_same(at, part.operand(2), first.operand(2))
    };
    if !is_single(at, first) || !others.iter().all(is_alike) {
        return None;
    }
    let operands: Vec<Operand> = parts.iter().map(|part| part.x().into()).collect();
    Some(behind(at, concat.op.clone(), &operands, first, first.op.axis))
}

/// Whether all elements have the same scale.
fn is_single(at: At<'_>, dequantize: &Found<'_, Dequantize>) -> bool {
    let is_one = |scale: Value| at.ty(scale).shape.rank() <= 1 && at.ty(scale).shape.n_elements() == Some(1);
    dequantize.op.block == 0 && dequantize.operand(1).is_some_and(is_one)
}

/// The zero point, if it is a byte that is known.
fn zero(at: At<'_>, dequantize: &Found<'_, Dequantize>) -> Option<i32> {
    crate::quantized::dequantized(at, dequantize.result()).map(|(_, qtype)| qtype.zero)
}
