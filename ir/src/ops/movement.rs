//! Moving elements without looking at them: one piece of code for all element types.

use crate::{DType, EvalError, InferError, Tensor, TensorError, Type};

/// Collects elements of one type, by their bytes, into a tensor.
pub(super) struct Mover {
    dtype: DType,
    dims: Vec<usize>,
    bytes: Vec<u8>,
}

impl Mover {
    /// An empty one, with room for that tensor.
    ///
    /// # Errors
    /// If there is not enough memory.
    pub(super) fn new(dtype: DType, dims: &[usize]) -> Result<Self, EvalError> {
        let too_large = || TensorError::TooLarge { dtype, dims: dims.to_vec() };
        let n_bytes = dims.iter().try_fold(dtype.size(), |n, &dim| n.checked_mul(dim)).ok_or_else(too_large)?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(n_bytes).map_err(|_| too_large())?;
        Ok(Mover { dtype, dims: dims.to_vec(), bytes })
    }

    /// Whether the tensor has no elements, so that nothing is to be appended.
    pub(super) fn is_done(&self) -> bool {
        self.dims.contains(&0)
    }

    /// Appends `len` elements that lie one behind the other, from `start` on.
    pub(super) fn run(&mut self, from: &Tensor, start: usize, len: usize) {
        let size = self.dtype.size();
        self.bytes.extend_from_slice(&from.bytes()[start * size..][..len * size]);
    }

    /// Appends `len` elements that lie `step` apart, from `start` on.
    fn strided(&mut self, from: &Tensor, start: usize, step: isize, len: usize) {
        match (step, self.dtype.size()) {
            (1, _) => self.run(from, start, len),
            (_, 1) => self.elements::<1>(from, start, step, len),
            (_, 2) => self.elements::<2>(from, start, step, len),
            (_, 4) => self.elements::<4>(from, start, step, len),
            (_, 8) => self.elements::<8>(from, start, step, len),
            (_, _) => (0..len).for_each(|i| self.run(from, offset(start, step, i), 1)),
        }
    }

    /// As `strided`, for elements of `SIZE` bytes: of a known size, they are copied without a call.
    fn elements<const SIZE: usize>(&mut self, from: &Tensor, start: usize, step: isize, len: usize) {
        let (elements, _) = from.bytes().as_chunks::<SIZE>();
        (0..len).for_each(|i| self.bytes.extend_from_slice(&elements[offset(start, step, i)]));
    }

    /// Appends rows of elements: so many of each and so far apart, from `start` on.
    fn rows(&mut self, from: &Tensor, start: usize, rows: (usize, isize), columns: (usize, isize)) {
        match self.dtype.size() {
            1 => self.tiles::<1>(from, start, rows, columns),
            2 => self.tiles::<2>(from, start, rows, columns),
            4 => self.tiles::<4>(from, start, rows, columns),
            8 => self.tiles::<8>(from, start, rows, columns),
            _ => (0..rows.0).for_each(|i| self.strided(from, offset(start, rows.1, i), columns.1, columns.0)),
        }
    }

    /// As `rows`, for elements of `SIZE` bytes, a square after another: where elements of a row are far apart and rows
    /// are not, each part of memory is met once.
    fn tiles<const SIZE: usize>(
        &mut self,
        from: &Tensor,
        start: usize,
        (n_rows, row): (usize, isize),
        (n_columns, column): (usize, isize),
    ) {
        let first = self.bytes.len();
        self.bytes.resize(first + n_rows * n_columns * SIZE, 0);
        let (elements, _) = from.bytes().as_chunks::<SIZE>();
        let (targets, _) = self.bytes[first..].as_chunks_mut::<SIZE>();
        for top in (0..n_rows).step_by(TILE) {
            for left in (0..n_columns).step_by(TILE) {
                for i in top..n_rows.min(top + TILE) {
                    let corner = offset(start, row, i);
                    for j in left..n_columns.min(left + TILE) {
                        targets[i * n_columns + j] = elements[offset(corner, column, j)];
                    }
                }
            }
        }
    }

    /// The tensor.
    ///
    /// # Errors
    /// If more or fewer elements than it takes were appended.
    pub(super) fn finish(self) -> Result<Tensor, EvalError> {
        Ok(Tensor::new(self.dtype, &self.dims, self.bytes.into())?)
    }
}

fn offset(start: usize, step: isize, i: usize) -> usize {
    start.wrapping_add_signed(step.wrapping_mul(i as isize))
}

/// The side of a square of elements that is copied at once.
const TILE: usize = 32;

/// A walk through a tensor's elements: along each dimension so many of them, so far apart.
pub(super) struct Walk {
    /// The first element.
    pub(super) start: usize,
    /// How many elements and how far apart in the tensor, for each dimension from the outermost.
    pub(super) steps: Vec<(usize, isize)>,
}

impl Walk {
    /// The elements met, as a tensor of the shape `dims`, which has as many.
    ///
    /// # Errors
    /// If it hasn't, or there is not enough memory.
    pub(super) fn copy(&self, from: &Tensor, dims: &[usize]) -> Result<Tensor, EvalError> {
        let mut mover = Mover::new(from.dtype(), dims)?;
        if mover.is_done() {
            return mover.finish();
        }
        let mut steps = self.merged();
        let columns = steps.pop().unwrap_or((1, 1));
        // Rows that lie closer than their elements are copied by squares; other rows one by one.
        let rows = steps.pop_if(|rows| rows.1.unsigned_abs() < columns.1.unsigned_abs());
        let mut counter = vec![0usize; steps.len()];
        let mut at = self.start;
        loop {
            match rows {
                Some(rows) => mover.rows(from, at, rows, columns),
                None => mover.strided(from, at, columns.1, columns.0),
            }
            let advanced = steps.iter().zip(&mut counter).rev().any(|(&(size, step), count)| {
                *count = (*count + 1) % size;
                at = if *count > 0 { offset(at, step, 1) } else { offset(at, -step, size - 1) };
                *count > 0
            });
            if !advanced {
                return mover.finish();
            }
        }
    }

    /// The same walk with dimensions that continue each other made one, and none of a single element.
    fn merged(&self) -> Vec<(usize, isize)> {
        let mut merged: Vec<(usize, isize)> = Vec::new();
        for &(size, step) in self.steps.iter().filter(|(size, _)| *size != 1) {
            match merged.last_mut() {
                Some(outer) if outer.1 == step.wrapping_mul(size as isize) => *outer = (outer.0 * size, step),
                Some(_) | None => merged.push((size, step)),
            }
        }
        merged
    }
}

/// How far apart elements are along each dimension of a tensor that is not empty.
pub(super) fn strides(dims: &[usize]) -> Vec<isize> {
    let mut strides = vec![1isize; dims.len()];
    for i in (1..dims.len()).rev() {
        // The bytes of a tensor are at most isize::MAX, and so are its strides, unless it has no elements at all.
        strides[i - 1] = strides[i].wrapping_mul(dims[i] as isize);
    }
    strides
}

/// Checks that an axis is one of an operand's dimensions.
pub(super) fn check_axis(axis: usize, ty: &Type) -> Result<(), InferError> {
    let rank = ty.shape.rank();
    if axis < rank {
        return Ok(());
    }
    Err(InferError::Attribute { name: "axis", problem: format!("is {axis}, but the operand has {rank} dimensions") })
}

/// Checks that operands have elements of one type, whichever.
pub(super) fn check_same_dtype(first: usize, operands: &[&Type]) -> Result<(), InferError> {
    let dtype = operands[first].dtype;
    match operands.iter().enumerate().skip(first).find(|(_, ty)| ty.dtype != dtype) {
        Some((operand, ty)) => Err(InferError::DType { operand, expected: dtype.to_string(), found: ty.dtype }),
        None => Ok(()),
    }
}
