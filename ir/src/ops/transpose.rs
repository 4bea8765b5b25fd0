use super::movement::{Walk, strides};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{EvalError, Shape, Tensor, Type};

/// Dimensions in another order, as ONNX's Transpose and Caffe's Permute.
///
/// One operand of any element type. Dimension `i` of the result is the operand's dimension `perm[i]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Transpose {
    /// The operand's dimensions, each once.
    pub perm: Vec<usize>,
}

impl Operator for Transpose {
    const MNEMONICS: &'static [&'static str] = &["transpose"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let x = operands[0];
        let rank = x.shape.rank();
        if self.perm.len() != rank || (0..rank).any(|dim| !self.perm.contains(&dim)) {
            let problem = format!("is {:?}, but should have the dimensions below {rank}, each once", self.perm);
            return Err(InferError::Attribute { name: "perm", problem });
        }
        Ok(vec![Type::new(x.dtype, Shape(self.perm.iter().map(|&dim| x.shape.0[dim].clone()).collect()))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let x = operands[0];
        let strides = strides(x.dims());
        let dims: Vec<usize> = self.perm.iter().map(|&dim| x.dims()[dim]).collect();
        let walk = Walk { start: 0, steps: self.perm.iter().map(|&dim| (x.dims()[dim], strides[dim])).collect() };
        Ok(vec![walk.copy(x, &dims)?])
    }

    attributes!(perm);
}
