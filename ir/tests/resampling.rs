//! Resizing and padding.

mod common;

use firebrick_ir::ops::{Coordinates, Pad, PadMode, Resize, ResizeFn};
use firebrick_ir::{Tensor, f16};

use common::{check, check_infer, f32s, tensor};

const ALIGNED: Coordinates = Coordinates::AlignCorners;
const ASYMMETRIC: Coordinates = Coordinates::Asymmetric;
const HALF_PIXEL: Coordinates = Coordinates::HalfPixel;

#[test]
fn nearest() {
    let cases: &[(Coordinates, &[f32], &[f32])] = &[
        (ASYMMETRIC, &[1.0, 2.0, 3.0], &[1.0, 1.0, 2.0, 2.0, 3.0, 3.0]),
        (ASYMMETRIC, &[1.0, 2.0, 3.0], &[1.0, 2.0]),
        (ASYMMETRIC, &[1.0, 2.0], &[1.0, 1.0, 2.0]),
        (HALF_PIXEL, &[1.0, 2.0, 3.0], &[1.0, 2.0]),
        (HALF_PIXEL, &[1.0, 2.0], &[1.0, 1.0, 1.0, 2.0]),
        (ALIGNED, &[1.0, 2.0, 3.0], &[1.0, 3.0]),
        (ALIGNED, &[1.0, 2.0], &[1.0, 1.0, 2.0]),
        (ALIGNED, &[1.0, 2.0], &[1.0]),
        (ASYMMETRIC, &[f32::INFINITY, 2.0], &[f32::INFINITY, f32::INFINITY, 2.0, 2.0]),
    ];
    for (coordinates, from, to) in cases {
        let op = Resize { function: ResizeFn::Nearest, coordinates: *coordinates, size: vec![to.len()] };
        check(op, &[f32s(&[1, 1, from.len()], *from)], Ok(&[f32s(&[1, 1, to.len()], *to)]));
    }
}

#[test]
fn linear() {
    let cases: &[(Coordinates, &[f32], &[f32])] = &[
        (ASYMMETRIC, &[10.0, 20.0], &[10.0, 15.0, 20.0, 20.0]),
        (HALF_PIXEL, &[10.0, 20.0], &[10.0, 12.5, 17.5, 20.0]),
        (HALF_PIXEL, &[10.0, 20.0, 40.0, 60.0], &[15.0, 50.0]),
        (ALIGNED, &[10.0, 20.0], &[10.0, 15.0, 20.0]),
        (ALIGNED, &[10.0, 20.0, 40.0, 60.0], &[10.0, 30.0, 60.0]),
        (ALIGNED, &[10.0, 20.0], &[10.0]),
        (ALIGNED, &[10.0], &[10.0, 10.0]),
        // At an element the next one does not count, however large.
        (ASYMMETRIC, &[1.0, f32::INFINITY], &[1.0, f32::INFINITY, f32::INFINITY, f32::INFINITY]),
    ];
    for (coordinates, from, to) in cases {
        let op = Resize { function: ResizeFn::Linear, coordinates: *coordinates, size: vec![to.len()] };
        check(op, &[f32s(&[1, 1, from.len()], *from)], Ok(&[f32s(&[1, 1, to.len()], *to)]));
    }
}

#[test]
fn resize_of_planes() {
    let bilinear = Resize { function: ResizeFn::Linear, coordinates: ALIGNED, size: vec![3, 3] };
    let x = f32s(&[1, 1, 2, 2], [1.0, 2.0, 3.0, 4.0]);
    check(bilinear.clone(), &[x], Ok(&[f32s(&[1, 1, 3, 3], [1.0, 1.5, 2.0, 2.0, 2.5, 3.0, 3.0, 3.5, 4.0])]));
    // One dimension grows, the other shrinks.
    let nearest = Resize { function: ResizeFn::Nearest, coordinates: ASYMMETRIC, size: vec![2, 2] };
    let x = f32s(&[1, 2, 1, 4], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    check(nearest.clone(), &[x], Ok(&[f32s(&[1, 2, 2, 2], [1.0, 3.0, 1.0, 3.0, 5.0, 7.0, 5.0, 7.0])]));
    check(nearest.clone(), &[f32s(&[0, 1, 1, 4], [])], Ok(&[f32s(&[0, 1, 2, 2], [])]));

    check_infer(nearest.clone(), "f16[N, C, H, W]", Ok("f16[N, C, 2, 2]"));
    check_infer(nearest.clone(), "f32[1, 2]", Err("operand 0 has 2 dimensions, but should have 3 or more"));
    check_infer(nearest.clone(), "f32[1, 1, 2]", Err("attribute `size` has 2 entries, but 1 are needed"));
    check_infer(nearest, "f32[1, 1, 0, 2]", Err("there is nothing to resize in [1, 1, 0, 2]"));
    let none = Resize { size: vec![2, 0], ..bilinear };
    check_infer(none, "f32[1, 1, 2, 2]", Err("attribute `size` is 0"));
}

/// Checks that a row is padded so.
#[track_caller]
fn check_row(mode: PadMode, pads: [usize; 2], row: &[u8], expected: &[u8]) {
    let op = Pad { mode, pads: pads.to_vec(), value: 9.0 };
    check(op, &[tensor(&[row.len()], row)], Ok(&[tensor(&[expected.len()], expected)]));
}

#[test]
fn pad_modes() {
    check_row(PadMode::Constant, [1, 2], &[1, 2, 3], &[9, 1, 2, 3, 9, 9]);
    check_row(PadMode::Constant, [1, 1], &[], &[9, 9]);
    check_row(PadMode::Edge, [1, 2], &[1, 2, 3], &[1, 1, 2, 3, 3, 3]);
    check_row(PadMode::Edge, [2, 3], &[7], &[7; 6]);
    check_row(PadMode::Reflect, [1, 2], &[1, 2, 3], &[2, 1, 2, 3, 2, 1]);
    check_row(PadMode::Reflect, [0, 0], &[], &[]);
}

#[test]
fn pad_dimensions() {
    let x = f32s(&[2, 2], [1.0, 2.0, 3.0, 4.0]);
    let pad = |mode| Pad { mode, pads: vec![1, 0, 0, 1], value: -0.5 };
    let constant = f32s(&[3, 3], [-0.5, -0.5, -0.5, 1.0, 2.0, -0.5, 3.0, 4.0, -0.5]);
    check(pad(PadMode::Constant), std::slice::from_ref(&x), Ok(&[constant]));
    let edge = f32s(&[3, 3], [1.0, 2.0, 2.0, 1.0, 2.0, 2.0, 3.0, 4.0, 4.0]);
    check(pad(PadMode::Edge), std::slice::from_ref(&x), Ok(&[edge]));
    let reflected = f32s(&[3, 3], [3.0, 4.0, 3.0, 1.0, 2.0, 1.0, 3.0, 4.0, 3.0]);
    check(pad(PadMode::Reflect), &[x], Ok(&[reflected]));
    check(pad(PadMode::Constant), &[f32s(&[2, 0], [])], Ok(&[f32s(&[3, 1], [-0.5; 3])]));
    let scalar = Pad { mode: PadMode::Constant, pads: Vec::new(), value: 0.0 };
    check(scalar, &[f32s(&[], [3.0])], Ok(&[f32s(&[], [3.0])]));
}

#[test]
fn pad_values() {
    let cases: &[(f32, Tensor)] = &[
        (-1.9, tensor::<i8>(&[1], [-1])),
        (-1.9, tensor::<u8>(&[1], [0])),
        (1e20, tensor::<i32>(&[1], [i32::MAX])),
        (-2.5, tensor::<i64>(&[1], [-2])),
        (1e20, tensor(&[1], [f16::INFINITY])),
        (0.1, tensor(&[1], [0.1f32])),
        (0.1, Tensor::from_bools(&[1], &[true]).expect("it has one element")),
        (0.0, Tensor::from_bools(&[1], &[false]).expect("it has one element")),
    ];
    for (value, expected) in cases {
        let op = Pad { mode: PadMode::Constant, pads: vec![1, 0], value: *value };
        let none = Tensor::new(expected.dtype(), &[0], Vec::new().into()).expect("it has no elements");
        check(op, &[none], Ok(std::slice::from_ref(expected)));
    }
}

#[test]
fn types_of_pad() {
    let op = |mode, pads: &[usize]| Pad { mode, pads: pads.to_vec(), value: 0.0 };
    check_infer(op(PadMode::Edge, &[0, 1, 0, 2]), "bool[N, 4]", Ok("bool[N, 7]"));
    let symbol = "dimension 0 of operand 0 is symbolic, but its size is needed";
    check_infer(op(PadMode::Constant, &[0, 0, 1, 0]), "f32[N, 4]", Err(symbol));
    check_infer(op(PadMode::Constant, &[1, 1]), "f32[2, 4]", Err("attribute `pads` has 2 entries, but 4 are needed"));
    let far = "pads of 1 and 2 (`reflect`) are too much for 2";
    check_infer(op(PadMode::Reflect, &[1, 2]), "f32[2]", Err(far));
    check_infer(op(PadMode::Edge, &[0, 1]), "f32[0]", Err("pads of 0 and 1 (`edge`) are too much for 0"));
    let vast = "a result of 2 + 9223372036854775807 + 9223372036854775807 elements or more is too large";
    check_infer(op(PadMode::Edge, &[usize::MAX / 2; 2]), "f32[2]", Err(vast));
    check_infer(
        op(PadMode::Edge, &[1 << 62, 0]),
        "f32[2]",
        Err("a result of [4611686018427387906] elements or more is too large"),
    );
}
