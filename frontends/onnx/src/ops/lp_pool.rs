//! LpPool, GlobalLpPool and MaxUnpool.

use firebrick_ir::ops::{BinaryFn, Cast, Pool, PoolFn, Reduce, ReduceFn, UnaryFn, Unpool};
use firebrick_ir::{DType, Value};

use super::make::{dims, tensor};
use super::windows::Windows;
use super::{NodeContext, Outputs, Stop};

/// LpPool: the p-th root of the sum of the p-th powers of magnitudes.
pub(super) fn lp_pool(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let p = power(ctx)?;
    let x = ctx.input(0)?;
    let windows = Windows::read(ctx, None)?;
    let ceil = ctx.flag("ceil_mode", false)?;
    let pads = windows.pads(ctx, x)?;
    let Windows { kernel, strides, dilations, .. } = windows;
    let powers = powers(ctx, x, p)?;
    let function = PoolFn::Sum;
    let op = Pool { function, kernel, strides, pads, dilations, ceil, count_include_pad: false, indices: false };
    let sum = ctx.op("sum", op, &[powers])?;
    Ok(vec![root(ctx, sum, p)?.into()])
}

/// GlobalLpPool: the same of each plane.
pub(super) fn global_lp_pool(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let p = power(ctx)?;
    let x = ctx.input(0)?;
    let powers = powers(ctx, x, p)?;
    let axes = (2..ctx.rank(x)).collect();
    let sum = ctx.op("sum", Reduce { function: ReduceFn::Sum, axes, keep_dims: true }, &[powers])?;
    Ok(vec![root(ctx, sum, p)?.into()])
}

/// The exponent, which is a floating-point number in opset 1.
fn power(ctx: &mut NodeContext<'_, '_>) -> Result<f32, Stop> {
    let p = if ctx.opset() < 2 { ctx.float_or("p", 2.0)? } else { ctx.int_or("p", 2)? as f32 };
    if p > 0.0 { Ok(p) } else { Err(ctx.attribute_problem("p", format!("`p` is {p}"))) }
}

fn powers(ctx: &mut NodeContext<'_, '_>, x: Value, p: f32) -> Result<Value, Stop> {
    if p == 2.0 {
        return ctx.binary(BinaryFn::Mul, x, x);
    }
    let magnitude = ctx.unary(UnaryFn::Abs {}, x)?;
    if p == 1.0 { Ok(magnitude) } else { ctx.with_scalar(BinaryFn::Pow, magnitude, p) }
}

fn root(ctx: &mut NodeContext<'_, '_>, sum: Value, p: f32) -> Result<Value, Stop> {
    if p == 1.0 {
        Ok(sum)
    } else if p == 2.0 {
        ctx.unary(UnaryFn::Sqrt {}, sum)
    } else {
        ctx.with_scalar(BinaryFn::Pow, sum, 1.0 / p)
    }
}

/// MaxUnpool: values put back where a MaxPool found them, which are indices in the whole output.
pub(super) fn max_unpool(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (x, indices) = (ctx.input(0)?, ctx.input(1)?);
    let windows = Windows::read(ctx, None)?;
    let n = windows.kernel.len();
    let size = match ctx.optional(2) {
        Some(shape) => {
            let shape = ctx.constant_ints(shape)?;
            ctx.sizes("output_shape", &shape)?.into_iter().skip(2).collect()
        }
        None => {
            let input = dims(ctx, x)?;
            let size = |i: usize| {
                let steps = input.get(2 + i)?.checked_sub(1)?.checked_mul(windows.strides[i])?;
                steps.checked_add(windows.kernel[i])?.checked_sub(windows.pads[i])?.checked_sub(windows.pads[n + i])
            };
            let sizes = (0..n).map(size).collect::<Option<Vec<_>>>();
            sizes.ok_or_else(|| ctx.problem(format!("there is no input of which {input:?} are the maxima")))?
        }
    };
    let plane = size.iter().copied().fold(1, usize::saturating_mul).max(1);
    let plane = tensor::<i64>(ctx, &[], vec![i64::try_from(plane).unwrap_or(i64::MAX)])?;
    let (plane, indices) = (ctx.constant("plane", plane)?, ctx.op("indices", Cast::to(DType::I64), &[indices])?);
    let places = ctx.binary(BinaryFn::Rem, indices, plane)?;
    Ok(vec![ctx.op("unpool", Unpool { size }, &[x, places])?.into()])
}
