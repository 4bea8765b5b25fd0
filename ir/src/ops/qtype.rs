//! What the integers of a quantized value stand for.

use crate::op::InferError;
use crate::{Attr, AttrValue, DType, EvalError, Tensor};

crate::attr::words! {
    /// Which of two integers a number in the middle between them becomes.
    Rounding {
        /// The even one, as in ONNX
        Even = "even",
        /// The one farther from 0, as C's `round` and Ristretto
        Away = "away",
    }
}

impl Rounding {
    /// The nearest integer.
    pub fn round(self, x: f64) -> f64 {
        match self {
            Rounding::Even => x.round_ties_even(),
            Rounding::Away => x.round(),
        }
    }

    /// The nearest integer.
    pub fn round_f32(self, x: f32) -> f32 {
        match self {
            Rounding::Even => x.round_ties_even(),
            Rounding::Away => x.round(),
        }
    }
}

/// What the integers of a quantized value stand for: `q` is the number `(q − zero) * scale`. As text `u8(0.5, 128)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QType {
    /// The integers: u8 or i8.
    pub dtype: DType,
    /// What a step of 1 stands for: finite, and above 0.
    pub scale: f32,
    /// The integer that stands for 0.
    pub zero: i32,
}

impl QType {
    /// The least and the greatest of its integers.
    pub fn limits(self) -> [i32; 2] {
        if self.dtype == DType::I8 { [i8::MIN.into(), i8::MAX.into()] } else { [u8::MIN.into(), u8::MAX.into()] }
    }

    /// The number that an integer stands for, rounded to f32.
    pub fn real(self, q: i32) -> f32 {
        q.wrapping_sub(self.zero) as f32 * self.scale
    }

    /// The integer that a number divided by the scale becomes, within `limits`; the zero point of what is no number.
    pub fn integer(self, quotient: f32, rounding: Rounding, [low, high]: [i32; 2]) -> i32 {
        if quotient.is_nan() {
            return self.zero.max(low).min(high);
        }
        // Where this sum isn't exact, it is beyond the limits. Conversion saturates.
        let shifted = rounding.round_f32(quotient) + self.zero as f32;
        (shifted as i32).max(low).min(high)
    }

    /// Checks that it can be, as the attribute `name`.
    pub(super) fn check(self, name: &'static str) -> Result<(), InferError> {
        let [low, high] = self.limits();
        let problem = if !matches!(self.dtype, DType::U8 | DType::I8) {
            format!("has elements of type {}, but should have u8 or i8", self.dtype)
        } else if !(self.scale.is_finite() && self.scale > 0.0) {
            format!("has a scale of {:?}, but should have one above 0", self.scale)
        } else if !(low..=high).contains(&self.zero) {
            format!("has a zero point of {}, which is no {}", self.zero, self.dtype)
        } else {
            return Ok(());
        };
        Err(InferError::Attribute { name, problem })
    }

    /// The numbers that a tensor's integers stand for.
    pub(super) fn dequantize(self, tensor: &Tensor) -> Result<Tensor, EvalError> {
        let table: Vec<f32> = (0..=u8::MAX).map(|byte| self.real(integer_of(self.dtype, byte))).collect();
        let reals = tensor.bytes().iter().map(|&byte| table[usize::from(byte)]).collect();
        Ok(Tensor::from_vec(tensor.dims(), reals)?)
    }

    /// A tensor of integers of this type, each in its range.
    pub(super) fn tensor(self, dims: &[usize], integers: impl Iterator<Item = i32>) -> Result<Tensor, EvalError> {
        Ok(Tensor::new(self.dtype, dims, integers.map(|q| q as u8).collect::<Vec<u8>>().into())?)
    }
}

/// The integer of type u8 or i8 that is stored so.
pub(super) fn integer_of(dtype: DType, byte: u8) -> i32 {
    if dtype == DType::I8 { i32::from(byte.cast_signed()) } else { i32::from(byte) }
}

impl AttrValue for QType {
    const EXPECTED: &'static str = "an element type with its scale and zero point, as `u8(0.5, 128)`";

    fn to_attr(&self) -> Attr {
        let parameters = vec![Attr::Float(self.scale), Attr::Int(self.zero.into())];
        Attr::Call(self.dtype.name().to_owned(), parameters)
    }

    fn from_attr(attr: &Attr) -> Option<Self> {
        let Attr::Call(word, parameters) = attr else { return None };
        let [scale, Attr::Int(zero)] = parameters.as_slice() else { return None };
        Some(QType { dtype: DType::from_name(word)?, scale: scale.number()?, zero: i32::try_from(*zero).ok()? })
    }
}

impl AttrValue for Vec<QType> {
    const EXPECTED: &'static str = "a list of element types with their scales and zero points, as `[u8(0.5, 128)]`";

    fn to_attr(&self) -> Attr {
        crate::attr::list_to_attr(self)
    }

    fn from_attr(attr: &Attr) -> Option<Self> {
        crate::attr::list_from_attr(attr)
    }
}
