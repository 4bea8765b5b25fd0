//! Ops on quantized values, worked out by hand.

mod common;

use firebrick_ir::ops::{
    Binary, BinaryFn, Concat, Conv, ConvTranspose, Dequantize, Gemm, Identity, MatMul, Pool, PoolFn, QType, Quantize,
    Quantized, Reduce, ReduceFn, Rounding, Softmax, Unary, UnaryFn,
};
use firebrick_ir::{AttrValue, DType, Op, Tensor};

use common::{check, check_infer, f32s, tensor};

const fn u8s(scale: f32, zero: i32) -> QType {
    QType { dtype: DType::U8, scale, zero }
}

const fn i8s(scale: f32, zero: i32) -> QType {
    QType { dtype: DType::I8, scale, zero }
}

fn quantized<T>(op: T, x: &[QType], y: Option<QType>) -> Quantized<T> {
    Quantized { op, x: x.to_vec(), y, clip: None, rounding: Rounding::Even }
}

fn conv(pad: usize) -> Conv {
    Conv { strides: vec![1], pads: vec![pad; 2], dilations: vec![1], group: 1 }
}

/// An input, weights of two channels, their scales and zero points.
fn operands() -> [Tensor; 4] {
    [
        tensor::<u8>(&[1, 1, 3], [10, 12, 7]),
        tensor::<i8>(&[2, 1, 2], [1, 2, -1, 3]),
        f32s(&[2], [0.5, 0.25]),
        tensor::<i8>(&[2], [0, 1]),
    ]
}

#[test]
fn sums_are_of_integers() {
    // Less the zero points: [0, 2, -3]; [1, 2] and [-2, 2]. The sums: [4, -4] and [4, -10].
    let operands = operands();
    let op = quantized(conv(0), &[u8s(2.0, 10)], Some(i8s(4.0, 1)));
    // Times 2 * 0.5 / 4, to even: 1 and -1; times 2 * 0.25 / 4: 0.5 is 0, -1.25 is -1.
    check(op.clone(), &operands, Ok(&[tensor::<i8>(&[1, 2, 2], [2, 0, 1, 0])]));
    let away = Quantized { rounding: Rounding::Away, ..op.clone() };
    check(away, &operands, Ok(&[tensor::<i8>(&[1, 2, 2], [2, 0, 2, 0])]));
    let clipped = Quantized { clip: Some([1, 127]), ..op.clone() };
    check(clipped, &operands, Ok(&[tensor::<i8>(&[1, 2, 2], [2, 1, 1, 1])]));
    let real = Quantized { y: None, ..op.clone() };
    check(real, &operands, Ok(&[f32s(&[1, 2, 2], [4.0, -4.0, 2.0, -5.0])]));

    let integers = [operands.as_slice(), &[tensor::<i32>(&[2], [4, -100])]].concat();
    check(op.clone(), &integers, Ok(&[tensor::<i8>(&[1, 2, 2], [3, 1, -11, -13])]));
    let reals = [operands.as_slice(), &[f32s(&[2], [4.0, -1000.0])]].concat();
    check(op.clone(), &reals, Ok(&[tensor::<i8>(&[1, 2, 2], [3, 1, -128, -128])]));
    check(Quantized { y: None, ..op }, &reals, Ok(&[f32s(&[1, 2, 2], [8.0, 0.0, -998.0, -1005.0])]));
}

#[test]
fn padding_adds_nothing() {
    let operands = operands();
    let op = quantized(conv(1), &[u8s(1.0, 10)], None);
    let expected = f32s(&[1, 2, 4], [0.0, 2.0, -2.0, -1.5, 0.0, 1.0, -2.5, 1.5]);
    check(op, &operands, Ok(&[expected]));
}

#[test]
fn sums_of_bytes_are_exact() {
    // 40,000 products of 255 * -128 are beyond what an f32 holds exactly.
    let (n, value) = (40_000, 255 * -128 * 40_000);
    let operands = [
        Tensor::from_vec(&[1, n], vec![255u8; n]).expect("as many"),
        Tensor::from_vec(&[n, 1], vec![-128i8; n]).expect("as many"),
        f32s(&[1], [1.0]),
        tensor::<i8>(&[1], [0]),
        tensor::<i32>(&[1], [-value + 3]),
    ];
    let gemm = Gemm { trans_a: false, trans_b: false };
    check(quantized(gemm, &[u8s(1.0, 0)], Some(u8s(1.0, 0))), &operands, Ok(&[tensor::<u8>(&[1, 1], [3])]));
}

#[test]
fn channels_of_weights() {
    let (scale, zero) = (f32s(&[2], [1.0, 10.0]), tensor::<u8>(&[2], [0, 1]));
    let x = tensor::<i8>(&[1, 2], [1, 2]);
    let by_rows = tensor::<u8>(&[2, 2], [1, 3, 2, 4]);
    let y = Ok(f32s(&[1, 2], [7.0, 70.0]));
    let expected = y.as_ref().map(std::slice::from_ref).map_err(|error: &String| error.as_str());
    let plain = |w: &Tensor| [x.clone(), w.clone(), scale.clone(), zero.clone()];
    let transposed = Gemm { trans_a: false, trans_b: true };
    let q = |op| quantized(op, &[i8s(1.0, 0)], None);
    check(q(transposed), &plain(&by_rows), Ok(&[f32s(&[1, 2], [7.0, 70.0])]));
    let by_columns = tensor::<u8>(&[2, 2], [1, 2, 3, 4]);
    check(q(Gemm { trans_a: false, trans_b: false }), &plain(&by_columns), expected);
    check(quantized(MatMul {}, &[i8s(1.0, 0)], None), &plain(&by_columns), expected);
    // Two groups of a channel each; the second has the second scale.
    let Conv { strides, pads, dilations, .. } = conv(0);
    let op = ConvTranspose { strides, pads, dilations, group: 2, output_padding: vec![0] };
    let operands = [tensor::<i8>(&[1, 2, 1], [3, 5]), tensor::<u8>(&[2, 1, 2], [1, 2, 3, 4]), scale, zero];
    check(quantized(op, &[i8s(1.0, 0)], None), &operands, Ok(&[f32s(&[1, 2, 2], [3.0, 6.0, 100.0, 150.0])]));
}

/// Checks that the op gives what dequantize, the op itself and quantize do.
#[track_caller]
fn check_reals<T: Clone>(op: T, x: &[QType], y: QType, operands: &[Tensor])
where
    Op: From<T> + From<Quantized<T>>,
{
    let scalar = |q: QType| {
        let zero = if q.dtype == DType::I8 { Tensor::scalar(q.zero as i8) } else { Tensor::scalar(q.zero as u8) };
        (Tensor::scalar(q.scale), zero)
    };
    let eval = |op: Op, operands: &[&Tensor]| op.eval(operands).expect("the operands fit").remove(0);
    let reals = operands.iter().zip(x).map(|(tensor, &x)| {
        let (scale, zero) = scalar(x);
        eval(Dequantize { axis: 0, block: 0 }.into(), &[tensor, &scale, &zero])
    });
    let reals: Vec<Tensor> = reals.collect();
    let real = eval(op.clone().into(), &reals.iter().collect::<Vec<_>>());
    let (scale, zero) = scalar(y);
    let store = Quantize { axis: 0, block: 0, dtype: y.dtype, saturate: true, rounding: Rounding::Even };
    let expected = eval(store.into(), &[&real, &scale, &zero]);
    check(quantized(op, x, Some(y)), operands, Ok(&[expected]));
}

#[test]
fn others_are_defined_by_numbers() {
    let all = Tensor::from_vec(&[1, 2, 128], (0..=u8::MAX).collect()).expect("as many");
    let (a, b) = (u8s(0.0207, 131), i8s(0.11, -3));
    let signed = Tensor::from_vec(&[1, 2, 128], (i8::MIN..=i8::MAX).collect()).expect("as many");
    for y in [u8s(0.013, 0), i8s(0.5, 127)] {
        check_reals(Unary(UnaryFn::Sigmoid {}), &[a], y, std::slice::from_ref(&all));
        check_reals(Unary(UnaryFn::Log {}), &[a], y, std::slice::from_ref(&all));
        check_reals(Identity {}, &[a], y, std::slice::from_ref(&all));
        check_reals(Softmax { axis: 2 }, &[b], y, std::slice::from_ref(&signed));
        check_reals(Binary(BinaryFn::Mul), &[a, b], y, &[all.clone(), signed.clone()]);
        check_reals(Concat { axis: 1 }, &[b, a], y, &[signed.clone(), all.clone()]);
        check_reals(
            Reduce { function: ReduceFn::Mean, axes: vec![2], keep_dims: true },
            &[a],
            y,
            std::slice::from_ref(&all),
        );
        let pool = Pool {
            function: PoolFn::Average,
            kernel: vec![3],
            strides: vec![2],
            pads: vec![1, 1],
            dilations: vec![1],
            ceil: true,
            count_include_pad: true,
            indices: false,
        };
        check_reals(pool, &[a], y, std::slice::from_ref(&all));
    }
    let clipped = Quantized { clip: Some([3, 4]), ..quantized(Identity {}, &[u8s(1.0, 0)], Some(u8s(1.0, 0))) };
    check(clipped, &[tensor::<u8>(&[3], [0, 3, 9])], Ok(&[tensor::<u8>(&[3], [3, 3, 4])]));
}

#[test]
fn sums_that_do_not_fit() {
    let op = || quantized(conv(0), &[u8s(0.5, 0)], Some(i8s(0.5, 0)));
    let rest = "i8[4, 3, 1] f32[4] i8[4]";
    check_infer(op(), &format!("u8[N, 3, 7] {rest}"), Ok("i8[N, 4, 7]"));
    check_infer(Quantized { y: None, ..op() }, &format!("u8[N, 3, 7] {rest} f32[4]"), Ok("f32[N, 4, 7]"));
    let x = Err("operand 0 has elements of type i8, but should have u8");
    check_infer(op(), &format!("i8[N, 3, 7] {rest}"), x);
    let bias = Err("operand 4 has elements of type i64, but should have i32 or f32");
    check_infer(op(), &format!("u8[N, 3, 7] {rest} i64[4]"), bias);
    check_infer(op(), &format!("u8[N, 3, 7] {rest} i32[3]"), Err("the bias is [3], but should be [4]"));
    let scale = Err("the weights' scale is [3], but should be [1] or [4]");
    check_infer(op(), "u8[N, 3, 7] i8[4, 3, 1] f32[3] i8[3]", scale);
    let zero = Err("the weights' zero point is [4], but their scale [1]");
    check_infer(op(), "u8[N, 3, 7] i8[4, 3, 1] f32[1] i8[4]", zero);
    let dtype = Err("operand 3 has elements of type u8, but should have i8");
    check_infer(op(), "u8[N, 3, 7] i8[4, 3, 1] f32[1] u8[1]", dtype);
    check_infer(op(), "u8[N, 3, 7] i8[4, 3, 1]", Err("takes 4 to 5 operands, but has 2"));
    let group = Err("the weights are for 3 input channels a group, but the input has 6 in 1 groups");
    check_infer(op(), &format!("u8[N, 6, 7] {rest}"), group);
}

#[test]
fn types_that_can_not_be() {
    let check = |x: QType, y: Option<QType>, clip: Option<[i32; 2]>, error: &str| {
        let op = Quantized { clip, ..quantized(Identity {}, &[x], y) };
        check_infer(op, "u8[3]", Err(error));
    };
    let (x, y) = (u8s(1.0, 0), Some(i8s(1.0, 0)));
    check(
        QType { dtype: DType::U16, ..x },
        y,
        None,
        "attribute `x` has elements of type u16, but should have u8 or i8",
    );
    check(u8s(0.0, 0), y, None, "attribute `x` has a scale of 0.0, but should have one above 0");
    check(x, Some(i8s(f32::INFINITY, 0)), None, "attribute `y` has a scale of inf, but should have one above 0");
    check(x, Some(i8s(1.0, 128)), None, "attribute `y` has a zero point of 128, which is no i8");
    check(x, None, None, "attribute `y` is none, but the result is always quantized");
    check(x, y, Some([0, 128]), "attribute `clip` is [0, 128], which is no part of the result's integers");
    check(x, y, Some([1, 0]), "attribute `clip` is [1, 0], which is no part of the result's integers");
    let two = quantized(Identity {}, &[x, x], y);
    check_infer(two, "u8[3]", Err("attribute `x` has 2 entries, but 1 are needed"));
    let truth = quantized(Binary(BinaryFn::Greater), &[x, x], y);
    check_infer(truth, "u8[3] u8[]", Err("of numbers it gives bool[3], but should give one value of f32"));
}

#[test]
fn types_have_a_text_form() {
    assert_eq!(u8s(0.0207, 128).to_attr().to_string(), "u8(0.0207, 128)");
    let text = r#"graph "" {
  %x = input : u8[2]
  %y = requantize(%x) x=[u8(0.0207, 128)] y=i8(0.5, -3) clip=[0, 127] rounding=away : i8[2]
  %z = q_unary(%x) function=clip(0.0, 6.0) x=[u8(0.0207, 128)] y=i8(0.5, -3) clip=none rounding=even : i8[2]
  return %y, %z
}
"#;
    let graph = firebrick_ir::text::parse(text, &()).expect("the text is a graph");
    assert_eq!(graph.to_string(), text);
}
