//! Ops that move elements without looking at them, or at nothing but their order.

use firebrick_ir::ops::{Gather, Pad, PadMode, Pool, PoolFn, Reshape, Slice, Tile, Transpose};
use firebrick_ir::{DType, Op, Type, Value};

use crate::At;

/// The op that does to integers what this node does to the numbers that its first operand's integers stand for; `zero`
/// is the integer of 0, as `None` one that isn't known.
pub(crate) fn on_integers(at: At<'_>, dtype: DType, zero: Option<i32>) -> Option<Op> {
    let op = if let Some(pad) = at.is::<Pad>() {
        let value = match pad.op.mode {
            PadMode::Constant => Some(zero? as f32).filter(|_| pad.op.value == 0.0)?,
            PadMode::Edge | PadMode::Reflect | PadMode::Wrap => pad.op.value,
        };
        Pad { value, ..pad.op.clone() }.into()
    } else if let Some(pool) = at.is::<Pool>() {
        Some(pool.op.clone()).filter(is_maximum)?.into()
    } else {
        let moves = at.is::<Reshape>().is_some() || at.is::<Transpose>().is_some() || at.is::<Slice>().is_some();
        let copies = at.is::<Gather>().is_some() || at.is::<Tile>().is_some();
        (moves || copies).then(|| at.node().op.clone())?
    };
    // What it can't do to integers, as a pool of 16 bits, it does to numbers.
    let operands = at.graph.operands(at.node);
    let types: Vec<Type> = operands.iter().map(|&value| at.ty(value).clone()).collect();
    let (first, others) = types.split_first()?;
    let first = Type::new(dtype, first.shape.clone());
    let types: Vec<&Type> = std::iter::once(&first).chain(others).collect();
    op.infer(&types).is_ok().then_some(op)
}

/// The maximum of windows that have an element each, without positions.
fn is_maximum(pool: &Pool) -> bool {
    let n_spatial = pool.kernel.len();
    let fits = |(i, &pad): (usize, &usize)| pool.kernel.get(i % n_spatial.max(1)).is_some_and(|&size| pad < size);
    let is_dense = pool.dilations.iter().all(|&dilation| dilation == 1);
    pool.function == PoolFn::Max && !pool.indices && is_dense && pool.pads.iter().enumerate().all(fits)
}

/// Whether two values are the same, or equal constants; or both missing.
pub(crate) fn is_same(at: At<'_>, a: Option<Value>, b: Option<Value>) -> bool {
    let constants = || Some(at.constant(a?)? == at.constant(b?)?);
    a == b || constants().unwrap_or(false)
}
