//! Elements and parts picked, written and put in order by indices. Results are ONNX's examples, or were counted by hand.

mod common;

use firebrick_ir::ops::{
    Cumulate, CumulateFn, GatherElements, GatherNd, ReverseSequence, ScatterElements, ScatterFn, ScatterNd,
};
use firebrick_ir::{Tensor, f16};

use common::{check, check_infer, f32s, tensor};

fn i64s<const N: usize>(dims: &[usize], values: [i64; N]) -> Tensor {
    tensor(dims, values)
}

fn i32s<const N: usize>(dims: &[usize], values: [i32; N]) -> Tensor {
    tensor(dims, values)
}

#[test]
fn gather_elements() {
    let data = i32s(&[3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let picked = i32s(&[2, 3], [4, 8, 3, 7, 2, 3]);
    let op = GatherElements { axis: 0 };
    check(op.clone(), &[data.clone(), i64s(&[2, 3], [1, 2, 0, 2, 0, 0])], Ok(std::slice::from_ref(&picked)));
    check(op.clone(), &[data.clone(), i32s(&[2, 3], [-2, -1, -3, -1, -3, -3])], Ok(&[picked]));
    check(GatherElements { axis: 1 }, &[data.clone(), i64s(&[1, 4], [2, 0, 0, 1])], Ok(&[i32s(&[1, 4], [3, 1, 1, 2])]));
    check(op.clone(), &[data.clone(), i64s(&[0, 3], [])], Ok(&[i32s(&[0, 3], [])]));
    check(op.clone(), &[data, i64s(&[1, 1], [3])], Err("index 3 is outside a dimension of 3"));

    check_infer(op.clone(), "f16[V, N] i32[T, N]", Ok("f16[T, N]"));
    let large = "indices [3, 4] are not within [3, 3], dimension 0 aside";
    check_infer(op.clone(), "f32[3, 3] i64[3, 4]", Err(large));
    check_infer(op.clone(), "f32[3, 3] i64[3]", Err("indices [3] are not within [3, 3], dimension 0 aside"));
    check_infer(op, "f32[3] f32[3]", Err("operand 1 has elements of type f32, but should have i32 or i64"));
}

#[test]
fn gather_nd() {
    let op = |batch_dims| GatherNd { batch_dims };
    let data = i32s(&[2, 2], [0, 1, 2, 3]);
    check(op(0), &[data.clone(), i64s(&[2, 2], [0, 0, 1, -1])], Ok(&[i32s(&[2], [0, 3])]));
    check(op(0), &[data.clone(), i64s(&[2, 1], [1, 0])], Ok(&[i32s(&[2, 2], [2, 3, 0, 1])]));
    check(op(0), &[data.clone(), i64s(&[2, 0], [])], Ok(&[i32s(&[2, 2, 2], [0, 1, 2, 3, 0, 1, 2, 3])]));
    check(op(2), &[data.clone(), i64s(&[2, 2, 0], [])], Ok(std::slice::from_ref(&data)));
    let batched = i32s(&[2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7]);
    check(op(1), &[batched, i64s(&[2, 1], [1, 0])], Ok(&[i32s(&[2, 2], [2, 3, 4, 5])]));
    check(op(0), &[data.clone(), i64s(&[0, 2], [])], Ok(&[i32s(&[0], [])]));
    check(op(0), &[data, i64s(&[1, 2], [0, 2])], Err("index 2 is outside a dimension of 2"));

    check_infer(op(1), "f32[N, 3, 4, C] i64[N, T, 2]", Ok("f32[N, T, C]"));
    check_infer(op(1), "f32[N, 3] i64[M, 1]", Err("[N, 3] and [M, 1] do not have 1 dimensions in common"));
    let long = "tuples of 3 indices are too long for 3 dimensions, of which 1 are batch";
    check_infer(op(1), "f32[2, 3, 4] i64[2, 3]", Err(long));
    check_infer(op(0), "f32[2] i64[]", Err("operand 1 has 0 dimensions, but should have 1 or more"));
    check_infer(op(0), "f32[2] i64[K]", Err("dimension 0 of operand 1 is symbolic, but its size is needed"));
}

#[test]
fn scatter_elements() {
    let op = |axis, function| ScatterElements { axis, function };
    let data = f32s(&[3, 3], [0.0; 9]);
    let indices = i64s(&[2, 3], [1, 0, 2, 0, -1, 1]);
    let updates = f32s(&[2, 3], [1.0, 1.1, 1.2, 2.0, 2.1, 2.2]);
    let written = f32s(&[3, 3], [2.0, 1.1, 0.0, 1.0, 0.0, 2.2, 0.0, 2.1, 1.2]);
    check(op(0, ScatterFn::Replace), &[data, indices, updates], Ok(&[written]));

    let data = i32s(&[1, 5], [1, 2, 3, 4, 5]);
    let (indices, updates) = (i32s(&[1, 3], [1, 3, 1]), i32s(&[1, 3], [7, 2, 3]));
    let cases = [
        (ScatterFn::Replace, [1, 3, 3, 2, 5]),
        (ScatterFn::Add, [1, 12, 3, 6, 5]),
        (ScatterFn::Mul, [1, 42, 3, 8, 5]),
        (ScatterFn::Max, [1, 7, 3, 4, 5]),
        (ScatterFn::Min, [1, 2, 3, 2, 5]),
    ];
    for (function, expected) in cases {
        let operands = [data.clone(), indices.clone(), updates.clone()];
        check(op(1, function), &operands, Ok(&[i32s(&[1, 5], expected)]));
    }
    let outside = [data, i64s(&[1, 1], [5]), i32s(&[1, 1], [0])];
    check(op(1, ScatterFn::Add), &outside, Err("index 5 is outside a dimension of 5"));
    let none = [f32s(&[0], []), i64s(&[0], []), f32s(&[0], [])];
    check(op(0, ScatterFn::Add), &none, Ok(&none[..1]));

    check_infer(op(0, ScatterFn::Replace), "bool[V, N] i64[T, N] bool[T, N]", Ok("bool[V, N]"));
    let truth = "operand 0 has elements of type bool, but should have numbers";
    check_infer(op(0, ScatterFn::Max), "bool[2] i64[2] bool[2]", Err(truth));
    let dtype = "operand 2 has elements of type f16, but should have f32";
    check_infer(op(0, ScatterFn::Max), "f32[2] i64[2] f16[2]", Err(dtype));
    let shape = "the updates are [2], but their indices [1]";
    check_infer(op(0, ScatterFn::Max), "f32[2] i64[1] f32[2]", Err(shape));
}

#[test]
fn scatter_nd() {
    let op = |function| ScatterNd { function };
    let data = f32s(&[4], [1.0, 2.0, 3.0, 4.0]);
    let operands = [data.clone(), i64s(&[3, 1], [3, -4, 3]), f32s(&[3], [9.0, 10.0, 11.0])];
    check(op(ScatterFn::Replace), &operands, Ok(&[f32s(&[4], [10.0, 2.0, 3.0, 11.0])]));
    check(op(ScatterFn::Add), &operands, Ok(&[f32s(&[4], [11.0, 2.0, 3.0, 24.0])]));
    let rows = [i32s(&[2, 2], [1, 2, 3, 4]), i64s(&[1, 1], [1]), i32s(&[1, 2], [7, 8])];
    check(op(ScatterFn::Mul), &rows, Ok(&[i32s(&[2, 2], [1, 2, 21, 32])]));
    let all = [i32s(&[2], [1, 2]), i64s(&[2, 0], []), i32s(&[2, 2], [3, 4, 5, 6])];
    check(op(ScatterFn::Add), &all, Ok(&[i32s(&[2], [9, 12])]));
    let vast = [f32s(&[0], []), i64s(&[1 << 40, 0], []), f32s(&[1 << 40, 0], [])];
    check(op(ScatterFn::Add), &vast, Ok(&vast[..1]));
    let outside = [data, i64s(&[1, 1], [4]), f32s(&[1], [0.0])];
    check(op(ScatterFn::Min), &outside, Err("index 4 is outside a dimension of 4"));

    check_infer(op(ScatterFn::Max), "f32[V, 3, C] i32[N, 2] f32[N, C]", Ok("f32[V, 3, C]"));
    let shape = "the updates are [2, 3], but should be [2]";
    check_infer(op(ScatterFn::Max), "f32[4, 3] i64[2, 2] f32[2, 3]", Err(shape));
    let long = "tuples of 2 indices are too long for 1 dimensions";
    check_infer(op(ScatterFn::Max), "f32[4] i64[2, 2] f32[2]", Err(long));
}

#[test]
fn cumulate() {
    let op = |function, exclusive, reverse| Cumulate { function, axis: 1, exclusive, reverse };
    let x = f32s(&[2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let cases = [
        (op(CumulateFn::Sum, false, false), [1.0, 3.0, 6.0, 4.0, 9.0, 15.0]),
        (op(CumulateFn::Sum, true, false), [0.0, 1.0, 3.0, 0.0, 4.0, 9.0]),
        (op(CumulateFn::Sum, false, true), [6.0, 5.0, 3.0, 15.0, 11.0, 6.0]),
        (op(CumulateFn::Sum, true, true), [5.0, 3.0, 0.0, 11.0, 6.0, 0.0]),
        (op(CumulateFn::Prod, false, false), [1.0, 2.0, 6.0, 4.0, 20.0, 120.0]),
        (op(CumulateFn::Prod, true, true), [6.0, 3.0, 1.0, 30.0, 6.0, 1.0]),
    ];
    for (op, expected) in cases {
        check(op, std::slice::from_ref(&x), Ok(&[f32s(&[2, 3], expected)]));
    }
    let down = Cumulate { axis: 0, ..op(CumulateFn::Sum, false, false) };
    check(down.clone(), &[x], Ok(&[f32s(&[2, 3], [1.0, 2.0, 3.0, 5.0, 7.0, 9.0])]));
    check(down.clone(), &[tensor::<i8>(&[3], [100, 27, 1])], Ok(&[tensor::<i8>(&[3], [100, 127, -128])]));
    check(down.clone(), &[f32s(&[0, 2], [])], Ok(&[f32s(&[0, 2], [])]));
    // Sums are rounded once, not at each step.
    let halves = |values: [f32; 3]| tensor::<f16>(&[3], values.map(f16::from_f32));
    check(down.clone(), &[halves([2048.0, 1.0, 1.0])], Ok(&[halves([2048.0, 2048.0, 2050.0])]));
    check_infer(down, "bool[N]", Err("operand 0 has elements of type bool, but should have numbers"));
}

#[test]
fn reverse_sequence() {
    let op = |batch_axis, time_axis| ReverseSequence { batch_axis, time_axis };
    let x = i32s(&[4, 4], [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15]);
    let reversed = i32s(&[4, 4], [3, 6, 9, 12, 2, 5, 8, 13, 1, 4, 10, 14, 0, 7, 11, 15]);
    check(op(1, 0), &[x, i64s(&[4], [4, 3, 2, 1])], Ok(&[reversed]));
    let x = i32s(&[2, 1, 3, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    let reversed = i32s(&[2, 1, 3, 2], [4, 5, 2, 3, 0, 1, 6, 7, 8, 9, 10, 11]);
    check(op(0, 2), &[x.clone(), i32s(&[2], [3, 0])], Ok(&[reversed]));
    let outside = "a sequence of 4 elements is none of 0 to 3";
    check(op(0, 2), &[x, i64s(&[2], [1, 4])], Err(outside));

    check_infer(op(0, 1), "f32[N, T, C] i64[N]", Ok("f32[N, T, C]"));
    check_infer(op(0, 1), "f32[N, T] i64[T]", Err("the lengths are [T], but should be [N]"));
    check_infer(op(1, 1), "f32[N, T] i64[T]", Err("attribute `time_axis` is 1, which is the batch's"));
}
