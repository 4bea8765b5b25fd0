//! Scales of quantized numbers: which of them an element has.

use super::movement::check_axis;
use crate::{Dim, InferError, Shape, Type};

/// How scales are laid out over a tensor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scales {
    /// The dimension that they differ along.
    pub(super) axis: usize,
    /// How many elements share one along `axis`; 0 if those of an index do.
    pub(super) block: usize,
}

impl Scales {
    /// Checks that a scale (operand 1) fits the values.
    pub(super) fn check(self, x: &Type, scale: &Type) -> Result<(), InferError> {
        if !scale.dtype.is_float() {
            return Err(InferError::DType { operand: 1, expected: "floats".to_owned(), found: scale.dtype });
        }
        if self.block == 0 && is_single(scale) {
            return Ok(());
        }
        check_axis(self.axis, x)?;
        let size = &x.shape.0[self.axis];
        let expected = if self.block == 0 { Shape(vec![size.clone()]) } else { self.blocks(x, size)? };
        if scale.shape != expected {
            return Err(InferError::Shape(format!("the scale is {}, but should be {expected}", scale.shape)));
        }
        Ok(())
    }

    /// The shape of scales that blocks have.
    fn blocks(self, x: &Type, size: &Dim) -> Result<Shape, InferError> {
        let size = size.fixed().ok_or(InferError::Symbolic { operand: 0, dim: self.axis })?;
        let mut shape = x.shape.clone();
        shape.0[self.axis] = Dim::Fixed(size.div_ceil(self.block as u64));
        Ok(shape)
    }

    /// For each element of values of shape `dims`, row-major, the index of its scale.
    pub(super) fn indices(self, dims: &[usize], scale: &[usize]) -> impl Iterator<Item = usize> + Clone {
        let is_single = self.block == 0 && scale.iter().product::<usize>() == 1;
        let size = dims.get(self.axis).copied().unwrap_or(1).max(1);
        let inner: usize = dims.iter().skip(self.axis + 1).product::<usize>().max(1);
        let n: usize = dims.iter().product();
        let Scales { block, .. } = self;
        (0..n).map(move |i| {
            let (outer, index, inside) = (i / (size * inner), i / inner % size, i % inner);
            match block {
                _ if is_single => 0,
                0 => index,
                block => (outer * size.div_ceil(block) + index / block) * inner + inside,
            }
        })
    }
}

/// Whether it is one number.
fn is_single(scale: &Type) -> bool {
    scale.shape.rank() <= 1 && scale.shape.n_elements() == Some(1)
}
