use super::float::{from_f64, same_float, to_f64};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{EvalError, Shape, Tensor, Type};

/// Determinants, as ONNX's Det.
///
/// One floating-point operand: square matrices `[more..., M, M]`. Result: `[more...]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Det {}

impl Operator for Det {
    const MNEMONICS: &'static [&'static str] = &["det"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let dtype = same_float(operands)?;
        match operands[0].shape.0.as_slice() {
            [more @ .., m, n] if m == n => Ok(vec![Type::new(dtype, Shape(more.to_vec()))]),
            _ => Err(InferError::Shape(format!("{} are not square matrices", operands[0].shape))),
        }
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let x = operands[0];
        let (more, size) = (&x.dims()[..x.dims().len() - 2], x.dims()[x.dims().len() - 1]);
        let n_matrices: usize = more.iter().product();
        let xs = to_f64(x)?;
        let matrix = |i: usize| xs[i * size * size..][..size * size].to_vec();
        Ok(vec![from_f64(x.dtype(), more, (0..n_matrices).map(|i| det(matrix(i), size)))?])
    }

    attributes!();
}

/// The determinant by elimination with the largest pivots.
fn det(mut matrix: Vec<f64>, size: usize) -> f64 {
    let mut det = 1.0;
    for k in 0..size {
        let magnitude = |row: &usize| matrix[row * size + k].abs();
        let pivot = (k..size).max_by(|a, b| magnitude(a).total_cmp(&magnitude(b))).unwrap_or(k);
        if pivot != k {
            (0..size).for_each(|j| matrix.swap(pivot * size + j, k * size + j));
            det = -det;
        }
        let diagonal = matrix[k * size + k];
        det *= diagonal;
        if diagonal == 0.0 {
            return 0.0;
        }
        for row in k + 1..size {
            let factor = matrix[row * size + k] / diagonal;
            (k..size).for_each(|j| matrix[row * size + j] -= factor * matrix[k * size + j]);
        }
    }
    det
}
