use half::f16;

use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{DType, Element, EvalError, Tensor, Type};

/// Converts elements to another type, as ONNX's Cast.
///
/// One operand of any type; the result has its shape. Floating-point numbers become integers by truncation, limited
/// to the type's range (NaN becomes 0); integers wrap in a smaller type; numbers are rounded to the nearest
/// floating-point one. As truth values, all numbers but 0 are true; truth values become 0 and 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Cast {
    /// The result's element type.
    pub dtype: DType,
}

impl Operator for Cast {
    const MNEMONICS: &'static [&'static str] = &["cast"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        Ok(vec![Type::new(self.dtype, operands[0].shape.clone())])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let x = operands[0];
        if x.dtype() == self.dtype {
            return Ok(vec![x.clone()]);
        }
        let dims = x.dims();
        let result = match x.dtype() {
            DType::F32 => cast(&x.values::<f32>()?, dims, self.dtype),
            DType::F16 => cast(&x.values::<f16>()?, dims, self.dtype),
            DType::I8 => cast(&x.values::<i8>()?, dims, self.dtype),
            DType::U8 => cast(&x.values::<u8>()?, dims, self.dtype),
            DType::I32 => cast(&x.values::<i32>()?, dims, self.dtype),
            DType::I64 => cast(&x.values::<i64>()?, dims, self.dtype),
            DType::Bool => cast(&x.bools()?.map(u8::from).collect::<Vec<_>>(), dims, self.dtype),
        };
        Ok(vec![result?])
    }

    attributes!(dtype);
}

fn cast<S: Number>(xs: &[S], dims: &[usize], dtype: DType) -> Result<Tensor, EvalError> {
    match dtype {
        DType::F32 => convert::<S, f32>(xs, dims),
        DType::F16 => convert::<S, f16>(xs, dims),
        DType::I8 => convert::<S, i8>(xs, dims),
        DType::U8 => convert::<S, u8>(xs, dims),
        DType::I32 => convert::<S, i32>(xs, dims),
        DType::I64 => convert::<S, i64>(xs, dims),
        DType::Bool => Ok(Tensor::from_bools(dims, &xs.iter().map(|x| x.wide().is_true()).collect::<Vec<_>>())?),
    }
}

fn convert<S: Number, T: Number>(xs: &[S], dims: &[usize]) -> Result<Tensor, EvalError> {
    Ok(Tensor::from_vec(dims, xs.iter().map(|x| T::narrow(x.wide())).collect())?)
}

/// A number of any type, exactly.
#[derive(Clone, Copy)]
enum Wide {
    Int(i64),
    Real(f64),
}

impl Wide {
    fn is_true(self) -> bool {
        match self {
            Wide::Int(n) => n != 0,
            Wide::Real(x) => x != 0.0,
        }
    }
}

trait Number: Element {
    fn wide(self) -> Wide;
    fn narrow(wide: Wide) -> Self;
}

macro_rules! numbers {
    ($($rust:ty, $variant:ident($wide:ty), $from_int:expr, $from_real:expr;)*) => {$(
        impl Number for $rust {
            fn wide(self) -> Wide { Wide::$variant(<$wide>::from(self)) }
            fn narrow(wide: Wide) -> Self {
                match wide { Wide::Int(n) => $from_int(n), Wide::Real(x) => $from_real(x) }
            }
        }
    )*};
}

numbers! {
    f32, Real(f64), |n| n as f32, |x| x as f32;
    f16, Real(f64), |n| f16::from_f64(n as f64), f16::from_f64;
    i8, Int(i64), |n| n as i8, |x| x as i8;
    u8, Int(i64), |n| n as u8, |x| x as u8;
    i32, Int(i64), |n| n as i32, |x| x as i32;
    i64, Int(i64), |n| n, |x| x as i64;
}
