//! Elementwise functions: values by NumPy, to which they are defined alike.

mod common;

use firebrick_ir::ops::{Binary, BinaryFn, Bitcast, Unary, UnaryFn};
use firebrick_ir::{DType, Element, Op, Tensor, Type, bf16, f16};

use common::{check, check_infer, f32s, tensor};

/// Checks a function of two vectors.
#[track_caller]
fn check_pairs<T: Element, U: Element>(function: BinaryFn, a: &[T], b: &[T], expected: &[U]) {
    let vector = |values: &[T]| tensor(&[values.len()], values.to_vec());
    check(Binary(function), &[vector(a), vector(b)], Ok(&[tensor(&[expected.len()], expected.to_vec())]));
}

/// Checks a comparison, or a function of truth values.
#[track_caller]
fn check_truths(function: BinaryFn, a: Tensor, b: Tensor, expected: &[bool]) {
    check(Binary(function), &[a, b], Ok(&[bools(expected)]));
}

fn bools(values: &[bool]) -> Tensor {
    Tensor::from_bools(&[values.len()], values).expect("as many as there are")
}

/// Ristretto's formats: numbers below the least become 0, those above the greatest become it, and a mantissa that is rounded
/// up carries into the exponent, even beyond the greatest. Of powers of two those with the nearest logarithm are taken.
#[test]
fn number_formats_of_ristretto() {
    let vector = |values: &[f32]| tensor(&[values.len()], values.to_vec());
    let cases: &[(UnaryFn, &[f32], &[f32])] = &[
        (
            UnaryFn::Minifloat { mant_bits: 3.0, exp_bits: 4.0 },
            &[0.0, -0.0, 0.0078, 0.0078125, -1.0625, 1.1875, 1.99, 300.0, 479.0, 480.0, 497.0, -511.9, 512.0, f32::MAX],
            &[0.0, 0.0, 0.0, 0.0078125, -1.125, 1.25, 2.0, 288.0, 480.0, 480.0, 512.0, -512.0, 480.0, 480.0],
        ),
        (
            UnaryFn::Minifloat { mant_bits: 3.0, exp_bits: 4.0 },
            &[f32::INFINITY, f32::NEG_INFINITY, 1e-40],
            &[480.0, -480.0, 0.0],
        ),
        (UnaryFn::Minifloat { mant_bits: 23.0, exp_bits: 8.0 }, &[1e-40, 0.1, -f32::MAX], &[0.0, 0.1, -f32::MAX]),
        (
            UnaryFn::PowerOfTwo { exp_min: -3.0, exp_max: 1.0 },
            &[0.0, -0.0, 1e-40, -0.01, 0.17, 0.18, 1.414, 1.415, -3.0, 100.0, f32::NEG_INFINITY],
            &[0.125, 0.125, 0.125, -0.125, 0.125, 0.25, 1.0, 2.0, -2.0, 2.0, -2.0],
        ),
    ];
    for &(function, x, expected) in cases {
        check(Unary(function), &[vector(x)], Ok(&[vector(expected)]));
    }
    let wrong = [
        UnaryFn::Minifloat { mant_bits: 3.5, exp_bits: 4.0 },
        UnaryFn::Minifloat { mant_bits: 24.0, exp_bits: 4.0 },
        UnaryFn::Minifloat { mant_bits: 3.0, exp_bits: 0.0 },
        UnaryFn::Minifloat { mant_bits: 3.0, exp_bits: f32::NAN },
        UnaryFn::PowerOfTwo { exp_min: -127.0, exp_max: 0.0 },
        UnaryFn::PowerOfTwo { exp_min: 0.0, exp_max: f32::INFINITY },
    ];
    for function in wrong {
        assert!(Op::from(Unary(function)).infer(&[&Type::f32(&[1])]).is_err(), "{function:?}");
    }
}

#[test]
fn functions_of_one_operand() {
    let all = [-2.5, -1.5, -0.5, 0.0, 0.5, 1.5, 2.5];
    let unit = [-0.9, -0.4, 0.1, 0.7, 0.9];
    let cases: &[(UnaryFn, &[f32], &[f32])] = &[
        (UnaryFn::Round {}, &all, &[-2.0, -2.0, 0.0, 0.0, 0.0, 2.0, 2.0]),
        (UnaryFn::RoundAway {}, &all, &[-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]),
        (UnaryFn::Ceil {}, &all, &[-2.0, -1.0, 0.0, 0.0, 1.0, 2.0, 3.0]),
        (UnaryFn::Floor {}, &all, &[-3.0, -2.0, -1.0, 0.0, 0.0, 1.0, 2.0]),
        (UnaryFn::Sign {}, &all, &[-1.0, -1.0, -1.0, 0.0, 1.0, 1.0, 1.0]),
        (UnaryFn::Erf {}, &all, &[-0.999593, -0.966_105_16, -0.520_499_9, 0.0, 0.520_499_9, 0.966_105_16, 0.999593]),
        (UnaryFn::Gelu {}, &all, &[-0.015524163, -0.1002108, -0.15426877, 0.0, 0.34573123, 1.3997892, 2.484_475_9]),
        (UnaryFn::Mish {}, &all, &[-0.196_816_2, -0.29809976, -0.22074378, 0.0, 0.3752452, 1.403_378_2, 2.471_392_4]),
        (UnaryFn::HardSwish {}, &all, &[-0.208_333_33, -0.375, -0.208_333_33, 0.0, 0.291_666_66, 1.125, 2.291_666_7]),
        (
            UnaryFn::Silu {},
            &all,
            &[-0.189_645_46, -0.273_638_25, -0.188_770_34, 0.0, 0.311_229_67, 1.226_361_8, 2.310_354_5],
        ),
        (UnaryFn::HardSigmoid { alpha: 0.2, beta: 0.5 }, &all, &[0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0]),
        (UnaryFn::Sin {}, &all, &[-0.598_472_1, -0.997495, -0.47942555, 0.0, 0.47942555, 0.997495, 0.598_472_1]),
        (UnaryFn::Cos {}, &all, &[-0.8011436, 0.0707372, 0.87758255, 1.0, 0.87758255, 0.0707372, -0.8011436]),
        (UnaryFn::Tan {}, &all, &[0.7470223, -14.10142, -0.5463025, 0.0, 0.5463025, 14.10142, -0.7470223]),
        (UnaryFn::Sinh {}, &all, &[-6.0502043, -2.1292794, -0.521_095_3, 0.0, 0.521_095_3, 2.1292794, 6.0502043]),
        (UnaryFn::Cosh {}, &all, &[6.1322894, 2.3524096, 1.127_626, 1.0, 1.127_626, 2.3524096, 6.1322894]),
        (UnaryFn::Atan {}, &all, &[-1.19029, -0.98279375, -0.4636476, 0.0, 0.4636476, 0.98279375, 1.19029]),
        (UnaryFn::Asinh {}, &all, &[-1.6472312, -1.1947632, -0.4812118, 0.0, 0.4812118, 1.1947632, 1.6472312]),
        (UnaryFn::Asin {}, &unit, &[-1.119_77, -0.411517, 0.100167, 0.775397, 1.119_77]),
        (UnaryFn::Acos {}, &unit, &[2.690566, 1.982313, 1.470629, 0.795399, 0.451027]),
        (UnaryFn::Atanh {}, &unit, &[-1.472219, -0.423649, 0.100335, 0.867301, 1.472219]),
        (UnaryFn::Acosh {}, &[1.0, 1.5, 3.0], &[0.0, 0.962_423_6, 1.762_747_2]),
        (UnaryFn::Clip { min: -1.0, max: 1.0 }, &[-9.0, 0.5, f32::NAN, f32::INFINITY], &[-1.0, 0.5, f32::NAN, 1.0]),
        (UnaryFn::Clip { min: 2.0, max: 1.0 }, &[0.0, 9.0], &[1.0, 1.0]),
    ];
    for (function, xs, ys) in cases {
        check(Unary(*function), &[f32s(&[xs.len()], *xs)], Ok(&[f32s(&[ys.len()], *ys)]));
    }
    let double = Op::from(Unary(UnaryFn::Sqrt {})).eval(&[&Tensor::scalar(2f64)]).expect("a float");
    assert_eq!(double, [Tensor::scalar(std::f64::consts::SQRT_2)]);
    let brain = [tensor::<bf16>(&[1], [bf16::from_f32(3.0)])];
    check(Unary(UnaryFn::Exp {}), &brain, Ok(&[tensor::<bf16>(&[1], [bf16::from_f32(20.085_537)])]));
}

#[test]
fn arithmetic_of_integers() {
    check_pairs::<u8, u8>(BinaryFn::Add, &[250, 1], &[10, 2], &[4, 3]);
    check_pairs::<i16, i16>(BinaryFn::Mul, &[300, -2], &[300, 3], &[24464, -6]);
    check_pairs::<i64, i64>(BinaryFn::Div, &[7, -7, i64::MIN], &[2, 2, -1], &[3, -3, i64::MIN]);
    check_pairs::<u64, u64>(BinaryFn::Max, &[u64::MAX, 1], &[1, 2], &[u64::MAX, 2]);
    check_pairs::<i32, i32>(BinaryFn::Mod, &[-4, 7, 5, 4, -7, 8], &[2, -3, 8, -2, 3, 5], &[0, -2, 5, 0, 2, 3]);
    check_pairs::<i32, i32>(BinaryFn::Rem, &[-4, 7, 5, 4, -7, 8], &[2, -3, 8, -2, 3, 5], &[0, 1, 5, 0, -1, 3]);
    check_pairs::<f32, f32>(BinaryFn::Mod, &[-4.3, 7.2, 5.0], &[2.1, -3.4, 8.0], &[2.0, -3.0, 5.0]);
    check_pairs::<f32, f32>(BinaryFn::Rem, &[-4.3, 7.2, 5.0], &[2.1, -3.4, 8.0], &[-0.1, 0.4, 5.0]);
    check_pairs::<i32, i32>(BinaryFn::Pow, &[2, -3, 2, -1, 5, 0], &[10, 3, 32, -3, -1, 0], &[1024, -27, 0, -1, 0, 1]);
    check_pairs::<u64, u64>(BinaryFn::Pow, &[1, 3], &[u64::MAX, 40], &[1, 12_157_665_459_056_928_801]);
    let zero = Err("integers are divided by zero");
    check(Binary(BinaryFn::Mod), &[tensor::<i8>(&[1], [1]), tensor::<i8>(&[1], [0])], zero);
}

#[test]
fn maxima_of_nan_are_nan() {
    let (a, b) = ([f32::NAN, 1.0, 1.0], [1.0, f32::NAN, 2.0]);
    check_pairs::<f32, f32>(BinaryFn::Max, &a, &b, &[f32::NAN, f32::NAN, 2.0]);
    check_pairs::<f32, f32>(BinaryFn::Min, &a, &b, &[f32::NAN, f32::NAN, 1.0]);
}

#[test]
fn comparisons() {
    let (a, b) = (f32s(&[4], [1.0, 2.0, f32::NAN, 3.0]), f32s(&[4], [1.0, 3.0, f32::NAN, 2.0]));
    check_truths(BinaryFn::Equal, a.clone(), b.clone(), &[true, false, false, false]);
    check_truths(BinaryFn::Greater, a.clone(), b.clone(), &[false, false, false, true]);
    check_truths(BinaryFn::GreaterEqual, a, b, &[true, false, false, true]);
    check_truths(BinaryFn::Equal, bools(&[true, false]), bools(&[true, true]), &[true, false]);
    check_truths(BinaryFn::Greater, tensor::<u64>(&[1], [u64::MAX]), tensor::<u64>(&[1], [1]), &[true]);
    let dtype = Err("operand 0 has elements of type bool, but should have numbers");
    check_infer(Binary(BinaryFn::Greater), "bool[2] bool[2]", dtype);
    let dtype = Err("operand 0 has elements of type f8e5m2, but should have numbers or truth values");
    check_infer(Binary(BinaryFn::Equal), "f8e5m2[2] f8e5m2[2]", dtype);
}

#[test]
fn bits() {
    check_pairs::<u8, u8>(BinaryFn::And, &[0b1100], &[0b1010], &[0b1000]);
    check_pairs::<i64, i64>(BinaryFn::Or, &[0b1100], &[0b1010], &[0b1110]);
    check_pairs::<i16, i16>(BinaryFn::Xor, &[0b1100, 5], &[0b1010, -1], &[0b0110, -6]);
    check_pairs::<u8, u8>(BinaryFn::ShiftLeft, &[3, 255, 1], &[1, 8, 200], &[6, 0, 0]);
    check_pairs::<u16, u16>(BinaryFn::ShiftRight, &[6, 1, 3], &[1, 16, 300], &[3, 0, 0]);
    check_pairs::<i8, i8>(BinaryFn::ShiftRight, &[-6, -1], &[1, 8], &[-3, -1]);
    let (a, b) = (bools(&[true, true, false, false]), bools(&[true, false, true, false]));
    check_truths(BinaryFn::And, a.clone(), b.clone(), &[true, false, false, false]);
    check_truths(BinaryFn::Or, a.clone(), b.clone(), &[true, true, true, false]);
    check_truths(BinaryFn::Xor, a, b, &[false, true, true, false]);
    let dtype = Err("operand 0 has elements of type f32, but should have integers or truth values");
    check_infer(Binary(BinaryFn::And), "f32[2] f32[2]", dtype);
    let dtype = Err("operand 0 has elements of type bool, but should have integers");
    check_infer(Binary(BinaryFn::ShiftLeft), "bool[2] bool[2]", dtype);
}

#[test]
fn bitcast() {
    let one = tensor::<u32>(&[1], [0x3f80_0000]);
    check(Bitcast { dtype: DType::U32 }, &[f32s(&[1], [1.0])], Ok(&[one]));
    check(Bitcast { dtype: DType::F16 }, &[tensor::<i16>(&[1], [0x3c00])], Ok(&[tensor::<f16>(&[1], [f16::ONE])]));
    check_infer(Bitcast { dtype: DType::U8 }, "bool[N]", Ok("u8[N]"));
    let bits = Err("operand 0 has elements of type i4, but should have elements of 8 bits");
    check_infer(Bitcast { dtype: DType::I8 }, "i4[2]", bits);
}
