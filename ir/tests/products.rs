//! Sums of products: convolution, transposed convolution, matrices.

mod common;

use firebrick_ir::ops::{Conv, ConvTranspose, Gemm, MatMul};
use firebrick_ir::{Op, Tensor, Type, f16};

use common::{check, check_infer, f32s, tensor};

/// Convolution over that many dimensions with a step of 1 and without padding.
fn conv(n_spatial: usize) -> Conv {
    Conv { strides: vec![1; n_spatial], pads: vec![0; 2 * n_spatial], dilations: vec![1; n_spatial], group: 1 }
}

/// The transposed one.
fn conv_transpose(n_spatial: usize) -> ConvTranspose {
    let Conv { strides, pads, dilations, group } = conv(n_spatial);
    ConvTranspose { strides, pads, dilations, group, output_padding: vec![0; n_spatial] }
}

/// Checks the multiply-accumulate operations of an op on f32 operands of these dimensions.
#[track_caller]
fn check_macs(op: impl Into<Op>, operands: &[&[u64]], expected: u64) {
    let op = op.into();
    let types: Vec<Type> = operands.iter().map(|dims| Type::f32(dims)).collect();
    let types: Vec<&Type> = types.iter().collect();
    let results = op.infer(&types).expect("the operands fit");
    assert_eq!(op.macs(&types, &results), expected, "{op:?}");
}

#[test]
fn convolution_along_one_dimension() {
    let cases: &[(Conv, &[f32])] = &[
        (conv(1), &[21.0, 32.0, 43.0]),
        (Conv { pads: vec![1, 1], ..conv(1) }, &[10.0, 21.0, 32.0, 43.0, 4.0]),
        (Conv { pads: vec![1, 0], strides: vec![2], ..conv(1) }, &[10.0, 32.0]),
        (Conv { pads: vec![0, 1], strides: vec![3], ..conv(1) }, &[21.0, 4.0]),
        (Conv { dilations: vec![2], ..conv(1) }, &[31.0, 42.0]),
        (Conv { pads: vec![3, 0], dilations: vec![3], ..conv(1) }, &[10.0, 20.0, 30.0, 41.0]),
    ];
    let operands = [f32s(&[1, 1, 4], [1.0, 2.0, 3.0, 4.0]), f32s(&[1, 1, 2], [1.0, 10.0])];
    for (op, expected) in cases {
        check(op.clone(), &operands, Ok(&[f32s(&[1, 1, expected.len()], *expected)]));
    }
    let biased = [operands.as_slice(), &[f32s(&[1], [0.5])]].concat();
    check(conv(1), &biased, Ok(&[f32s(&[1, 1, 3], [21.5, 32.5, 43.5])]));
}

#[test]
fn convolution_along_more_dimensions() {
    let x = f32s(&[1, 1, 2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let w = f32s(&[1, 1, 2, 2], [1.0, 10.0, 100.0, 1000.0]);
    let padded = Conv { pads: vec![1, 0, 0, 0], ..conv(2) };
    let sums = f32s(&[1, 1, 2, 2], [2100.0, 3200.0, 5421.0, 6532.0]);
    check(padded, &[x.clone(), w], Ok(&[sums]));
    let strided = Conv { pads: vec![1; 4], strides: vec![1, 2], ..conv(2) };
    let ones = f32s(&[1, 1, 3, 3], [1.0; 9]);
    check(strided, &[x, ones], Ok(&[f32s(&[1, 1, 2, 2], [12.0, 16.0, 12.0, 16.0])]));
    let cube = f32s(&[1, 1, 2, 1, 2], [1.0, 2.0, 3.0, 4.0]);
    let w = f32s(&[1, 1, 2, 1, 1], [1.0, 10.0]);
    check(conv(3), &[cube, w], Ok(&[f32s(&[1, 1, 1, 1, 2], [31.0, 42.0])]));
}

#[test]
fn convolution_of_channels() {
    // Two images of two channels.
    let x = f32s(&[2, 2, 1], [2.0, 3.0, 20.0, 30.0]);
    let w = f32s(&[2, 2, 1], [1.0, 10.0, 100.0, 1000.0]);
    check(conv(1), &[x.clone(), w], Ok(&[f32s(&[2, 2, 1], [32.0, 3200.0, 320.0, 32000.0])]));
    let w = f32s(&[4, 1, 1], [1.0, 2.0, 3.0, 4.0]);
    let grouped = f32s(&[2, 4, 1], [2.0, 4.0, 9.0, 12.0, 20.0, 40.0, 90.0, 120.0]);
    check(Conv { group: 2, ..conv(1) }, &[x, w], Ok(&[grouped]));
    // Without channels only the bias is left.
    let empty = [f32s(&[1, 0, 2], []), f32s(&[2, 0, 1], []), f32s(&[2], [5.0, 6.0])];
    check(conv(1), &empty, Ok(&[f32s(&[1, 2, 2], [5.0, 5.0, 6.0, 6.0])]));
}

#[test]
fn transposed_convolution() {
    let strided = ConvTranspose { strides: vec![2], ..conv_transpose(1) };
    let cases: &[(ConvTranspose, &[f32])] = &[
        (conv_transpose(1), &[1.0, 12.0, 120.0, 200.0]),
        (strided.clone(), &[1.0, 10.0, 102.0, 20.0, 200.0]),
        (ConvTranspose { pads: vec![1, 1], ..strided.clone() }, &[10.0, 102.0, 20.0]),
        (ConvTranspose { pads: vec![3, 0], ..strided.clone() }, &[20.0, 200.0]),
        (ConvTranspose { output_padding: vec![1], ..strided }, &[1.0, 10.0, 102.0, 20.0, 200.0, 0.0]),
        (ConvTranspose { dilations: vec![2], ..conv_transpose(1) }, &[1.0, 2.0, 10.0, 20.0, 100.0, 200.0]),
    ];
    let operands = [f32s(&[1, 1, 2], [1.0, 2.0]), f32s(&[1, 1, 3], [1.0, 10.0, 100.0])];
    for (op, expected) in cases {
        check(op.clone(), &operands, Ok(&[f32s(&[1, 1, expected.len()], *expected)]));
    }
    let biased = [operands.as_slice(), &[f32s(&[1], [0.5])]].concat();
    check(conv_transpose(1), &biased, Ok(&[f32s(&[1, 1, 4], [1.5, 12.5, 120.5, 200.5])]));
    let plane = [f32s(&[1, 1, 1, 2], [1.0, 2.0]), f32s(&[1, 1, 2, 2], [1.0, 2.0, 3.0, 4.0])];
    check(conv_transpose(2), &plane, Ok(&[f32s(&[1, 1, 2, 3], [1.0, 4.0, 4.0, 3.0, 10.0, 8.0])]));
}

#[test]
fn transposed_convolution_of_channels() {
    let x = f32s(&[2, 2, 1], [2.0, 3.0, 20.0, 30.0]);
    let w = f32s(&[2, 2, 1], [1.0, 2.0, 3.0, 4.0]);
    check(conv_transpose(1), &[x.clone(), w.clone()], Ok(&[f32s(&[2, 2, 1], [11.0, 16.0, 110.0, 160.0])]));
    let grouped = f32s(&[2, 4, 1], [2.0, 4.0, 9.0, 12.0, 20.0, 40.0, 90.0, 120.0]);
    check(ConvTranspose { group: 2, ..conv_transpose(1) }, &[x, w], Ok(&[grouped]));
    let empty = [f32s(&[1, 0, 1], []), f32s(&[0, 2, 2], []), f32s(&[2], [5.0, 6.0])];
    check(conv_transpose(1), &empty, Ok(&[f32s(&[1, 2, 2], [5.0, 5.0, 6.0, 6.0])]));
    let none = [f32s(&[1, 1, 1], [1.0]), f32s(&[1, 0, 2], [])];
    check(conv_transpose(1), &none, Ok(&[f32s(&[1, 0, 2], [])]));
}

#[test]
fn types_of_convolutions() {
    check_infer(conv(2), "f16[N, 3, 8, 9] f16[5, 3, 3, 3] f16[5]", Ok("f16[N, 5, 6, 7]"));
    let transposed = conv_transpose(2);
    check_infer(transposed.clone(), "f32[N, 3, 8, 9] f32[3, 5, 3, 3] f32[5]", Ok("f32[N, 5, 10, 11]"));
    check_macs(conv(2), &[&[2, 3, 8, 9], &[5, 3, 3, 3]], 2 * 5 * 6 * 7 * 27);
    check_macs(transposed.clone(), &[&[2, 3, 8, 9], &[3, 5, 3, 3]], 2 * 3 * 8 * 9 * 45);

    let types = "f32[1, 3, 8] f16[5, 3, 3]";
    check_infer(conv(1), types, Err("operand 1 has elements of type f16, but should have f32"));
    check_infer(conv(1), "f32[1, 3] f32[5, 3]", Err("operand 0 has 2 dimensions, but should have 3 or more"));
    check_infer(conv(1), "f32[1, 3, 8] f32[5, 3, 3, 3]", Err("operand 1 has 4 dimensions, but should have 3"));
    check_infer(
        conv(1),
        "f32[1, C, 8] f32[5, 3, 3]",
        Err("dimension 1 of operand 0 is symbolic, but its size is needed"),
    );
    let channels = "the weights are for 3 input channels a group, but the input has 4 in 1 groups";
    check_infer(conv(1), "f32[1, 4, 8] f32[5, 3, 3]", Err(channels));
    let group = "attribute `group` is 2, which does not divide 4 channels and 5 outputs";
    check_infer(Conv { group: 2, ..conv(1) }, "f32[1, 4, 8] f32[5, 2, 3]", Err(group));
    check_infer(conv(1), "f32[1, 3, 8] f32[5, 3, 3] f32[3]", Err("the bias is [3], but should be [5]"));

    let one = conv_transpose(1);
    let channels = "the weights are for 5 input channels, but the input has 3";
    check_infer(one.clone(), "f32[1, 3, 8] f32[5, 3, 3]", Err(channels));
    let group = ConvTranspose { group: 2, ..one.clone() };
    check_infer(group, "f32[1, 3, 8] f32[3, 3, 3]", Err("attribute `group` is 2, which does not divide 3 channels"));
    let cut = ConvTranspose { pads: vec![6, 4], ..one.clone() };
    let nothing = "pads of 10 leave nothing of 10 (spatial dimension 0)";
    check_infer(cut, "f32[1, 3, 8] f32[3, 3, 3]", Err(nothing));
    let padding = "attribute `output_padding` has 2 entries, but 1 are needed";
    let padded = ConvTranspose { output_padding: vec![0, 0], ..one.clone() };
    check_infer(padded, "f32[1, 3, 8] f32[3, 3, 3]", Err(padding));
    let none = "the input has no elements along spatial dimension 0";
    check_infer(one.clone(), "f32[1, 3, 0] f32[3, 3, 3]", Err(none));
    let vast = ConvTranspose { strides: vec![usize::MAX / 2], ..one };
    let large = "a result of 7 * 9223372036854775807 elements or more is too large";
    check_infer(vast, "f32[1, 3, 8] f32[3, 3, 3]", Err(large));
}

#[test]
fn gemm() {
    let (a, a_t) = (f32s(&[2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), f32s(&[3, 2], [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
    let (b, b_t) = (f32s(&[3, 2], [1.0, 0.0, 0.0, 10.0, 1.0, 10.0]), f32s(&[2, 3], [1.0, 0.0, 1.0, 0.0, 10.0, 10.0]));
    let product = [4.0, 50.0, 10.0, 110.0];
    for (trans_a, a) in [(false, &a), (true, &a_t)] {
        for (trans_b, b) in [(false, &b), (true, &b_t)] {
            check(Gemm { trans_a, trans_b }, &[a.clone(), b.clone()], Ok(&[f32s(&[2, 2], product)]));
        }
    }
    let cases: &[(Tensor, [f32; 4])] = &[
        (f32s(&[], [0.5]), [4.5, 50.5, 10.5, 110.5]),
        (f32s(&[2], [1.0, 2.0]), [5.0, 52.0, 11.0, 112.0]),
        (f32s(&[2, 1], [1.0, 2.0]), [5.0, 51.0, 12.0, 112.0]),
        (f32s(&[2, 2], [1.0, 2.0, 3.0, 4.0]), [5.0, 52.0, 13.0, 114.0]),
    ];
    for (c, sums) in cases {
        check(
            Gemm { trans_a: false, trans_b: true },
            &[a.clone(), b_t.clone(), c.clone()],
            Ok(&[f32s(&[2, 2], *sums)]),
        );
    }
}

#[test]
fn gemm_sizes() {
    // Longer than any number of lanes, and no multiple of one.
    let long = f32s(&[1, 19], (0u8..19).map(f32::from).collect::<Vec<_>>());
    let dot = Gemm { trans_a: false, trans_b: true };
    check(dot.clone(), &[long.clone(), long], Ok(&[f32s(&[1, 1], [2109.0])]));
    let empty = [f32s(&[2, 0], []), f32s(&[1, 0], []), f32s(&[1], [3.0])];
    check(dot.clone(), &empty, Ok(&[f32s(&[2, 1], [3.0, 3.0])]));
    check(dot.clone(), &[f32s(&[0, 2], []), f32s(&[1, 2], [1.0, 2.0])], Ok(&[f32s(&[0, 1], [])]));
    // A sum that f32 would lose.
    let x = f32s(&[1, 3], [1e8, 1.0, -1e8]);
    check(dot.clone(), &[x, f32s(&[1, 3], [1.0; 3])], Ok(&[f32s(&[1, 1], [1.0])]));
    let half = |x: f32| tensor(&[1, 1], [f16::from_f32(x)]);
    check(dot, &[half(1.5), half(2.5)], Ok(&[half(3.75)]));
}

#[test]
fn types_of_gemm() {
    let plain = Gemm { trans_a: false, trans_b: false };
    check_infer(plain.clone(), "f32[N, 3] f32[3, 4] f32[4]", Ok("f32[N, 4]"));
    check_infer(plain.clone(), "f16[2, K] f16[K, M]", Ok("f16[2, M]"));
    check_infer(Gemm { trans_a: true, trans_b: true }, "f32[3, N] f32[4, 3]", Ok("f32[N, 4]"));
    check_macs(Gemm { trans_a: true, trans_b: false }, &[&[3, 2], &[3, 4]], 24);

    check_infer(plain.clone(), "f32[N, 3, 1] f32[3, 4]", Err("operand 0 has 3 dimensions, but should have 2"));
    let inner = "matrices [2, 3] and [4, 3] have no product: 3 columns meet 4 rows";
    check_infer(plain.clone(), "f32[2, 3] f32[4, 3]", Err(inner));
    let symbol = "dimension 0 of operand 1 is symbolic, but its size is needed";
    check_infer(plain.clone(), "f32[2, 3] f32[K, 3]", Err(symbol));
    let wide = "[3, 2, 4] does not broadcast to [2, 4]";
    check_infer(plain.clone(), "f32[2, 3] f32[3, 4] f32[3, 2, 4]", Err(wide));
    check_infer(plain, "f32[2, 3] f32[3, 4] f32[3]", Err("shapes [3] and [2, 4] do not broadcast to one"));
}

#[test]
fn stacks_of_matrices() {
    let a = f32s(&[2, 1, 2, 2], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    let b = f32s(&[2, 2, 1], [1.0, 10.0, 100.0, 1000.0]);
    let expected = f32s(&[2, 2, 2, 1], [21.0, 43.0, 2100.0, 4300.0, 65.0, 87.0, 6500.0, 8700.0]);
    check(MatMul {}, &[a, b], Ok(&[expected]));
    check(MatMul {}, &[f32s(&[2, 1, 0], []), f32s(&[0, 2], [])], Ok(&[f32s(&[2, 1, 2], [0.0; 4])]));
    check(MatMul {}, &[f32s(&[0, 2, 3], []), f32s(&[3, 0], [])], Ok(&[f32s(&[0, 2, 0], [])]));
    check_infer(MatMul {}, "f16[N, 4, K] f16[1, K, 7]", Ok("f16[N, 4, 7]"));
    let mismatch = Err("matrices [2, 3] and [2, 3] have no product: 3 columns meet 2 rows");
    check_infer(MatMul {}, "f32[2, 3] f32[2, 3]", mismatch);
    let symbolic = Err("dimension 2 of operand 0 is symbolic, but its size is needed");
    check_infer(MatMul {}, "f32[2, 3, K] f32[2, 3]", symbolic);
    check_macs(MatMul {}, &[&[5, 2, 3], &[3, 4]], 120);
}

#[test]
fn products_of_integers_are_exact_and_wrap() {
    let x = tensor::<i32>(&[1, 1, 3], [i32::MAX, 3, -5]);
    let w = tensor::<i32>(&[1, 1, 2], [2, 7]);
    check(conv(1), &[x, w], Ok(&[tensor::<i32>(&[1, 1, 2], [19, -29])]));
    // No float of 64 bits holds this sum.
    let (a, b) = (tensor::<i64>(&[1, 2], [1 << 62, 1]), tensor::<i64>(&[2, 1], [1, 1]));
    let gemm = Gemm { trans_a: false, trans_b: false };
    check(gemm.clone(), &[a.clone(), b.clone()], Ok(&[tensor::<i64>(&[1, 1], [(1 << 62) + 1])]));
    check(MatMul {}, &[a, b], Ok(&[tensor::<i64>(&[1, 1], [(1 << 62) + 1])]));
    let x = tensor::<u32>(&[1, 1, 2], [5, u32::MAX]);
    check(
        conv_transpose(1),
        &[x, tensor::<u32>(&[1, 1, 1], [2])],
        Ok(&[tensor::<u32>(&[1, 1, 2], [10, u32::MAX - 1])]),
    );
    let dtype = "operand 0 has elements of type i8, but should have floats or integers of 32 or 64 bits";
    check_infer(gemm, "i8[2, 2] i8[2, 2]", Err(dtype));
}

#[test]
fn doubles_keep_their_precision() {
    let (a, b) = (tensor::<f64>(&[1, 2], [1.0, 1e-12]), tensor::<f64>(&[2, 1], [1.0, 1.0]));
    check(Gemm { trans_a: false, trans_b: false }, &[a, b], Ok(&[tensor::<f64>(&[1, 1], [1.0 + 1e-12])]));
    let (x, w) = (tensor::<f64>(&[1, 1, 1], [1.0 + 1e-12]), tensor::<f64>(&[1, 1, 1], [3.0]));
    check(conv(1), &[x, w], Ok(&[tensor::<f64>(&[1, 1, 1], [(1.0 + 1e-12) * 3.0])]));
}
