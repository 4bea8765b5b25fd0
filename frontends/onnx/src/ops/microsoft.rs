//! Operators of the domain `com.microsoft` that quantised and fused networks for images are exported with.
//!
//! Those on quantised numbers compute what the numbers stand for, and quantise the result.

use firebrick_ir::ops::{Binary, BinaryFn, Concat, Dequantize, Gemm, Pool, PoolFn, Rounding, Softmax, Unary, UnaryFn};
use firebrick_ir::{DType, Op, Tensor, Value};

use super::cast::cast_to;
use super::integers::{self, Slots};
use super::quantize::with_zero;
use super::quantized::requantized;
use super::reshape::to_dims;
use super::softmax::along_in;
use super::{NodeContext, Outputs, Stop, conv, pool};

/// QLinearAdd: a + b.
pub(super) fn qlinear_add(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    of_two(ctx, BinaryFn::Add)
}

/// QLinearMul: a b.
pub(super) fn qlinear_mul(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    of_two(ctx, BinaryFn::Mul)
}

fn of_two(ctx: &mut NodeContext<'_, '_>, function: BinaryFn) -> Outputs {
    let (a, b) = (number(ctx, 0)?, number(ctx, 3)?);
    let result = ctx.op("result", Binary(function), &[a, b])?;
    quantized(ctx, result, 6, 7, 0)
}

/// QLinearSigmoid: 1 / (1 + e⁻ˣ).
pub(super) fn qlinear_sigmoid(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    of_one(ctx, UnaryFn::Sigmoid {})
}

/// QLinearLeakyRelu: x if x > 0, else alpha x.
pub(super) fn qlinear_leaky_relu(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let alpha = ctx.float_or("alpha", 0.01)?;
    of_one(ctx, UnaryFn::LeakyRelu { alpha })
}

fn of_one(ctx: &mut NodeContext<'_, '_>, function: UnaryFn) -> Outputs {
    let x = number(ctx, 0)?;
    let result = ctx.op("result", Unary(function), &[x])?;
    quantized(ctx, result, 3, 4, 0)
}

/// QLinearSoftmax: eˣ / Σ eˣ, along an axis as the opset that is an attribute has it.
pub(super) fn qlinear_softmax(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let opset = ctx.int("opset")?;
    let opset = ctx.required("opset", opset)?;
    let x = number(ctx, 0)?;
    let result = along_in(ctx, opset, x, |ctx, x, axis| ctx.op("result", Softmax { axis }, &[x]))?;
    quantized(ctx, result, 3, 4, 0)
}

/// QLinearConcat: values, each with its scale and zero point, one behind the other.
pub(super) fn qlinear_concat(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axis = ctx.int("axis")?;
    let axis = ctx.required("axis", axis)?;
    if ctx.n_inputs() % 3 != 2 {
        return Err(ctx.problem(format!("it has {} inputs, but takes 2 and then threes", ctx.n_inputs())));
    }
    let axis = ctx.axis("axis", axis, ctx.rank(ctx.input(2)?))?;
    let numbers = (2..ctx.n_inputs()).step_by(3).map(|index| number(ctx, index)).collect::<Result<Vec<_>, _>>()?;
    let result = ctx.op("result", Concat { axis }, &numbers)?;
    Ok(vec![requantized(ctx, result, 0, 1)?.into()])
}

/// QLinearGlobalAveragePool: the mean of each plane.
pub(super) fn qlinear_global_average_pool(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    channels_first(ctx)?;
    let x = number(ctx, 0)?;
    let result = pool::planes(ctx, x, PoolFn::Average)?;
    quantized(ctx, result, 3, 4, 0)
}

/// QLinearAveragePool: the mean of each window.
pub(super) fn qlinear_average_pool(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    channels_first(ctx)?;
    let count_include_pad = ctx.flag("count_include_pad", false)?;
    let x = number(ctx, 0)?;
    let op = Pool { count_include_pad, ..pool::read(ctx, x, PoolFn::Average)? };
    let result = ctx.op("result", op, &[x])?;
    quantized(ctx, result, 3, 4, 0)
}

fn channels_first(ctx: &mut NodeContext<'_, '_>) -> Result<(), Stop> {
    if ctx.flag("channels_last", false)? {
        return Err(ctx.attribute_problem("channels_last", "channels behind the spatial dimensions are not supported"));
    }
    Ok(())
}

/// QGemm: alpha A B + C, with C in steps of the product of all scales. Without a scale for it, the result is a float.
pub(super) fn qgemm(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let alpha = ctx.float_or("alpha", 1.0)?;
    let op = Gemm { trans_a: ctx.flag("transA", false)?, trans_b: ctx.flag("transB", false)? };
    let (y, outputs) = (ctx.optional(7).map(|_| 7), usize::from(!op.trans_b));
    // An operator without a zero point has a result around 0, of a type that only `a` says.
    if alpha == 1.0 && (y.is_none() || ctx.optional(8).is_some()) {
        let slots = Slots { x: 0, w: 3, y, bias: 6 };
        if let Some(result) = integers::sum(ctx, op.clone(), &slots, outputs)? {
            return Ok(vec![result.into()]);
        }
    }
    let (a, b) = (centred(ctx, 0, 2, false)?, centred(ctx, 3, 5, op.trans_b)?);
    let operands: Vec<Value> = [a, b].into_iter().chain(ctx.optional(6)).collect();
    let sums = ctx.op("sums", op, &operands)?;
    let (a_scale, b_scale) = (ctx.input(1)?, ctx.input(4)?);
    let scale = ctx.op("scale", Binary(BinaryFn::Mul), &[a_scale, b_scale])?;
    let scale = if alpha == 1.0 { scale } else { ctx.with_scalar(BinaryFn::Mul, scale, alpha)? };
    let sums = cast_to(ctx, "float", sums, DType::F32)?;
    let result = ctx.op("result", Binary(BinaryFn::Mul), &[sums, scale])?;
    if ctx.optional(7).is_none() {
        return Ok(vec![result.into()]);
    }
    quantized(ctx, result, 7, 8, 0)
}

/// Integers less their zero points, which may be those of the result's columns.
fn centred(ctx: &mut NodeContext<'_, '_>, x: usize, zero: usize, rows: bool) -> Result<Value, Stop> {
    let x = ctx.input(x)?;
    let wide = cast_to(ctx, "wide", x, DType::I32)?;
    let Some(zero) = ctx.optional(zero) else { return Ok(wide) };
    let mut zero = cast_to(ctx, "zero_point", zero, DType::I32)?;
    if rows && ctx.rank(zero) == 1 {
        let mut dims = ctx.ty(zero).shape.0;
        dims.push(firebrick_ir::Dim::Fixed(1));
        zero = to_dims(ctx, "rows", zero, &dims)?;
    }
    ctx.op("centred", Binary(BinaryFn::Sub), &[wide, zero])
}

/// FusedConv: a convolution, plus another value if there is one, under an activation.
pub(super) fn fused_conv(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (x, w) = (ctx.input(0)?, ctx.input(1)?);
    let op = conv::read(ctx, x, w)?;
    let activation = activation(ctx)?;
    let operands: Vec<Value> = [x, w].into_iter().chain(ctx.optional(2)).collect();
    let mut result = ctx.op("conv", op, &operands)?;
    if let Some(other) = ctx.optional(3) {
        result = ctx.op("sum", Binary(BinaryFn::Add), &[result, other])?;
    }
    if let Some(function) = activation {
        result = ctx.unary(function, result)?;
    }
    Ok(vec![result.into()])
}

/// The function that `activation` names, with its parameters.
fn activation(ctx: &mut NodeContext<'_, '_>) -> Result<Option<UnaryFn>, Stop> {
    let params = ctx.floats("activation_params")?.unwrap_or_default();
    let Some(name) = ctx.string("activation")? else { return Ok(None) };
    let param = |index: usize, default: f32| params.get(index).copied().unwrap_or(default);
    Ok(Some(match name.as_str() {
        "Relu" => UnaryFn::Relu {},
        "Tanh" => UnaryFn::Tanh {},
        "Sigmoid" => UnaryFn::Sigmoid {},
        "LeakyRelu" => UnaryFn::LeakyRelu { alpha: param(0, 0.01) },
        "Clip" => UnaryFn::Clip { min: param(0, -f32::MAX), max: param(1, f32::MAX) },
        "HardSigmoid" => UnaryFn::HardSigmoid { alpha: param(0, 0.2), beta: param(1, 0.5) },
        _ => return Err(ctx.attribute_problem("activation", format!("the activation \"{name}\" is not supported"))),
    }))
}

/// What the quantised input `index` stands for; its scale and its zero point are the inputs behind it.
fn number(ctx: &mut NodeContext<'_, '_>, index: usize) -> Result<Value, Stop> {
    let (x, scale, zero) = (ctx.input(index)?, ctx.input(index + 1)?, ctx.optional(index + 2));
    let scale = to_dims(ctx, "scale", scale, &[])?;
    let zero = zero.map(|zero| to_dims(ctx, "zero_point", zero, &[])).transpose()?;
    with_zero(ctx, "number", Dequantize { axis: 0, block: 0 }, x, scale, zero)
}

/// A result quantised by those inputs; without a zero point it is of the type of input `like`, around 0.
fn quantized(ctx: &mut NodeContext<'_, '_>, result: Value, scale: usize, zero: usize, like: usize) -> Outputs {
    if ctx.optional(zero).is_some() {
        return Ok(vec![requantized(ctx, result, scale, zero)?.into()]);
    }
    let dtype = ctx.ty(ctx.input(like)?).dtype;
    let zero = Op::from(firebrick_ir::ops::Cast::to(dtype)).eval(&[&Tensor::scalar(0f32)]);
    let zero =
        zero.ok().and_then(|mut zero| zero.pop()).ok_or_else(|| ctx.problem(format!("there is no {dtype} 0")))?;
    let zero = ctx.constant("zero_point", zero)?;
    let scale = ctx.input(scale)?;
    let op = firebrick_ir::ops::Quantize { axis: 0, block: 0, dtype, saturate: true, rounding: Rounding::Even };
    Ok(vec![with_zero(ctx, "quantized", op, result, scale, Some(zero))?.into()])
}
