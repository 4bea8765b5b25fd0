use crate::attr::AttrReader;
use crate::op::{Arity, InferError, Operator};
use crate::{Attr, AttrError, Coded, EvalError, Shape, Tensor, TensorError, Type};

/// A constant: a weight, a table. One whose model came without weights has a type only; it can be inspected and
/// rewritten, but not evaluated. The text form writes `const`, its elements, their digest or `missing`, and its type.
///
/// One that was read as codes keeps them beside its elements, and is written as `const coded CODES by CODEBOOK`. A
/// constant that is computed from it has none.
#[derive(Debug, Clone, PartialEq)]
pub struct Const {
    value: Result<Tensor, Type>,
    coded: Option<Coded>,
}

impl Const {
    /// A constant of these elements.
    pub fn new(tensor: Tensor) -> Self {
        Const { value: Ok(tensor), coded: None }
    }

    /// A constant of the elements that codes stand for.
    pub fn coded(coded: Coded) -> Self {
        Const { value: Ok(coded.decode()), coded: Some(coded) }
    }

    /// A constant whose elements are not known.
    pub fn missing(ty: Type) -> Self {
        Const { value: Err(ty), coded: None }
    }

    /// The codes that it was read as, if it was.
    pub fn codes(&self) -> Option<&Coded> {
        self.coded.as_ref()
    }

    /// The same elements, with their codes, under other dimensions; no copy.
    ///
    /// # Errors
    /// If the number of elements differs.
    pub fn reshaped(&self, dims: &[usize]) -> Result<Self, TensorError> {
        let value = match &self.value {
            Ok(tensor) => Ok(tensor.reshaped(dims)?),
            Err(ty) => Err(Type::new(ty.dtype, Shape(dims.iter().map(|&n| (n as u64).into()).collect()))),
        };
        Ok(Const { value, coded: self.coded.as_ref().and_then(|coded| coded.reshaped(dims)) })
    }

    /// Its elements, if they are known.
    pub fn tensor(&self) -> Option<&Tensor> {
        self.value.as_ref().ok()
    }
}

impl Operator for Const {
    const MNEMONICS: &'static [&'static str] = &["const"];

    fn arity(&self) -> Arity {
        Arity::exactly(0)
    }

    fn infer(&self, _: &[&Type]) -> Result<Vec<Type>, InferError> {
        match &self.value {
            Ok(tensor) => Ok(vec![tensor.ty()]),
            Err(ty) if ty.shape.is_symbolic() => {
                Err(InferError::Shape(format!("a constant of type {ty} has a symbolic dimension")))
            }
            Err(ty) => Ok(vec![ty.clone()]),
        }
    }

    fn eval(&self, _: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        Ok(vec![self.tensor().cloned().ok_or(EvalError::MissingWeights)?])
    }

    fn attributes(&self) -> Vec<(&'static str, Attr)> {
        Vec::new()
    }

    /// Never: its elements are not among the attributes, so the parser makes it.
    fn read(_: &str, _: &mut AttrReader) -> Option<Result<Self, AttrError>> {
        None
    }
}
