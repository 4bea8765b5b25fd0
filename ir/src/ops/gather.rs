use super::movement::{Mover, check_axis};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{DType, EvalError, Shape, Tensor, Type};

/// Parts of a value picked by index along one dimension, as ONNX's Gather and Caffe's BatchReindex and Embed.
///
/// Operands: data of any element type, and indices (i32 or i64) of any shape; negative ones count from the end.
/// Result: the data's shape with the indices' shape in the place of that dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Gather {
    /// The data's dimension.
    pub axis: usize,
}

impl Operator for Gather {
    const MNEMONICS: &'static [&'static str] = &["gather"];

    fn arity(&self) -> Arity {
        Arity::exactly(2)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let (data, indices) = (operands[0], operands[1]);
        check_axis(self.axis, data)?;
        if !matches!(indices.dtype, DType::I32 | DType::I64) {
            return Err(InferError::DType { operand: 1, expected: "i32 or i64".to_owned(), found: indices.dtype });
        }
        let (before, after) = (&data.shape.0[..self.axis], &data.shape.0[self.axis + 1..]);
        Ok(vec![Type::new(data.dtype, Shape([before, &indices.shape.0, after].concat()))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (data, indices) = (operands[0], operands[1]);
        let size = data.dims()[self.axis];
        let (before, after) = (&data.dims()[..self.axis], &data.dims()[self.axis + 1..]);
        let places = integers(indices)?.into_iter().map(|index| place(index, size)).collect::<Result<Vec<_>, _>>()?;
        let mut mover = Mover::new(data.dtype(), &[before, indices.dims(), after].concat())?;
        if !mover.is_done() {
            let (n_blocks, len): (usize, usize) = (before.iter().product(), after.iter().product());
            for block in 0..n_blocks {
                places.iter().for_each(|&at| mover.run(data, (block * size + at) * len, len));
            }
        }
        Ok(vec![mover.finish()?])
    }

    attributes!(axis);
}

/// The elements of a tensor of i32 or i64.
pub(super) fn integers(tensor: &Tensor) -> Result<Vec<i64>, EvalError> {
    if tensor.dtype() == DType::I32 {
        return Ok(tensor.values::<i32>()?.iter().map(|&n| i64::from(n)).collect());
    }
    Ok(tensor.values::<i64>()?.into_owned())
}

/// The element that an index means in a dimension of that size; a negative one counts from the end.
pub(super) fn place(index: i64, size: usize) -> Result<usize, EvalError> {
    let from_start = if index < 0 { i128::from(index) + size as i128 } else { i128::from(index) };
    match usize::try_from(from_start) {
        Ok(at) if at < size => Ok(at),
        Ok(_) | Err(_) => Err(EvalError::Domain(format!("index {index} is outside a dimension of {size}"))),
    }
}
