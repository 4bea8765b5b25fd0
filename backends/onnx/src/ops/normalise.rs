//! Normalisations.

use firebrick_ir::Dim;
use firebrick_ir::ops::{BatchNorm, Lrn, Softmax};

use crate::attr;
use crate::lower::{Arg, Lowered, Lowering, Reason};

pub(super) fn batch_norm(l: &mut Lowering<'_>, op: &BatchNorm) -> Lowered {
    let args = l.args();
    Ok(vec![l.same("BatchNormalization", &args, vec![attr::float("epsilon", op.epsilon)])?])
}

/// LRN. Runtimes take images: other ranks are given two spatial dimensions, where a shape can say what they were.
pub(super) fn lrn(l: &mut Lowering<'_>, op: &Lrn) -> Lowered {
    let Lrn { size, alpha, beta, bias } = *op;
    let attrs = vec![
        attr::int("size", size as i64),
        attr::float("alpha", alpha),
        attr::float("beta", beta),
        attr::float("bias", bias),
    ];
    let x = l.arg(0);
    let dims = &l.result(0).shape.0;
    let shape: Vec<i64> =
        [0, 0].into_iter().chain(dims[2..].iter().map(|dim| dim.fixed().map_or(-1, |n| n as i64))).collect();
    if dims.len() == 4 || shape.iter().filter(|&&size| size == -1).count() > 1 {
        return Ok(vec![l.same("LRN", &[x], attrs)?]);
    }
    let image = l.reshape(&x, if dims.len() == 2 { vec![0, 0, 1, 1] } else { vec![0, 0, -1, 1] })?;
    let normalised = l.same("LRN", &[image], attrs)?;
    Ok(vec![l.reshape(&normalised, shape)?])
}

pub(super) fn softmax(l: &mut Lowering<'_>, op: &Softmax) -> Lowered {
    let x = l.arg(0);
    Ok(vec![along_axis(l, "Softmax", &x, op.axis)?])
}

/// Softmax or its like along one dimension. Up to operator set 12 it is along all dimensions from `axis` on: where those
/// behind it have more than one element, it is moved behind them first.
pub(super) fn along_axis(l: &mut Lowering<'_>, operator: &'static str, x: &Arg, axis: usize) -> Result<Arg, Reason> {
    let dims = &l.result(0).shape.0;
    let rank = dims.len();
    let axis_attr = |axis: usize| vec![attr::int("axis", axis as i64)];
    if l.version() >= 13 || dims[axis + 1..].iter().all(|dim| *dim == Dim::Fixed(1)) {
        return l.same(operator, std::slice::from_ref(x), axis_attr(axis));
    }
    let mut perm: Vec<usize> = (0..rank).collect();
    perm.swap(axis, rank - 1);
    let moved = l.transpose(x, &perm)?;
    let normalised = l.same(operator, &[moved], axis_attr(rank - 1))?;
    l.transpose(&normalised, &perm)
}
