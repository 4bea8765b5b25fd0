//! Tensors: immutable, reference-counted arrays of elements.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;

use crate::{DType, Element, Shape, Type};

/// An n-dimensional array. Cloning shares the bytes; a slice of a model file serves as storage without a copy.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    dtype: DType,
    dims: Arc<[usize]>,
    bytes: Bytes,
}

/// Why bytes are not the tensor they were said to be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TensorError {
    /// The number of bytes is not what the shape asks for.
    #[error("{dtype}{dims:?} takes {expected} bytes, but there are {found}")]
    Length {
        /// The element type.
        dtype: DType,
        /// The dimensions.
        dims: Vec<usize>,
        /// The bytes these take.
        expected: usize,
        /// The bytes given.
        found: usize,
    },
    /// The shape's size overflows the address space.
    #[error("{dtype}{dims:?} is larger than the address space")]
    TooLarge {
        /// The element type.
        dtype: DType,
        /// The dimensions.
        dims: Vec<usize>,
    },
    /// The elements are of another type than was asked for.
    #[error("the elements are {found}, not {expected}")]
    DType {
        /// The type asked for.
        expected: DType,
        /// The type stored.
        found: DType,
    },
}

/// A vector of elements as an owner of bytes, so that it becomes a tensor's storage as it is.
struct ElementVec<T>(Vec<T>);

impl<T: Element> AsRef<[u8]> for ElementVec<T> {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

impl Tensor {
    /// A tensor of the given bytes: row-major, little-endian, of any alignment.
    ///
    /// # Errors
    /// If the number of bytes is not what type and shape ask for.
    pub fn new(dtype: DType, dims: &[usize], bytes: Bytes) -> Result<Self, TensorError> {
        let expected = n_bytes(dtype, dims)?;
        if expected != bytes.len() {
            return Err(TensorError::Length { dtype, dims: dims.to_vec(), expected, found: bytes.len() });
        }
        Ok(Tensor { dtype, dims: dims.into(), bytes })
    }

    /// A tensor of the given elements, row-major; the vector becomes its storage.
    ///
    /// # Errors
    /// If the number of elements is not the product of `dims`.
    pub fn from_vec<T: Element>(dims: &[usize], mut elements: Vec<T>) -> Result<Self, TensorError> {
        if cfg!(target_endian = "big") {
            elements.iter_mut().for_each(|element| *element = element.to_le());
        }
        Tensor::new(T::DTYPE, dims, Bytes::from_owner(ElementVec(elements)))
    }

    /// A tensor of truth values, row-major.
    ///
    /// # Errors
    /// If the number of elements is not the product of `dims`.
    pub fn from_bools(dims: &[usize], elements: &[bool]) -> Result<Self, TensorError> {
        Tensor::new(DType::Bool, dims, elements.iter().map(|&b| u8::from(b)).collect())
    }

    /// A tensor without dimensions.
    pub fn scalar<T: Element>(value: T) -> Self {
        Tensor { dtype: T::DTYPE, dims: [].into(), bytes: Bytes::copy_from_slice(bytemuck::bytes_of(&value.to_le())) }
    }

    /// The type of its elements.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Its dimensions, outermost first.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// Its element type and dimensions.
    pub fn ty(&self) -> Type {
        Type::new(self.dtype, Shape(self.dims.iter().map(|&n| (n as u64).into()).collect()))
    }

    /// The number of its elements.
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its bytes: row-major, little-endian. Cloning them copies nothing.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Its elements, row-major. Borrowed where the bytes are aligned as `T` asks, else copied.
    ///
    /// # Errors
    /// If its elements are not of type `T`.
    pub fn values<T: Element>(&self) -> Result<Cow<'_, [T]>, TensorError> {
        if self.dtype != T::DTYPE {
            return Err(TensorError::DType { expected: T::DTYPE, found: self.dtype });
        }
        if cfg!(target_endian = "little")
            && let Ok(elements) = bytemuck::try_cast_slice(&self.bytes)
        {
            return Ok(Cow::Borrowed(elements));
        }
        Ok(Cow::Owned(self.bytes.chunks_exact(size_of::<T>()).map(T::from_le).collect()))
    }

    /// Its elements as truth values: a byte other than 0 is true.
    ///
    /// # Errors
    /// If its elements are not `bool`.
    pub fn bools(&self) -> Result<impl ExactSizeIterator<Item = bool> + '_, TensorError> {
        if self.dtype != DType::Bool {
            return Err(TensorError::DType { expected: DType::Bool, found: self.dtype });
        }
        Ok(self.bytes.iter().map(|&byte| byte != 0))
    }

    /// The same elements, in the same order, under other dimensions; no copy.
    ///
    /// # Errors
    /// If the number of elements differs.
    pub fn reshaped(&self, dims: &[usize]) -> Result<Self, TensorError> {
        Tensor::new(self.dtype, dims, self.bytes.clone())
    }

    /// A digest of type, shape and bytes: equal tensors have equal digests. Not cryptographic.
    pub fn digest(&self) -> u64 {
        let seed = self.ty().to_string();
        twox_hash::XxHash3_64::oneshot_with_seed(twox_hash::XxHash3_64::oneshot(seed.as_bytes()), &self.bytes)
    }
}

/// The bytes of that many elements. An empty tensor's other dimensions must be of a size too, so that products of
/// some of the dimensions don't overflow either.
fn n_bytes(dtype: DType, dims: &[usize]) -> Result<usize, TensorError> {
    let too_large = || TensorError::TooLarge { dtype, dims: dims.to_vec() };
    let bound = dims.iter().try_fold(dtype.size(), |n, &dim| n.checked_mul(dim.max(1))).ok_or_else(too_large)?;
    isize::try_from(bound).map_err(|_| too_large())?;
    Ok(if dims.contains(&0) { 0 } else { bound })
}
