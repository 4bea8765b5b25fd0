//! Codebooks: tensors whose elements are few numbers, used again and again.

use bytes::Bytes;
use thiserror::Error;

use crate::{DType, Tensor};

/// Elements as a codebook and codes: element `i` is `codebook[codes[i]]`. It is what a compressed file says of a weight,
/// and what a kernel may look it up in.
#[derive(Debug, Clone, PartialEq)]
pub struct Coded {
    codes: Tensor,
    codebook: Tensor,
}

/// Why codes and a codebook do not make a tensor.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CodedError {
    /// The codes are no bytes.
    #[error("codes are u8, not {0}")]
    Codes(DType),
    /// The codebook is no list.
    #[error("a codebook has one dimension, not {0}")]
    Codebook(usize),
    /// A code is beyond the codebook.
    #[error("element {element} has the code {code}, but the codebook has {n_entries} entries")]
    Code {
        /// The first element whose code it is, row-major.
        element: usize,
        /// The code.
        code: u8,
        /// The codebook's entries.
        n_entries: usize,
    },
}

impl Coded {
    /// The numbers that each byte of `codes` picks of `codebook`, which has one dimension. The elements have the dimensions
    /// of the codes and the codebook's type.
    ///
    /// # Errors
    /// If the codes are no `u8`, the codebook has other dimensions, or a code picks nothing.
    pub fn new(codes: Tensor, codebook: Tensor) -> Result<Self, CodedError> {
        if codes.dtype() != DType::U8 {
            return Err(CodedError::Codes(codes.dtype()));
        }
        let &[n_entries] = codebook.dims() else { return Err(CodedError::Codebook(codebook.dims().len())) };
        match codes.bytes().iter().enumerate().find(|&(_, &code)| usize::from(code) >= n_entries) {
            Some((element, &code)) => Err(CodedError::Code { element, code, n_entries }),
            None => Ok(Coded { codes, codebook }),
        }
    }

    /// The code of each element.
    pub fn codes(&self) -> &Tensor {
        &self.codes
    }

    /// What the codes stand for.
    pub fn codebook(&self) -> &Tensor {
        &self.codebook
    }

    /// The elements themselves.
    pub fn decode(&self) -> Tensor {
        let dtype = self.codebook.dtype();
        let entries: Vec<&[u8]> = self.codebook.bytes().chunks_exact(dtype.size()).collect();
        let mut bytes = Vec::with_capacity(self.codes.len() * dtype.size());
        for &code in self.codes.bytes() {
            bytes.extend_from_slice(entries[usize::from(code)]);
        }
        Tensor::new(dtype, self.codes.dims(), Bytes::from(bytes)).expect("there is an element for each code")
    }

    /// The same under other dimensions; `None` if the number of elements differs.
    pub(crate) fn reshaped(&self, dims: &[usize]) -> Option<Self> {
        Some(Coded { codes: self.codes.reshaped(dims).ok()?, codebook: self.codebook.clone() })
    }
}
