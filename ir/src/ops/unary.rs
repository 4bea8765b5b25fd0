mod ristretto;

use self::ristretto::{minifloat, power_of_two};
use crate::attr::AttrReader;
use crate::dtype::{Float, with_float};
use crate::op::{Arity, InferError, Operator};
use crate::{Attr, AttrError, AttrValue, EvalError, Tensor, Type};

/// An elementwise function of one operand of floating-point elements; the result has its type.
#[derive(Debug, Clone, PartialEq)]
pub struct Unary(pub UnaryFn);

/// The one list of functions: variant with its attributes, spelling, definition on f64.
macro_rules! functions {
    ($($(#[$doc:meta])* $variant:ident { $($attr:ident),* } = $name:literal, |$x:ident| $body:expr;)*) => {
        /// The functions of [`Unary`].
        #[derive(Debug, Clone, Copy, PartialEq)]
        #[expect(missing_docs, reason = "the attributes are named in the functions' formulas")]
        pub enum UnaryFn { $($(#[$doc])* $variant { $($attr: f32),* },)* }

        impl UnaryFn {
            /// The function's value.
            pub fn apply(self, x: f64) -> f64 {
                match self { $(UnaryFn::$variant { $($attr),* } => { $(let $attr = f64::from($attr);)* let $x = x; $body })* }
            }
        }

        /// As a word with parameters: `clip(0.0, 6.0)`.
        impl AttrValue for UnaryFn {
            const EXPECTED: &'static str = "an elementwise function with its parameters";

            fn to_attr(&self) -> Attr {
                let (word, parameters) = match *self { $(UnaryFn::$variant { $($attr),* } => ($name, vec![$(Attr::Float($attr)),*]),)* };
                if parameters.is_empty() { Attr::Word(word.to_owned()) } else { Attr::Call(word.to_owned(), parameters) }
            }

            fn from_attr(attr: &Attr) -> Option<Self> {
                let (word, parameters) = match attr {
                    Attr::Word(word) => (word, [].as_slice()),
                    // Without parameters there are no parentheses.
                    Attr::Call(word, parameters) if !parameters.is_empty() => (word, parameters.as_slice()),
                    Attr::Call(..) | Attr::Int(_) | Attr::Float(_) | Attr::Ints(_) | Attr::Floats(_) | Attr::List(_) => return None,
                };
                $(if word == $name {
                    let [$($attr),*] = parameters else { return None };
                    return Some(UnaryFn::$variant { $($attr: $attr.number()?),* });
                })*
                None
            }
        }

        impl Operator for Unary {
            const MNEMONICS: &'static [&'static str] = &[$($name,)*];

            fn mnemonic(&self) -> &'static str {
                match self.0 { $(UnaryFn::$variant { .. } => $name,)* }
            }

            fn attributes(&self) -> Vec<(&'static str, Attr)> {
                match self.0 { $(UnaryFn::$variant { $($attr),* } => vec![$((stringify!($attr), Attr::Float($attr)),)*],)* }
            }

            fn read(mnemonic: &str, attrs: &mut AttrReader) -> Option<Result<Self, AttrError>> {
                $(if mnemonic == $name {
                    let read = |_attrs: &mut AttrReader| Ok(Unary(UnaryFn::$variant { $($attr: _attrs.take(stringify!($attr))?),* }));
                    return Some(read(attrs));
                })*
                None
            }

            fn arity(&self) -> Arity { Arity::exactly(1) }
            fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> { infer(self.0, operands[0]) }
            fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> { eval(self.0, operands[0]) }
        }
    };
}

functions! {
    /// |x|
    Abs {} = "abs", |x| x.abs();
    /// Inverse of the cosine
    Acos {} = "acos", |x| x.acos();
    /// Inverse of the hyperbolic cosine
    Acosh {} = "acosh", |x| x.acosh();
    /// Inverse of the sine
    Asin {} = "asin", |x| x.asin();
    /// Inverse of the hyperbolic sine
    Asinh {} = "asinh", |x| x.asinh();
    /// Inverse of the tangent
    Atan {} = "atan", |x| x.atan();
    /// Inverse of the hyperbolic tangent
    Atanh {} = "atanh", |x| x.atanh();
    /// The smallest integer that is not below x
    Ceil {} = "ceil", |x| x.ceil();
    /// x limited to `min..=max`; max if that is below min
    Clip { min, max } = "clip", |x| if x.is_nan() { x } else { x.max(min).min(max) };
    /// Cosine
    Cos {} = "cos", |x| x.cos();
    /// Hyperbolic cosine
    Cosh {} = "cosh", |x| x.cosh();
    /// x if x > 0, else alpha (eˣ − 1)
    Elu { alpha } = "elu", |x| if x > 0.0 { x } else { alpha * x.exp_m1() };
    /// Error function
    Erf {} = "erf", |x| libm::erf(x);
    /// eˣ
    Exp {} = "exp", |x| x.exp();
    /// The largest integer that is not above x
    Floor {} = "floor", |x| x.floor();
    /// x Φ(x), of the normal distribution's Φ
    Gelu {} = "gelu", |x| 0.5 * x * libm::erfc(-x / std::f64::consts::SQRT_2);
    /// alpha x + beta, limited to 0..=1
    HardSigmoid { alpha, beta } = "hard_sigmoid", |x| (alpha * x + beta).clamp(0.0, 1.0);
    /// x · (x + 3) / 6, of which the latter factor is limited to 0..=1
    HardSwish {} = "hard_swish", |x| x * ((x + 3.0) / 6.0).clamp(0.0, 1.0);
    /// x if x > 0, else alpha x
    LeakyRelu { alpha } = "leaky_relu", |x| if x > 0.0 { x } else { alpha * x };
    /// Natural logarithm
    Log {} = "log", |x| x.ln();
    /// The nearest number of `mant_bits` and `exp_bits` bits, without denormals, infinities and NaNs: Ristretto's minifloat
    Minifloat { mant_bits, exp_bits } = "minifloat", |x| minifloat(x, mant_bits, exp_bits);
    /// x tanh(ln(1 + eˣ))
    Mish {} = "mish", |x| x * (x.max(0.0) + (-x.abs()).exp().ln_1p()).tanh();
    /// −x
    Neg {} = "neg", |x| -x;
    /// ±2ⁿ, of x's sign, with n the integer from `exp_min` to `exp_max` that is nearest to log₂ |x|: Ristretto's power of two
    PowerOfTwo { exp_min, exp_max } = "power_of_two", |x| power_of_two(x, exp_min, exp_max);
    /// max(x, 0)
    Relu {} = "relu", |x| if x > 0.0 || x.is_nan() { x } else { 0.0 };
    /// The nearest integer, of two the even one
    Round {} = "round", |x| x.round_ties_even();
    /// The nearest integer, of two the one farther from 0
    RoundAway {} = "round_away", |x| x.round();
    /// 1 / (1 + e⁻ˣ)
    Sigmoid {} = "sigmoid", |x| 1.0 / (1.0 + (-x).exp());
    /// −1, 0 or 1
    Sign {} = "sign", |x| if x == 0.0 || x.is_nan() { x } else { x.signum() };
    /// x / (1 + e⁻ˣ): swish
    Silu {} = "silu", |x| x / (1.0 + (-x).exp());
    /// Sine
    Sin {} = "sin", |x| x.sin();
    /// Hyperbolic sine
    Sinh {} = "sinh", |x| x.sinh();
    /// ln(1 + eˣ), without overflow for large x: Caffe's BNLL
    Softplus {} = "softplus", |x| x.max(0.0) + (-x.abs()).exp().ln_1p();
    /// Square root
    Sqrt {} = "sqrt", |x| x.sqrt();
    /// Tangent
    Tan {} = "tan", |x| x.tan();
    /// Hyperbolic tangent
    Tanh {} = "tanh", |x| x.tanh();
}

fn infer(function: UnaryFn, operand: &Type) -> Result<Vec<Type>, InferError> {
    check(function)?;
    if !operand.dtype.is_float() {
        return Err(InferError::DType { operand: 0, expected: "floats".to_owned(), found: operand.dtype });
    }
    Ok(vec![operand.clone()])
}

/// Checks the attributes that count bits, or are exponents of numbers of f32.
fn check(function: UnaryFn) -> Result<(), InferError> {
    let whole = |name, value: f32, low: f32, high: f32| {
        if value.fract() == 0.0 && (low..=high).contains(&value) {
            return Ok(());
        }
        let problem = format!("is {value:?}, but should be a whole number from {low} to {high}");
        Err(InferError::Attribute { name, problem })
    };
    if let UnaryFn::Minifloat { mant_bits, exp_bits } = function {
        whole("mant_bits", mant_bits, 0.0, 23.0)?;
        whole("exp_bits", exp_bits, 1.0, 8.0)?;
    }
    if let UnaryFn::PowerOfTwo { exp_min, exp_max } = function {
        whole("exp_min", exp_min, -126.0, 127.0)?;
        whole("exp_max", exp_max, -126.0, 127.0)?;
    }
    Ok(())
}

fn eval(function: UnaryFn, operand: &Tensor) -> Result<Vec<Tensor>, EvalError> {
    with_float!(operand.dtype(), T => {
        let ys = operand.values::<T>()?.iter().map(|&x| T::from_f64(function.apply(x.to_f64()))).collect();
        Ok(vec![Tensor::from_vec(operand.dims(), ys)?])
    })
}
