use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Shape, Tensor, Type};

/// The same elements in the same order under other dimensions, as ONNX's and Caffe's Reshape.
///
/// One operand of any element type. A symbolic dimension is kept by 0, or is what -1 is inferred to be: `f32[N, 3, 4]`
/// is `f32[N, 12]` by `[0, -1]`, and by `[-1, 12]` too.
#[derive(Debug, Clone, PartialEq)]
pub struct Reshape {
    /// The result's dimensions: a size; 0 for the operand's dimension of the same index; -1, at most once, for what
    /// the number of elements leaves.
    pub shape: Vec<i64>,
}

impl Operator for Reshape {
    const MNEMONICS: &'static [&'static str] = &["reshape"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let x = operands[0];
        let copied = self.copied(x.shape.rank())?;
        let rest = self.rest(&x.shape, &copied)?;
        let dims = self.shape.iter().enumerate().map(|(i, &size)| match u64::try_from(size) {
            Ok(0) => x.shape.0[i].clone(),
            Ok(size) => Dim::Fixed(size),
            Err(_) => rest.clone(),
        });
        Ok(vec![Type::new(x.dtype, Shape(dims.collect()))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let x = operands[0];
        let results = self.infer(&[&x.ty()])?;
        let dims = results[0].shape.as_fixed().unwrap_or_default();
        Ok(vec![x.reshaped(&dims.iter().map(|&n| n as usize).collect::<Vec<_>>())?])
    }

    attributes!(shape);
}

impl Reshape {
    /// Checks the attribute by itself, and says which of an operand's dimensions are kept.
    fn copied(&self, rank: usize) -> Result<Vec<bool>, InferError> {
        let wrong = |problem: String| Err(InferError::Attribute { name: "shape", problem });
        if let Some(size) = self.shape.iter().find(|&&size| size < -1) {
            return wrong(format!("has {size}"));
        }
        if self.shape.iter().filter(|&&size| size == -1).count() > 1 {
            return wrong("has -1 more than once".to_owned());
        }
        if let Some(i) = self.shape.iter().skip(rank).position(|&size| size == 0) {
            return wrong(format!("has 0 at {}, but the operand has {rank} dimensions", rank + i));
        }
        Ok((0..rank).map(|i| self.shape.get(i) == Some(&0)).collect())
    }

    /// What the operand's elements leave for -1, or 1 if there is none. Dimensions that are kept count on neither
    /// side, so that this holds for a batch of 0 too.
    fn rest(&self, operand: &Shape, copied: &[bool]) -> Result<Dim, InferError> {
        let too_large = || InferError::TooLarge(operand.to_string());
        let others = || operand.0.iter().enumerate().filter(|(i, _)| !copied[*i]);
        let sizes = others().filter_map(|(_, dim)| dim.fixed());
        let n_old = sizes.into_iter().try_fold(1u64, u64::checked_mul).ok_or_else(too_large)?;
        let sizes = self.shape.iter().filter_map(|&size| u64::try_from(size).ok()).filter(|&size| size > 0);
        let n_new = sizes.into_iter().try_fold(1u64, u64::checked_mul).ok_or_else(too_large)?;

        let mismatch = || Err(InferError::Shape(format!("{operand} does not have the elements of {:?}", self.shape)));
        let is_inferred = self.shape.contains(&-1);
        let mut symbols = others().filter(|(_, dim)| dim.fixed().is_none());
        match (symbols.next(), symbols.next()) {
            (None, _) if is_inferred && n_old % n_new == 0 => Ok(Dim::Fixed(n_old / n_new)),
            (None, _) if n_old == n_new => Ok(Dim::Fixed(1)),
            (None, _) => mismatch(),
            (Some((_, symbol)), None) if is_inferred && n_old == n_new => Ok(symbol.clone()),
            (Some((dim, _)), _) => Err(InferError::Symbolic { operand: 0, dim }),
        }
    }
}
