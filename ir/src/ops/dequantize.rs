use super::float::{from_f64, numbers, to_f64};
use super::quantize::check_zero;
use super::scales::Scales;
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{DType, EvalError, Tensor, Type};

/// The numbers that quantized ones stand for: `(x − zero point) * scale`, as ONNX's DequantizeLinear.
///
/// Operands: `x`, of integers of 32 bits or fewer or floats of 8 or fewer; a scale of floats, of one of the shapes of
/// [`Quantize`](super::Quantize)'s; and optionally a zero point of `x`'s type and the scale's shape. The result has
/// `x`'s shape and the scale's element type.
#[derive(Debug, Clone, PartialEq)]
pub struct Dequantize {
    /// The dimension that scales differ along.
    pub axis: usize,
    /// How many elements share a scale along `axis`; 0 if those of an index do.
    pub block: usize,
}

impl Operator for Dequantize {
    const MNEMONICS: &'static [&'static str] = &["dequantize"];

    fn arity(&self) -> Arity {
        Arity::between(2, 3)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let (x, scale) = (operands[0], operands[1]);
        let is_wide = matches!(x.dtype, DType::I64 | DType::U64 | DType::U32);
        if x.dtype.code().is_none() && (is_wide || !x.dtype.is_integer()) {
            let expected = "integers of 32 bits or floats of 8, or fewer".to_owned();
            return Err(InferError::DType { operand: 0, expected, found: x.dtype });
        }
        Scales { axis: self.axis, block: self.block }.check(x, scale)?;
        if let Some(zero) = operands.get(2) {
            check_zero(zero, x.dtype, scale)?;
        }
        Ok(vec![Type::new(scale.dtype, x.shape.clone())])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (x, scale) = (operands[0], operands[1]);
        let places = Scales { axis: self.axis, block: self.block }.indices(x.dims(), scale.dims());
        let (xs, scales) = (numbers(x)?, to_f64(scale)?);
        let zeros = operands.get(2).map_or_else(|| Ok(vec![0.0; scale.len()].into()), |zero| numbers(zero))?;
        let values = xs.iter().zip(places).map(|(x, at)| (x - zeros[at]) * scales[at]);
        Ok(vec![from_f64(scale.dtype(), x.dims(), values)?])
    }

    attributes!(axis, block);
}
