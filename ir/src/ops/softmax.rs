use super::float::{from_f64, same_float, to_f64};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{EvalError, Tensor, Type};

/// `eˣ / Σ eˣ` along one dimension, as ONNX's Softmax from operator set 13 on and Caffe's. The maximum is subtracted
/// first, so that no exponential overflows.
///
/// One operand of any shape; the result has its type.
#[derive(Debug, Clone, PartialEq)]
pub struct Softmax {
    /// The dimension.
    pub axis: usize,
}

impl Operator for Softmax {
    const MNEMONICS: &'static [&'static str] = &["softmax"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        same_float(operands)?;
        let rank = operands[0].shape.rank();
        if self.axis >= rank {
            let problem = format!("is {}, but the operand has {rank} dimensions", self.axis);
            return Err(InferError::Attribute { name: "axis", problem });
        }
        Ok(vec![operands[0].clone()])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let x = operands[0];
        if x.is_empty() {
            return Ok(vec![x.clone()]);
        }
        let size = x.dims()[self.axis];
        let inner: usize = x.dims()[self.axis + 1..].iter().product();
        let mut values: Vec<f64> = to_f64(x)?.into_owned();
        for block in values.chunks_exact_mut(size * inner) {
            for i in 0..inner {
                let max = block[i..].iter().step_by(inner).copied().fold(f64::NEG_INFINITY, f64::max);
                let mut sum = 0.0;
                for x in block[i..].iter_mut().step_by(inner) {
                    *x = (*x - max).exp();
                    sum += *x;
                }
                block[i..].iter_mut().step_by(inner).for_each(|x| *x /= sum);
            }
        }
        Ok(vec![from_f64(x.dtype(), x.dims(), values.into_iter())?])
    }

    attributes!(axis);
}
