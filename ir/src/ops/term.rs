//! What sums of products are made of: convolutions and products of matrices, whatever their elements.

use std::borrow::Cow;
use std::num::Wrapping;
use std::ops::{AddAssign, Mul};

use super::float::{from_f64, to_f32};
use crate::{DType, Element, EvalError, InferError, Tensor, Type};

/// An element that sums of products are read from: f32, which f16 and bf16 are widened to, f64, an integer of 32 or
/// 64 bits; or, of quantized ops only, an i16: a byte less its zero point.
pub(super) trait Term: Element {
    /// What products are summed in: f64 for floats; integers wrap.
    type Sum: Copy + Default + AddAssign + Mul<Output = Self::Sum>;

    /// The elements, borrowed where they are stored as this type.
    fn read(tensor: &Tensor) -> Result<Cow<'_, [Self]>, EvalError>;

    /// The element as a sum.
    fn widen(self) -> Self::Sum;

    /// A tensor of sums, rounded once to `dtype`.
    fn tensor(dtype: DType, dims: &[usize], sums: Vec<Self::Sum>) -> Result<Tensor, EvalError>;
}

impl Term for f32 {
    type Sum = f64;

    fn read(tensor: &Tensor) -> Result<Cow<'_, [f32]>, EvalError> {
        to_f32(tensor)
    }

    fn widen(self) -> f64 {
        f64::from(self)
    }

    fn tensor(dtype: DType, dims: &[usize], sums: Vec<f64>) -> Result<Tensor, EvalError> {
        from_f64(dtype, dims, sums.into_iter())
    }
}

impl Term for f64 {
    type Sum = f64;

    fn read(tensor: &Tensor) -> Result<Cow<'_, [f64]>, EvalError> {
        Ok(tensor.values()?)
    }

    fn widen(self) -> f64 {
        self
    }

    fn tensor(_: DType, dims: &[usize], sums: Vec<f64>) -> Result<Tensor, EvalError> {
        Ok(Tensor::from_vec(dims, sums)?)
    }
}

macro_rules! integer_terms {
    ($($rust:ty),*) => {$(
        impl Term for $rust {
            type Sum = Wrapping<$rust>;

            fn read(tensor: &Tensor) -> Result<Cow<'_, [$rust]>, EvalError> {
                Ok(tensor.values()?)
            }

            fn widen(self) -> Wrapping<$rust> {
                Wrapping(self)
            }

            fn tensor(_: DType, dims: &[usize], sums: Vec<Wrapping<$rust>>) -> Result<Tensor, EvalError> {
                Ok(Tensor::from_vec(dims, sums.into_iter().map(|sum| sum.0).collect())?)
            }
        }
    )*};
}

integer_terms!(i32, i64, u32, u64);

impl Term for i16 {
    type Sum = Wrapping<i32>;

    fn read(tensor: &Tensor) -> Result<Cow<'_, [i16]>, EvalError> {
        Ok(tensor.values()?)
    }

    fn widen(self) -> Wrapping<i32> {
        Wrapping(i32::from(self))
    }

    fn tensor(_: DType, dims: &[usize], sums: Vec<Wrapping<i32>>) -> Result<Tensor, EvalError> {
        Ok(Tensor::from_vec(dims, sums.into_iter().map(|sum| sum.0).collect())?)
    }
}

/// `with_term!(dtype, T => result)`: the result with `T` the term that elements of that type are read as.
macro_rules! with_term {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $crate::ops::term::Kind::of($dtype) {
            Some($crate::ops::term::Kind::Single) => {
                type $T = f32;
                $body
            }
            Some($crate::ops::term::Kind::Double) => {
                type $T = f64;
                $body
            }
            Some($crate::ops::term::Kind::I32) => {
                type $T = i32;
                $body
            }
            Some($crate::ops::term::Kind::I64) => {
                type $T = i64;
                $body
            }
            Some($crate::ops::term::Kind::U32) => {
                type $T = u32;
                $body
            }
            Some($crate::ops::term::Kind::U64) => {
                type $T = u64;
                $body
            }
            None => Err($crate::EvalError::DType($dtype)),
        }
    };
}

pub(super) use with_term;

/// Which term elements are read as.
pub(super) enum Kind {
    Single,
    Double,
    I32,
    I64,
    U32,
    U64,
}

impl Kind {
    pub(super) fn of(dtype: DType) -> Option<Self> {
        if dtype.is_float() {
            return Some(if dtype == DType::F64 { Kind::Double } else { Kind::Single });
        }
        let integers =
            [(DType::I32, Kind::I32), (DType::I64, Kind::I64), (DType::U32, Kind::U32), (DType::U64, Kind::U64)];
        integers.into_iter().find_map(|(integer, kind)| (integer == dtype).then_some(kind))
    }
}

/// Checks that all operands have the same element type, one that sums of products are made of, and returns it.
pub(super) fn same_term(operands: &[&Type]) -> Result<DType, InferError> {
    let dtype = operands[0].dtype;
    if Kind::of(dtype).is_none() {
        let expected = "floats or integers of 32 or 64 bits".to_owned();
        return Err(InferError::DType { operand: 0, expected, found: dtype });
    }
    super::movement::check_same_dtype(0, operands)?;
    Ok(dtype)
}
