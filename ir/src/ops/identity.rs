use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{EvalError, Tensor, Type};

/// Its operand, under a name of its own: Caffe's Split, and Dropout at inference.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {}

impl Operator for Identity {
    const MNEMONICS: &'static [&'static str] = &["identity"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        Ok(vec![operands[0].clone()])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        Ok(vec![operands[0].clone()])
    }

    attributes!();
}
