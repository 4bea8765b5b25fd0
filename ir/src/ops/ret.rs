use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{EvalError, Tensor, Type};

/// The graph's outputs: its operands, in order. Every graph has one, and it has no results.
#[derive(Debug, Clone, PartialEq)]
pub struct Return {}

impl Operator for Return {
    const MNEMONICS: &'static [&'static str] = &["return"];

    fn arity(&self) -> Arity {
        Arity::at_least(0)
    }

    fn infer(&self, _: &[&Type]) -> Result<Vec<Type>, InferError> {
        Ok(Vec::new())
    }

    fn eval(&self, _: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        Ok(Vec::new())
    }

    attributes!();
}
