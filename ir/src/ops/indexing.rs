//! Indices that are operands: what gathers and scatters share.

use crate::{DType, Dim, EvalError, InferError, Shape, Tensor, Type};

/// Checks that an operand's elements can be indices.
pub(super) fn check_indices(operand: usize, ty: &Type) -> Result<(), InferError> {
    if matches!(ty.dtype, DType::I32 | DType::I64) {
        return Ok(());
    }
    Err(InferError::DType { operand, expected: "i32 or i64".to_owned(), found: ty.dtype })
}

/// The elements of a tensor of i32 or i64.
pub(super) fn integers(tensor: &Tensor) -> Result<Vec<i64>, EvalError> {
    if tensor.dtype() == DType::I32 {
        return Ok(tensor.values::<i32>()?.iter().map(|&n| i64::from(n)).collect());
    }
    Ok(tensor.values::<i64>()?.into_owned())
}

/// The element that an index means in a dimension of that size; a negative one counts from the end.
pub(super) fn place(index: i64, size: usize) -> Result<usize, EvalError> {
    let from_start = if index < 0 { i128::from(index) + size as i128 } else { i128::from(index) };
    match usize::try_from(from_start) {
        Ok(at) if at < size => Ok(at),
        Ok(_) | Err(_) => Err(EvalError::Domain(format!("index {index} is outside a dimension of {size}"))),
    }
}

/// Checks that indices of single elements (of an operand's elements along `axis`) are within the other dimensions.
pub(super) fn check_within(data: &Shape, indices: &Shape, axis: usize) -> Result<(), InferError> {
    let fits = |(i, (size, n)): (usize, (&Dim, &Dim))| {
        i == axis || size == n || matches!((size, n), (Dim::Fixed(size), Dim::Fixed(n)) if n <= size)
    };
    if data.rank() == indices.rank() && data.0.iter().zip(&indices.0).enumerate().all(fits) {
        return Ok(());
    }
    Err(InferError::Shape(format!("indices {indices} are not within {data}, dimension {axis} aside")))
}

/// Where in a tensor of the shape `dims` each element of one of the shape `within`, which is no larger but along
/// `axis`, is found: with the element of `indices` for the position along `axis`.
pub(super) fn element_places(
    dims: &[usize],
    within: &[usize],
    axis: usize,
    indices: &[i64],
) -> Result<Vec<usize>, EvalError> {
    let mut at = vec![0; within.len()];
    let mut places = Vec::with_capacity(indices.len());
    for &index in indices {
        let along = place(index, dims[axis])?;
        let offset = |place: usize, (i, &size): (usize, &usize)| place * size + if i == axis { along } else { at[i] };
        places.push(dims.iter().enumerate().fold(0, offset));
        advance(&mut at, within);
    }
    Ok(places)
}

/// The next position, row-major.
fn advance(at: &mut [usize], dims: &[usize]) {
    for (position, &size) in at.iter_mut().zip(dims).rev() {
        *position += 1;
        if *position < size {
            return;
        }
        *position = 0;
    }
}

/// The place of the parts that tuples of `k` indices mean in the dimensions `dims`: counted in parts.
pub(super) fn tuple_places(dims: &[usize], k: usize, indices: &[i64], n: usize) -> Result<Vec<usize>, EvalError> {
    let part = |tuple: usize| {
        let tuple = &indices[tuple * k..][..k];
        tuple.iter().zip(dims).try_fold(0, |at, (&index, &size)| Ok(at * size + place(index, size)?))
    };
    (0..n).map(part).collect()
}
