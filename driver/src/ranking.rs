//! Classes by their values.

use std::cmp::Ordering;

use firebrick_ir::ops::Cast;
use firebrick_ir::{DType, Op, Tensor};

/// How many classes an output of a batch of `n_items` tells apart, if it is a number for each: `[N, C]`, whatever
/// dimensions of 1 it has besides.
pub fn n_classes(dims: &[usize], n_items: usize) -> Option<usize> {
    let inner = dims.get(1..)?;
    let n = inner.iter().filter(|&&n| n > 1).count();
    // An output without elements may have any number of items.
    (n == 1 && !dims.contains(&0) && dims.first() == Some(&n_items)).then(|| inner.iter().product())
}

/// The elements, whatever their type, as far as f32 holds them.
pub fn numbers(tensor: &Tensor) -> Vec<f32> {
    let cast = Op::from(Cast::to(DType::F32)).eval(&[tensor]).ok().and_then(|mut cast| cast.pop());
    cast.and_then(|cast| Some(cast.values::<f32>().ok()?.into_owned())).unwrap_or_default()
}

/// The `k` classes with the largest values, the largest first; of equal ones the first, NaN last.
pub fn best(values: &[f32], k: usize) -> Vec<usize> {
    let mut classes: Vec<usize> = (0..values.len()).collect();
    classes.sort_by(|&a, &b| order(values[a], values[b]));
    classes.truncate(k);
    classes
}

/// The place of a class in that order, from 0 on; `None` if there is no such class.
pub fn rank(values: &[f32], class: usize) -> Option<usize> {
    let value = *values.get(class)?;
    let is_before = |&(other, &x): &(usize, &f32)| order(x, value).then(other.cmp(&class)).is_lt();
    Some(values.iter().enumerate().filter(is_before).count())
}

/// Larger values first, NaN last.
fn order(a: f32, b: f32) -> Ordering {
    a.is_nan().cmp(&b.is_nan()).then(b.partial_cmp(&a).unwrap_or(Ordering::Equal))
}
