//! Broadcasting as NumPy and ONNX define it: shapes are aligned at their last dimension, and a dimension of 1, or
//! one that is missing, is repeated.

use crate::{Dim, InferError, Shape};

/// The shape that both operands broadcast to.
pub(super) fn broadcast(a: &Shape, b: &Shape) -> Result<Shape, InferError> {
    let rank = a.rank().max(b.rank());
    let dim = |shape: &Shape, i: usize| -> Dim {
        let missing = rank - shape.rank();
        if i < missing { Dim::Fixed(1) } else { shape.0[i - missing].clone() }
    };
    (0..rank)
        .map(|i| match (dim(a, i), dim(b, i)) {
            (x, y) if x == y => Ok(x),
            (x, Dim::Fixed(1)) => Ok(x),
            (Dim::Fixed(1), y) => Ok(y),
            (_, _) => Err(InferError::Shape(format!("shapes {a} and {b} do not broadcast to one"))),
        })
        .collect::<Result<Vec<_>, _>>()
        .map(Shape)
}

/// For each element of a result of shape `dims`, row-major, the index of the element of an operand of shape
/// `operand` that is broadcast to it.
pub(super) fn indices(operand: &[usize], dims: &[usize]) -> impl Iterator<Item = usize> + Clone {
    let missing = dims.len().saturating_sub(operand.len());
    let mut strides = vec![0usize; dims.len()];
    let mut stride = 1;
    for (i, &size) in operand.iter().enumerate().rev() {
        if size != 1 {
            strides[missing + i] = stride;
        }
        stride = stride.saturating_mul(size); // large only where there are no elements at all
    }
    Odometer { dims: dims.to_vec(), strides, counter: vec![0; dims.len()], at: 0, left: dims.iter().product() }
}

/// Counts through `dims`, and keeps the dot product of counter and strides.
#[derive(Clone)]
struct Odometer {
    dims: Vec<usize>,
    strides: Vec<usize>,
    counter: Vec<usize>,
    at: usize,
    left: usize,
}

impl Iterator for Odometer {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let current = self.at;
        for i in (0..self.dims.len()).rev() {
            self.counter[i] += 1;
            self.at += self.strides[i];
            if self.counter[i] < self.dims[i] {
                break;
            }
            self.at -= self.strides[i] * self.dims[i];
            self.counter[i] = 0;
        }
        Some(current)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}
