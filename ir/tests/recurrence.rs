//! The recurrence of LSTM and RNN. The longer cases were computed by hand-written loops in another language.

mod common;

use firebrick_ir::ops::{Cell, Recur};
use firebrick_ir::{Op, Tensor, Type};

use common::{check, check_infer, f32s};

const LSTM: Recur = Recur { cell: Cell::Lstm };
const RNN: Recur = Recur { cell: Cell::Rnn };

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
    check(LSTM, &operands, Ok(&[all, one(h), one(1.0)]));
    let operands = [gates, weights, one(0.0), one(7.0), one(2.0)];
    check(LSTM, &operands, Ok(&[f32s(&[1, 1, 1], [0.0]), one(0.0), one(0.0)]));
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
    check(LSTM, &[gates(8), weights(8), cont(), h0(), c0], Ok(&[f32s(&[3, 2, 2], all), h, c]));
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
    check(RNN, &[gates(2), weights(2), cont(), h0()], Ok(&[f32s(&[3, 2, 2], all), h]));
}

#[test]
fn no_steps() {
    let operands = [f32s(&[0, 2, 2], []), weights(2), f32s(&[0, 2], []), h0()];
    check(RNN, &operands, Ok(&[f32s(&[0, 2, 2], []), h0()]));
}

#[test]
fn inference() {
    let lstm = "f32[T, N, 12] f32[12, 3] f32[T, N] f32[N, 3] f32[N, 3]";
    check_infer(LSTM, lstm, Ok("f32[T, N, 3] f32[N, 3] f32[N, 3]"));
    check_infer(RNN, "f16[T, N, 3] f16[3, 3] f16[T, N] f16[N, 3]", Ok("f16[T, N, 3] f16[N, 3]"));
    check_infer(LSTM, "f32[T, N, 12]", Err("takes 5 operands, but has 1"));
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
        check_infer(LSTM, operands, Err(error));
    }
}

#[test]
fn macs() {
    let op: Op = LSTM.into();
    let types = [[5, 2, 12].as_slice(), &[12, 3], &[5, 2], &[2, 3], &[2, 3]].map(Type::f32);
    let operands: Vec<&Type> = types.iter().collect();
    let results = op.infer(&operands).expect("the operands fit");
    assert_eq!(op.macs(&operands, &results), 5 * 2 * 12 * 3);
}
