use std::cmp::Ordering;

use super::movement::{Mover, check_axis};
use super::window::fixed;
use crate::attr::attributes;
use crate::dtype::with_number;
use crate::op::{Arity, InferError, Operator};
use crate::{DType, Dim, Element, EvalError, Tensor, Type};

crate::attr::words! {
    /// Which of equal elements comes first in [`TopK`].
    Ties {
        /// The one with the lowest index, as in ONNX
        Lowest = "lowest",
        /// The one with the highest index, as in Caffe
        Highest = "highest",
    }
}

/// The largest or smallest elements along one dimension, best first, as ONNX's TopK and Caffe's ArgMax. NaN counts
/// as larger than every number.
///
/// One operand of numbers; the dimension's size must be known. Results: the elements, and their indices (i64), of
/// the operand's shape with `k` in that dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct TopK {
    /// The dimension.
    pub axis: usize,
    /// How many elements.
    pub k: usize,
    /// Whether the largest ones are wanted, or the smallest.
    pub largest: bool,
    /// Which of equal elements comes first.
    pub ties: Ties,
}

impl Operator for TopK {
    const MNEMONICS: &'static [&'static str] = &["top_k"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let x = operands[0];
        let dtype = x.dtype;
        if !dtype.is_number() {
            return Err(InferError::DType { operand: 0, expected: "numbers".to_owned(), found: dtype });
        }
        check_axis(self.axis, x)?;
        let size = fixed(0, x, self.axis)?;
        if self.k > size {
            let problem = format!("is {}, but dimension {} has {size} elements", self.k, self.axis);
            return Err(InferError::Attribute { name: "k", problem });
        }
        let mut shape = x.shape.clone();
        shape.0[self.axis] = Dim::Fixed(self.k as u64);
        Ok(vec![Type::new(dtype, shape.clone()), Type::new(DType::I64, shape)])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        with_number!(operands[0].dtype(), T => self.pick::<T>(operands[0]))
    }

    attributes!(axis, k, largest, ties);
}

impl TopK {
    fn pick<T: Element>(&self, x: &Tensor) -> Result<Vec<Tensor>, EvalError> {
        let mut dims = x.dims().to_vec();
        let size = std::mem::replace(&mut dims[self.axis], self.k);
        let mut values = Mover::new(x.dtype(), &dims)?;
        let mut indices = Vec::new();
        if !values.is_done() {
            let xs = x.values::<T>()?;
            let inner: usize = dims[self.axis + 1..].iter().product();
            for block in 0..xs.len() / (size * inner) {
                let start = block * size * inner;
                let columns: Vec<_> = (0..inner).map(|i| self.best(&xs[start + i..], inner, size)).collect();
                for rank in 0..self.k {
                    for (i, column) in columns.iter().enumerate() {
                        values.run(x, start + column[rank] * inner + i, 1);
                        indices.push(column[rank] as i64);
                    }
                }
            }
        }
        Ok(vec![values.finish()?, Tensor::from_vec(&dims, indices)?])
    }

    /// The indices of the best of `size` elements that lie `stride` apart, best first.
    fn best<T: Element>(&self, xs: &[T], stride: usize, size: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_unstable_by(|&i, &j| {
            let (x, y) = (xs[i * stride], xs[j * stride]);
            let by_value = if self.largest { compare(y, x) } else { compare(x, y) };
            by_value.then_with(|| match self.ties {
                Ties::Lowest => i.cmp(&j),
                Ties::Highest => j.cmp(&i),
            })
        });
        order.truncate(self.k);
        order
    }
}

/// A total order in which -0 equals 0, and NaN is above all numbers.
fn compare<T: Element>(x: T, y: T) -> Ordering {
    let is_nan = |x: T| x.partial_cmp(&x).is_none();
    x.partial_cmp(&y).unwrap_or_else(|| is_nan(x).cmp(&is_nan(y)))
}
