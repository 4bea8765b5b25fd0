//! Convolutions and products of integers.
//!
//! The zero point is subtracted, so that what is padded is 0, and the sum is exact. Where the result is quantized
//! again, the sum stands for a number by the product of the scales.

use firebrick_ir::ops::{BinaryFn, Dequantize, Gemm, MatMul, Quantize, Rounding};
use firebrick_ir::{DType, Dim, Value};

use super::cast::cast_to;
use super::conv;
use super::integers::{self, Slots};
use super::matmul::product;
use super::quantize::with_zero;
use super::reshape::to_dims;
use super::{NodeContext, Outputs, Stop};

/// ConvInteger: convolution of integers, with sums of 32 bits.
pub(super) fn conv_integer(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (x, w) = (ctx.input(0)?, ctx.input(1)?);
    let (x_zero, w_zero) = (ctx.optional(2), ctx.optional(3));
    let x = centred(ctx, "x", x, x_zero, 1)?;
    let w = centred(ctx, "w", w, w_zero, 0)?;
    let op = conv::read(ctx, x, w)?;
    Ok(vec![ctx.op("conv", op, &[x, w])?.into()])
}

/// MatMulInteger: product of matrices of integers, with sums of 32 bits.
pub(super) fn matmul_integer(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (a, b) = (ctx.input(0)?, ctx.input(1)?);
    let (a_zero, b_zero) = (ctx.optional(2), ctx.optional(3));
    let a_zero = a_zero.map(|zero| as_rows(ctx, zero)).transpose()?;
    let a = shifted(ctx, "a", a, a_zero)?;
    let b = shifted(ctx, "b", b, b_zero)?;
    Ok(vec![product(ctx, a, b)?.into()])
}

/// QLinearConv: convolution of quantized numbers, quantized again.
pub(super) fn qlinear_conv(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (x, w) = (ctx.input(0)?, ctx.input(3)?);
    let op = conv::read(ctx, x, w)?;
    let slots = Slots { x: 0, w: 3, y: Some(6), bias: 8 };
    if let Some(result) = integers::sum(ctx, op.clone(), &slots, 0)? {
        return Ok(vec![result.into()]);
    }
    let (x_zero, w_zero) = (ctx.input(2)?, ctx.input(5)?);
    let x = centred(ctx, "x", x, Some(x_zero), 1)?;
    let w = centred(ctx, "w", w, Some(w_zero), 0)?;
    let operands: Vec<Value> = [x, w].into_iter().chain(ctx.optional(8)).collect();
    let sums = ctx.op("sums", op, &operands)?;
    let scale = ctx.binary(BinaryFn::Mul, ctx.input(1)?, ctx.input(4)?)?;
    let number = ctx.op("number", Dequantize { axis: 1, block: 0 }, &[sums, scale])?;
    Ok(vec![requantized(ctx, number, 6, 7)?.into()])
}

/// QLinearMatMul: product of quantized matrices, quantized again. Scales may be those of rows and columns.
pub(super) fn qlinear_matmul(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (a, b) = (ctx.input(0)?, ctx.input(3)?);
    let slots = Slots { x: 0, w: 3, y: Some(6), bias: 8 };
    if integers::is_matrix(ctx, b) && ctx.rank(a) >= 2 {
        let product = Gemm { trans_a: false, trans_b: false };
        let is_one = ctx.rank(a) == 2;
        let one =
            if is_one { integers::sum(ctx, product, &slots, 1)? } else { integers::sum(ctx, MatMul {}, &slots, 1)? };
        if let Some(result) = one {
            return Ok(vec![result.into()]);
        }
    }
    let (a_zero, b_zero) = (ctx.input(2)?, ctx.input(5)?);
    let a_zero = as_rows(ctx, a_zero)?;
    let a = shifted(ctx, "a", a, Some(a_zero))?;
    let b = shifted(ctx, "b", b, Some(b_zero))?;
    let sums = product(ctx, a, b)?;
    let a_scale = as_rows(ctx, ctx.input(1)?)?;
    let scale = ctx.binary(BinaryFn::Mul, a_scale, ctx.input(4)?)?;
    let is_single = ctx.ty(scale).shape.n_elements() == Some(1);
    let number = if is_single {
        let scale = to_dims(ctx, "scale", scale, &[])?;
        ctx.op("number", Dequantize { axis: 0, block: 0 }, &[sums, scale])?
    } else {
        let dtype = ctx.ty(scale).dtype;
        let sums = cast_to(ctx, "float", sums, dtype)?;
        ctx.binary(BinaryFn::Mul, sums, scale)?
    };
    Ok(vec![requantized(ctx, number, 6, 7)?.into()])
}

/// A number quantized by the scale and the zero point that are these inputs.
pub(super) fn requantized(
    ctx: &mut NodeContext<'_, '_>,
    number: Value,
    scale: usize,
    zero: usize,
) -> Result<Value, Stop> {
    let (scale, zero) = (ctx.input(scale)?, ctx.input(zero)?);
    let op = Quantize { axis: 1, block: 0, dtype: ctx.ty(zero).dtype, saturate: true, rounding: Rounding::Even };
    with_zero(ctx, "requantized", op, number, scale, Some(zero))
}

/// Integers of 32 bits, less a zero point: one number, or one for each index of dimension `axis`.
fn centred(
    ctx: &mut NodeContext<'_, '_>,
    what: &str,
    x: Value,
    zero: Option<Value>,
    axis: usize,
) -> Result<Value, Stop> {
    let zero = match zero {
        Some(zero) if ctx.rank(zero) == 1 => {
            let ones = std::iter::repeat_n(Dim::Fixed(1), ctx.rank(x).saturating_sub(axis + 1));
            let dims: Vec<Dim> = ctx.ty(zero).shape.0.into_iter().chain(ones).collect();
            Some(to_dims(ctx, "zeros", zero, &dims)?)
        }
        zero => zero,
    };
    shifted(ctx, what, x, zero)
}

/// Integers of 32 bits, less a zero point that is broadcast.
fn shifted(ctx: &mut NodeContext<'_, '_>, what: &str, x: Value, zero: Option<Value>) -> Result<Value, Stop> {
    let wide = cast_to(ctx, what, x, DType::I32)?;
    let Some(zero) = zero else { return Ok(wide) };
    let zero = cast_to(ctx, "zero_point", zero, DType::I32)?;
    ctx.binary(BinaryFn::Sub, wide, zero)
}

/// What one dimension has for rows, as a column.
fn as_rows(ctx: &mut NodeContext<'_, '_>, value: Value) -> Result<Value, Stop> {
    let mut dims = ctx.ty(value).shape.0;
    if dims.len() != 1 || dims == [Dim::Fixed(1)] {
        return Ok(value);
    }
    dims.push(Dim::Fixed(1));
    to_dims(ctx, "rows", value, &dims)
}
