use firebrick_ir::Value;
use firebrick_ir::ops::{Concat, Dequantize, Pad, Pool, PoolFn, QConv, QConvTranspose, Quantize, Unary, UnaryFn};

use crate::movement::on_integers;
use crate::{At, Draft, Found, Operand, Rule};

/// Moves a quantize with one scale before what moves elements only, if nothing else reads that: towards what it is to
/// be folded into. A concatenation of what is dequantized is left, since it is one op on integers.
pub(crate) struct RaiseQuantize;

impl Rule for RaiseQuantize {
    const NAME: &'static str = "raise-quantize";
    const DESCRIPTION: &'static str = "Moves quantization before what moves elements only";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let quantize = at.is::<Quantize>().filter(|quantize| is_single(at, quantize))?;
        let mover = At { node: quantize.x().node, ..at };
        if !at.graph.has_one_use(mover.node) {
            return None;
        }
        let operands = at.graph.operands(mover.node);
        let mut draft = Draft::new(mover.node);
        let before = |draft: &mut Draft, x: Value| {
            let rest = quantize.operands.iter().skip(1).copied().map(Operand::Old);
            let operands: Vec<Operand> = std::iter::once(x.into()).chain(rest).collect();
            draft.node(quantize.op.clone(), &operands)
        };
        let moved = if let Some(concat) = mover.is::<Concat>() {
            if operands.iter().all(|&value| at.source::<Dequantize>(value).is_some()) {
                return None;
            }
            let parts: Vec<Operand> = operands.iter().map(|&x| before(&mut draft, x)).collect();
            draft.node(concat.op.clone(), &parts)
        } else {
            // 0 becomes the zero point, which a pad has to know.
            let zero = mover.is::<Pad>().and_then(|_| zero(at, &quantize));
            let op = on_integers(mover, quantize.op.dtype, zero)?;
            let (&x, others) = operands.split_first()?;
            // A maximum passes over what is no number; its quantization is the zero point.
            if mover.is::<Pool>().is_some() && !is_number(at, x) {
                return None;
            }
            let first = before(&mut draft, x);
            let operands: Vec<Operand> =
                std::iter::once(first).chain(others.iter().copied().map(Operand::Old)).collect();
            draft.node(op, &operands)
        };
        Some(draft.replace(at.result(), moved))
    }
}

/// Whether a value is made of integers, so that none of it is no number. So are limited ones, concatenations and maxima of
/// such values, as far as a few steps show.
fn is_number(at: At<'_>, value: Value) -> bool {
    const MAX_STEPS: usize = 64;
    let mut pending = vec![value];
    for _ in 0..MAX_STEPS {
        let Some(value) = pending.pop() else { return true };
        let is_sum = at.source::<QConv>(value).is_some() || at.source::<QConvTranspose>(value).is_some();
        if is_sum || at.source::<Dequantize>(value).is_some() {
            continue;
        }
        let limits = |unary: &Unary| matches!(unary.0, UnaryFn::Relu {} | UnaryFn::Clip { .. });
        let is_limited = at.source::<Unary>(value).is_some_and(|unary| limits(unary.op));
        let is_maximum = at.source::<Pool>(value).is_some_and(|pool| pool.op.function == PoolFn::Max);
        if !is_limited && !is_maximum && at.source::<Concat>(value).is_none() {
            return false;
        }
        pending.extend(at.graph.operands(value.node));
    }
    false
}

/// Whether all elements have the same scale, and are integers.
fn is_single(at: At<'_>, quantize: &Found<'_, Quantize>) -> bool {
    let is_one = |scale: Value| at.ty(scale).shape.rank() <= 1 && at.ty(scale).shape.n_elements() == Some(1);
    let is_positive = |scale: Value| {
        at.constant(scale)
            .and_then(|scale| scale.values::<f32>().ok())
            .is_some_and(|scale| scale.iter().all(|&x| x > 0.0))
    };
    let scale = quantize.operand(1).filter(|&scale| is_one(scale) && is_positive(scale));
    quantize.op.block == 0 && quantize.op.dtype.is_integer() && scale.is_some()
}

/// The zero point, if it is a byte that is known.
fn zero(at: At<'_>, quantize: &Found<'_, Quantize>) -> Option<i32> {
    crate::quantized::Tail::of(At { node: quantize.node, ..at }).map(|tail| tail.y.zero)
}
