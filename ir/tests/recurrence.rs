//! The recurrence of LSTM, GRU and RNN. The longer cases of Caffe's cells were computed by hand-written loops in another
//! language, those of ONNX's by ONNX Runtime 1.32.

mod common;

use firebrick_ir::ops::{Activation, Cell, Recur};
use firebrick_ir::{Op, Tensor, Type};

use common::{check, check_infer, f32s, tensor};

/// A cell as Caffe has it.
fn caffe(cell: Cell) -> Recur {
    Recur { continuation: true, states: true, ..Recur::plain(cell) }
}

/// Quarters that repeat after 11.
fn gates(width: usize) -> Tensor {
    f32s(&[3, 2, width], (0..6 * width).map(|i| ((i * 7 % 11) as f32 - 5.0) / 4.0).collect::<Vec<_>>())
}

/// Eighths that repeat after 13.
fn weights(width: usize) -> Tensor {
    f32s(&[width, 2], (0..2 * width).map(|i| ((i * 5 % 13) as f32 - 6.0) / 8.0).collect::<Vec<_>>())
}

/// Both sequences begin anew once: the first at the first step, the second at the last.
fn cont() -> Tensor {
    f32s(&[3, 2], [0.0, 1.0, 1.0, 1.0, 1.0, 0.0])
}

fn h0() -> Tensor {
    f32s(&[2, 2], [0.5, -0.5, 0.25, 1.0])
}

#[test]
fn one_lstm_step() {
    // All gates are half open and nothing comes in, so that c = 2 / 2 and h = tanh(1) / 2.
    let one = |x: f32| f32s(&[1, 1], [x]);
    let (gates, weights) = (f32s(&[1, 1, 4], [0.0; 4]), f32s(&[4, 1], [0.0; 4]));
    let h = 0.380_797_1;
    let all = f32s(&[1, 1, 1], [h]);
    let operands = [gates.clone(), weights.clone(), one(1.0), one(7.0), one(2.0)];
    check(caffe(Cell::Lstm), &operands, Ok(&[all, one(h), one(1.0)]));
    let operands = [gates, weights, one(0.0), one(7.0), one(2.0)];
    check(caffe(Cell::Lstm), &operands, Ok(&[f32s(&[1, 1, 1], [0.0]), one(0.0), one(0.0)]));
}

#[test]
fn lstm() {
    let all = [
        0.094_445_25,
        0.0,
        0.233_724_56,
        0.239_082_42,
        -0.113_373_47,
        0.146_196_66,
        -0.005_593_424,
        0.351_745_38,
        -0.322_254_15,
        0.151_367_98,
        -0.050_560_19,
        0.139_593_55,
    ];
    let h = f32s(&[2, 2], &all[8..]);
    let c = f32s(&[2, 2], [-0.433_528_3, 0.293_160_25, -0.231_058_58, 0.228_138_61]);
    let c0 = f32s(&[2, 2], [1.0, -1.0, 0.5, 2.0]);
    check(caffe(Cell::Lstm), &[gates(8), weights(8), cont(), h0(), c0], Ok(&[f32s(&[3, 2, 2], all), h, c]));
}

#[test]
fn rnn() {
    let all = [
        -0.848_283_64,
        0.462_117_16,
        -0.670_967_07,
        0.703_905_6,
        0.679_641_8,
        -0.886_470_6,
        0.888_601_1,
        -0.596_332_5,
        -0.885_118_5,
        0.910_946_14,
        -0.244_918_66,
        -0.848_283_64,
    ];
    let h = f32s(&[2, 2], &all[8..]);
    check(caffe(Cell::Rnn), &[gates(2), weights(2), cont(), h0()], Ok(&[f32s(&[3, 2, 2], all), h]));
}

/// The first step's state as ONNX Runtime's cases begin with it.
fn given() -> [Tensor; 2] {
    [h0(), f32s(&[2, 2], [1.0, -1.0, 0.5, 2.0])]
}

/// Checks all results of an LSTM that begins with a state.
#[track_caller]
fn check_lstm(op: Recur, more: &[Tensor], all: [f32; 12], h: [f32; 4], c: [f32; 4]) {
    let operands = [&[gates(8), weights(8)], given().as_slice(), more].concat();
    let expected = [f32s(&[3, 2, 2], all), f32s(&[2, 2], h), f32s(&[2, 2], c)];
    check(Recur { states: true, ..op }, &operands, Ok(&expected));
}

#[test]
fn lstm_of_onnx() {
    let all = [
        0.209_983_1,
        -0.321_876_05,
        0.233_724_53,
        0.239_082_44,
        -0.008_077_799,
        0.007_143_709,
        -0.005_593_447,
        0.351_745_37,
        -0.218_520_48,
        0.096_752_19,
        -0.069_420_21,
        0.318_502_58,
    ];
    let (h, c) = (last(&all), [-0.288_563_8, 0.174_435_36, -0.321_513_7, 0.603_724_5]);
    check_lstm(Recur::plain(Cell::Lstm), &[], all, h, c);

    let all = [
        0.365_515_3,
        -0.198_950_01,
        0.271_343_6,
        0.271_112_02,
        0.296_317_1,
        0.081_533_395,
        0.053_238_157,
        0.343_454_84,
        0.057_654_478,
        0.178_031_52,
        -0.055_768_974,
        0.405_472_7,
    ];
    let (h, c) = (last(&all), [0.077_689_454, 0.306_027_9, -0.262_901_8, 0.821_811_7]);
    check_lstm(Recur::plain(Cell::CoupledLstm), &[], all, h, c);

    let all = [
        0.175_585_94,
        0.0,
        0.221_649_16,
        0.249_698_15,
        0.020_059_755,
        0.014_625_113,
        0.043_082_46,
        0.318_022_34,
        0.0,
        0.059_876_774,
        0.0,
        0.249_767_6,
    ];
    let (h, c) = (last(&all), [-0.167_435_18, 0.106_114_97, -0.157_940_66, 0.414_953_53]);
    let (f, g, h_function) = (Activation::HardSigmoid, Activation::Softsign, Activation::Relu);
    let (alpha, beta) = (vec![0.25, 0.0, 0.0], vec![0.5, 0.0, 0.0]);
    check_lstm(Recur { f, g, h: h_function, alpha, beta, ..Recur::plain(Cell::Lstm) }, &[], all, h, c);
}

fn last(all: &[f32; 12]) -> [f32; 4] {
    [all[8], all[9], all[10], all[11]]
}

#[test]
fn peepholes_and_clip() {
    let factors = f32s(&[6], [0.5, -0.25, -0.5, 0.25, 1.0, 0.75]);
    let all = [
        0.248_088_2,
        -0.203_406_21,
        0.268_041_04,
        0.412_457_38,
        -0.046_997_86,
        0.051_979_17,
        -0.043_098_003,
        0.498_782,
        -0.233_974_16,
        0.117_236_8,
        -0.061_841_82,
        0.409_510_14,
    ];
    let (h, c) = (last(&all), [-0.337_445_53, 0.202_330_95, -0.391_476_9, 0.683_467_15]);
    let peeping = Recur { peepholes: true, ..Recur::plain(Cell::Lstm) };
    check_lstm(peeping.clone(), std::slice::from_ref(&factors), all, h, c);

    let all = [
        0.311_250_33,
        -0.252_981_54,
        0.267_402_6,
        0.387_212_8,
        0.027_066_488,
        -0.051_420_6,
        0.058_566_105,
        0.369_960_34,
        -0.108_873_26,
        0.079_754_345,
        -0.062_599_376,
        0.299_449_74,
    ];
    let (h, c) = (last(&all), [-0.176_725_39, 0.134_711_22, -0.167_353_35, 0.524_382_4]);
    check_lstm(Recur { clip: Some(0.5), ..peeping }, &[factors], all, h, c);
}

#[test]
fn lengths() {
    let all = [
        0.209_983_1,
        -0.321_876_05,
        0.233_724_53,
        0.239_082_44,
        -0.008_077_799,
        0.007_143_709,
        0.0,
        0.0,
        -0.218_520_48,
        0.096_752_19,
        0.0,
        0.0,
    ];
    let h = [-0.218_520_48, 0.096_752_19, 0.233_724_53, 0.239_082_44];
    let c = [-0.288_563_8, 0.174_435_36, 0.423_006_33, 0.927_973_6];
    let op = Recur { lengths: true, ..Recur::plain(Cell::Lstm) };
    check_lstm(op.clone(), &[tensor::<i32>(&[2], [3, 1])], all, h, c);

    let operands = [gates(8), weights(8), tensor::<i64>(&[2], [3, 4])];
    check(op.clone(), &operands, Err("a sequence of 4 steps is none of 0 to 3"));
    let lengths = "operand 2 has elements of type f32, but should have i32 or i64";
    check_infer(op, "f32[T, N, 4] f32[4, 1] f32[N]", Err(lengths));
}

#[test]
fn gru() {
    let all = [
        0.212_920_84,
        -0.493_839_44,
        0.062_911_7,
        -0.124_568_61,
        -0.148_321_88,
        0.216_481_28,
        -0.403_503_75,
        0.318_339_88,
        0.413_314_46,
        0.139_767_3,
        0.243_223_98,
        -0.042_152_196,
    ];
    let expected = [f32s(&[3, 2, 2], all), f32s(&[2, 2], last(&all))];
    let op = Recur { states: true, ..Recur::plain(Cell::Gru) };
    check(op, &[gates(6), weights(6), h0()], Ok(&expected));

    let all = [
        0.333_235_03,
        -0.581_708_13,
        0.134_048_86,
        -0.169_643_79,
        -0.015_455_276,
        0.030_526_578,
        -0.326_535,
        0.051_297_944,
        0.527_197_54,
        -0.048_809_744,
        0.351_698_96,
        -0.207_437_19,
    ];
    let expected = [f32s(&[3, 2, 2], all), f32s(&[2, 2], last(&all))];
    let op = Recur { states: true, ..Recur::plain(Cell::GruResetAfter) };
    check(op, &[gates(6), weights(6), h0(), f32s(&[2], [0.5, -1.0])], Ok(&expected));

    let all = [
        0.270_472_4,
        -0.485_697_7,
        0.038_895_153,
        0.133_451_97,
        -0.030_972_257,
        0.017_062_217,
        -0.217_353_2,
        0.334_458_47,
        0.0,
        0.0,
        0.205_589_44,
        0.028_854_087,
    ];
    let h = f32s(&[2, 2], [-0.030_972_257, 0.017_062_217, 0.205_589_44, 0.028_854_087]);
    let op = Recur { states: true, lengths: true, clip: Some(0.5), ..Recur::plain(Cell::Gru) };
    let operands = [gates(6), weights(6), h0(), tensor::<i32>(&[2], [2, 3])];
    check(op, &operands, Ok(&[f32s(&[3, 2, 2], all), h]));
}

#[test]
fn activations() {
    let of_minus_one = |function: Activation| match function {
        Activation::Affine => 1.5,
        Activation::Elu => 0.316_060_28,
        Activation::HardSigmoid => 1.0,
        Activation::LeakyRelu => 0.5,
        Activation::Relu => 0.0,
        Activation::ScaledTanh => 0.380_797_1,
        Activation::Sigmoid => 0.268_941_43,
        Activation::Softplus => 0.313_261_7,
        Activation::Softsign => -0.5,
        Activation::Tanh => -0.761_594_2,
        Activation::ThresholdedRelu => 0.0,
    };
    for &f in Activation::ALL {
        let op = Recur { f, alpha: vec![-0.5; 3], beta: vec![1.0; 3], ..Recur::plain(Cell::Rnn) };
        let expected = of_minus_one(f);
        let operands = [f32s(&[1, 1, 1], [-1.0]), f32s(&[1, 1], [0.0])];
        check(op, &operands, Ok(&[f32s(&[1, 1, 1], [expected]), f32s(&[1, 1], [expected])]));
    }
}

#[test]
fn no_steps() {
    let operands = [f32s(&[0, 2, 2], []), weights(2), f32s(&[0, 2], []), h0()];
    check(caffe(Cell::Rnn), &operands, Ok(&[f32s(&[0, 2, 2], []), h0()]));
}

#[test]
fn inference() {
    let lstm = "f32[T, N, 12] f32[12, 3] f32[T, N] f32[N, 3] f32[N, 3]";
    check_infer(caffe(Cell::Lstm), lstm, Ok("f32[T, N, 3] f32[N, 3] f32[N, 3]"));
    check_infer(caffe(Cell::Rnn), "f16[T, N, 3] f16[3, 3] f16[T, N] f16[N, 3]", Ok("f16[T, N, 3] f16[N, 3]"));
    check_infer(caffe(Cell::Lstm), "f32[T, N, 12]", Err("takes 5 operands, but has 1"));
    let errors = [
        (
            "f32[T, N, 12] f32[12, 4] f32[T, N] f32[N, 3] f32[N, 3]",
            "gates [T, N, 12] and weights [12, 4] are not [T, N, 4 H] and [4 H, H]",
        ),
        ("f32[T, N, 12] f32[12, 3] f32[N, T] f32[N, 3] f32[N, 3]", "operand 2 is [N, T], but should be [T, N]"),
        ("f32[T, N, 12] f32[12, 3] f32[T, N] f32[N, 3] f32[3]", "operand 4 is [3], but should be [N, 3]"),
        ("f32[T, 12] f32[12, 3] f32[T, N] f32[N, 3] f32[N, 3]", "operand 0 has 2 dimensions, but should have 3"),
        (
            "f32[T, N, G] f32[12, 3] f32[T, N] f32[N, 3] f32[N, 3]",
            "dimension 2 of operand 0 is symbolic, but its size is needed",
        ),
    ];
    for (operands, error) in errors {
        check_infer(caffe(Cell::Lstm), operands, Err(error));
    }
}

#[test]
fn macs() {
    let op: Op = caffe(Cell::Lstm).into();
    let types = [[5, 2, 12].as_slice(), &[12, 3], &[5, 2], &[2, 3], &[2, 3]].map(Type::f32);
    let operands: Vec<&Type> = types.iter().collect();
    let results = op.infer(&operands).expect("the operands fit");
    assert_eq!(op.macs(&operands, &results), 5 * 2 * 12 * 3);
}
