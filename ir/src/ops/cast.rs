use super::number::{Number, Wide};
use crate::attr::attributes;
use crate::dtype::with_number;
use crate::op::{Arity, InferError, Operator};
use crate::{Code, DType, EvalError, Overflow, Tensor, Type};

/// Converts elements to another type, as ONNX's Cast.
///
/// One operand of any type; the result has its shape. Floating-point numbers become integers by truncation, limited
/// to the type's range (NaN becomes 0); integers wrap in a smaller type, and in one of fewer than 8 bits floats do too;
/// numbers are rounded to the nearest floating-point one. As truth values, all numbers but 0 are true; truth values
/// become 0 and 1. Numbers too large for a float of 8 bits become the largest if `saturate` is set, else infinite or
/// NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct Cast {
    /// The result's element type.
    pub dtype: DType,
    /// What becomes of numbers too large for a float of 8 bits; no other type takes notice.
    pub saturate: bool,
}

impl Cast {
    /// A conversion to that type, saturating as ONNX does unless told otherwise.
    pub const fn to(dtype: DType) -> Self {
        Cast { dtype, saturate: true }
    }
}

impl Operator for Cast {
    const MNEMONICS: &'static [&'static str] = &["cast"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        Ok(vec![Type::new(self.dtype, operands[0].shape.clone())])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let x = operands[0];
        if x.dtype() == self.dtype {
            return Ok(vec![x.clone()]);
        }
        let dims = x.dims();
        let result = if let Some(code) = x.dtype().code() {
            let wide = |&byte: &u8| {
                if code.is_float() { Wide::Real(code.decode(byte)) } else { Wide::Int(code.decode(byte) as i128) }
            };
            self.convert(x.bytes().iter().map(wide), dims)
        } else if x.dtype() == DType::Bool {
            self.convert(x.bools()?.map(|truth| Wide::Int(truth.into())), dims)
        } else {
            with_number!(x.dtype(), T => self.convert(x.values::<T>()?.iter().map(|x| x.wide()), dims))
        };
        Ok(vec![result?])
    }

    attributes!(dtype, saturate);
}

impl Cast {
    fn convert(&self, values: impl Iterator<Item = Wide>, dims: &[usize]) -> Result<Tensor, EvalError> {
        if let Some(code) = self.dtype.code() {
            let bytes: Vec<u8> = values.map(|value| self.encode(code, value)).collect();
            return Ok(Tensor::new(self.dtype, dims, bytes.into())?);
        }
        if self.dtype == DType::Bool {
            return Ok(Tensor::from_bools(dims, &values.map(Wide::is_true).collect::<Vec<_>>())?);
        }
        with_number!(self.dtype, T => Ok(Tensor::from_vec(dims, values.map(T::narrow).collect())?))
    }

    fn encode(&self, code: Code, value: Wide) -> u8 {
        let overflow = if self.saturate { Overflow::Saturate } else { Overflow::Special };
        match value {
            Wide::Int(n) if !code.is_float() => code.wrap(n as i64),
            Wide::Real(x) if !code.is_float() => code.wrap(x as i64),
            value @ (Wide::Int(_) | Wide::Real(_)) => code.encode(value.to_f64(), overflow),
        }
    }
}
