use firebrick_ir::ops::{Conv, Pad, PadMode, Pool, PoolFn};
use firebrick_ir::{Op, Value};

use crate::{At, Draft, Found, Rule};

/// Zeros added before a convolution are its padding. So are they before a mean that counts its padding, and before a
/// maximum what is less than everything, if every window has an element that is not padding.
pub(crate) struct FoldPad;

impl Rule for FoldPad {
    const NAME: &'static str = "fold-pad";
    const DESCRIPTION: &'static str = "Lets convolutions and pools pad by themselves, where that is the same";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let (op, pad): (Op, _) = if let Some(conv) = at.is::<Conv>() {
            let pad = spatial_pad(at, conv.x(), &conv.op.pads)?;
            let pads = (pad.found.op.value == 0.0).then_some(pad.sum)?;
            (Conv { pads, ..conv.op.clone() }.into(), pad.found)
        } else {
            let pool = at.is::<Pool>()?;
            let pad = spatial_pad(at, pool.x(), &pool.op.pads)?;
            (pooled(pool.op, &pad)?.into(), pad.found)
        };
        let mut operands = at.graph.operands(at.node);
        *operands.first_mut()? = pad.x();
        let types: Vec<_> = operands.iter().map(|&value| at.ty(value)).collect();
        // Where partial windows count, padding of its own may make more or less of them.
        let same_type = op.infer(&types).ok()?.first() == Some(at.ty(at.result()));
        same_type.then(|| Draft::swap(at.node, at.result(), op, &operands))
    }
}

struct SpatialPad<'g> {
    found: Found<'g, Pad>,
    /// The pads of both ops together.
    sum: Vec<usize>,
}

/// The op that pads spatial dimensions of `x` by a number, together with the pads of the op that reads it.
fn spatial_pad<'g>(at: At<'g>, x: Value, pads: &[usize]) -> Option<SpatialPad<'g>> {
    let found = at.sole_source::<Pad>(x)?;
    let (begins, ends) = found.op.pads.split_at_checked(found.op.pads.len() / 2)?;
    let (outer, _) = begins.split_at_checked(2)?;
    let is_spatial = outer.iter().chain(ends.get(..2)?).all(|&n| n == 0);
    if !is_spatial || found.op.mode != PadMode::Constant {
        return None;
    }
    let added = begins[2..].iter().chain(&ends[2..]);
    let sum = added.zip(pads).map(|(a, b)| a.checked_add(*b)).collect::<Option<_>>()?;
    Some(SpatialPad { found, sum })
}

/// The pool that pads by itself as it was padded, if it can.
fn pooled(pool: &Pool, pad: &SpatialPad<'_>) -> Option<Pool> {
    let value = pad.found.op.value;
    let pads_itself = pool.pads.iter().any(|&n| n != 0);
    let same = match pool.function {
        PoolFn::Average => value == 0.0 && (pool.count_include_pad || !pads_itself),
        PoolFn::Sum => value == 0.0,
        PoolFn::Max => {
            let n = pool.kernel.len();
            let is_inside = (0..2 * n).all(|i| pad.sum[i] < pool.kernel[i % n]);
            let is_dense = pool.dilations.iter().all(|&dilation| dilation == 1);
            value <= -f32::MAX && is_inside && is_dense && !pool.ceil && !pool.indices
        }
    };
    let count_include_pad = pool.count_include_pad || pool.function == PoolFn::Average;
    same.then(|| Pool { pads: pad.sum.clone(), count_include_pad, ..pool.clone() })
}
