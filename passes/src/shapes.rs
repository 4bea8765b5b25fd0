//! Reshapes and permutations, as several passes compute with them.

use firebrick_ir::ops::Reshape;
use firebrick_ir::{Dim, Op, Shape, Type};

/// The reshape that makes the one type of the other, if there is one that can be said.
pub(crate) fn reshape(from: &Type, to: &Type) -> Option<Reshape> {
    let size = |(i, dim): (usize, &Dim)| match dim {
        Dim::Fixed(n) if *n > 0 => i64::try_from(*n).ok(),
        // 0 keeps a dimension where it is: symbols, and sizes of 0.
        dim if from.shape.0.get(i) == Some(dim) => Some(0),
        Dim::Fixed(_) => None,
        Dim::Sym(_) => Some(-1),
    };
    let reshape = Reshape { shape: to.shape.0.iter().enumerate().map(size).collect::<Option<_>>()? };
    (Op::from(reshape.clone()).infer(&[from]).as_deref() == Ok(std::slice::from_ref(to))).then_some(reshape)
}

/// Whether the permutation moves nothing.
pub(crate) fn is_identity(perm: &[usize]) -> bool {
    perm.iter().enumerate().all(|(i, &dim)| i == dim)
}

/// Whether a permutation of that shape leaves the elements in their order: dimensions of 1 alone change places.
pub(crate) fn keeps_order(perm: &[usize], shape: &Shape) -> bool {
    perm.iter().filter(|&&dim| shape.0.get(dim) != Some(&Dim::Fixed(1))).is_sorted()
}

/// The permutation that undoes another.
pub(crate) fn inverse(perm: &[usize]) -> Vec<usize> {
    let mut inverse: Vec<usize> = (0..perm.len()).collect();
    inverse.sort_by_key(|&i| perm.get(i));
    inverse
}
