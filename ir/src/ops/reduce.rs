use super::broadcast::indices;
use super::float::{from_f64, to_f64};
use crate::attr::attributes;
use crate::dtype::with_integer;
use crate::op::{Arity, InferError, Operator};
use crate::{DType, Dim, Element, EvalError, Shape, Tensor, Type};

crate::attr::words! {
    /// What [`Reduce`] makes of many elements. Without any, sums are 0, a product is 1, a mean is NaN, and an extreme
    /// is the farthest value of the type.
    ReduceFn {
        /// Σ x; integers wrap
        Sum = "sum",
        /// Σ x / n
        Mean = "mean",
        /// The largest one; a NaN if there is one
        Max = "max",
        /// The smallest one; a NaN if there is one
        Min = "min",
        /// Π x; integers wrap
        Prod = "prod",
        /// Σ |x|
        L1 = "l1",
        /// √Σ x²
        L2 = "l2",
        /// Σ x²
        SumSquare = "sum_square",
        /// ln Σ x
        LogSum = "log_sum",
        /// ln Σ eˣ, without overflow for large x
        LogSumExp = "log_sum_exp",
    }
}

/// Reduction along some dimensions, as ONNX's Reduce operators and Caffe's Reduction. Without axes every element is
/// reduced by itself.
///
/// One operand of any shape: floats, and for `sum`, `max`, `min` and `prod` also integers. The result has its
/// element type.
#[derive(Debug, Clone, PartialEq)]
pub struct Reduce {
    /// What is made of the elements.
    pub function: ReduceFn,
    /// The dimensions that are reduced.
    pub axes: Vec<usize>,
    /// Whether these stay, with the size 1.
    pub keep_dims: bool,
}

impl Reduce {
    fn check_dtype(&self, dtype: DType) -> Result<(), InferError> {
        let is_fit = match self.function {
            ReduceFn::Sum | ReduceFn::Max | ReduceFn::Min | ReduceFn::Prod => dtype.is_number(),
            ReduceFn::Mean | ReduceFn::L1 | ReduceFn::L2 => dtype.is_float(),
            ReduceFn::SumSquare | ReduceFn::LogSum | ReduceFn::LogSumExp => dtype.is_float(),
        };
        let expected = if dtype.is_integer() { "floats" } else { "numbers" };
        if is_fit { Ok(()) } else { Err(InferError::DType { operand: 0, expected: expected.to_owned(), found: dtype }) }
    }

    /// The dimensions of the result if the reduced ones stay, and as they are.
    fn reduced<T: Clone>(&self, dims: &[T], one: &T) -> (Vec<T>, Vec<T>) {
        let is_reduced = |i: usize| self.axes.contains(&i);
        let kept: Vec<T> =
            dims.iter().enumerate().map(|(i, dim)| if is_reduced(i) { one.clone() } else { dim.clone() }).collect();
        if self.keep_dims {
            return (kept.clone(), kept);
        }
        let left = dims.iter().enumerate().filter(|&(i, _)| !is_reduced(i)).map(|(_, dim)| dim.clone()).collect();
        (kept, left)
    }
}

impl Operator for Reduce {
    const MNEMONICS: &'static [&'static str] = &["reduce"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let x = operands[0];
        self.check_dtype(x.dtype)?;
        let rank = x.shape.rank();
        for (i, axis) in self.axes.iter().enumerate() {
            let problem = if *axis >= rank {
                format!("has {axis}, but the operand has {rank} dimensions")
            } else if self.axes[..i].contains(axis) {
                format!("has {axis} twice")
            } else {
                continue;
            };
            return Err(InferError::Attribute { name: "axes", problem });
        }
        let (_, dims) = self.reduced(&x.shape.0, &Dim::Fixed(1));
        Ok(vec![Type::new(x.dtype, Shape(dims))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let x = operands[0];
        let (kept, dims) = self.reduced(x.dims(), &1);
        if dims.contains(&0) {
            return Ok(vec![Tensor::new(x.dtype(), &dims, [].as_slice().into())?]);
        }
        if x.dtype().is_float() {
            let reduced = reduce_floats(self.function, &to_f64(x)?, x.dims(), &kept);
            return Ok(vec![from_f64(x.dtype(), &dims, reduced.into_iter())?]);
        }
        let reduced = with_integer!(x.dtype(), T => reduce_integers::<T>(self.function, x, &kept))?;
        Ok(vec![reduced.reshaped(&dims)?])
    }

    attributes!(function, axes, keep_dims);
}

/// Folds the elements of each group, which are those that one element of `kept` is broadcast to.
fn fold<T: Copy, A: Copy>(xs: &[T], dims: &[usize], kept: &[usize], first: A, f: impl Fn(A, T) -> A) -> Vec<A> {
    let mut folded = vec![first; kept.iter().product()];
    for (&x, group) in xs.iter().zip(indices(kept, dims)) {
        folded[group] = f(folded[group], x);
    }
    folded
}

fn reduce_floats(function: ReduceFn, xs: &[f64], dims: &[usize], kept: &[usize]) -> Vec<f64> {
    let sum = |f: fn(f64) -> f64| fold(xs, dims, kept, 0.0, |sum, x| sum + f(x));
    let extreme = |first: f64, beats: fn(f64, f64) -> bool| {
        fold(xs, dims, kept, first, |best, x| if best.is_nan() || !(x.is_nan() || beats(x, best)) { best } else { x })
    };
    match function {
        ReduceFn::Sum => sum(|x| x),
        ReduceFn::Mean => {
            // The result is not empty, so neither is a group without there being no elements at all.
            let n_groups: usize = kept.iter().product();
            let group = xs.len() as f64 / n_groups as f64;
            sum(|x| x).into_iter().map(|sum| sum / group).collect()
        }
        ReduceFn::Max => extreme(f64::NEG_INFINITY, |x, best| x > best),
        ReduceFn::Min => extreme(f64::INFINITY, |x, best| x < best),
        ReduceFn::Prod => fold(xs, dims, kept, 1.0, |product, x| product * x),
        ReduceFn::L1 => sum(f64::abs),
        ReduceFn::L2 => sum(|x| x * x).into_iter().map(f64::sqrt).collect(),
        ReduceFn::SumSquare => sum(|x| x * x),
        ReduceFn::LogSum => sum(|x| x).into_iter().map(f64::ln).collect(),
        ReduceFn::LogSumExp => log_sum_exp(xs, dims, kept, &extreme(f64::NEG_INFINITY, |x, best| x > best)),
    }
}

fn log_sum_exp(xs: &[f64], dims: &[usize], kept: &[usize], maxima: &[f64]) -> Vec<f64> {
    let mut sums = vec![0f64; maxima.len()];
    for (&x, group) in xs.iter().zip(indices(kept, dims)) {
        // An infinite maximum is the result, whatever the others are.
        if maxima[group].is_finite() {
            sums[group] += (x - maxima[group]).exp();
        }
    }
    sums.iter().zip(maxima).map(|(sum, &max)| if max.is_finite() { sum.ln() + max } else { max }).collect()
}

/// The integers that have a reduction.
trait Integer: Element + Ord {
    const ZERO: Self;
    const ONE: Self;
    const LEAST: Self;
    const MOST: Self;
    fn plus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
}

macro_rules! integers {
    ($($rust:ident),*) => {$(
        impl Integer for $rust {
            const ZERO: Self = 0;
            const ONE: Self = 1;
            const LEAST: Self = $rust::MIN;
            const MOST: Self = $rust::MAX;
            fn plus(self, other: Self) -> Self { self.wrapping_add(other) }
            fn times(self, other: Self) -> Self { self.wrapping_mul(other) }
        }
    )*};
}

integers!(i8, i16, i32, i64, u8, u16, u32, u64);

fn reduce_integers<T: Integer>(function: ReduceFn, x: &Tensor, kept: &[usize]) -> Result<Tensor, EvalError> {
    let xs = x.values::<T>()?;
    let fold = |first: T, f: fn(T, T) -> T| fold(&xs, x.dims(), kept, first, f);
    let reduced = match function {
        ReduceFn::Sum => fold(T::ZERO, T::plus),
        ReduceFn::Max => fold(T::LEAST, T::max),
        ReduceFn::Min => fold(T::MOST, T::min),
        ReduceFn::Prod => fold(T::ONE, T::times),
        ReduceFn::Mean | ReduceFn::L1 | ReduceFn::L2 => return Err(EvalError::DType(T::DTYPE)),
        ReduceFn::SumSquare | ReduceFn::LogSum | ReduceFn::LogSumExp => return Err(EvalError::DType(T::DTYPE)),
    };
    Ok(Tensor::from_vec(kept, reduced)?)
}
