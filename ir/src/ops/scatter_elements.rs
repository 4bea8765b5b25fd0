use super::indexing::{check_indices, check_within, element_places, integers};
use super::movement::check_axis;
use super::scatter::ScatterFn;
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{EvalError, Tensor, Type};

/// A copy of a value with elements written to it one by one, as ONNX's ScatterElements; of elements for one position
/// in their order.
///
/// Operands: data of any element type; indices (i32 or i64) of as many dimensions, no larger than the data's but along
/// `axis`; and updates, of the data's elements and the indices' shape. An update is written at its own position with
/// the index for the position along `axis`; negative ones count from the end. Result: of the data's type.
#[derive(Debug, Clone, PartialEq)]
pub struct ScatterElements {
    /// The dimension that the indices count along.
    pub axis: usize,
    /// What becomes of an element that is written to.
    pub function: ScatterFn,
}

impl Operator for ScatterElements {
    const MNEMONICS: &'static [&'static str] = &["scatter_elements"];

    fn arity(&self) -> Arity {
        Arity::exactly(3)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let (data, indices, updates) = (operands[0], operands[1], operands[2]);
        check_axis(self.axis, data)?;
        check_indices(1, indices)?;
        self.function.check_dtype(data, updates)?;
        check_within(&data.shape, &indices.shape, self.axis)?;
        if indices.shape != updates.shape {
            let problem = format!("the updates are {}, but their indices {}", updates.shape, indices.shape);
            return Err(InferError::Shape(problem));
        }
        Ok(vec![data.clone()])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (data, indices, updates) = (operands[0], operands[1], operands[2]);
        let places = element_places(data.dims(), indices.dims(), self.axis, &integers(indices)?)?;
        Ok(vec![self.function.write(data, updates, &places, 1)?])
    }

    attributes!(axis, function);
}
