use half::{bf16, f16};

use super::broadcast::{broadcast, indices};
use crate::attr::AttrReader;
use crate::dtype::{Float, with_number};
use crate::op::{Arity, InferError, Operator};
use crate::{Attr, AttrError, DType, Element, EvalError, Tensor, Type};

/// An elementwise function of two operands of the same element type, broadcast to one shape. Comparisons give
/// `bool`, the others the operands' element type.
#[derive(Debug, Clone, PartialEq)]
pub struct Binary(pub BinaryFn);

crate::attr::words! {
    /// The functions of [`Binary`].
    BinaryFn {
        /// a + b; integers wrap
        Add = "add",
        /// a / b; integers round towards zero
        Div = "div",
        /// a > b
        Greater = "greater",
        /// The larger one
        Max = "max",
        /// The smaller one
        Min = "min",
        /// a b; integers wrap
        Mul = "mul",
        /// aᵇ
        Pow = "pow",
        /// a if a > 0, else a b: PReLU with slope b
        Prelu = "prelu",
        /// a − b; integers wrap
        Sub = "sub",
    }
}

impl Operator for Binary {
    const MNEMONICS: &'static [&'static str] = &[
        BinaryFn::Add.name(),
        BinaryFn::Div.name(),
        BinaryFn::Greater.name(),
        BinaryFn::Max.name(),
        BinaryFn::Min.name(),
        BinaryFn::Mul.name(),
        BinaryFn::Pow.name(),
        BinaryFn::Prelu.name(),
        BinaryFn::Sub.name(),
    ];

    fn mnemonic(&self) -> &'static str {
        self.0.name()
    }

    fn arity(&self) -> Arity {
        Arity::exactly(2)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let [a, b] = operands else { return Ok(Vec::new()) };
        if !a.dtype.is_number() {
            return Err(InferError::DType { operand: 0, expected: "a number".to_owned(), found: a.dtype });
        }
        if a.dtype != b.dtype {
            return Err(InferError::DType { operand: 1, expected: a.dtype.to_string(), found: b.dtype });
        }
        let dtype = if self.0 == BinaryFn::Greater { DType::Bool } else { a.dtype };
        Ok(vec![Type::new(dtype, broadcast(&a.shape, &b.shape)?)])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let [a, b] = operands else { return Ok(Vec::new()) };
        with_number!(a.dtype(), T => Ok(vec![eval::<T>(self.0, a, b)?]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attr)> {
        Vec::new()
    }

    fn read(mnemonic: &str, _: &mut AttrReader) -> Option<Result<Self, AttrError>> {
        BinaryFn::ALL.iter().copied().find(|f| f.name() == mnemonic).map(|f| Ok(Binary(f)))
    }
}

fn eval<T: Arithmetic>(function: BinaryFn, a: &Tensor, b: &Tensor) -> Result<Tensor, EvalError> {
    let shape = broadcast(&a.ty().shape, &b.ty().shape)?;
    let dims: Vec<usize> = shape.as_fixed().unwrap_or_default().iter().map(|&n| n as usize).collect();
    let (xs, ys) = (a.values::<T>()?, b.values::<T>()?);
    let pairs = indices(a.dims(), &dims).zip(indices(b.dims(), &dims)).map(|(i, j)| (xs[i], ys[j]));
    let map = |f: fn(T, T) -> T| -> Result<Tensor, EvalError> {
        Ok(Tensor::from_vec(&dims, pairs.clone().map(|(x, y)| f(x, y)).collect())?)
    };
    match function {
        BinaryFn::Add => map(T::add),
        BinaryFn::Div if ys.iter().any(|&y| T::is_zero_divisor(y)) => {
            Err(EvalError::Domain("integers are divided by zero".to_owned()))
        }
        BinaryFn::Div => map(T::div),
        BinaryFn::Greater => Ok(Tensor::from_bools(&dims, &pairs.map(|(x, y)| x > y).collect::<Vec<_>>())?),
        BinaryFn::Max => map(|x, y| if x < y { y } else { x }),
        BinaryFn::Min => map(|x, y| if y < x { y } else { x }),
        BinaryFn::Mul => map(T::mul),
        BinaryFn::Pow => map(T::pow),
        BinaryFn::Prelu => map(|x, y| if x > T::default() { x } else { T::mul(x, y) }),
        BinaryFn::Sub => map(T::sub),
    }
}

/// Arithmetic as a graph means it: integers wrap.
trait Arithmetic: Element + Default {
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    fn pow(self, other: Self) -> Self;
    fn is_zero_divisor(self) -> bool;
}

macro_rules! float_arithmetic {
    ($rust:ty) => {
        impl Arithmetic for $rust {
            fn add(self, other: Self) -> Self {
                self + other
            }
            fn sub(self, other: Self) -> Self {
                self - other
            }
            fn mul(self, other: Self) -> Self {
                self * other
            }
            fn div(self, other: Self) -> Self {
                self / other
            }
            fn pow(self, other: Self) -> Self {
                Self::from_f64(self.to_f64().powf(other.to_f64()))
            }
            fn is_zero_divisor(self) -> bool {
                false
            }
        }
    };
}

float_arithmetic!(f32);
float_arithmetic!(f64);
float_arithmetic!(f16);
float_arithmetic!(bf16);

macro_rules! integer_arithmetic {
    ($($rust:ty),*) => {$(
        impl Arithmetic for $rust {
            fn add(self, other: Self) -> Self { self.wrapping_add(other) }
            fn sub(self, other: Self) -> Self { self.wrapping_sub(other) }
            fn mul(self, other: Self) -> Self { self.wrapping_mul(other) }
            fn div(self, other: Self) -> Self { self.wrapping_div(other) }
            fn pow(self, other: Self) -> Self { u32::try_from(other).map_or(0, |n| self.wrapping_pow(n)) }
            fn is_zero_divisor(self) -> bool { self == 0 }
        }
    )*};
}

integer_arithmetic!(i8, i16, i32, i64, u8, u16, u32, u64);
