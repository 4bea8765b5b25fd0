use super::{Conv, ConvTranspose, Epilogue, Gemm};
use crate::attr::AttrReader;
use crate::op::{Arity, InferError, Operator};
use crate::{Attr, AttrError, AttrValue, EvalError, Tensor, Type};

/// An op whose result goes through an [`Epilogue`] of one step or more.
///
/// Operands: those of the op, then those of the epilogue. Result: of the op's type.
#[derive(Debug, Clone, PartialEq)]
pub struct Fused<T> {
    /// The op.
    pub op: T,
    /// What is done to its result.
    pub epilogue: Epilogue,
}

/// An op that an epilogue can be added to.
pub trait Fusible: Operator {
    /// Its spelling with one.
    const FUSED: &'static [&'static str];
}

/// A convolution with activation, residual sum and the like.
pub type FusedConv = Fused<Conv>;
/// A transposed convolution with activation, residual sum and the like.
pub type FusedConvTranspose = Fused<ConvTranspose>;
/// A product of matrices with activation, residual sum and the like.
pub type FusedGemm = Fused<Gemm>;

impl Fusible for Conv {
    const FUSED: &'static [&'static str] = &["fused_conv"];
}

impl Fusible for ConvTranspose {
    const FUSED: &'static [&'static str] = &["fused_conv_transpose"];
}

impl Fusible for Gemm {
    const FUSED: &'static [&'static str] = &["fused_gemm"];
}

impl<T: Fusible> Fused<T> {
    /// The operands of the op, and those of the epilogue.
    pub fn split<'a, V>(&self, operands: &'a [V]) -> (&'a [V], &'a [V]) {
        operands.split_at(operands.len().saturating_sub(self.epilogue.n_operands()))
    }
}

impl<T: Fusible> Operator for Fused<T> {
    const MNEMONICS: &'static [&'static str] = T::FUSED;

    fn arity(&self) -> Arity {
        let (Arity { min, max }, n) = (self.op.arity(), self.epilogue.n_operands());
        Arity { min: min.saturating_add(n), max: max.saturating_add(n) }
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        if self.epilogue.0.is_empty() {
            let problem = format!("is empty: without one it is `{}`", self.op.mnemonic());
            return Err(InferError::Attribute { name: "epilogue", problem });
        }
        let (operands, others) = self.split(operands);
        let results = self.op.infer(operands)?;
        results.iter().try_for_each(|ty| self.epilogue.infer(ty, others, operands.len()))?;
        Ok(results)
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (operands, others) = self.split(operands);
        let results = self.op.eval(operands)?;
        results.into_iter().map(|result| self.epilogue.eval(result, others)).collect()
    }

    fn macs(&self, operands: &[&Type], results: &[Type]) -> u64 {
        self.op.macs(self.split(operands).0, results)
    }

    fn attributes(&self) -> Vec<(&'static str, Attr)> {
        let mut attributes = self.op.attributes();
        attributes.push(("epilogue", self.epilogue.to_attr()));
        attributes
    }

    fn read(mnemonic: &str, attrs: &mut AttrReader) -> Option<Result<Self, AttrError>> {
        if !T::FUSED.contains(&mnemonic) {
            return None;
        }
        let op = T::read(T::MNEMONICS[0], attrs)?;
        Some(op.and_then(|op| Ok(Fused { op, epilogue: attrs.take("epilogue")? })))
    }
}
