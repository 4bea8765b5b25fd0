use super::indexing::{check_indices, check_within, element_places, integers};
use super::movement::{Mover, check_axis};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{EvalError, Tensor, Type};

/// Elements picked one by one along one dimension, as ONNX's GatherElements.
///
/// Operands: data of any element type, and indices (i32 or i64) of as many dimensions, no larger than the data's but
/// along `axis`; negative ones count from the end. Result, of the indices' shape: the element at the same position with
/// the index for the position along `axis`.
#[derive(Debug, Clone, PartialEq)]
pub struct GatherElements {
    /// The dimension that the indices count along.
    pub axis: usize,
}

impl Operator for GatherElements {
    const MNEMONICS: &'static [&'static str] = &["gather_elements"];

    fn arity(&self) -> Arity {
        Arity::exactly(2)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let (data, indices) = (operands[0], operands[1]);
        check_axis(self.axis, data)?;
        check_indices(1, indices)?;
        check_within(&data.shape, &indices.shape, self.axis)?;
        Ok(vec![Type::new(data.dtype, indices.shape.clone())])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (data, indices) = (operands[0], operands[1]);
        let places = element_places(data.dims(), indices.dims(), self.axis, &integers(indices)?)?;
        let mut mover = Mover::new(data.dtype(), indices.dims())?;
        places.into_iter().for_each(|place| mover.run(data, place, 1));
        Ok(vec![mover.finish()?])
    }

    attributes!(axis);
}
