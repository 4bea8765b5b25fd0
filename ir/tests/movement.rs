//! Ops that move elements, or pick among them, without arithmetic.

mod common;

use firebrick_ir::ops::{Cast, Concat, Gather, Reshape, Select, Slice, Ties, Tile, TopK, Transpose};
use firebrick_ir::{DType, Tensor};
use half::{bf16, f16};

use common::{check, check_infer, f32s, tensor};

/// 0, 1, 2 … in that shape.
fn count(dims: &[usize]) -> Tensor {
    tensor(dims, (0u8..).take(dims.iter().product()).map(f32::from).collect::<Vec<_>>())
}

fn bools(dims: &[usize], values: &[bool]) -> Tensor {
    Tensor::from_bools(dims, values).expect("a test's tensors have as many elements as they say")
}

/// Numbers of few bits by their codes.
fn coded(dtype: DType, codes: &[u8]) -> Tensor {
    Tensor::new(dtype, &[codes.len()], codes.to_vec().into()).expect("a byte for each")
}

#[test]
fn cast() {
    let reals = f32s(&[7], [0.0, -1.9, 2.5, 300.0, -1e20, f32::NAN, f32::INFINITY]);
    let cases = [
        (&reals, tensor::<i8>(&[7], [0, -1, 2, 127, -128, 0, 127])),
        (&reals, tensor::<u8>(&[7], [0, 0, 2, 255, 0, 0, 255])),
        (&reals, tensor::<i64>(&[7], [0, -1, 2, 300, i64::MIN, 0, i64::MAX])),
        (&reals, bools(&[7], &[false, true, true, true, true, true, true])),
        (&reals, reals.clone()),
        (&tensor::<i64>(&[3], [257, -1, 1 << 40]), tensor::<u8>(&[3], [1, 255, 0])),
        (&tensor::<i64>(&[3], [257, -1, 16_777_217]), f32s(&[3], [257.0, -1.0, 16_777_216.0])),
        (&tensor::<f16>(&[2], [f16::from_f32(1.5), f16::MAX]), tensor::<i32>(&[2], [1, 65504])),
        (&f32s(&[2], [0.1, 1e6]), tensor::<f16>(&[2], [f16::from_f32(0.1), f16::INFINITY])),
        (&bools(&[2], &[true, false]), tensor::<i32>(&[2], [1, 0])),
        (&tensor::<u64>(&[2], [u64::MAX, 1 << 53]), tensor::<i64>(&[2], [-1, 1 << 53])),
        (&tensor::<u64>(&[1], [u64::MAX]), tensor::<f64>(&[1], [2f64.powi(64)])),
        // Above the middle of two, by less than an f32 tells.
        (&tensor::<f64>(&[1], [1.0 + 2f64.powi(-11) + 2f64.powi(-40)]), tensor::<f16>(&[1], [f16::from_bits(0x3c01)])),
        (&tensor::<f64>(&[2], [1.0 + 2f64.powi(-8), 1e300]), tensor::<bf16>(&[2], [bf16::ONE, bf16::INFINITY])),
        (&f32s(&[5], [1.0, -448.0, 1e9, f32::NAN, 0.0]), coded(DType::F8E4M3Fn, &[0x38, 0xfe, 0x7e, 0x7f, 0])),
        (&f32s(&[3], [3.9, -20.0, 7.0]), coded(DType::I4, &[3, 12, 7])),
        (&tensor::<i64>(&[2], [23, -1]), coded(DType::U4, &[7, 15])),
        (&coded(DType::I4, &[15, 7]), tensor::<i32>(&[2], [-1, 7])),
        (&coded(DType::F8E8M0, &[127, 0, 255]), f32s(&[3], [1.0, 2f32.powi(-127), f32::NAN])),
        (&coded(DType::F4E2M1, &[7, 15]), coded(DType::F8E5M2, &[0x46, 0xc6])),
    ];
    for (from, to) in cases {
        check(Cast::to(to.dtype()), std::slice::from_ref(from), Ok(&[to]));
    }
    let unsaturated = Cast { dtype: DType::F8E5M2, saturate: false };
    check(unsaturated, &[f32s(&[2], [1e9, -1e9])], Ok(&[coded(DType::F8E5M2, &[0x7c, 0xfc])]));
    check_infer(Cast::to(DType::I64), "bool[N, 3]", Ok("i64[N, 3]"));
}

#[test]
fn select() {
    let condition = bools(&[2, 1], &[true, false]);
    let (a, b) = (tensor::<i64>(&[3], [1, 2, 3]), tensor::<i64>(&[], [9]));
    check(Select {}, &[condition, a, b], Ok(&[tensor::<i64>(&[2, 3], [1, 2, 3, 9, 9, 9])]));
    let empty = bools(&[0, 1], &[]);
    check(Select {}, &[empty, f32s(&[2], [1.0, 2.0]), f32s(&[], [0.0])], Ok(&[f32s(&[0, 2], [])]));

    check_infer(Select {}, "bool[N, 1] i8[4] i8[1, 4]", Ok("i8[N, 4]"));
    check_infer(Select {}, "f32[1] f32[1] f32[1]", Err("operand 0 has elements of type f32, but should have bool"));
    check_infer(Select {}, "bool[1] i8[1] u8[1]", Err("operand 2 has elements of type u8, but should have i8"));
    check_infer(Select {}, "bool[2] i8[3] i8[1]", Err("shapes [2] and [3] do not broadcast to one"));
}

#[test]
fn concat() {
    let (a, b) = (count(&[2, 1, 2]), count(&[2, 2, 2]));
    let joined = f32s(&[2, 3, 2], [0.0, 1.0, 0.0, 1.0, 2.0, 3.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    check(Concat { axis: 1 }, &[a, b], Ok(&[joined]));
    let (a, b) = (tensor::<u8>(&[2, 0], []), tensor::<u8>(&[2, 1], [7, 8]));
    check(Concat { axis: 1 }, &[a.clone(), b.clone(), b], Ok(&[tensor::<u8>(&[2, 2], [7, 7, 8, 8])]));
    check(Concat { axis: 0 }, &[a.clone(), a], Ok(&[tensor::<u8>(&[4, 0], [])]));

    check_infer(Concat { axis: 1 }, "f32[N, 3, 4] f32[N, 5, 4]", Ok("f32[N, 8, 4]"));
    check_infer(Concat { axis: 0 }, "f32[N, 3]", Ok("f32[N, 3]"));
    let axis = "attribute `axis` is 2, but the operand has 2 dimensions";
    check_infer(Concat { axis: 2 }, "f32[1, 1]", Err(axis));
    let symbolic = "dimension 0 of operand 1 is symbolic, but its size is needed";
    check_infer(Concat { axis: 0 }, "f32[2, 3] f32[N, 3]", Err(symbolic));
    let differ = "operands 0 ([N, 3]) and 1 ([M, 3]) differ in dimension 0, not just in 1";
    check_infer(Concat { axis: 1 }, "f32[N, 3] f32[M, 3]", Err(differ));
    check_infer(Concat { axis: 0 }, "f32[1] f32[1, 1]", Err("operand 1 has 2 dimensions, but should have 1"));
    check_infer(Concat { axis: 0 }, "f32[1] f16[1]", Err("operand 1 has elements of type f16, but should have f32"));
    check_infer(Concat { axis: 0 }, "", Err("takes 1 or more operands, but has 0"));
    let huge = format!("u8[{0}] u8[{0}]", u64::MAX);
    let too_large = format!("a result of {0} + {0} elements or more is too large", u64::MAX);
    check_infer(Concat { axis: 0 }, &huge, Err(&too_large));
}

fn slice(axes: &[usize], starts: &[usize], counts: &[usize], steps: &[i64]) -> Slice {
    Slice { axes: axes.to_vec(), starts: starts.to_vec(), counts: counts.to_vec(), steps: steps.to_vec() }
}

#[test]
fn slices() {
    let x = [count(&[3, 4])];
    check(slice(&[1], &[1], &[2], &[2]), &x, Ok(&[f32s(&[3, 2], [1.0, 3.0, 5.0, 7.0, 9.0, 11.0])]));
    check(slice(&[1, 0], &[3, 2], &[2, 2], &[-3, -2]), &x, Ok(&[f32s(&[2, 2], [11.0, 8.0, 3.0, 0.0])]));
    check(slice(&[0], &[2], &[1], &[i64::MIN]), &x, Ok(&[f32s(&[1, 4], [8.0, 9.0, 10.0, 11.0])]));
    check(slice(&[1], &[0], &[0], &[1]), &x, Ok(&[f32s(&[3, 0], [])]));
    check(slice(&[], &[], &[], &[]), &x, Ok(&x));
    let flags = bools(&[5], &[true, false, false, true, true]);
    check(slice(&[0], &[4], &[3], &[-2]), &[flags], Ok(&[bools(&[3], &[true, false, true])]));

    check_infer(slice(&[1], &[2], &[3], &[1]), "i32[N, 5]", Ok("i32[N, 3]"));
    let symbolic = "dimension 0 of operand 0 is symbolic, but its size is needed";
    check_infer(slice(&[0], &[0], &[1], &[1]), "f32[N]", Err(symbolic));
    let errors = [
        (slice(&[0], &[2], &[3], &[1]), "3 elements from 2 on in steps of 1 are not inside dimension 0 of 4"),
        (slice(&[0], &[1], &[3], &[-1]), "3 elements from 1 on in steps of -1 are not inside dimension 0 of 4"),
        (
            slice(&[0], &[0], &[usize::MAX >> 1], &[i64::MAX]),
            "9223372036854775807 elements from 0 on in steps of 9223372036854775807 are not inside dimension 0 of 4",
        ),
        (slice(&[0], &[0], &[1], &[0]), "attribute `steps` has a 0"),
        (slice(&[0], &[0], &[1], &[]), "attribute `steps` has 0 entries, but 1 are needed"),
        (slice(&[1], &[0], &[1], &[1]), "attribute `axes` has 1, of 1 dimensions, or has it twice"),
        (slice(&[0, 0], &[0, 0], &[1, 1], &[1, 1]), "attribute `axes` has 0, of 1 dimensions, or has it twice"),
    ];
    for (op, error) in errors {
        check_infer(op, "f32[4]", Err(error));
    }
}

#[test]
fn reshape() {
    let reshape = |shape: &[i64]| Reshape { shape: shape.to_vec() };
    check(reshape(&[3, -1]), &[count(&[2, 3])], Ok(&[count(&[3, 2])]));
    check(reshape(&[]), &[count(&[1, 1])], Ok(&[count(&[])]));
    check(reshape(&[0, -1]), &[count(&[0, 3, 4])], Ok(&[count(&[0, 12])]));
    check(reshape(&[4, 2]), &[count(&[2, 3])], Err("[2, 3] does not have the elements of [4, 2]"));

    let symbolic = |dim| format!("dimension {dim} of operand 0 is symbolic, but its size is needed");
    let cases = [
        (reshape(&[0, -1]), "f32[N, 3, 4]", Ok("f32[N, 12]")),
        (reshape(&[-1, 12]), "f32[N, 3, 4]", Ok("f32[N, 12]")),
        (reshape(&[0, 4, 3]), "f32[N, 3, 4]", Ok("f32[N, 4, 3]")),
        (reshape(&[0, 0, 2, -1, 0]), "f32[N, 3, 8, 4, W]", Ok("f32[N, 3, 2, 16, W]")),
        (reshape(&[-1]), "f32[N, 3]", Err(symbolic(0))),
        (reshape(&[0, -1]), "f32[N, 3, H, W]", Err(symbolic(2))),
        (reshape(&[6]), "f32[N, 3]", Err(symbolic(0))),
        (reshape(&[4, -1]), "f32[2, 3]", Err("[2, 3] does not have the elements of [4, -1]".to_owned())),
        (reshape(&[-1, -1]), "f32[2, 3]", Err("attribute `shape` has -1 more than once".to_owned())),
        (reshape(&[-2]), "f32[2, 3]", Err("attribute `shape` has -2".to_owned())),
        (
            reshape(&[6, 1, 0]),
            "f32[2, 3]",
            Err("attribute `shape` has 0 at 2, but the operand has 2 dimensions".to_owned()),
        ),
    ];
    for (op, operand, expected) in cases {
        check_infer(op, operand, expected.as_ref().copied().map_err(String::as_str));
    }
}

#[test]
fn transpose() {
    let transpose = |perm: &[usize]| Transpose { perm: perm.to_vec() };
    check(transpose(&[1, 0]), &[count(&[2, 3])], Ok(&[f32s(&[3, 2], [0.0, 3.0, 1.0, 4.0, 2.0, 5.0])]));
    let turned = f32s(&[2, 2, 3], [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 1.0, 3.0, 5.0, 7.0, 9.0, 11.0]);
    check(transpose(&[2, 0, 1]), &[count(&[2, 3, 2])], Ok(&[turned]));
    check(transpose(&[0, 2, 1]), &[count(&[2, 1, 3])], Ok(&[count(&[2, 3, 1])]));
    let bytes = tensor::<i8>(&[2, 2], [1, 2, 3, 4]);
    check(transpose(&[1, 0]), &[bytes], Ok(&[tensor::<i8>(&[2, 2], [1, 3, 2, 4])]));
    // Larger than what is moved at once, in both directions.
    let (n, m) = (70, 33);
    let wide: Vec<i64> = (0..n * m).collect();
    let tall: Vec<i64> = (0..m).flat_map(|j| (0..n).map(move |i| i * m + j)).collect();
    let (wide, tall) = (tensor::<i64>(&[70, 33], wide), tensor::<i64>(&[33, 70], tall));
    check(transpose(&[1, 0]), std::slice::from_ref(&wide), Ok(std::slice::from_ref(&tall)));
    check(transpose(&[1, 0]), &[tall], Ok(&[wide]));
    check(transpose(&[]), &[count(&[])], Ok(&[count(&[])]));
    check(transpose(&[1, 0]), &[count(&[0, 2])], Ok(&[count(&[2, 0])]));

    check_infer(transpose(&[0, 2, 3, 1]), "f16[N, 3, H, 5]", Ok("f16[N, H, 5, 3]"));
    let twice = "attribute `perm` is [0, 0], but should have the dimensions below 2, each once";
    check_infer(transpose(&[0, 0]), "f32[2, 2]", Err(twice));
}

#[test]
fn tile() {
    let tile = |repeats: &[usize]| Tile { repeats: repeats.to_vec() };
    let x = tensor::<i64>(&[2, 2], [1, 2, 3, 4]);
    let tiled = tensor::<i64>(&[2, 6], [1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4]);
    check(tile(&[1, 3]), std::slice::from_ref(&x), Ok(&[tiled]));
    let tiled = tensor::<i64>(&[4, 2], [1, 2, 3, 4, 1, 2, 3, 4]);
    check(tile(&[2, 1]), std::slice::from_ref(&x), Ok(&[tiled]));
    check(tile(&[2, 0]), &[x], Ok(&[tensor::<i64>(&[4, 0], [])]));

    check_infer(tile(&[1, 3]), "f32[N, 2]", Ok("f32[N, 6]"));
    let symbolic = "dimension 0 of operand 0 is symbolic, but its size is needed";
    check_infer(tile(&[2, 1]), "f32[N, 2]", Err(symbolic));
    check_infer(tile(&[2]), "f32[2, 2]", Err("attribute `repeats` has 1 entries, but 2 are needed"));
    let too_large = format!("a result of 4 * {} elements or more is too large", usize::MAX >> 1);
    check_infer(tile(&[usize::MAX >> 1]), "f32[4]", Err(&too_large));
}

#[test]
fn gather() {
    let x = count(&[2, 3, 2]);
    let picked = f32s(&[2, 2, 2], [4.0, 5.0, 0.0, 1.0, 10.0, 11.0, 6.0, 7.0]);
    check(Gather { axis: 1 }, &[x.clone(), tensor::<i64>(&[2], [-1, 0])], Ok(&[picked]));
    check(
        Gather { axis: 2 },
        &[x.clone(), tensor::<i32>(&[], [1])],
        Ok(&[f32s(&[2, 3], [1.0, 3.0, 5.0, 7.0, 9.0, 11.0])]),
    );
    check(Gather { axis: 0 }, &[x.clone(), tensor::<i64>(&[0], [])], Ok(&[f32s(&[0, 3, 2], [])]));
    for index in [3, -4, i64::MIN] {
        let error = format!("index {index} is outside a dimension of 3");
        check(Gather { axis: 1 }, &[x.clone(), tensor::<i64>(&[1], [index])], Err(&error));
    }

    check_infer(Gather { axis: 0 }, "f32[V, 8] i32[T, N]", Ok("f32[T, N, 8]"));
    let dtype = "operand 1 has elements of type f32, but should have i32 or i64";
    check_infer(Gather { axis: 0 }, "f32[5] f32[1]", Err(dtype));
    let axis = "attribute `axis` is 1, but the operand has 1 dimensions";
    check_infer(Gather { axis: 1 }, "f32[5] i32[1]", Err(axis));
}

#[test]
fn top_k() {
    let op = |axis, k, largest, ties| TopK { axis, k, largest, ties };
    let x = f32s(&[1, 5], [2.0, 7.0, -1.0, 7.0, 0.0]);
    let cases = [
        (op(1, 3, true, Ties::Lowest), [7.0, 7.0, 2.0], [1, 3, 0]),
        (op(1, 3, true, Ties::Highest), [7.0, 7.0, 2.0], [3, 1, 0]),
        (op(1, 3, false, Ties::Lowest), [-1.0, 0.0, 2.0], [2, 4, 0]),
    ];
    for (op, values, indices) in cases {
        check(op, std::slice::from_ref(&x), Ok(&[f32s(&[1, 3], values), tensor::<i64>(&[1, 3], indices)]));
    }
    let columns = f32s(&[2, 3, 2], [0.0, 5.0, 1.0, 4.0, 2.0, 3.0, 9.0, 6.0, 8.0, 7.0, 7.0, 8.0]);
    let best = f32s(&[2, 2, 2], [2.0, 5.0, 1.0, 4.0, 9.0, 8.0, 8.0, 7.0]);
    let places = tensor::<i64>(&[2, 2, 2], [2, 0, 1, 1, 0, 2, 1, 1]);
    check(op(1, 2, true, Ties::Lowest), &[columns], Ok(&[best, places]));
    let odd = f32s(&[4], [f32::NAN, 0.0, -0.0, f32::NAN]);
    let (values, places) = (f32s(&[4], [f32::NAN, f32::NAN, 0.0, 0.0]), tensor::<i64>(&[4], [0, 3, 1, 2]));
    check(op(0, 4, true, Ties::Lowest), &[odd], Ok(&[values, places]));
    let large = tensor::<u64>(&[3], [u64::MAX - 1, u64::MAX, 0]); // the same as f64
    let best = [tensor::<u64>(&[2], [u64::MAX, u64::MAX - 1]), tensor::<i64>(&[2], [1, 0])];
    check(op(0, 2, true, Ties::Lowest), &[large], Ok(&best));
    check(op(0, 0, true, Ties::Lowest), &[count(&[3])], Ok(&[f32s(&[0], []), tensor::<i64>(&[0], [])]));

    check_infer(op(1, 2, true, Ties::Lowest), "f16[N, 3, W]", Ok("f16[N, 2, W] i64[N, 2, W]"));
    let symbolic = "dimension 0 of operand 0 is symbolic, but its size is needed";
    check_infer(op(0, 2, true, Ties::Lowest), "f32[N, 3]", Err(symbolic));
    let few = "attribute `k` is 4, but dimension 1 has 3 elements";
    check_infer(op(1, 4, true, Ties::Lowest), "f32[N, 3]", Err(few));
    let dtype = "operand 0 has elements of type bool, but should have numbers";
    check_infer(op(0, 1, true, Ties::Lowest), "bool[3]", Err(dtype));
}
