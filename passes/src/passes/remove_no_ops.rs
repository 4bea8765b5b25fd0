use std::iter::zip;

use firebrick_ir::ops::{
    Cast, Concat, Coordinates, Pad, Pool, PoolFn, Reshape, Resize, ResizeFn, Slice, Tile, Transpose,
};
use firebrick_ir::{Family, Op};

use crate::shapes::is_identity;
use crate::{At, Draft, Rule};

/// An op that gives its operand back: a reshape or a conversion to the type that it has, a transpose in the same
/// order, a pad or a repetition of nothing, a slice of everything, a concatenation of one, a pool of single elements,
/// the nearest elements at the same size.
pub(crate) struct RemoveNoOps;

impl Rule for RemoveNoOps {
    const NAME: &'static str = "remove-no-ops";
    const DESCRIPTION: &'static str = "Removes reshapes, transposes, pads, slices, ... that change nothing";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let [x] = at.graph.operands(at.node)[..] else { return None };
        let op = &at.node().op;
        let [result] = &at.node().outputs[..] else { return None };
        (result.ty == *at.ty(x) && is_no_op(op)).then(|| Draft::forward(at.result(), x))
    }
}

/// Whether an op of one operand is a no-op if the result has the operand's type.
fn is_no_op(op: &Op) -> bool {
    let is_transpose = || Transpose::of(op).is_some_and(|op| is_identity(&op.perm));
    let is_pad = || Pad::of(op).is_some_and(|op| op.pads.iter().all(|&pad| pad == 0));
    let is_tile = || Tile::of(op).is_some_and(|op| op.repeats.iter().all(|&n| n == 1));
    Reshape::of(op).is_some()
        || Cast::of(op).is_some()
        || Concat::of(op).is_some()
        || is_transpose()
        || is_pad()
        || is_tile()
        || Slice::of(op).is_some_and(is_whole)
        || Pool::of(op).is_some_and(is_pool_of_one)
        || Resize::of(op).is_some_and(is_same_size)
}

/// Whether a slice that has as many elements as its operand has them in their order.
fn is_whole(slice: &Slice) -> bool {
    zip(&slice.counts, &slice.steps).all(|(&count, &step)| count <= 1 || step == 1)
}

/// A maximum of one element passes over NaN, which leaves `-f32::MAX`; a mean or a sum is the element itself.
fn is_pool_of_one(pool: &Pool) -> bool {
    let is_plain = match pool.function {
        PoolFn::Average | PoolFn::Sum => true,
        PoolFn::Max => false,
    };
    is_plain && pool.kernel.iter().all(|&n| n == 1) && pool.pads.iter().all(|&n| n == 0)
}

/// Whether each position that a resize to the same size takes is that of an element. Interpolation would be the same
/// but for infinite neighbours, whose share of 0 is NaN.
fn is_same_size(resize: &Resize) -> bool {
    let is_nearest = resize.function == ResizeFn::Nearest && !resize.antialias;
    let takes_elements = matches!(resize.coordinates, Coordinates::Asymmetric | Coordinates::HalfPixel);
    is_nearest && takes_elements && resize.scales.iter().all(|&scale| scale == 1.0)
}
