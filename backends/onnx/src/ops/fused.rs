//! What passes have made one: written as the ops it was.

use firebrick_ir::ops::{Branch, Conv, ConvTranspose, Epilogue, Expand, Fused, Gemm, Step};

use super::conv::{conv_of, conv_transpose_of, kernel};
use super::gemm::gemm_of;
use super::{binary, unary};
use crate::attr;
use crate::lower::{Arg, Lowered, Lowering, Reason};

pub(super) fn conv(l: &mut Lowering<'_>, op: &Fused<Conv>) -> Lowered {
    let args = l.args();
    let (own, rest) = op.split(&args);
    let kernel = kernel(l, 1);
    let result = conv_of(l, &op.op, own, &kernel)?;
    epilogue(l, &op.epilogue, result, rest)
}

pub(super) fn conv_transpose(l: &mut Lowering<'_>, op: &Fused<ConvTranspose>) -> Lowered {
    let args = l.args();
    let (own, rest) = op.split(&args);
    let result = conv_transpose_of(l, &op.op, own)?;
    epilogue(l, &op.epilogue, result, rest)
}

pub(super) fn gemm(l: &mut Lowering<'_>, op: &Fused<Gemm>) -> Lowered {
    let args = l.args();
    let (own, rest) = op.split(&args);
    let result = gemm_of(l, &op.op, own.to_vec())?;
    epilogue(l, &op.epilogue, result, rest)
}

/// Each branch by itself, then all of them one behind the other.
pub(super) fn expand(l: &mut Lowering<'_>, op: &Expand) -> Lowered {
    let args = l.args();
    let (branches, first_of_epilogue) = op.slots();
    let mut parts = Vec::with_capacity(branches.len());
    for (branch, slot) in branches {
        parts.push(match branch {
            Branch::Copy => args[slot].clone(),
            Branch::Conv(conv) => {
                let own = [args[0].clone(), args[slot].clone(), args[slot + 1].clone()];
                let kernel = kernel(l, slot);
                let result = conv_of(l, &op.conv(conv), &own, &kernel)?;
                conv.activation.map_or(Ok(result.clone()), |function| unary::apply(l, function, result))?
            }
        });
    }
    let whole = l.same("Concat", &parts, vec![attr::int("axis", 1)])?;
    epilogue(l, &op.epilogue, whole, &args[first_of_epilogue..])
}

/// The steps behind a result, one after another.
fn epilogue(l: &mut Lowering<'_>, epilogue: &Epilogue, result: Arg, operands: &[Arg]) -> Lowered {
    let mut operands = operands.iter();
    let mut result = result;
    for step in &epilogue.0 {
        result = match step {
            Step::Unary(function) => unary::apply(l, *function, result)?,
            Step::Binary(function) => {
                let operand = operands.next().ok_or_else(|| Reason::from("an operand of its epilogue is missing"))?;
                binary::apply(l, *function, &[result, operand.clone()], true)?
            }
        };
    }
    Ok(vec![result])
}
