use super::indexing::{check_indices, integers, tuple_places};
use super::movement::Mover;
use super::window::{check_min_rank, fixed};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{EvalError, Shape, Tensor, Type};

/// Parts picked by tuples of indices, as ONNX's GatherND.
///
/// Operands: data of any element type, and indices (i32 or i64) `[batch..., more..., k]`; negative ones count from the
/// end. A tuple of k indices picks along the k dimensions of the data behind `batch_dims`, which both have in common.
/// Result: `[batch..., more..., the data's dimensions behind these]`.
#[derive(Debug, Clone, PartialEq)]
pub struct GatherNd {
    /// How many of the first dimensions both operands have in common.
    pub batch_dims: usize,
}

impl Operator for GatherNd {
    const MNEMONICS: &'static [&'static str] = &["gather_nd"];

    fn arity(&self) -> Arity {
        Arity::exactly(2)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let (data, indices) = (operands[0], operands[1]);
        check_indices(1, indices)?;
        check_min_rank(1, indices, 1)?;
        let (rank, last, batch) = (data.shape.rank(), indices.shape.rank() - 1, self.batch_dims);
        if batch > last || batch > rank || data.shape.0[..batch] != indices.shape.0[..batch] {
            let problem = format!("{} and {} do not have {batch} dimensions in common", data.shape, indices.shape);
            return Err(InferError::Shape(problem));
        }
        let k = fixed(1, indices, last)?;
        if k > rank - batch {
            let problem =
                format!("tuples of {k} indices are too long for {rank} dimensions, of which {batch} are batch");
            return Err(InferError::Shape(problem));
        }
        let shape = [&indices.shape.0[..last], &data.shape.0[batch + k..]].concat();
        Ok(vec![Type::new(data.dtype, Shape(shape))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (data, indices) = (operands[0], operands[1]);
        let (batch, last) = (self.batch_dims, indices.dims().len() - 1);
        let k = indices.dims()[last];
        let inner = &data.dims()[batch..];
        let mut mover = Mover::new(data.dtype(), &[&indices.dims()[..last], &inner[k..]].concat())?;
        if !mover.is_done() {
            let n_batches: usize = data.dims()[..batch].iter().product();
            let per_batch: usize = indices.dims()[batch..last].iter().product();
            let len: usize = inner[k..].iter().product();
            let n_parts: usize = inner[..k].iter().product();
            let places = tuple_places(&inner[..k], k, &integers(indices)?, n_batches * per_batch)?;
            for (i, place) in places.into_iter().enumerate() {
                mover.run(data, (i / per_batch * n_parts + place) * len, len);
            }
        }
        Ok(vec![mover.finish()?])
    }

    attributes!(batch_dims);
}
