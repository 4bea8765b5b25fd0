//! Batches of items: put together, and taken apart.

use firebrick_ir::Tensor;

/// Tensors of the same rank, one behind the other along the first dimension.
///
/// # Errors
/// If there are none, they are scalars, or they differ in another dimension or in the type of their elements.
pub fn stack(parts: &[Tensor]) -> Result<Tensor, String> {
    let Some(first) = parts.first() else { return Err("there is nothing to stack".to_owned()) };
    let inner = first.dims().get(1..).ok_or("a scalar has no dimension to stack along")?;
    if parts.iter().any(|part| part.dims().get(1..) != Some(inner) || part.dtype() != first.dtype()) {
        return Err("its shape differs from batch to batch".to_owned());
    }
    if let [only] = parts {
        return Ok(only.clone());
    }
    let n_items: usize = parts.iter().map(|part| part.dims()[0]).sum();
    let dims: Vec<usize> = std::iter::once(n_items).chain(inner.iter().copied()).collect();
    let bytes: Vec<&[u8]> = parts.iter().map(|part| part.bytes().as_ref()).collect();
    Tensor::new(first.dtype(), &dims, bytes.concat().into()).map_err(|error| error.to_string())
}

/// A batch of `n` items of these, filled up with the last of them.
///
/// # Errors
/// As [`stack`].
pub fn stack_to(n: usize, mut items: Vec<Tensor>) -> Result<Tensor, String> {
    if let Some(last) = items.last().cloned() {
        items.resize(n.max(items.len()), last);
    }
    stack(&items)
}

/// The first `n` of a batch's items; a value that isn't of the batch is left as it is.
///
/// # Errors
/// If the batch does not have so many.
pub fn first_items(tensor: &Tensor, batch: usize, n: usize) -> Result<Tensor, String> {
    if n == batch || tensor.dims().first() != Some(&batch) {
        return Ok(tensor.clone());
    }
    if n > batch {
        return Err(format!("a batch of {batch} does not have {n} items"));
    }
    let mut dims = tensor.dims().to_vec();
    dims[0] = n;
    let item = tensor.bytes().len() / batch;
    Tensor::new(tensor.dtype(), &dims, tensor.bytes().slice(..item * n)).map_err(|error| error.to_string())
}
