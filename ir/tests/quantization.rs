//! Quantization, with values of the ONNX specification's rules worked out by hand.

mod common;

use firebrick_ir::ops::{Dequantize, Quantize, Rounding};
use firebrick_ir::{DType, Tensor};

use common::{check, check_infer, f32s, tensor};

fn coded(dtype: DType, dims: &[usize], codes: &[u8]) -> Tensor {
    Tensor::new(dtype, dims, codes.to_vec().into()).expect("a byte for each")
}

const fn to(dtype: DType) -> Quantize {
    Quantize { axis: 0, block: 0, dtype, saturate: true, rounding: Rounding::Even }
}

const FROM: Dequantize = Dequantize { axis: 0, block: 0 };

#[test]
fn one_scale() {
    let x = f32s(&[6], [0.0, 2.0, 3.0, 1000.0, -254.0, -1000.0]);
    let operands = [x.clone(), f32s(&[], [2.0]), tensor::<u8>(&[], [128])];
    check(to(DType::U8), &operands, Ok(&[tensor::<u8>(&[6], [128, 129, 130, 255, 1, 0])]));
    check(to(DType::I16), &[x.clone(), f32s(&[1], [2.0])], Ok(&[tensor::<i16>(&[6], [0, 1, 2, 500, -127, -500])]));
    check(to(DType::I4), &[x.clone(), f32s(&[1], [2.0])], Ok(&[coded(DType::I4, &[6], &[0, 1, 2, 7, 8, 8])]));
    // Halves go to the even integer before the zero point is added.
    let halves = [f32s(&[4], [0.5, 1.5, 2.5, f32::NAN]), f32s(&[], [1.0]), tensor::<i8>(&[], [1])];
    check(to(DType::I8), &halves, Ok(&[tensor::<i8>(&[4], [1, 3, 3, 1])]));
    let away = Quantize { rounding: Rounding::Away, ..to(DType::I8) };
    check(away, &halves, Ok(&[tensor::<i8>(&[4], [2, 3, 4, 1])]));
    let floats = [f32s(&[4], [1.0, -2.0, 1e9, 20.0]), f32s(&[], [2.0])];
    check(to(DType::F8E4M3Fn), &floats, Ok(&[coded(DType::F8E4M3Fn, &[4], &[0x30, 0xb8, 0x7e, 0x52])]));
    let unsaturated = Quantize { saturate: false, ..to(DType::F8E4M3Fn) };
    check(unsaturated, &floats, Ok(&[coded(DType::F8E4M3Fn, &[4], &[0x30, 0xb8, 0x7f, 0x52])]));
    check(to(DType::F4E2M1), &floats, Ok(&[coded(DType::F4E2M1, &[4], &[1, 10, 7, 7])]));

    let operands = [tensor::<u8>(&[4], [0, 3, 128, 255]), f32s(&[], [2.0]), tensor::<u8>(&[], [128])];
    check(FROM, &operands, Ok(&[f32s(&[4], [-256.0, -250.0, 0.0, 254.0])]));
    let bias = [tensor::<i32>(&[2], [-7, 9]), f32s(&[], [0.5])];
    check(FROM, &bias, Ok(&[f32s(&[2], [-3.5, 4.5])]));
}

#[test]
fn scales_along_a_dimension() {
    let x = f32s(&[1, 2, 2], [4.0, 8.0, 4.0, 8.0]);
    let operands = [x, f32s(&[2], [2.0, 4.0]), tensor::<u8>(&[2], [0, 10])];
    check(Quantize { axis: 1, ..to(DType::U8) }, &operands, Ok(&[tensor::<u8>(&[1, 2, 2], [2, 4, 11, 12])]));
    let operands = [tensor::<u8>(&[1, 2, 2], [2, 4, 11, 12]), operands[1].clone(), operands[2].clone()];
    let expected = f32s(&[1, 2, 2], [4.0, 8.0, 4.0, 8.0]);
    check(Dequantize { axis: 1, block: 0 }, &operands, Ok(&[expected]));
}

#[test]
fn scales_of_blocks() {
    let x = tensor::<i8>(&[2, 3], [1, 2, 3, 4, 5, 6]);
    let scale = f32s(&[2, 2], [1.0, 10.0, 100.0, 1000.0]);
    let op = Dequantize { axis: 1, block: 2 };
    let expected = f32s(&[2, 3], [1.0, 2.0, 30.0, 400.0, 500.0, 6000.0]);
    check(op.clone(), &[x, scale], Ok(std::slice::from_ref(&expected)));
    let operands = [expected, f32s(&[2, 2], [1.0, 10.0, 100.0, 1000.0])];
    let quantize = Quantize { axis: 1, block: 2, ..to(DType::I8) };
    check(quantize, &operands, Ok(&[tensor::<i8>(&[2, 3], [1, 2, 3, 4, 5, 6])]));
    check_infer(op.clone(), "i8[2, 3] f32[2, 2]", Ok("f32[2, 3]"));
    check_infer(op.clone(), "i8[2, 3] f32[2, 3]", Err("the scale is [2, 3], but should be [2, 2]"));
    check_infer(op, "i8[0, 3] f32[0, 2]", Ok("f32[0, 3]"));
}

#[test]
fn types() {
    check_infer(to(DType::U8), "f16[N, 3] f16[]", Ok("u8[N, 3]"));
    check_infer(FROM, "f4e2m1[N, 3] bf16[1]", Ok("bf16[N, 3]"));
    check_infer(Quantize { axis: 1, ..to(DType::I8) }, "f32[N, C, 5] f32[C]", Ok("i8[N, C, 5]"));
    let number = Err("operand 0 has elements of type i64, but should have floats or i32");
    check_infer(to(DType::U8), "i64[2] f32[]", number);
    let dtype = Err("attribute `dtype` is i64, but should be an integer or float of few bits");
    check_infer(to(DType::I64), "f32[2] f32[]", dtype);
    let away = Quantize { rounding: Rounding::Away, ..to(DType::F8E4M3Fn) };
    let rounding = Err("attribute `rounding` is away, but f8e4m3fn is rounded to even");
    check_infer(away, "f32[2] f32[]", rounding);
    let zero = Err("operand 2 has elements of type i8, but should have u8");
    check_infer(to(DType::U8), "f32[2] f32[] i8[]", zero);
    check_infer(FROM, "u8[2] f32[] u8[2]", Err("the zero point is [2], but the scale []"));
    check_infer(FROM, "u8[2, 3] f32[3]", Err("the scale is [3], but should be [2]"));
    let axis = Err("attribute `axis` is 5, but the operand has 2 dimensions");
    check_infer(Dequantize { axis: 5, block: 0 }, "u8[2, 3] f32[3]", axis);
}
