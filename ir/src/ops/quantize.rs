use super::Rounding;
use super::float::{numbers, to_f64};
use super::scales::Scales;
use crate::attr::attributes;
use crate::dtype::with_integer;
use crate::op::{Arity, InferError, Operator};
use crate::ops::number::{Number, Wide};
use crate::{Code, DType, EvalError, Overflow, Tensor, Type};

/// Numbers as small integers or floats: `x / scale + zero point`, as ONNX's QuantizeLinear.
///
/// Operands: `x`, of floats or i32; a scale of floats; and optionally a zero point of the result's type and the
/// scale's shape. The scale is one number; or `[D]`, one for each index of dimension `axis`; or, with a `block`, of
/// `x`'s shape but for `axis`, where it has one for every `block` indices. The result has `x`'s shape.
///
/// The quotient is rounded to f32 (f64 if `x` or the scale is), then to the nearest integer; with the zero
/// point added, it is limited to the range of the type. For a float it is rounded to the nearest one.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantize {
    /// The dimension that scales differ along.
    pub axis: usize,
    /// How many elements share a scale along `axis`; 0 if those of an index do.
    pub block: usize,
    /// The result's element type: an integer of 16 bits or fewer, or a float of 8 or fewer.
    pub dtype: DType,
    /// What becomes of numbers too large for a float; integers are always limited.
    pub saturate: bool,
    /// Which of two integers that are as near a quotient becomes; of floats always the even one.
    pub rounding: Rounding,
}

impl Operator for Quantize {
    const MNEMONICS: &'static [&'static str] = &["quantize"];

    fn arity(&self) -> Arity {
        Arity::between(2, 3)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let (x, scale) = (operands[0], operands[1]);
        if !(x.dtype.is_float() || x.dtype == DType::I32) {
            return Err(InferError::DType { operand: 0, expected: "floats or i32".to_owned(), found: x.dtype });
        }
        if !is_quantized(self.dtype) {
            let problem = format!("is {}, but should be an integer or float of few bits", self.dtype);
            return Err(InferError::Attribute { name: "dtype", problem });
        }
        if self.rounding == Rounding::Away && self.dtype.code().is_some_and(Code::is_float) {
            let problem = format!("is away, but {} is rounded to even", self.dtype);
            return Err(InferError::Attribute { name: "rounding", problem });
        }
        Scales { axis: self.axis, block: self.block }.check(x, scale)?;
        if let Some(zero) = operands.get(2) {
            check_zero(zero, self.dtype, scale)?;
        }
        Ok(vec![Type::new(self.dtype, x.shape.clone())])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (x, scale) = (operands[0], operands[1]);
        let xs = numbers(x)?;
        let places = Scales { axis: self.axis, block: self.block }.indices(x.dims(), scale.dims());
        let is_double = x.dtype() == DType::F64 || scale.dtype() == DType::F64;
        let round = |x: f64| if is_double { x } else { f64::from(x as f32) };
        let scales = to_f64(scale)?;
        let quotients = xs.iter().zip(places.clone()).map(|(x, at)| round(x / scales[at]));
        let zeros = operands.get(2).map_or_else(|| Ok(vec![0.0; scale.len()].into()), |zero| numbers(zero))?;
        let shifted = |(x, at): (f64, usize)| (x, zeros[at]);
        let result = self.pack(quotients.zip(places).map(shifted), x.dims())?;
        Ok(vec![result])
    }

    attributes!(axis, block, dtype, saturate, rounding);
}

impl Quantize {
    /// Quotients with their zero points as elements of the type.
    fn pack(&self, values: impl Iterator<Item = (f64, f64)>, dims: &[usize]) -> Result<Tensor, EvalError> {
        // A quotient that is no number becomes the zero point, as 0 does.
        let integer = |(x, zero): (f64, f64)| if x.is_nan() { zero } else { self.rounding.round(x) + zero };
        let Some(code) = self.dtype.code() else {
            return with_integer!(self.dtype, T => {
                Ok(Tensor::from_vec(dims, values.map(|value| T::narrow(Wide::Real(integer(value)))).collect())?)
            });
        };
        let overflow = if self.saturate { Overflow::Saturate } else { Overflow::Special };
        let encode = |value: (f64, f64)| {
            let number = if code.is_float() { value.0 + value.1 } else { integer(value) };
            code.encode(number, overflow)
        };
        Ok(Tensor::new(self.dtype, dims, values.map(encode).collect::<Vec<u8>>().into())?)
    }
}

/// Whether it is a type that numbers are quantized to.
fn is_quantized(dtype: DType) -> bool {
    dtype.code().is_some() || matches!(dtype, DType::I8 | DType::U8 | DType::I16 | DType::U16)
}

/// Checks a zero point's type.
pub(super) fn check_zero(zero: &Type, dtype: DType, scale: &Type) -> Result<(), InferError> {
    if zero.dtype != dtype {
        return Err(InferError::DType { operand: 2, expected: dtype.to_string(), found: zero.dtype });
    }
    if zero.shape != scale.shape {
        return Err(InferError::Shape(format!("the zero point is {}, but the scale {}", zero.shape, scale.shape)));
    }
    Ok(())
}
