use crate::attr::AttrReader;
use crate::op::{Arity, InferError, Operator};
use crate::{Attr, AttrError, EvalError, Tensor, Type};

/// A graph input: a value that the caller gives. The text form writes its type behind the colon, as for any value.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// The type of the tensor to be given; symbolic dimensions take any size, equal symbols equal ones.
    pub ty: Type,
}

impl Operator for Input {
    const MNEMONICS: &'static [&'static str] = &["input"];

    fn arity(&self) -> Arity {
        Arity::exactly(0)
    }

    fn infer(&self, _: &[&Type]) -> Result<Vec<Type>, InferError> {
        Ok(vec![self.ty.clone()])
    }

    fn eval(&self, _: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        Err(EvalError::Domain("an input has no value of its own".to_owned()))
    }

    fn attributes(&self) -> Vec<(&'static str, Attr)> {
        Vec::new()
    }

    /// Never: its type is not among the attributes, so the parser makes it.
    fn read(_: &str, _: &mut AttrReader) -> Option<Result<Self, AttrError>> {
        None
    }
}
