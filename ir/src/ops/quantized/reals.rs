//! Quantized ops by their definition on numbers.

use super::{Quantizable, Quantized};
use crate::op::InferError;
use crate::{DType, EvalError, Tensor, Type};

impl<T: Quantizable> Quantized<T> {
    pub(super) fn infer_reals(&self, operands: &[&Type]) -> Result<Type, InferError> {
        self.check(operands, operands.len())?;
        let Some(y) = self.y else {
            let problem = "is none, but the result is always quantized".to_owned();
            return Err(InferError::Attribute { name: "y", problem });
        };
        let reals: Vec<Type> = operands.iter().map(|ty| Type::new(DType::F32, ty.shape.clone())).collect();
        let results = self.op.infer(&reals.iter().collect::<Vec<_>>())?;
        match results.as_slice() {
            [result] if result.dtype == DType::F32 => Ok(Type::new(y.dtype, result.shape.clone())),
            results => {
                let found = results.iter().map(Type::to_string).collect::<Vec<_>>().join(", ");
                Err(InferError::Shape(format!("of numbers it gives {found}, but should give one value of f32")))
            }
        }
    }

    pub(super) fn eval_reals(&self, operands: &[&Tensor]) -> Result<Tensor, EvalError> {
        let reals = operands.iter().zip(&self.x).map(|(tensor, x)| x.dequantize(tensor));
        let reals = reals.collect::<Result<Vec<_>, _>>()?;
        let results = self.op.eval(&reals.iter().collect::<Vec<_>>())?;
        let (Some(result), Some(y)) = (results.into_iter().next(), self.y) else {
            return Err(EvalError::Domain("the op has no quantized result".to_owned()));
        };
        let limits = self.limits(y);
        let values = result.values::<f32>()?;
        y.tensor(result.dims(), values.iter().map(|r| y.integer(r / y.scale, self.rounding, limits)))
    }
}
