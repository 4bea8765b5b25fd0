use super::indexing::{check_indices, integers, tuple_places};
use super::scatter::ScatterFn;
use super::window::{check_min_rank, fixed};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{EvalError, Shape, Tensor, Type};

/// A copy of a value with parts written to it by tuples of indices, as ONNX's ScatterND; of parts for one position in
/// their order.
///
/// Operands: data of any element type; indices (i32 or i64) `[more..., k]`, whose tuples count along the data's first k
/// dimensions, negative ones from the end; and updates of the data's elements, `[more..., the data's other
/// dimensions]`. Result: of the data's type.
#[derive(Debug, Clone, PartialEq)]
pub struct ScatterNd {
    /// What becomes of an element that is written to.
    pub function: ScatterFn,
}

impl Operator for ScatterNd {
    const MNEMONICS: &'static [&'static str] = &["scatter_nd"];

    fn arity(&self) -> Arity {
        Arity::exactly(3)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let (data, indices, updates) = (operands[0], operands[1], operands[2]);
        check_indices(1, indices)?;
        self.function.check_dtype(data, updates)?;
        check_min_rank(1, indices, 1)?;
        let (rank, last) = (data.shape.rank(), indices.shape.rank() - 1);
        let k = fixed(1, indices, last)?;
        if k > rank {
            return Err(InferError::Shape(format!("tuples of {k} indices are too long for {rank} dimensions")));
        }
        let expected = Shape([&indices.shape.0[..last], &data.shape.0[k..]].concat());
        if updates.shape != expected {
            return Err(InferError::Shape(format!("the updates are {}, but should be {expected}", updates.shape)));
        }
        Ok(vec![data.clone()])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (data, indices, updates) = (operands[0], operands[1], operands[2]);
        if updates.is_empty() {
            return Ok(vec![data.clone()]);
        }
        let last = indices.dims().len() - 1;
        let k = indices.dims()[last];
        let n: usize = indices.dims()[..last].iter().product();
        let places = tuple_places(&data.dims()[..k], k, &integers(indices)?, n)?;
        Ok(vec![self.function.write(data, updates, &places, data.dims()[k..].iter().product())?])
    }

    attributes!(function);
}
