//! Elementary functions of one operand.

use firebrick_ir::ops::{BinaryFn, UnaryFn};
use firebrick_ir::{DType, Value};

use super::{NodeContext, Outputs, Stop};

/// Operators that are one function of floating-point numbers: translation, function.
macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = $function:ident;)*) => {$(
        $(#[$doc])*
        pub(super) fn $name(ctx: &mut NodeContext<'_, '_>) -> Outputs {
            map(ctx, UnaryFn::$function {})
        }
    )*};
}

functions! {
    /// Acos: inverse of the cosine.
    acos = Acos;
    /// Acosh: inverse of the hyperbolic cosine.
    acosh = Acosh;
    /// Asin: inverse of the sine.
    asin = Asin;
    /// Asinh: inverse of the hyperbolic sine.
    asinh = Asinh;
    /// Atan: inverse of the tangent.
    atan = Atan;
    /// Atanh: inverse of the hyperbolic tangent.
    atanh = Atanh;
    /// Ceil: the smallest integer not below x.
    ceil = Ceil;
    /// Cos: cosine.
    cos = Cos;
    /// Cosh: hyperbolic cosine.
    cosh = Cosh;
    /// Erf: error function.
    erf = Erf;
    /// Exp: eˣ.
    exp = Exp;
    /// Floor: the largest integer not above x.
    floor = Floor;
    /// Log: the natural logarithm.
    log = Log;
    /// Round: the nearest integer, of two the even one.
    round = Round;
    /// Sigmoid: 1 / (1 + e⁻ˣ).
    sigmoid = Sigmoid;
    /// Sin: sine.
    sin = Sin;
    /// Sinh: hyperbolic sine.
    sinh = Sinh;
    /// Softplus: ln(1 + eˣ).
    softplus = Softplus;
    /// Sqrt: the square root.
    sqrt = Sqrt;
    /// Tan: tangent.
    tan = Tan;
    /// Tanh: hyperbolic tangent.
    tanh = Tanh;
}

/// Abs: |x|. The least integer of a type stays what it is.
pub(super) fn abs(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    of_numbers(ctx, UnaryFn::Abs {}, |ctx, x| {
        if matches!(ctx.ty(x).dtype, DType::U8 | DType::U16 | DType::U32 | DType::U64) {
            return Ok(x);
        }
        let negated = negated(ctx, x)?;
        ctx.binary(BinaryFn::Max, x, negated)
    })
}

/// Neg: −x.
pub(super) fn neg(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    of_numbers(ctx, UnaryFn::Neg {}, negated)
}

/// Relu: max(x, 0).
pub(super) fn relu(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    of_numbers(ctx, UnaryFn::Relu {}, |ctx, x| ctx.with_scalar(BinaryFn::Max, x, 0.0))
}

/// Sign: −1, 0 or 1.
pub(super) fn sign(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    of_numbers(ctx, UnaryFn::Sign {}, |ctx, x| {
        let low = ctx.scalar_like(x, "low", -1.0)?; // 0 in a type without negative numbers
        let raised = ctx.binary(BinaryFn::Max, x, low)?;
        ctx.with_scalar(BinaryFn::Min, raised, 1.0)
    })
}

/// Reciprocal: 1 / x.
pub(super) fn reciprocal(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    consumed(ctx);
    let x = ctx.input(0)?;
    let one = ctx.scalar_like(x, "one", 1.0)?;
    Ok(vec![ctx.binary(BinaryFn::Div, one, x)?.into()])
}

fn negated(ctx: &mut NodeContext<'_, '_>, x: Value) -> Result<Value, Stop> {
    let zero = ctx.scalar_like(x, "zero", 0.0)?;
    ctx.binary(BinaryFn::Sub, zero, x)
}

/// A function of the graph on floating-point numbers, and what is the same on integers.
fn of_numbers(
    ctx: &mut NodeContext<'_, '_>,
    function: UnaryFn,
    of_integers: impl Fn(&mut NodeContext<'_, '_>, Value) -> Result<Value, Stop>,
) -> Outputs {
    consumed(ctx);
    let x = ctx.input(0)?;
    let is_float = ctx.ty(x).dtype.is_float();
    let result = if is_float { ctx.unary(function, x) } else { of_integers(ctx, x) };
    Ok(vec![result?.into()])
}

/// One function of the first input.
pub(super) fn map(ctx: &mut NodeContext<'_, '_>, function: UnaryFn) -> Outputs {
    consumed(ctx);
    let x = ctx.input(0)?;
    Ok(vec![ctx.unary(function, x)?.into()])
}

/// An attribute of opsets before 6.
pub(super) fn consumed(ctx: &mut NodeContext<'_, '_>) {
    if ctx.opset() < 6 {
        ctx.ignore("consumed_inputs", "it says which inputs may be overwritten, and none is");
    }
}
