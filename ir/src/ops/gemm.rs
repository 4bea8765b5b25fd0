use super::broadcast::{broadcast, indices};
use super::product::Product;
use super::term::{Term, same_term, with_term};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Shape, Tensor, Type};

/// Product of two matrices, plus a third operand if there is one: ONNX's Gemm and MatMul, Caffe's InnerProduct.
///
/// Operands: `[M, K]` (`[K, M]` with `trans_a`), `[K, N]` (`[N, K]` with `trans_b`), and optionally one that is
/// broadcast to the result, `[M, N]`. Elements are floats, or integers of 32 or 64 bits, which wrap.
#[derive(Debug, Clone, PartialEq)]
pub struct Gemm {
    /// Whether the first operand is stored transposed.
    pub trans_a: bool,
    /// Whether the second operand is stored transposed.
    pub trans_b: bool,
}

impl Operator for Gemm {
    const MNEMONICS: &'static [&'static str] = &["gemm"];

    fn arity(&self) -> Arity {
        Arity::between(2, 3)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let dtype = same_term(operands)?;
        let (a, b) = (operands[0], operands[1]);
        let [m, k] = matrix(0, a, self.trans_a)?;
        let [b_k, n] = matrix(1, b, self.trans_b)?;
        if k != b_k {
            return Err(inner_mismatch(self, operands, &k, &b_k));
        }
        let shape = Shape(vec![m, n]);
        if let Some(c) = operands.get(2)
            && broadcast(&c.shape, &shape)? != shape
        {
            return Err(InferError::Shape(format!("{} does not broadcast to {shape}", c.shape)));
        }
        Ok(vec![Type::new(dtype, shape)])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        with_term!(operands[0].dtype(), T => Ok(vec![self.multiply::<T>(operands)?]))
    }

    fn macs(&self, operands: &[&Type], results: &[Type]) -> u64 {
        let k = operands[0].shape.0[usize::from(!self.trans_a)].fixed();
        k.zip(results[0].shape.n_elements()).map_or(0, |(k, n)| k.saturating_mul(n))
    }

    attributes!(trans_a, trans_b);
}

impl Gemm {
    pub(super) fn multiply<T: Term>(&self, operands: &[&Tensor]) -> Result<Tensor, EvalError> {
        let (a, b) = (operands[0], operands[1]);
        let (m, k) = sizes(a, self.trans_a);
        let n = sizes(b, self.trans_b).1;
        let dims = [m, n];
        let mut sums = match operands.get(2) {
            Some(c) => {
                let cs = T::read(c)?;
                indices(c.dims(), &dims).map(|i| cs[i].widen()).collect()
            }
            None => vec![T::Sum::default(); dims.iter().product()],
        };
        let product = Product { m, k, n, trans_a: self.trans_a, trans_b: self.trans_b };
        product.add_to(&mut sums, &T::read(a)?, &T::read(b)?);
        T::tensor(a.dtype(), &dims, sums)
    }
}

/// Rows and columns of an operand.
fn matrix(operand: usize, ty: &Type, transposed: bool) -> Result<[Dim; 2], InferError> {
    let [rows, columns] = ty.shape.0.as_slice() else {
        return Err(InferError::Rank { operand, expected: "2".to_owned(), found: ty.shape.rank() });
    };
    let (rows, columns) = (rows.clone(), columns.clone());
    Ok(if transposed { [columns, rows] } else { [rows, columns] })
}

fn sizes(tensor: &Tensor, transposed: bool) -> (usize, usize) {
    let (rows, columns) = (tensor.dims()[0], tensor.dims()[1]);
    if transposed { (columns, rows) } else { (rows, columns) }
}

/// The error for columns of the first operand that are not the rows of the second.
fn inner_mismatch(op: &Gemm, operands: &[&Type], a_k: &Dim, b_k: &Dim) -> InferError {
    match (a_k, b_k) {
        (Dim::Sym(_), Dim::Fixed(_)) => InferError::Symbolic { operand: 0, dim: usize::from(!op.trans_a) },
        (Dim::Fixed(_), Dim::Sym(_)) => InferError::Symbolic { operand: 1, dim: usize::from(op.trans_b) },
        (Dim::Fixed(_), Dim::Fixed(_)) | (Dim::Sym(_), Dim::Sym(_)) => {
            let (a, b) = (&operands[0].shape, &operands[1].shape);
            InferError::Shape(format!("matrices {a} and {b} have no product: {a_k} columns meet {b_k} rows"))
        }
    }
}
