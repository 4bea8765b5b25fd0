use firebrick_ir::ops::{Binary, Cast, Concat, Pad, Softmax, Transpose, Unary};
use firebrick_ir::{Op, Tensor, Type, Value};

use crate::shapes::{inverse, reshape};
use crate::{At, Draft, Found, Operand, Rule};

/// Moves a transpose behind the op that alone reads it, towards one that undoes it: elementwise functions (of a
/// transposed value and a constant, or of two values transposed alike), conversions, concatenations of values
/// transposed alike, pads and softmax.
pub(crate) struct SinkTransposes;

impl Rule for SinkTransposes {
    const NAME: &'static str = "sink-transposes";
    const DESCRIPTION: &'static str = "Moves transposes behind elementwise ops, towards those that undo them";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let operands = at.graph.operands(at.node);
        let perm = &operands.iter().find_map(|&value| at.sole_source::<Transpose>(value))?.op.perm;
        let op = moved(at, perm)?;
        let mut draft = Draft::new(at.node);
        let mut before = Vec::with_capacity(operands.len());
        for &value in &operands {
            before.push(untransposed(at, value, perm, &mut draft)?);
        }
        let inner = draft.node(op, &before);
        let outer = draft.node(Transpose { perm: perm.clone() }, &[inner]);
        Some(draft.replace(at.result(), outer))
    }
}

/// The op as it works on what was there before the transpose, if it does.
fn moved(at: At<'_>, perm: &[usize]) -> Option<Op> {
    let op = &at.node().op;
    let axis = |axis: usize| perm.get(axis).copied();
    if at.is::<Unary>().is_some() || at.is::<Cast>().is_some() {
        return Some(op.clone());
    }
    if let Some(binary) = at.is::<Binary>() {
        return is_as_large(at, &binary, perm).then(|| op.clone());
    }
    if let Some(concat) = at.is::<Concat>() {
        return Some(Concat { axis: axis(concat.op.axis)? }.into());
    }
    if let Some(softmax) = at.is::<Softmax>() {
        return Some(Softmax { axis: axis(softmax.op.axis)? }.into());
    }
    let pad = at.is::<Pad>()?;
    let (begins, ends) = pad.op.pads.split_at_checked(perm.len())?;
    let inverse = inverse(perm);
    let place = |pads: &[usize]| inverse.iter().map(|&dim| pads.get(dim).copied()).collect::<Option<Vec<_>>>();
    Some(Pad { pads: [place(begins)?, place(ends)?].concat(), ..pad.op.clone() }.into())
}

/// Whether a transposed operand has all dimensions of the result, so that both are transposed alike.
fn is_as_large(at: At<'_>, binary: &Found<'_, Binary>, perm: &[usize]) -> bool {
    at.ty(binary.result()).shape.rank() == perm.len()
}

/// The operand before its transpose; a constant is transposed back.
fn untransposed(at: At<'_>, value: Value, perm: &[usize], draft: &mut Draft) -> Option<Operand> {
    if let Some(transpose) = at.sole_source::<Transpose>(value) {
        return (transpose.op.perm == perm).then(|| transpose.x().into());
    }
    let tensor = at.constant(value)?;
    // One element is the same whichever way it is turned.
    if tensor.dims().is_empty() {
        return Some(value.into());
    }
    Some(draft.constant(at.name(value), turned_back(tensor, at.ty(value), perm)?))
}

/// A constant whose transpose is the given one, after it is given as many dimensions.
fn turned_back(tensor: &Tensor, ty: &Type, perm: &[usize]) -> Option<Tensor> {
    let n_missing = perm.len().checked_sub(tensor.dims().len())?;
    let mut dims = vec![1u64.into(); n_missing];
    dims.extend(ty.shape.0.iter().cloned());
    let full = Op::from(reshape(ty, &Type::new(ty.dtype, dims))?).eval(&[tensor]).ok()?;
    let back = Op::from(Transpose { perm: inverse(perm) }).eval(&full.iter().collect::<Vec<_>>()).ok()?;
    back.into_iter().next()
}
