use super::movement::{Mover, check_axis, check_same_dtype};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Tensor, Type};

/// Operands one behind the other along one dimension, as ONNX's and Caffe's Concat.
///
/// One or more operands of the same element type, which differ in that dimension only. With more than one, its sizes
/// must be known.
#[derive(Debug, Clone, PartialEq)]
pub struct Concat {
    /// The dimension.
    pub axis: usize,
}

impl Operator for Concat {
    const MNEMONICS: &'static [&'static str] = &["concat"];

    fn arity(&self) -> Arity {
        Arity::at_least(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        check_same_dtype(0, operands)?;
        let first = operands[0];
        check_axis(self.axis, first)?;
        let mut shape = first.shape.clone();
        for (operand, ty) in operands.iter().enumerate().skip(1) {
            self.check_fit(first, operand, ty)?;
            let size = |operand: usize, dim: &Dim| dim.fixed().ok_or(InferError::Symbolic { operand, dim: self.axis });
            let (sum, more) = (size(0, &shape.0[self.axis])?, size(operand, &ty.shape.0[self.axis])?);
            let sum = sum.checked_add(more).ok_or_else(|| InferError::TooLarge(format!("{sum} + {more}")))?;
            shape.0[self.axis] = Dim::Fixed(sum);
        }
        Ok(vec![Type::new(first.dtype, shape)])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let mut dims = operands[0].dims().to_vec();
        dims[self.axis] = operands.iter().map(|tensor| tensor.dims()[self.axis]).sum();
        let mut mover = Mover::new(operands[0].dtype(), &dims)?;
        if !mover.is_done() {
            let n_blocks: usize = dims[..self.axis].iter().product();
            for block in 0..n_blocks {
                for tensor in operands {
                    let len: usize = tensor.dims()[self.axis..].iter().product();
                    mover.run(tensor, block * len, len);
                }
            }
        }
        Ok(vec![mover.finish()?])
    }

    attributes!(axis);
}

impl Concat {
    /// Checks that an operand has the first one's dimensions but for the axis.
    fn check_fit(&self, first: &Type, operand: usize, ty: &Type) -> Result<(), InferError> {
        let (expected, found) = (first.shape.rank(), ty.shape.rank());
        if expected != found {
            return Err(InferError::Rank { operand, expected: expected.to_string(), found });
        }
        let differs = |dim: usize| dim != self.axis && first.shape.0[dim] != ty.shape.0[dim];
        match (0..expected).find(|&dim| differs(dim)) {
            Some(dim) => {
                let (a, b, axis) = (&first.shape, &ty.shape, self.axis);
                let problem =
                    format!("operands 0 ({a}) and {operand} ({b}) differ in dimension {dim}, not just in {axis}");
                Err(InferError::Shape(problem))
            }
            None => Ok(()),
        }
    }
}
