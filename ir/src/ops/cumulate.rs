use super::binary::Arithmetic;
use super::float::{from_f64, to_f64};
use super::movement::check_axis;
use crate::attr::attributes;
use crate::dtype::with_integer;
use crate::op::{Arity, InferError, Operator};
use crate::{Element, EvalError, Tensor, Type};

crate::attr::words! {
    /// What [`Cumulate`] makes of the elements up to one.
    CumulateFn {
        /// Their sum; integers wrap
        Sum = "sum",
        /// Their product; integers wrap
        Prod = "prod",
    }
}

/// Sums or products of all elements up to each one along a dimension, as ONNX's CumSum and CumProd.
///
/// One operand of numbers. Result: of its type.
#[derive(Debug, Clone, PartialEq)]
pub struct Cumulate {
    /// What is made of the elements.
    pub function: CumulateFn,
    /// The dimension.
    pub axis: usize,
    /// Whether the element itself is left out; the first result is 0 or 1 then.
    pub exclusive: bool,
    /// Whether the elements from each one to the end count, instead of those from the beginning.
    pub reverse: bool,
}

impl Operator for Cumulate {
    const MNEMONICS: &'static [&'static str] = &["cumulate"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let x = operands[0];
        check_axis(self.axis, x)?;
        if !x.dtype.is_number() {
            return Err(InferError::DType { operand: 0, expected: "numbers".to_owned(), found: x.dtype });
        }
        Ok(vec![x.clone()])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let x = operands[0];
        let result = if x.dtype().is_float() {
            let values = match self.function {
                CumulateFn::Sum => self.cumulate(&to_f64(x)?, x.dims(), 0.0, |sum, x| sum + x),
                CumulateFn::Prod => self.cumulate(&to_f64(x)?, x.dims(), 1.0, |product, x| product * x),
            };
            from_f64(x.dtype(), x.dims(), values.into_iter())
        } else {
            with_integer!(x.dtype(), T => self.integers::<T>(x, 1))
        };
        Ok(vec![result?])
    }

    attributes!(function, axis, exclusive, reverse);
}

impl Cumulate {
    fn integers<T: Arithmetic + Element>(&self, x: &Tensor, one: T) -> Result<Tensor, EvalError> {
        let values = match self.function {
            CumulateFn::Sum => self.cumulate(&x.values::<T>()?, x.dims(), T::default(), T::add),
            CumulateFn::Prod => self.cumulate(&x.values::<T>()?, x.dims(), one, T::mul),
        };
        Ok(Tensor::from_vec(x.dims(), values)?)
    }

    fn cumulate<T: Copy>(&self, xs: &[T], dims: &[usize], first: T, f: impl Fn(T, T) -> T) -> Vec<T> {
        let size = dims[self.axis];
        let inner: usize = dims[self.axis + 1..].iter().product();
        let mut result = xs.to_vec();
        if xs.is_empty() {
            return result;
        }
        for block in result.chunks_exact_mut(size * inner) {
            for i in 0..inner {
                let mut sum = first;
                for step in 0..size {
                    let along = if self.reverse { size - 1 - step } else { step };
                    let element = &mut block[along * inner + i];
                    let next = f(sum, *element);
                    *element = if self.exclusive { sum } else { next };
                    sum = next;
                }
            }
        }
        result
    }
}
