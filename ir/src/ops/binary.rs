mod arithmetic;
mod bits;

pub(super) use self::arithmetic::Arithmetic;
use self::bits::Bits;
use super::broadcast::{broadcast, indices};
use crate::attr::AttrReader;
use crate::dtype::{with_integer, with_number};
use crate::op::{Arity, InferError, Operator};
use crate::{Attr, AttrError, DType, EvalError, Tensor, Type};

/// An elementwise function of two operands of the same element type, broadcast to one shape. Comparisons give
/// `bool`, the others the operands' element type.
#[derive(Debug, Clone, PartialEq)]
pub struct Binary(pub BinaryFn);

/// What a function does with its elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Arithmetic,
    Comparison,
    Bits,
}

/// The one list of functions by class: variant, spelling, definition.
macro_rules! functions {
    (
        arithmetic { $($(#[$a_doc:meta])* $a:ident = $a_name:literal, $a_fn:expr;)* }
        comparisons { $($(#[$c_doc:meta])* $c:ident = $c_name:literal, $c_fn:expr;)* }
        bits { $($(#[$b_doc:meta])* $b:ident = $b_name:literal, $b_fn:expr;)* }
    ) => {
        crate::attr::words! {
            /// The functions of [`Binary`].
            BinaryFn { $($(#[$a_doc])* $a = $a_name,)* $($(#[$c_doc])* $c = $c_name,)* $($(#[$b_doc])* $b = $b_name,)* }
        }

        impl BinaryFn {
            fn class(self) -> Class {
                match self {
                    $(BinaryFn::$a)|* => Class::Arithmetic,
                    $(BinaryFn::$c)|* => Class::Comparison,
                    $(BinaryFn::$b)|* => Class::Bits,
                }
            }

            fn arithmetic<T: Arithmetic>(self) -> Option<fn(T, T) -> T> {
                match self { $(BinaryFn::$a => Some($a_fn),)* $(BinaryFn::$c)|* | $(BinaryFn::$b)|* => None }
            }

            fn comparison<T: PartialOrd>(self) -> Option<fn(T, T) -> bool> {
                match self { $(BinaryFn::$c => Some($c_fn),)* $(BinaryFn::$a)|* | $(BinaryFn::$b)|* => None }
            }

            fn bits<T: Bits>(self) -> Option<fn(T, T) -> T> {
                match self { $(BinaryFn::$b => Some($b_fn),)* $(BinaryFn::$a)|* | $(BinaryFn::$c)|* => None }
            }
        }

        const MNEMONICS: &[&str] = &[$($a_name,)* $($c_name,)* $($b_name,)*];
    };
}

functions! {
    arithmetic {
        /// a + b; integers wrap
        Add = "add", T::add;
        /// a / b; integers round towards zero
        Div = "div", T::div;
        /// The larger one; NaN if one is
        Max = "max", |x, y| if x < y || y.is_nan() { y } else { x };
        /// The smaller one; NaN if one is
        Min = "min", |x, y| if y < x || y.is_nan() { y } else { x };
        /// What is left of a / b rounded down: it has b's sign
        Mod = "mod", T::modulo;
        /// a b; integers wrap
        Mul = "mul", T::mul;
        /// aᵇ; integers wrap
        Pow = "pow", T::pow;
        /// a if a > 0, else a b: PReLU with slope b
        Prelu = "prelu", |x, y| if x > T::default() { x } else { x.mul(y) };
        /// What is left of a / b rounded towards zero: it has a's sign
        Rem = "rem", T::rem;
        /// a − b; integers wrap
        Sub = "sub", T::sub;
    }
    comparisons {
        /// a = b
        Equal = "equal", |x, y| x == y;
        /// a > b
        Greater = "greater", |x, y| x > y;
        /// a ≥ b
        GreaterEqual = "greater_equal", |x, y| x >= y;
    }
    bits {
        /// The bits of both; of truth values, whether both are true
        And = "and", T::and;
        /// The bits of either; of truth values, whether one is true
        Or = "or", T::or;
        /// a's bits b places further up; 0 if that is as many as there are
        ShiftLeft = "shift_left", T::shift_left;
        /// a's bits b places further down, copies of the sign moving in
        ShiftRight = "shift_right", T::shift_right;
        /// The bits of one but not both; of truth values, whether they differ
        Xor = "xor", T::xor;
    }
}

impl BinaryFn {
    /// Whether the result is a truth value.
    pub fn is_comparison(self) -> bool {
        self.class() == Class::Comparison
    }

    fn check(self, dtype: DType) -> Result<(), InferError> {
        let is_truth = dtype == DType::Bool;
        let (expected, fits) = match self.class() {
            Class::Arithmetic => ("numbers", dtype.is_number()),
            Class::Comparison if self == BinaryFn::Equal => ("numbers or truth values", dtype.is_number() || is_truth),
            Class::Comparison => ("numbers", dtype.is_number()),
            Class::Bits if self == BinaryFn::ShiftLeft || self == BinaryFn::ShiftRight => {
                ("integers", dtype.is_integer())
            }
            Class::Bits => ("integers or truth values", dtype.is_integer() || is_truth),
        };
        if fits { Ok(()) } else { Err(InferError::DType { operand: 0, expected: expected.to_owned(), found: dtype }) }
    }
}

impl Operator for Binary {
    const MNEMONICS: &'static [&'static str] = MNEMONICS;

    fn mnemonic(&self) -> &'static str {
        self.0.name()
    }

    fn arity(&self) -> Arity {
        Arity::exactly(2)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let [a, b] = operands else { return Ok(Vec::new()) };
        self.0.check(a.dtype)?;
        if a.dtype != b.dtype {
            return Err(InferError::DType { operand: 1, expected: a.dtype.to_string(), found: b.dtype });
        }
        let dtype = if self.0.is_comparison() { DType::Bool } else { a.dtype };
        Ok(vec![Type::new(dtype, broadcast(&a.shape, &b.shape)?)])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let [a, b] = operands else { return Ok(Vec::new()) };
        let (function, dtype) = (self.0, a.dtype());
        let result = match function.class() {
            Class::Arithmetic => with_number!(dtype, T => arithmetic::<T>(function, a, b)),
            Class::Comparison if dtype == DType::Bool => compare(function, &truths(a)?, &truths(b)?, [a, b]),
            Class::Comparison => {
                with_number!(dtype, T => compare(function, &a.values::<T>()?, &b.values::<T>()?, [a, b]))
            }
            Class::Bits if dtype == DType::Bool => {
                let (dims, bits) = map(function.bits(), &truths(a)?, &truths(b)?, [a, b])?;
                Ok(Tensor::from_bools(&dims, &bits)?)
            }
            Class::Bits => with_integer!(dtype, T => {
                let (dims, bits) = map(function.bits(), &a.values::<T>()?, &b.values::<T>()?, [a, b])?;
                Ok(Tensor::from_vec(&dims, bits)?)
            }),
        };
        Ok(vec![result?])
    }

    fn attributes(&self) -> Vec<(&'static str, Attr)> {
        Vec::new()
    }

    fn read(mnemonic: &str, _: &mut AttrReader) -> Option<Result<Self, AttrError>> {
        BinaryFn::ALL.iter().copied().find(|f| f.name() == mnemonic).map(|f| Ok(Binary(f)))
    }
}

fn truths(tensor: &Tensor) -> Result<Vec<bool>, EvalError> {
    Ok(tensor.bools()?.collect())
}

fn arithmetic<T: Arithmetic>(function: BinaryFn, a: &Tensor, b: &Tensor) -> Result<Tensor, EvalError> {
    let (xs, ys) = (a.values::<T>()?, b.values::<T>()?);
    let divides = matches!(function, BinaryFn::Div | BinaryFn::Mod | BinaryFn::Rem);
    if divides && !xs.is_empty() && ys.iter().any(|&y| T::is_zero_divisor(y)) {
        return Err(EvalError::Domain("integers are divided by zero".to_owned()));
    }
    let (dims, results) = map(function.arithmetic(), &xs, &ys, [a, b])?;
    Ok(Tensor::from_vec(&dims, results)?)
}

fn compare<T: PartialOrd + Copy>(
    function: BinaryFn,
    xs: &[T],
    ys: &[T],
    of: [&Tensor; 2],
) -> Result<Tensor, EvalError> {
    let (dims, results) = map(function.comparison(), xs, ys, of)?;
    Ok(Tensor::from_bools(&dims, &results)?)
}

/// The function of all pairs that meet of the elements of two tensors, and the shape of the results.
fn map<T: Copy, U>(
    function: Option<fn(T, T) -> U>,
    xs: &[T],
    ys: &[T],
    [a, b]: [&Tensor; 2],
) -> Result<(Vec<usize>, Vec<U>), EvalError> {
    let function = function.ok_or(EvalError::DType(a.dtype()))?;
    let shape = broadcast(&a.ty().shape, &b.ty().shape)?;
    let dims: Vec<usize> = shape.as_fixed().unwrap_or_default().iter().map(|&n| n as usize).collect();
    let places = indices(a.dims(), &dims).zip(indices(b.dims(), &dims));
    let results = places.map(|(i, j)| function(xs[i], ys[j])).collect();
    Ok((dims, results))
}
