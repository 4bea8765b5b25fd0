use super::broadcast::{broadcast, indices};
use super::product::Product;
use super::term::{Term, same_term, with_term};
use super::window::check_min_rank;
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Shape, Tensor, Type};

/// Products of stacks of matrices, as ONNX's MatMul. One product is [`Gemm`](super::Gemm)'s.
///
/// Operands: `[stack..., M, K]` and `[stack..., K, N]`, whose stacks are broadcast to one. Result: `[stack..., M, N]`.
/// Elements are floats, or integers of 32 or 64 bits, which wrap.
#[derive(Debug, Clone, PartialEq)]
pub struct MatMul {}

impl Operator for MatMul {
    const MNEMONICS: &'static [&'static str] = &["matmul"];

    fn arity(&self) -> Arity {
        Arity::exactly(2)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let dtype = same_term(operands)?;
        let (a, b) = (operands[0], operands[1]);
        check_min_rank(0, a, 2)?;
        check_min_rank(1, b, 2)?;
        let (a_stack, a_matrix) = a.shape.0.split_at(a.shape.rank() - 2);
        let (b_stack, b_matrix) = b.shape.0.split_at(b.shape.rank() - 2);
        match (&a_matrix[1], &b_matrix[0]) {
            (k, b_k) if k == b_k => {}
            (Dim::Sym(_), Dim::Fixed(_)) => return Err(InferError::Symbolic { operand: 0, dim: a.shape.rank() - 1 }),
            (Dim::Fixed(_), Dim::Sym(_)) => return Err(InferError::Symbolic { operand: 1, dim: b.shape.rank() - 2 }),
            (k, b_k) => {
                let (a, b) = (&a.shape, &b.shape);
                let problem = format!("matrices {a} and {b} have no product: {k} columns meet {b_k} rows");
                return Err(InferError::Shape(problem));
            }
        }
        let Shape(mut dims) = broadcast(&Shape(a_stack.to_vec()), &Shape(b_stack.to_vec()))?;
        dims.extend([a_matrix[0].clone(), b_matrix[1].clone()]);
        Ok(vec![Type::new(dtype, Shape(dims))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        with_term!(operands[0].dtype(), T => Ok(vec![multiply::<T>(operands)?]))
    }

    fn macs(&self, operands: &[&Type], results: &[Type]) -> u64 {
        let k = operands[0].shape.0.last().and_then(Dim::fixed);
        k.zip(results[0].shape.n_elements()).map_or(0, |(k, n)| k.saturating_mul(n))
    }

    attributes!();
}

pub(super) fn multiply<T: Term>(operands: &[&Tensor]) -> Result<Tensor, EvalError> {
    let (a, b) = (operands[0], operands[1]);
    let (a_stack, a_matrix) = a.dims().split_at(a.dims().len() - 2);
    let (b_stack, b_matrix) = b.dims().split_at(b.dims().len() - 2);
    let shape = |dims: &[usize]| Shape(dims.iter().map(|&n| (n as u64).into()).collect());
    let Shape(stack) = broadcast(&shape(a_stack), &shape(b_stack))?;
    let stack: Vec<usize> = stack.iter().filter_map(Dim::fixed).map(|n| n as usize).collect();
    let (m, k, n) = (a_matrix[0], a_matrix[1], b_matrix[1]);
    let product = Product { m, k, n, trans_a: false, trans_b: false };
    let dims = [stack.as_slice(), &[m, n]].concat();
    let (a_size, b_size, size) = (m * k, k * n, m * n);
    let mut sums = vec![T::Sum::default(); dims.iter().product()];
    if !sums.is_empty() {
        let (xs, ys) = (T::read(a)?, T::read(b)?);
        let pairs = indices(a_stack, &stack).zip(indices(b_stack, &stack));
        for (sums, (i, j)) in sums.chunks_exact_mut(size).zip(pairs) {
            product.add_to(sums, &xs[i * a_size..][..a_size], &ys[j * b_size..][..b_size]);
        }
    }
    T::tensor(a.dtype(), &dims, sums)
}
