use super::broadcast::{broadcast, indices};
use super::movement::{Mover, check_same_dtype};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{DType, EvalError, Tensor, Type};

/// Elements of one value or another, as ONNX's Where.
///
/// Operands: a condition (`bool`), and two values of the same element type, all broadcast to one shape. Result: the
/// first value's element where the condition holds, else the second's.
#[derive(Debug, Clone, PartialEq)]
pub struct Select {}

impl Operator for Select {
    const MNEMONICS: &'static [&'static str] = &["select"];

    fn arity(&self) -> Arity {
        Arity::exactly(3)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let (condition, a, b) = (operands[0], operands[1], operands[2]);
        if condition.dtype != DType::Bool {
            return Err(InferError::DType { operand: 0, expected: "bool".to_owned(), found: condition.dtype });
        }
        check_same_dtype(1, operands)?;
        let shape = broadcast(&condition.shape, &broadcast(&a.shape, &b.shape)?)?;
        Ok(vec![Type::new(a.dtype, shape)])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (condition, a, b) = (operands[0], operands[1], operands[2]);
        let shape = broadcast(&condition.ty().shape, &broadcast(&a.ty().shape, &b.ty().shape)?)?;
        let dims: Vec<usize> = shape.as_fixed().unwrap_or_default().iter().map(|&n| n as usize).collect();
        let mut mover = Mover::new(a.dtype(), &dims)?;
        if !mover.is_done() {
            let conditions: Vec<bool> = condition.bools()?.collect();
            let pairs = indices(a.dims(), &dims).zip(indices(b.dims(), &dims));
            for (at, (i, j)) in indices(condition.dims(), &dims).zip(pairs) {
                let (from, element) = if conditions[at] { (a, i) } else { (b, j) };
                mover.run(from, element, 1);
            }
        }
        Ok(vec![mover.finish()?])
    }

    attributes!();
}
