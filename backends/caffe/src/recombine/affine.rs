//! Power: (shift + scale x)^power.

use firebrick_ir::ops::{Binary, BinaryFn};
use firebrick_ir::{Op, Value};

use crate::context::Context;
use crate::layer::Blob;
use crate::ops;

/// Two or three of `mul`, `add` and `pow` by one number each.
pub(super) fn power(ctx: &mut Context<'_, '_>) -> Option<Blob> {
    let own = ctx.result(0);
    let (mut x, mut numbers, mut n_ops) = (own, [1.0, 0.0, 1.0], 0);
    for (function, number) in [(BinaryFn::Pow, 2), (BinaryFn::Add, 1), (BinaryFn::Mul, 0)] {
        if let Some((before, c)) = by_scalar(ctx, x, function) {
            numbers[number] = c;
            (x, n_ops) = (before, n_ops + 1);
        }
    }
    // Where the dimensions grow, the number is a blob in disguise.
    let keeps_dims = ctx.dims(Blob::Value(x)) == ctx.result_dims(0);
    (n_ops > 1 && keeps_dims).then(|| ops::power(ctx, Blob::Value(x), numbers))
}

/// What a value is computed from with one number, and the number, if it is the node's own or an op of its layer.
pub(crate) fn by_scalar(ctx: &Context<'_, '_>, value: Value, function: BinaryFn) -> Option<(Value, f32)> {
    let [a, b] = binary(ctx, value, function)?;
    let is_commutative = matches!(function, BinaryFn::Add | BinaryFn::Mul);
    match (ctx.scalar(a), ctx.scalar(b)) {
        (None, Some(c)) => Some((a, c)),
        (Some(c), None) if is_commutative => Some((b, c)),
        (_, _) => None,
    }
}

/// The operands of a function of two, if it computes the value and is the node's own or an op of its layer.
pub(super) fn binary(ctx: &Context<'_, '_>, value: Value, function: BinaryFn) -> Option<[Value; 2]> {
    let (op, operands) = if value.node == ctx.node {
        (&ctx.graph().node(ctx.node).op, ctx.operands().to_vec())
    } else {
        ctx.inner(value)?
    };
    let Op::Binary(Binary(found)) = op else { return None };
    if *found == function { <[Value; 2]>::try_from(operands).ok() } else { None }
}

/// The operands in the order in which the first satisfies a condition, for functions that are commutative.
pub(super) fn either([a, b]: [Value; 2], is: impl Fn(Value) -> bool) -> Option<[Value; 2]> {
    match (is(a), is(b)) {
        (true, _) => Some([a, b]),
        (false, true) => Some([b, a]),
        (false, false) => None,
    }
}
