//! The product of two matrices.

use super::term::Term;

/// The sizes of a product `[m, k] × [k, n]`, and how its operands are stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product {
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) n: usize,
    /// Whether the first operand is stored `[k, m]`.
    pub(super) trans_a: bool,
    /// Whether the second operand is stored `[n, k]`.
    pub(super) trans_b: bool,
}

impl Product {
    /// Adds the product to `sums`, which are `[m, n]`.
    pub(super) fn add_to<T: Term>(self, sums: &mut [T::Sum], a: &[T], b: &[T]) {
        let Product { m, k, n, trans_a, trans_b } = self;
        if n == 0 {
            return;
        }
        for (i, sums) in sums.chunks_exact_mut(n).enumerate() {
            let at = |j: usize| if trans_a { j * m + i } else { i * k + j };
            let row: Vec<T::Sum> = (0..k).map(|j| a[at(j)].widen()).collect();
            if trans_b {
                for (j, sum) in sums.iter_mut().enumerate() {
                    *sum += dot(&row, &b[j * k..][..k]);
                }
            } else {
                for (j, &x) in row.iter().enumerate() {
                    let ys = &b[j * n..][..n];
                    sums.iter_mut().zip(ys).for_each(|(sum, &y)| *sum += x * y.widen());
                }
            }
        }
    }
}

/// Sums in lanes of their own, which the compiler can keep in vector registers.
fn dot<T: Term>(xs: &[T::Sum], ys: &[T]) -> T::Sum {
    const LANES: usize = 8;
    let (x_chunks, x_rest) = xs.as_chunks::<LANES>();
    let (y_chunks, y_rest) = ys.as_chunks::<LANES>();
    let mut sums = [T::Sum::default(); LANES];
    for (xs, ys) in x_chunks.iter().zip(y_chunks) {
        for lane in 0..LANES {
            sums[lane] += xs[lane] * ys[lane].widen();
        }
    }
    let mut total = T::Sum::default();
    sums.into_iter().for_each(|sum| total += sum);
    let mut rest = T::Sum::default();
    x_rest.iter().zip(y_rest).for_each(|(&x, &y)| rest += x * y.widen());
    total += rest;
    total
}
