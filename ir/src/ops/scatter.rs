//! Writing elements into a copy of a value: what scatters share.

use super::binary::Arithmetic;
use crate::dtype::with_number;
use crate::{EvalError, InferError, Tensor, Type};

crate::attr::words! {
    /// What becomes of an element that another is written to, by [`ScatterElements`](super::ScatterElements) and
    /// [`ScatterNd`](super::ScatterNd).
    ScatterFn {
        /// The other one
        Replace = "replace",
        /// Their sum; integers wrap
        Add = "add",
        /// Their product; integers wrap
        Mul = "mul",
        /// The larger one
        Max = "max",
        /// The smaller one
        Min = "min",
    }
}

impl ScatterFn {
    /// Checks data and updates, which have one type of elements: numbers, or any that are replaced.
    pub(super) fn check_dtype(self, data: &Type, updates: &Type) -> Result<(), InferError> {
        if self != ScatterFn::Replace && !data.dtype.is_number() {
            return Err(InferError::DType { operand: 0, expected: "numbers".to_owned(), found: data.dtype });
        }
        if data.dtype != updates.dtype {
            return Err(InferError::DType { operand: 2, expected: data.dtype.to_string(), found: updates.dtype });
        }
        Ok(())
    }

    /// The data with the updates written to: each `len` elements, in order, to the part of that number.
    pub(super) fn write(
        self,
        data: &Tensor,
        updates: &Tensor,
        parts: &[usize],
        len: usize,
    ) -> Result<Tensor, EvalError> {
        match self {
            ScatterFn::Replace => {
                let n_bytes = len * data.dtype().size();
                let mut bytes = data.bytes().to_vec();
                if n_bytes > 0 {
                    for (update, part) in updates.bytes().chunks_exact(n_bytes).zip(parts) {
                        bytes[part * n_bytes..][..n_bytes].copy_from_slice(update);
                    }
                }
                Ok(Tensor::new(data.dtype(), data.dims(), bytes.into())?)
            }
            ScatterFn::Add | ScatterFn::Mul | ScatterFn::Max | ScatterFn::Min => {
                with_number!(data.dtype(), T => self.combine::<T>(data, updates, parts, len))
            }
        }
    }

    fn combine<T: Arithmetic>(
        self,
        data: &Tensor,
        updates: &Tensor,
        parts: &[usize],
        len: usize,
    ) -> Result<Tensor, EvalError> {
        let mut elements = data.values::<T>()?.into_owned();
        let updates = updates.values::<T>()?;
        let combine = |x: T, y: T| match self {
            ScatterFn::Replace => y,
            ScatterFn::Add => x.add(y),
            ScatterFn::Mul => x.mul(y),
            ScatterFn::Max => {
                if x < y {
                    y
                } else {
                    x
                }
            }
            ScatterFn::Min => {
                if y < x {
                    y
                } else {
                    x
                }
            }
        };
        if len > 0 {
            for (update, part) in updates.chunks_exact(len).zip(parts) {
                elements[part * len..][..len].iter_mut().zip(update).for_each(|(x, &y)| *x = combine(*x, y));
            }
        }
        Ok(Tensor::from_vec(data.dims(), elements)?)
    }
}
