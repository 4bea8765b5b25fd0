//! Properties of arithmetic on elements of all types, against plain definitions.

use firebrick_ir::ops::{Binary, BinaryFn, Cast, Conv, Dequantize, Gemm, MatMul, Quantize, Rounding};
use firebrick_ir::{DType, Op, Tensor};
use proptest::collection::vec;
use proptest::prelude::*;

fn eval(op: impl Into<Op>, operands: &[&Tensor]) -> Tensor {
    op.into().eval(operands).expect("the operands fit").remove(0)
}

fn cast(tensor: &Tensor, dtype: DType) -> Tensor {
    eval(Cast::to(dtype), &[tensor])
}

fn longs(dims: &[usize], values: Vec<i64>) -> Tensor {
    Tensor::from_vec(dims, values).expect("as many elements as the dimensions say")
}

fn values(tensor: &Tensor) -> Vec<i64> {
    tensor.values::<i64>().expect("they are i64").into_owned()
}

/// The types that hold all integers from −8 to 8.
const TERMS: [DType; 6] = [DType::F32, DType::F64, DType::F16, DType::BF16, DType::I32, DType::I64];

const GEMM: Gemm = Gemm { trans_a: false, trans_b: false };

proptest! {
    /// Sums of products that every type holds exactly are the same in all of them.
    #[test]
    fn products_agree(m in 0usize..4, k in 0usize..5, n in 0usize..4, numbers in vec(-3i64..4, 40)) {
        let a = longs(&[m, k], numbers[..m * k].to_vec());
        let b = longs(&[k, n], numbers[20..20 + k * n].to_vec());
        let plain = |i: usize, j: usize| (0..k).map(|l| numbers[i * k + l] * numbers[20 + l * n + j]).sum::<i64>();
        let expected: Vec<i64> = (0..m * n).map(|at| plain(at / n, at % n)).collect();
        for dtype in TERMS {
            let product = eval(GEMM, &[&cast(&a, dtype), &cast(&b, dtype)]);
            prop_assert_eq!(values(&cast(&product, DType::I64)), expected.clone(), "{}", dtype);
        }
    }

    /// A product of stacks is that of the matrices that meet.
    #[test]
    fn stacks_are_products(
        stack in 1usize..4,
        (m, k, n) in (1usize..4, 0usize..4, 1usize..4),
        broadcast in any::<bool>(),
        numbers in vec(-9i64..10, 100),
    ) {
        let a = longs(&[stack, m, k], numbers[..stack * m * k].to_vec());
        let b_stack = if broadcast { 1 } else { stack };
        let b = longs(&[b_stack, k, n], numbers[50..50 + b_stack * k * n].to_vec());
        let whole = values(&eval(MatMul {}, &[&a, &b]));
        for i in 0..stack {
            let left = longs(&[m, k], values(&a)[i * m * k..][..m * k].to_vec());
            let right = longs(&[k, n], values(&b)[i % b_stack * k * n..][..k * n].to_vec());
            prop_assert_eq!(&whole[i * m * n..][..m * n], &values(&eval(GEMM, &[&left, &right]))[..]);
        }
    }

    /// A convolution of integers is that of the same doubles.
    #[test]
    fn convolutions_agree(
        (stride, pad, dilation) in (1usize..3, 0usize..3, 1usize..3),
        group in 1usize..3,
        numbers in vec(-9i64..10, 100),
    ) {
        let x = longs(&[1, 2 * group, 7], numbers[..14 * group].to_vec());
        let w = longs(&[group, 2, 3], numbers[50..50 + 6 * group].to_vec());
        let op = Conv { strides: vec![stride], pads: vec![pad, pad], dilations: vec![dilation], group };
        let exact = eval(op.clone(), &[&x, &w]);
        let double = eval(op, &[&cast(&x, DType::F64), &cast(&w, DType::F64)]);
        prop_assert_eq!(values(&exact), values(&cast(&double, DType::I64)));
    }

    /// Division, remainder and modulus belong together, whatever the signs.
    #[test]
    fn remainders(a in any::<i32>(), b in any::<i32>().prop_filter("a divisor", |&b| b != 0)) {
        let of = |function| {
            let result = eval(Binary(function), &[&Tensor::scalar(a), &Tensor::scalar(b)]);
            i64::from(result.values::<i32>().expect("they are i32")[0])
        };
        let (rem, modulus) = (of(BinaryFn::Rem), of(BinaryFn::Mod));
        let (a, b) = (i64::from(a), i64::from(b));
        prop_assert_eq!(rem, a % b);
        prop_assert_eq!(of(BinaryFn::Div), i64::from((a / b) as i32));
        prop_assert_eq!(modulus, (a % b + b) % b);
    }

    /// What is quantized and back is off by half a step at most, and by no step at the ends of the range.
    #[test]
    fn quantization_rounds(xs in vec(-4f32..4.0, 1..20), step in 0.01f32..1.0, zero in -5i8..6) {
        let x = Tensor::from_vec(&[xs.len()], xs.clone()).expect("a vector");
        let (scale, zero_point) = (Tensor::scalar(step), Tensor::scalar(zero));
        let op = Quantize { axis: 0, block: 0, dtype: DType::I8, saturate: true, rounding: Rounding::Even };
        let quantized = eval(op, &[&x, &scale, &zero_point]);
        let back = eval(Dequantize { axis: 0, block: 0 }, &[&quantized, &scale, &zero_point]);
        let (low, high) = (step * f32::from(i8::MIN - zero.min(0)), step * f32::from(i8::MAX - zero.max(0)));
        for (x, y) in xs.iter().zip(back.values::<f32>().expect("they are f32").iter()) {
            if (low..=high).contains(x) {
                prop_assert!((x - y).abs() <= step * 0.500_01, "{} became {} with steps of {}", x, y, step);
            }
        }
    }

    /// Integers wrap in a smaller type, whatever types are on the way.
    #[test]
    fn casts_wrap(n in any::<i64>()) {
        let wide = Tensor::scalar(n);
        for (dtype, bits) in [(DType::I8, 8), (DType::U16, 16), (DType::I32, 32), (DType::U4, 4), (DType::I2, 2)] {
            let narrow = values(&cast(&cast(&wide, dtype), DType::I64))[0];
            prop_assert_eq!((narrow ^ n) & ((1 << bits) - 1), 0, "{}", dtype);
            prop_assert_eq!(&cast(&cast(&wide, DType::U32), dtype), &cast(&wide, dtype));
        }
    }
}
