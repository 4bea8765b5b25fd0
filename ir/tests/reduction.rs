//! Reduction along dimensions.

mod common;

use firebrick_ir::ops::{Reduce, ReduceFn};
use firebrick_ir::{Tensor, f16};

use common::{check, check_infer, f32s, tensor};

/// Checks the reduction of one operand along its last dimension.
#[track_caller]
fn check_last(function: ReduceFn, x: &Tensor, expected: &Tensor) {
    let op = Reduce { function, axes: vec![x.dims().len() - 1], keep_dims: false };
    check(op, std::slice::from_ref(x), Ok(std::slice::from_ref(expected)));
}

#[test]
fn functions() {
    let x = f32s(&[2, 3], [1.0, -2.0, 3.0, 4.0, 5.0, 6.0]);
    let cases: &[(ReduceFn, [f32; 2])] = &[
        (ReduceFn::Sum, [2.0, 15.0]),
        (ReduceFn::Mean, [2.0 / 3.0, 5.0]),
        (ReduceFn::Max, [3.0, 6.0]),
        (ReduceFn::Min, [-2.0, 4.0]),
        (ReduceFn::Prod, [-6.0, 120.0]),
        (ReduceFn::L1, [6.0, 15.0]),
        (ReduceFn::L2, [14.0f32.sqrt(), 77.0f32.sqrt()]),
        (ReduceFn::SumSquare, [14.0, 77.0]),
        (ReduceFn::LogSum, [2.0f32.ln(), 15.0f32.ln()]),
        (ReduceFn::LogSumExp, [3.132_845, 6.407_606]),
    ];
    assert_eq!(cases.len(), ReduceFn::ALL.len());
    for (function, expected) in cases {
        check_last(*function, &x, &f32s(&[2], *expected));
    }
}

#[test]
fn axes() {
    let x = [f32s(&[2, 1, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])];
    // The axes, the result's dimensions if they stay and if they go, and its elements.
    type Case<'a> = (&'a [usize], &'a [usize], &'a [usize], &'a [f32]);
    let cases: &[Case<'_>] = &[
        (&[], &[2, 1, 3], &[2, 1, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        (&[0], &[1, 1, 3], &[1, 3], &[5.0, 7.0, 9.0]),
        (&[1], &[2, 1, 3], &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        (&[2, 0], &[1, 1, 1], &[1], &[21.0]),
        (&[0, 1, 2], &[1, 1, 1], &[], &[21.0]),
    ];
    for (axes, kept, dropped, sums) in cases {
        let op = Reduce { function: ReduceFn::Sum, axes: axes.to_vec(), keep_dims: true };
        check(op.clone(), &x, Ok(&[f32s(kept, *sums)]));
        check(Reduce { keep_dims: false, ..op }, &x, Ok(&[f32s(dropped, *sums)]));
    }
    // Without axes the function still applies, to each element.
    let op = Reduce { function: ReduceFn::L2, axes: Vec::new(), keep_dims: false };
    check(op, &[f32s(&[2], [-3.0, 2.0])], Ok(&[f32s(&[2], [3.0, 2.0])]));
}

#[test]
fn extreme_values() {
    let (inf, nan, ln_2) = (f32::INFINITY, f32::NAN, std::f32::consts::LN_2);
    let x = f32s(&[3, 2], [nan, 1.0, 1.0, nan, -inf, -inf]);
    check_last(ReduceFn::Max, &x, &f32s(&[3], [nan, nan, -inf]));
    check_last(ReduceFn::Min, &x, &f32s(&[3], [nan, nan, -inf]));
    check_last(ReduceFn::LogSumExp, &x, &f32s(&[3], [nan, nan, -inf]));
    let large = f32s(&[3, 2], [1000.0, 1000.0, inf, 1.0, -1000.0, -1000.0]);
    check_last(ReduceFn::LogSumExp, &large, &f32s(&[3], [1000.0 + ln_2, inf, ln_2 - 1000.0]));
    let half = |x: f32| tensor(&[1], [f16::from_f32(x)]);
    let halves = tensor(&[1, 3], [60000.0, 60000.0, -60000.0].map(f16::from_f32));
    check_last(ReduceFn::Sum, &halves, &half(60000.0));
}

#[test]
fn no_elements() {
    let x = f32s(&[1, 0], []);
    let cases = [
        (ReduceFn::Sum, 0.0),
        (ReduceFn::Mean, f32::NAN),
        (ReduceFn::Max, f32::NEG_INFINITY),
        (ReduceFn::Min, f32::INFINITY),
        (ReduceFn::Prod, 1.0),
        (ReduceFn::LogSumExp, f32::NEG_INFINITY),
    ];
    for (function, expected) in cases {
        check_last(function, &x, &f32s(&[1], [expected]));
    }
    check_last(ReduceFn::Max, &tensor::<i64>(&[1, 0], []), &tensor(&[1], [i64::MIN]));
    check_last(ReduceFn::Sum, &f32s(&[0, 3], []), &f32s(&[0], []));
}

#[test]
fn integers() {
    let x = tensor::<i32>(&[2, 2], [i32::MAX, 1, -3, 4]);
    check_last(ReduceFn::Sum, &x, &tensor::<i32>(&[2], [i32::MIN, 1]));
    check_last(ReduceFn::Prod, &x, &tensor::<i32>(&[2], [i32::MAX, -12]));
    check_last(ReduceFn::Max, &x, &tensor::<i32>(&[2], [i32::MAX, 4]));
    check_last(ReduceFn::Min, &tensor::<i64>(&[2], [1 << 40, -1]), &tensor::<i64>(&[], [-1]));
}

#[test]
fn types() {
    let op = |function, axes: &[usize]| Reduce { function, axes: axes.to_vec(), keep_dims: true };
    check_infer(op(ReduceFn::Mean, &[2, 3]), "f32[N, C, H, W]", Ok("f32[N, C, 1, 1]"));
    check_infer(op(ReduceFn::Sum, &[0]), "i64[N, 2]", Ok("i64[1, 2]"));
    let dropped = Reduce { keep_dims: false, ..op(ReduceFn::LogSum, &[1]) };
    check_infer(dropped, "f16[N, C, 3]", Ok("f16[N, 3]"));
    let float = "operand 0 has elements of type i64, but should have floats";
    check_infer(op(ReduceFn::Mean, &[]), "i64[2]", Err(float));
    let number = "operand 0 has elements of type bool, but should have numbers";
    check_infer(op(ReduceFn::Max, &[]), "bool[2]", Err(number));
    check_infer(op(ReduceFn::Sum, &[1]), "f32[2]", Err("attribute `axes` has 1, but the operand has 1 dimensions"));
    check_infer(op(ReduceFn::Sum, &[0, 0]), "f32[2]", Err("attribute `axes` has 0 twice"));
}
