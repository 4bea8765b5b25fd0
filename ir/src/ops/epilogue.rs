use super::{Binary, BinaryFn, Unary, UnaryFn};
use crate::attr::{list_from_attr, list_to_attr};
use crate::op::{InferError, Operator};
use crate::{Attr, AttrValue, EvalError, Tensor, Type};

/// What is done to a result, element by element, before anything else sees it: activation, residual sum, or several of
/// them one after another.
///
/// It computes what the ops of its steps would, and rounds where they do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Epilogue(pub Vec<Step>);

/// A step of an [`Epilogue`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// A function of what there is.
    Unary(UnaryFn),
    /// A function of what there is and, second, the next of the operands, which is broadcast to it.
    Binary(BinaryFn),
}

impl Epilogue {
    /// How many operands it takes.
    pub fn n_operands(&self) -> usize {
        self.0.iter().filter(|step| matches!(step, Step::Binary(_))).count()
    }

    /// Checks that a result of type `ty` goes through it and keeps its type. The operands begin with slot `first`.
    pub(super) fn infer(&self, ty: &Type, operands: &[&Type], first: usize) -> Result<(), InferError> {
        let mut operands = operands.iter().zip(first..);
        for step in &self.0 {
            let (found, slot) = match step {
                Step::Unary(function) => (Unary(*function).infer(&[ty])?, 0),
                Step::Binary(function) => {
                    let Some((operand, slot)) = operands.next() else { return Ok(()) };
                    (Binary(*function).infer(&[ty, operand]).map_err(|error| error.in_slots(&[0, slot]))?, slot)
                }
            };
            if let Some(found) = found.first().filter(|found| *found != ty) {
                let step = step.to_attr();
                let problem = format!("`{step}` with operand {slot} would make {found} of {ty}");
                return Err(InferError::Attribute { name: "epilogue", problem });
            }
        }
        Ok(())
    }

    /// The result after all steps.
    pub(super) fn eval(&self, result: Tensor, operands: &[&Tensor]) -> Result<Tensor, EvalError> {
        let mut operands = operands.iter();
        let mut result = result;
        for step in &self.0 {
            let results = match step {
                Step::Unary(function) => Unary(*function).eval(&[&result])?,
                Step::Binary(function) => {
                    let Some(operand) = operands.next() else { return Ok(result) };
                    Binary(*function).eval(&[&result, operand])?
                }
            };
            result = results.into_iter().next().unwrap_or(result);
        }
        Ok(result)
    }
}

impl AttrValue for Step {
    const EXPECTED: &'static str = "an elementwise function with its parameters";

    fn to_attr(&self) -> Attr {
        match self {
            Step::Unary(function) => function.to_attr(),
            Step::Binary(function) => function.to_attr(),
        }
    }

    fn from_attr(attr: &Attr) -> Option<Self> {
        UnaryFn::from_attr(attr).map(Step::Unary).or_else(|| BinaryFn::from_attr(attr).map(Step::Binary))
    }
}

impl AttrValue for Epilogue {
    const EXPECTED: &'static str = "a list of elementwise functions with their parameters";

    fn to_attr(&self) -> Attr {
        list_to_attr(&self.0)
    }

    fn from_attr(attr: &Attr) -> Option<Self> {
        list_from_attr(attr).map(Epilogue)
    }
}
