//! Sums of products, as passes make them of integers: where output channels are, and how large sums can be.

use firebrick_ir::ops::{Conv, ConvTranspose, Gemm, MatMul, QType, Quantizable};
use firebrick_ir::{DType, Family, Value};

use crate::{At, Found};

/// Where the output channels of a sum of products are.
pub(crate) struct Layout {
    /// The dimension of the weights.
    pub(crate) axis: usize,
    /// As many times the channels that the weights have.
    pub(crate) n_groups: usize,
    /// The dimension of the result.
    pub(crate) channels: usize,
    /// The products in a sum.
    pub(crate) n_terms: u64,
}

/// An op that makes sums of products.
pub(crate) trait Summing: Quantizable + Family + Clone {
    /// The layout for weights of these dimensions and a result of that rank.
    fn layout(&self, weights: &[u64], rank: usize) -> Option<Layout>;
}

impl Summing for Conv {
    fn layout(&self, weights: &[u64], _: usize) -> Option<Layout> {
        Some(Layout { axis: 0, n_groups: 1, channels: 1, n_terms: product(weights.get(1..)?)? })
    }
}

impl Summing for ConvTranspose {
    fn layout(&self, weights: &[u64], _: usize) -> Option<Layout> {
        let inputs = weights.first()?.checked_div(self.group as u64)?;
        let n_terms = inputs.checked_mul(product(weights.get(2..)?)?)?;
        Some(Layout { axis: 1, n_groups: self.group, channels: 1, n_terms })
    }
}

impl Summing for Gemm {
    fn layout(&self, weights: &[u64], _: usize) -> Option<Layout> {
        let axis = usize::from(!self.trans_b);
        Some(Layout { axis, n_groups: 1, channels: 1, n_terms: *weights.get(1 - axis)? })
    }
}

impl Summing for MatMul {
    fn layout(&self, weights: &[u64], rank: usize) -> Option<Layout> {
        let axis = weights.len().checked_sub(1)?;
        let n_terms = *weights.get(axis.checked_sub(1)?)?;
        Some(Layout { axis, n_groups: 1, channels: rank.checked_sub(1)?, n_terms })
    }
}

fn product(dims: &[u64]) -> Option<u64> {
    dims.iter().try_fold(1u64, |n, &dim| n.checked_mul(dim))
}

/// The layout of a sum of products that is there, of numbers or of integers.
pub(crate) fn layout<T: Summing, F>(at: At<'_>, found: &Found<'_, F>, op: &T) -> Option<Layout> {
    let weights = at.ty(found.operand(1)?).shape.as_fixed()?;
    op.layout(&weights, at.ty(found.result()).shape.rank())
}

/// The number of its output channels.
pub(crate) fn n_channels(at: At<'_>, result: Value, layout: &Layout) -> Option<usize> {
    usize::try_from(at.ty(result).shape.0.get(layout.channels)?.fixed()?).ok()
}

/// The largest magnitude of an integer less the zero point.
pub(crate) fn most(x: QType) -> u64 {
    let [low, high] = x.limits();
    (high - x.zero).max(x.zero - low).unsigned_abs().into()
}

/// The largest magnitude of a byte less one of these zero points.
pub(crate) fn most_of(dtype: DType, zeros: &[i32]) -> u64 {
    zeros.iter().map(|&zero| most(QType { dtype, scale: 1.0, zero })).max().unwrap_or(0)
}

/// Whether sums of so many products, and what is added, are integers of 32 bits: one that wraps is another number.
pub(crate) fn fits(n_terms: u64, x: u64, weight: u64, added: u64) -> bool {
    let most = n_terms.checked_mul(x).and_then(|most| most.checked_mul(weight)?.checked_add(added));
    most.is_some_and(|most| most <= i32::MAX.unsigned_abs().into())
}
