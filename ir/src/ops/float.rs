//! Floating-point operands as f32, whatever they are stored as.

use std::borrow::Cow;

use half::f16;

use crate::{DType, EvalError, InferError, Tensor, Type};

/// The elements as f32: borrowed if they are, widened from f16.
pub(super) fn to_f32(tensor: &Tensor) -> Result<Cow<'_, [f32]>, EvalError> {
    match tensor.dtype() {
        DType::F32 => Ok(tensor.values::<f32>()?),
        DType::F16 => Ok(Cow::Owned(tensor.values::<f16>()?.iter().map(|x| x.to_f32()).collect())),
        dtype @ (DType::I8 | DType::U8 | DType::I32 | DType::I64 | DType::Bool) => Err(EvalError::DType(dtype)),
    }
}

/// A tensor of the type `dtype`, which is f32 or f16, rounded to it.
pub(super) fn from_f32(dtype: DType, dims: &[usize], values: Vec<f32>) -> Result<Tensor, EvalError> {
    match dtype {
        DType::F32 => Ok(Tensor::from_vec(dims, values)?),
        DType::F16 => Ok(Tensor::from_vec(dims, values.into_iter().map(f16::from_f32).collect())?),
        DType::I8 | DType::U8 | DType::I32 | DType::I64 | DType::Bool => Err(EvalError::DType(dtype)),
    }
}

/// A tensor of the type `dtype`, which is f32 or f16, rounded to it once.
pub(super) fn from_f64(dtype: DType, dims: &[usize], values: impl Iterator<Item = f64>) -> Result<Tensor, EvalError> {
    match dtype {
        DType::F32 => Ok(Tensor::from_vec(dims, values.map(|x| x as f32).collect())?),
        DType::F16 => Ok(Tensor::from_vec(dims, values.map(f16::from_f64).collect())?),
        DType::I8 | DType::U8 | DType::I32 | DType::I64 | DType::Bool => Err(EvalError::DType(dtype)),
    }
}

/// Checks that all operands have the same floating-point type, and returns it.
pub(super) fn same_float(operands: &[&Type]) -> Result<DType, InferError> {
    let dtype = operands[0].dtype;
    if !dtype.is_float() {
        return Err(InferError::DType { operand: 0, expected: "f32 or f16".to_owned(), found: dtype });
    }
    match operands.iter().position(|ty| ty.dtype != dtype) {
        Some(operand) => {
            Err(InferError::DType { operand, expected: dtype.to_string(), found: operands[operand].dtype })
        }
        None => Ok(dtype),
    }
}
