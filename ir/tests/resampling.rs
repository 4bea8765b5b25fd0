//! Resizing and padding. The longer results of resizing are those of ONNX's reference
//! implementation, but for its rounding of positions to f32.

mod common;

use firebrick_ir::ops::{Coordinates, NearestMode, Pad, PadMode, Resize, ResizeFn};
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
        let op = Resize::spatial(ResizeFn::Nearest, *coordinates, vec![to.len()]);
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
        let op = Resize::spatial(ResizeFn::Linear, *coordinates, vec![to.len()]);
        check(op, &[f32s(&[1, 1, from.len()], *from)], Ok(&[f32s(&[1, 1, to.len()], *to)]));
    }
}

/// A resize of the only dimension.
fn row(function: ResizeFn, coordinates: Coordinates, to: usize) -> Resize {
    Resize { axes: vec![0], ..Resize::spatial(function, coordinates, vec![to]) }
}

/// Checks what becomes of 1, 2, 4, 8.
#[track_caller]
fn check_resized(op: Resize, expected: &[f32]) {
    check(op, &[f32s(&[4], [1.0, 2.0, 4.0, 8.0])], Ok(&[f32s(&[expected.len()], expected)]));
}

#[test]
fn nearest_modes() {
    let cases: &[(NearestMode, &[f32; 6])] = &[
        (NearestMode::Floor, &[1.0, 1.0, 2.0, 2.0, 4.0, 8.0]),
        (NearestMode::Ceil, &[1.0, 2.0, 4.0, 4.0, 8.0, 8.0]),
        (NearestMode::RoundPreferFloor, &[1.0, 1.0, 2.0, 4.0, 4.0, 8.0]),
        (NearestMode::RoundPreferCeil, &[1.0, 2.0, 2.0, 4.0, 8.0, 8.0]),
    ];
    for (nearest, expected) in cases {
        check_resized(Resize { nearest: *nearest, ..row(ResizeFn::Nearest, HALF_PIXEL, 6) }, *expected);
    }
}

#[test]
fn cubic() {
    let cubic = |coordinates, to| row(ResizeFn::Cubic, coordinates, to);
    check_resized(cubic(HALF_PIXEL, 6), &[0.913_194_4, 1.3125, 2.304_398, 3.383_102, 6.1875, 8.347_222]);
    check_resized(cubic(ASYMMETRIC, 6), &[1.0, 1.462_962_5, 2.518_516_5, 4.0, 6.851_851, 8.444_444]);
    check_resized(cubic(ALIGNED, 6), &[1.0, 1.396, 2.352, 3.288, 5.768, 8.0]);
    let excluding = Resize { cubic: -0.5, exclude_outside: true, ..cubic(HALF_PIXEL, 6) };
    check_resized(excluding, &[0.934_210_8, 1.352_941_2, 2.252_313_4, 3.539_353_4, 6.235_294, 8.263_157]);
}

#[test]
fn antialias() {
    let wide = |function, to| Resize { antialias: true, ..row(function, HALF_PIXEL, to) };
    check_resized(wide(ResizeFn::Cubic, 2), &[1.339_843_8, 5.949_218_8]);
    check_resized(wide(ResizeFn::Linear, 3), &[1.272_727_3, 3.0, 6.909_091]);
    check_resized(wide(ResizeFn::Linear, 2), &[1.75, 5.75]);
}

#[test]
fn scales() {
    let scaled = |coordinates| Resize { scales: vec![0.6], ..row(ResizeFn::Linear, coordinates, 2) };
    check_resized(scaled(HALF_PIXEL), &[1.333_333_3, 4.0]);
    check_resized(scaled(Coordinates::HalfPixelSymmetric), &[1.666_666_7, 5.333_333]);
    check_resized(scaled(ALIGNED), &[1.0, 4.571_428]);
    check_resized(row(ResizeFn::Linear, Coordinates::PytorchHalfPixel, 1), &[1.0]);
    check_resized(row(ResizeFn::Linear, Coordinates::TfHalfPixelForNn, 2), &[2.0, 8.0]);
    check_infer(scaled(HALF_PIXEL), "f32[N]", Ok("f32[2]"));
    check_infer(scaled(HALF_PIXEL), "f32[8]", Err("a scale of 0.6 does not make 2 elements of 8"));
    let none = Resize { scales: vec![0.0], ..scaled(HALF_PIXEL) };
    check_infer(none, "f32[1]", Err("a scale of 0 does not make 2 elements of 1"));
    let nan = Resize { scales: vec![f32::INFINITY], ..scaled(HALF_PIXEL) };
    check_infer(nan, "f32[4]", Err("attribute `scales` has inf"));
}

#[test]
fn crop_and_resize() {
    let crop = |to, roi: &[f32]| {
        let plain = row(ResizeFn::Linear, Coordinates::TfCropAndResize, to);
        Resize { extrapolation: 10.0, roi: roi.to_vec(), ..plain }
    };
    check_resized(crop(4, &[0.25, 1.25]), &[1.75, 3.5, 7.0, 10.0]);
    check_resized(crop(1, &[0.25, 0.75]), &[3.0]);
    check_infer(crop(1, &[0.0]), "f32[4]", Err("attribute `roi` has 1 entries, but 2 are needed"));
    check_infer(crop(1, &[0.0, f32::INFINITY]), "f32[4]", Err("attribute `roi` has inf"));
}

#[test]
fn resize_of_planes() {
    let bilinear = Resize::spatial(ResizeFn::Linear, ALIGNED, vec![3, 3]);
    let x = f32s(&[1, 1, 2, 2], [1.0, 2.0, 3.0, 4.0]);
    check(bilinear.clone(), &[x], Ok(&[f32s(&[1, 1, 3, 3], [1.0, 1.5, 2.0, 2.0, 2.5, 3.0, 3.0, 3.5, 4.0])]));
    // One dimension grows, the other shrinks.
    let nearest = Resize::spatial(ResizeFn::Nearest, ASYMMETRIC, vec![2, 2]);
    let x = f32s(&[1, 2, 1, 4], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    check(nearest.clone(), &[x], Ok(&[f32s(&[1, 2, 2, 2], [1.0, 3.0, 1.0, 3.0, 5.0, 7.0, 5.0, 7.0])]));
    check(nearest.clone(), &[f32s(&[0, 1, 1, 4], [])], Ok(&[f32s(&[0, 1, 2, 2], [])]));

    check_infer(nearest.clone(), "f16[N, C, H, W]", Ok("f16[N, C, 2, 2]"));
    check_infer(nearest.clone(), "f32[1, 1, 2]", Err("attribute `axes` has 3, of 3 dimensions, or has it twice"));
    let lacking = Resize { axes: vec![1], ..nearest.clone() };
    check_infer(lacking, "f32[1, 1, 2]", Err("attribute `size` has 2 entries, but 1 are needed"));
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
    check_row(PadMode::Reflect, [3, 2], &[1, 2], &[2, 1, 2, 1, 2, 1, 2]);
    check_row(PadMode::Reflect, [2, 1], &[5], &[5; 4]);
    check_row(PadMode::Wrap, [1, 2], &[1, 2, 3], &[3, 1, 2, 3, 1, 2]);
    check_row(PadMode::Wrap, [3, 3], &[1, 2], &[2, 1, 2, 1, 2, 1, 2, 1]);
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
    check_infer(op(PadMode::Reflect, &[1, 0]), "f32[0]", Err("pads of 1 and 0 (`reflect`) are too much for 0"));
    check_infer(op(PadMode::Edge, &[0, 1]), "f32[0]", Err("pads of 0 and 1 (`edge`) are too much for 0"));
    let vast = "a result of 2 + 9223372036854775807 + 9223372036854775807 elements or more is too large";
    check_infer(op(PadMode::Edge, &[usize::MAX / 2; 2]), "f32[2]", Err(vast));
    check_infer(
        op(PadMode::Edge, &[1 << 62, 0]),
        "f32[2]",
        Err("a result of [4611686018427387906] elements or more is too large"),
    );
}
