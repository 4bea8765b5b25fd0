use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Code, DType, EvalError, Tensor, Type};

/// The same bits read as elements of another type, as ONNX's BitCast.
///
/// One operand of any type whose elements take as many bits; the result has its shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Bitcast {
    /// The result's element type.
    pub dtype: DType,
}

/// Bits that count in an element.
fn bits(dtype: DType) -> u32 {
    dtype.code().map_or(8 * dtype.size() as u32, Code::bits)
}

impl Operator for Bitcast {
    const MNEMONICS: &'static [&'static str] = &["bitcast"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let found = operands[0].dtype;
        if bits(found) != bits(self.dtype) {
            let expected = format!("elements of {} bits", bits(self.dtype));
            return Err(InferError::DType { operand: 0, expected, found });
        }
        Ok(vec![Type::new(self.dtype, operands[0].shape.clone())])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        Ok(vec![Tensor::new(self.dtype, operands[0].dims(), operands[0].bytes().clone())?])
    }

    attributes!(dtype);
}
