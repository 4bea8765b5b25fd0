//! Floating-point operands, whatever they are stored as.

use std::borrow::Cow;

use half::{bf16, f16};

use super::Cast;
use crate::dtype::{Float, with_float};
use crate::op::Operator;
use crate::{DType, EvalError, InferError, Tensor, Type};

/// The elements as f32: borrowed if they are, widened from f16 and bf16.
pub(super) fn to_f32(tensor: &Tensor) -> Result<Cow<'_, [f32]>, EvalError> {
    if tensor.dtype() == DType::F16 {
        Ok(Cow::Owned(tensor.values::<f16>()?.iter().map(|x| x.to_f32()).collect()))
    } else if tensor.dtype() == DType::BF16 {
        Ok(Cow::Owned(tensor.values::<bf16>()?.iter().map(|x| x.to_f32()).collect()))
    } else {
        Ok(tensor.values::<f32>()?)
    }
}

/// The elements as f64, which every floating-point number is: borrowed if they are, else widened.
pub(super) fn to_f64(tensor: &Tensor) -> Result<Cow<'_, [f64]>, EvalError> {
    if tensor.dtype() == DType::F64 {
        return Ok(tensor.values::<f64>()?);
    }
    with_float!(tensor.dtype(), T => Ok(Cow::Owned(tensor.values::<T>()?.iter().map(|&x| x.to_f64()).collect())))
}

/// The elements of any type as f64: exactly, but for integers beyond 2⁵³.
pub(super) fn numbers(tensor: &Tensor) -> Result<Cow<'_, [f64]>, EvalError> {
    if tensor.dtype().is_float() {
        return to_f64(tensor);
    }
    let wide = Cast::to(DType::F64).eval(&[tensor])?;
    Ok(Cow::Owned(wide[0].values::<f64>()?.into_owned()))
}

/// A tensor of the floating-point type `dtype`, rounded to it once.
pub(super) fn from_f64(dtype: DType, dims: &[usize], values: impl Iterator<Item = f64>) -> Result<Tensor, EvalError> {
    with_float!(dtype, T => Ok(Tensor::from_vec(dims, values.map(T::from_f64).collect())?))
}

/// Checks that all operands have the same floating-point type, and returns it.
pub(super) fn same_float(operands: &[&Type]) -> Result<DType, InferError> {
    let dtype = operands[0].dtype;
    if !dtype.is_float() {
        return Err(InferError::DType { operand: 0, expected: "floats".to_owned(), found: dtype });
    }
    match operands.iter().position(|ty| ty.dtype != dtype) {
        Some(operand) => {
            Err(InferError::DType { operand, expected: dtype.to_string(), found: operands[operand].dtype })
        }
        None => Ok(dtype),
    }
}
