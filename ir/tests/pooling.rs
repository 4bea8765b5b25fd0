//! Pooling, and putting values back where it found them.

mod common;

use firebrick_ir::ops::{Pool, PoolFn, Unpool};
use firebrick_ir::{Tensor, f16};

use common::{check, check_infer, f32s, tensor};

/// Pooling with a step of 1 and without padding.
fn pool(function: PoolFn, kernel: &[usize]) -> Pool {
    Pool {
        function,
        kernel: kernel.to_vec(),
        strides: vec![1; kernel.len()],
        pads: vec![0; 2 * kernel.len()],
        dilations: vec![1; kernel.len()],
        ceil: false,
        count_include_pad: true,
        indices: false,
    }
}

/// 1, 2, 3 … in that shape.
fn count(dims: &[usize]) -> Tensor {
    f32s(dims, (1u8..).take(dims.iter().product()).map(f32::from).collect::<Vec<_>>())
}

/// Checks maxima, where they are, and means that count padding and that don't.
#[track_caller]
fn check_all(base: &Pool, x: &Tensor, dims: &[usize], max: &[f32], at: &[i64], padded: &[f32], real: &[f32]) {
    let x = std::slice::from_ref(x);
    let maxima = Pool { function: PoolFn::Max, ..base.clone() };
    check(maxima.clone(), x, Ok(&[f32s(dims, max)]));
    check(Pool { indices: true, ..maxima }, x, Ok(&[f32s(dims, max), tensor(dims, at)]));
    let means = Pool { function: PoolFn::Average, ..base.clone() };
    check(Pool { count_include_pad: true, ..means.clone() }, x, Ok(&[f32s(dims, padded)]));
    check(Pool { count_include_pad: false, ..means }, x, Ok(&[f32s(dims, real)]));
}

#[test]
fn sums() {
    let sums = Pool { pads: vec![1, 0, 0, 0], ..pool(PoolFn::Sum, &[2, 2]) };
    check(sums.clone(), &[count(&[1, 1, 2, 3])], Ok(&[f32s(&[1, 1, 2, 2], [3.0, 5.0, 12.0, 16.0])]));
    let both = Pool { indices: true, ..sums };
    check_infer(both, "f32[1, 1, 2, 3]", Err("attribute `indices` is true, but only maxima have a position"));
}

#[test]
fn whole_windows() {
    let base = pool(PoolFn::Max, &[2, 2]);
    let means = [3.0, 4.0, 6.0, 7.0];
    check_all(&base, &count(&[1, 1, 3, 3]), &[1, 1, 2, 2], &[5.0, 6.0, 8.0, 9.0], &[4, 5, 7, 8], &means, &means);
    // Images and channels are planes of their own, and positions count within one.
    let base = pool(PoolFn::Max, &[1, 2]);
    let (max, means) = ([2.0, 4.0, 6.0, 8.0], [1.5, 3.5, 5.5, 7.5]);
    check_all(&base, &count(&[2, 2, 1, 2]), &[2, 2, 1, 1], &max, &[1; 4], &means, &means);
    let base = pool(PoolFn::Max, &[2, 2, 2]);
    check_all(&base, &count(&[1, 1, 2, 2, 2]), &[1, 1, 1, 1, 1], &[8.0], &[7], &[4.5], &[4.5]);
    let base = Pool { strides: vec![2], ..pool(PoolFn::Max, &[2]) };
    check_all(&base, &count(&[1, 1, 5]), &[1, 1, 2], &[2.0, 4.0], &[1, 3], &[1.5, 3.5], &[1.5, 3.5]);
}

#[test]
fn padding() {
    let base = Pool { pads: vec![1; 4], ..pool(PoolFn::Max, &[3, 3]) };
    let x = count(&[1, 1, 2, 2]);
    check_all(&base, &x, &[1, 1, 2, 2], &[4.0; 4], &[3; 4], &[10.0 / 9.0; 4], &[2.5; 4]);
    let base = Pool { pads: vec![0, 1, 0, 0], ..pool(PoolFn::Max, &[1, 2]) };
    check_all(
        &base,
        &x,
        &[1, 1, 2, 2],
        &[1.0, 2.0, 3.0, 4.0],
        &[0, 1, 2, 3],
        &[0.5, 1.5, 1.5, 3.5],
        &[1.0, 1.5, 3.0, 3.5],
    );
    // Of minus ones padding is not the maximum, though it counts as zeros in a mean.
    let base = Pool { pads: vec![1, 1], ..pool(PoolFn::Max, &[2]) };
    check_all(&base, &f32s(&[1, 1, 1], [-1.0]), &[1, 1, 2], &[-1.0; 2], &[0; 2], &[-0.5; 2], &[-1.0; 2]);
}

#[test]
fn partial_windows() {
    let base = Pool { strides: vec![2, 2], ceil: true, ..pool(PoolFn::Max, &[3, 3]) };
    let means = [6.0, 7.5, 12.0, 13.5];
    check_all(
        &base,
        &count(&[1, 1, 4, 4]),
        &[1, 1, 2, 2],
        &[11.0, 12.0, 15.0, 16.0],
        &[10, 11, 14, 15],
        &means,
        &means,
    );
    // What hangs over behind the padding does not count.
    let base = Pool { strides: vec![2], pads: vec![1, 0], ceil: true, ..pool(PoolFn::Max, &[3]) };
    let x = count(&[1, 1, 5]);
    check_all(&base, &x, &[1, 1, 3], &[2.0, 4.0, 5.0], &[1, 3, 4], &[1.0, 3.0, 4.5], &[1.5, 3.0, 4.5]);
    let floor = Pool { ceil: false, ..base };
    check_all(&floor, &x, &[1, 1, 2], &[2.0, 4.0], &[1, 3], &[1.0, 3.0], &[1.5, 3.0]);
}

#[test]
fn windows_of_padding() {
    // The second window would start behind the end, and the first one has no element either.
    let base = Pool { strides: vec![3], pads: vec![1, 1], ceil: true, ..pool(PoolFn::Max, &[1]) };
    check_all(&base, &count(&[1, 1, 2]), &[1, 1, 1], &[-f32::MAX], &[-1], &[0.0], &[0.0]);
    let base = Pool { pads: vec![2, 1], ..pool(PoolFn::Max, &[2]) };
    let (max, at) = ([-f32::MAX, 1.0, 1.0], [-1, 0, 0]);
    check_all(&base, &count(&[1, 1, 1]), &[1, 1, 3], &max, &at, &[0.0, 0.5, 0.5], &[0.0, 1.0, 1.0]);
    let none = f32s(&[1, 1, 0], []);
    check_all(&base, &none, &[1, 1, 2], &[-f32::MAX; 2], &[-1; 2], &[0.0; 2], &[0.0; 2]);
    check_all(&base, &f32s(&[0, 1, 1], []), &[0, 1, 3], &[], &[], &[], &[]);
}

#[test]
fn dilation() {
    let base = Pool { dilations: vec![2], ..pool(PoolFn::Max, &[2]) };
    let x = count(&[1, 1, 5]);
    check_all(&base, &x, &[1, 1, 3], &[3.0, 4.0, 5.0], &[2, 3, 4], &[2.0, 3.0, 4.0], &[2.0, 3.0, 4.0]);
    let base = Pool { pads: vec![1, 1], strides: vec![2], ..base };
    check_all(&base, &x, &[1, 1, 3], &[2.0, 4.0, 4.0], &[1, 3, 3], &[1.0, 3.0, 2.0], &[2.0, 3.0, 4.0]);
    let base = Pool { dilations: vec![usize::MAX / 2], ..pool(PoolFn::Max, &[1]) };
    check_all(&base, &count(&[1, 1, 2]), &[1, 1, 2], &[1.0, 2.0], &[0, 1], &[1.0, 2.0], &[1.0, 2.0]);
}

#[test]
fn windows_far_larger_than_the_input() {
    let half = 1 << 39;
    let base = Pool { pads: vec![half; 4], ..pool(PoolFn::Max, &[2 * half + 1; 2]) };
    let mean = 7.0 / (2.0 * half as f32 + 1.0).powi(2);
    check_all(&base, &f32s(&[1, 1, 1, 1], [7.0]), &[1, 1, 1, 1], &[7.0], &[0], &[mean], &[7.0]);
}

#[test]
fn ties_and_nans() {
    let base = Pool { indices: true, ..pool(PoolFn::Max, &[2]) };
    let x = f32s(&[1, 1, 4], [2.0, 2.0, f32::NAN, 1.0]);
    check(base, &[x], Ok(&[f32s(&[1, 1, 3], [2.0, 2.0, 1.0]), tensor::<i64>(&[1, 1, 3], [0, 1, 3])]));
}

#[test]
fn half_precision() {
    let halves = |values: &[f32]| values.iter().map(|&x| f16::from_f32(x)).collect::<Vec<_>>();
    let x = tensor(&[1, 1, 3], halves(&[1.0, 4.0, 65504.0]));
    check(pool(PoolFn::Average, &[2]), &[x], Ok(&[tensor(&[1, 1, 2], halves(&[2.5, 32754.0]))]));
}

#[test]
fn types() {
    let max = pool(PoolFn::Max, &[2, 2]);
    check_infer(max.clone(), "f16[N, C, 4, 5]", Ok("f16[N, C, 3, 4]"));
    let indices = Pool { indices: true, ..max.clone() };
    check_infer(indices.clone(), "f32[N, 3, 4, 4]", Ok("f32[N, 3, 3, 3] i64[N, 3, 3, 3]"));
    let both = Pool { function: PoolFn::Average, ..indices };
    check_infer(both, "f32[1, 1, 4, 4]", Err("attribute `indices` is true, but only maxima have a position"));
    check_infer(max.clone(), "i64[1, 1, 4, 4]", Err("operand 0 has elements of type i64, but should have floats"));
    check_infer(max.clone(), "f32[1, 4]", Err("operand 0 has 2 dimensions, but should have 3 or more"));
    check_infer(max.clone(), "f32[1, 1, H, 4]", Err("dimension 2 of operand 0 is symbolic, but its size is needed"));
    check_infer(max.clone(), "f32[1, 1, 4]", Err("attribute `kernel` has 2 entries, but 1 are needed"));
    let small = "a window of 2 does not fit in 1 padded to 1 (dimension 1)";
    check_infer(max.clone(), "f32[1, 1, 4, 1]", Err(small));
    let still = Pool { strides: vec![1, 0], ..max };
    check_infer(still, "f32[1, 1, 4, 4]", Err("attribute `strides` is 0"));
    let vast = Pool { pads: vec![usize::MAX / 2; 2], ..pool(PoolFn::Max, &[1]) };
    check_infer(
        vast,
        "f32[1, 1, 4]",
        Err("a result of 4 + 9223372036854775807 + 9223372036854775807 elements or more is too large"),
    );
}

#[test]
fn unpool() {
    let op = Unpool { size: vec![2, 3] };
    let x = f32s(&[1, 2, 1, 2], [1.0, 2.0, 3.0, 4.0]);
    let spread = f32s(&[1, 2, 2, 3], [0.0, 2.0, 0.0, 0.0, 0.0, 1.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    check(op.clone(), &[x.clone(), tensor::<i64>(&[1, 2, 1, 2], [5, 1, 0, 0])], Ok(&[spread]));
    let outside = tensor::<i64>(&[1, 2, 1, 2], [5, 1, 6, 0]);
    check(op.clone(), &[x.clone(), outside], Err("position 6 is outside 6 elements"));
    let nowhere = tensor::<i64>(&[1, 2, 1, 2], [5, 1, 0, -1]);
    check(op.clone(), &[x, nowhere], Err("position -1 is outside 6 elements"));
    let nothing = [f32s(&[1, 1, 0, 2], []), tensor::<i64>(&[1, 1, 0, 2], [])];
    check(op.clone(), &nothing, Ok(&[f32s(&[1, 1, 2, 3], [0.0; 6])]));

    check_infer(op.clone(), "f16[N, C, H, 2] i64[N, C, H, 2]", Ok("f16[N, C, 2, 3]"));
    let shapes = "the values are [1, 1, 2, 2], but their positions [1, 1, 4, 1]";
    check_infer(op.clone(), "f32[1, 1, 2, 2] i64[1, 1, 4, 1]", Err(shapes));
    let dtype = "operand 1 has elements of type i32, but should have i64";
    check_infer(op.clone(), "f32[1, 1, 2, 2] i32[1, 1, 2, 2]", Err(dtype));
    check_infer(op, "f32[1, 1, 2] i64[1, 1, 2]", Err("attribute `size` has 2 entries, but 1 are needed"));
    check_infer(Unpool { size: vec![0] }, "f32[1, 1, 2] i64[1, 1, 2]", Err("attribute `size` is 0"));
}
