use super::indexing::{check_indices, integers, place};
use super::movement::{Mover, check_axis};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{EvalError, Shape, Tensor, Type};

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
        check_indices(1, indices)?;
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
