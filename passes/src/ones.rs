//! What sums of products are of ones alone: how far the zero point of an activation reaches.

use firebrick_ir::ops::{Cast, Conv, Gemm, MatMul, Reduce, ReduceFn};
use firebrick_ir::{DType, Op, Shape, Tensor};

use crate::sums::Summing;

/// More elements than that are not kept to save arithmetic.
const MAX_ELEMENTS: u64 = 1 << 22;

/// An op of which is known how far each result reaches.
pub(crate) trait Reach: Summing {
    /// What an input of ones alone gives, of that shape, with weights of i32 whose sums are small: an f32 that is broadcast
    /// to the result.
    fn of_ones(&self, x: &Shape, weights: &Tensor) -> Option<Tensor>;
}

impl Reach for Conv {
    fn of_ones(&self, x: &Shape, weights: &Tensor) -> Option<Tensor> {
        let (outputs, kernel) = (*weights.dims().first()?, weights.dims().get(2..)?);
        let inputs = *weights.dims().get(1)?;
        let run: usize = kernel.iter().product();
        let wide = weights.values::<i32>().ok()?;
        // All channels of ones are alike: one that has the sum of their weights.
        let place = |output: usize, i: usize| (0..inputs).map(move |c| (output * inputs + c) * run + i);
        let sum = |output: usize, i: usize| place(output, i).filter_map(|at| wide.get(at)).sum::<i32>();
        let of_output = |output: usize| (0..run).map(move |i| (output, i));
        let weights: Vec<i32> = (0..outputs).flat_map(of_output).map(|(output, i)| sum(output, i)).collect();
        if self.pads.iter().all(|&pad| pad == 0) {
            let sums = weights.chunks(run.max(1)).map(|run| run.iter().sum::<i32>() as f32).collect();
            let dims: Vec<usize> = [1, outputs].into_iter().chain(kernel.iter().map(|_| 1)).collect();
            return Tensor::from_vec(&dims, sums).ok();
        }
        let dims: Vec<usize> = [outputs, 1].into_iter().chain(kernel.iter().copied()).collect();
        let weights = Tensor::from_vec(&dims, weights).ok()?;
        let spatial = x.0.get(2..)?.iter().map(|dim| usize::try_from(dim.fixed()?).ok()).collect::<Option<Vec<_>>>()?;
        let dims = [&[1, 1], spatial.as_slice()].concat();
        let n = dims.iter().try_fold(1u64, |n, &size| n.checked_mul(size as u64))?;
        if n.checked_mul(outputs as u64)? > MAX_ELEMENTS {
            return None;
        }
        let ones = Tensor::from_vec(&dims, vec![1i32; usize::try_from(n).ok()?]).ok()?;
        let op = Op::from(Conv { group: 1, ..self.clone() });
        op.infer(&[&ones.ty(), &weights.ty()]).ok()?;
        let sums = op.eval(&[&ones, &weights]).ok()?.into_iter().next()?;
        Op::from(Cast::to(DType::F32)).eval(&[&sums]).ok()?.into_iter().next()
    }
}

impl Reach for Gemm {
    fn of_ones(&self, _: &Shape, weights: &Tensor) -> Option<Tensor> {
        let sums = of_rows(weights, usize::from(self.trans_b))?;
        sums.reshaped(&[1, sums.len()]).ok()
    }
}

impl Reach for MatMul {
    fn of_ones(&self, _: &Shape, weights: &Tensor) -> Option<Tensor> {
        of_rows(weights, weights.dims().len().checked_sub(2)?)
    }
}

/// The sums over a dimension, which stays as one of 1.
fn of_rows(weights: &Tensor, axis: usize) -> Option<Tensor> {
    let op = Reduce { function: ReduceFn::Sum, axes: vec![axis], keep_dims: true };
    let sums = Op::from(op).eval(&[weights]).ok()?.into_iter().next()?;
    Op::from(Cast::to(DType::F32)).eval(&[&sums]).ok()?.into_iter().next()
}
