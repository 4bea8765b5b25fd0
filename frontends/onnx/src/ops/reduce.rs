//! Reductions along dimensions.

use firebrick_ir::ops::{BinaryFn, Reduce, ReduceFn};
use firebrick_ir::{DType, Value};

use super::cast::cast_to;
use super::{NodeContext, Outputs, Stop};

/// Reductions whose axes became an input in opset 18: translation, function.
macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident = $function:ident;)*) => {$(
        $(#[$doc])*
        pub(super) fn $name(ctx: &mut NodeContext<'_, '_>) -> Outputs {
            reduce(ctx, ReduceFn::$function, 18)
        }
    )*};
}

reductions! {
    /// ReduceL1: Σ |x|.
    l1 = L1;
    /// ReduceL2: √Σ x².
    l2 = L2;
    /// ReduceLogSum: ln Σ x.
    log_sum = LogSum;
    /// ReduceLogSumExp: ln Σ eˣ.
    log_sum_exp = LogSumExp;
    /// ReduceMax.
    max = Max;
    /// ReduceMean.
    mean = Mean;
    /// ReduceMin.
    min = Min;
    /// ReduceProd: Π x.
    prod = Prod;
    /// ReduceSumSquare: Σ x².
    sum_square = SumSquare;
}

/// ReduceSum: Σ x.
pub(super) fn sum(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    reduce(ctx, ReduceFn::Sum, 13)
}

/// A reduction. `axes` are an attribute before opset `input_since`, and an input since; without any, all dimensions
/// are reduced, unless an attribute says that none is.
fn reduce(ctx: &mut NodeContext<'_, '_>, function: ReduceFn, input_since: i64) -> Outputs {
    let x = ctx.input(0)?;
    let keep_dims = ctx.flag("keepdims", true)?;
    let axes = if ctx.opset() < input_since {
        ctx.ints("axes")?
    } else {
        ctx.optional(1).map(|axes| ctx.constant_ints(axes)).transpose()?
    };
    let nothing = ctx.opset() >= input_since && ctx.flag("noop_with_empty_axes", false)?;
    let rank = ctx.rank(x);
    let axes = match axes.filter(|axes| !axes.is_empty()) {
        Some(axes) => ctx.axes("axes", &axes, rank)?,
        None if nothing => Vec::new(),
        None => (0..rank).collect(),
    };
    Ok(vec![reduce_numbers(ctx, Reduce { function, axes, keep_dims }, x)?.into()])
}

/// A reduction of elements of any type, by one that the graph has.
fn reduce_numbers(ctx: &mut NodeContext<'_, '_>, op: Reduce, x: Value) -> Result<Value, Stop> {
    let dtype = ctx.ty(x).dtype;
    let sum = |op: &Reduce| Reduce { function: ReduceFn::Sum, ..op.clone() };
    if dtype == DType::Bool {
        // Of 0 and 1, the largest and the smallest are as truth values'.
        let bytes = cast_to(ctx, "bytes", x, DType::U8)?;
        let reduced = ctx.op("reduced", op, &[bytes])?;
        return cast_to(ctx, "truth", reduced, dtype);
    }
    match op.function {
        ReduceFn::L1 if dtype.is_integer() => {
            let zero = ctx.scalar_like(x, "zero", 0.0)?;
            let negated = ctx.binary(BinaryFn::Sub, zero, x)?;
            let is_negative = ctx.binary(BinaryFn::Greater, zero, x)?;
            let size = ctx.op("size", firebrick_ir::ops::Select {}, &[is_negative, negated, x])?;
            ctx.op("l1", sum(&op), &[size])
        }
        ReduceFn::SumSquare if dtype.is_integer() => {
            let square = ctx.binary(BinaryFn::Mul, x, x)?;
            ctx.op("sum_square", sum(&op), &[square])
        }
        ReduceFn::Mean | ReduceFn::L2 | ReduceFn::LogSum | ReduceFn::LogSumExp if dtype.is_integer() => {
            let double = cast_to(ctx, "double", x, DType::F64)?;
            let reduced = ctx.op("reduced", op, &[double])?;
            cast_to(ctx, "integer", reduced, dtype)
        }
        ReduceFn::Sum | ReduceFn::Mean | ReduceFn::Max | ReduceFn::Min | ReduceFn::Prod => ctx.op("reduce", op, &[x]),
        ReduceFn::L1 | ReduceFn::L2 | ReduceFn::SumSquare => ctx.op("reduce", op, &[x]),
        ReduceFn::LogSum | ReduceFn::LogSumExp => ctx.op("reduce", op, &[x]),
    }
}
