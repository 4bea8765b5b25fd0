//! Normalisation: across channels, by statistics, to a sum of 1.

mod common;

use firebrick_ir::f16;
use firebrick_ir::ops::{BatchNorm, Lrn, Softmax};

use common::{check, check_infer, f32s, tensor};

#[test]
fn lrn() {
    let x = [f32s(&[1, 4, 1], [1.0, 2.0, 3.0, 4.0])];
    let plain = Lrn { size: 3, alpha: 3.0, beta: 1.0, bias: 1.0 };
    check(plain.clone(), &x, Ok(&[f32s(&[1, 4, 1], [1.0 / 6.0, 2.0 / 15.0, 3.0 / 30.0, 4.0 / 26.0])]));
    // Of an even number of channels the smaller half comes before.
    let even = Lrn { size: 2, alpha: 2.0, ..plain.clone() };
    check(even, &x, Ok(&[f32s(&[1, 4, 1], [1.0 / 6.0, 2.0 / 14.0, 3.0 / 26.0, 4.0 / 17.0])]));
    let root = Lrn { size: 1, alpha: 1.0, beta: 0.5, bias: 0.0 };
    check(root, &x, Ok(&[f32s(&[1, 4, 1], [1.0; 4])]));
    let all = Lrn { size: usize::MAX / 2, alpha: 1.0, beta: 1.0, bias: 2.0 };
    check(all, &x, Ok(&[f32s(&[1, 4, 1], [0.5, 1.0, 1.5, 2.0])]));
    // Images and positions are on their own.
    let planes = [f32s(&[2, 2, 2], [1.0, 0.0, 2.0, 3.0, 0.0, 0.0, 1.0, 1.0])];
    let expected = [1.0 / 6.0, 0.0, 2.0 / 6.0, 3.0 / 10.0, 0.0, 0.0, 0.5, 0.5];
    check(plain.clone(), &planes, Ok(&[f32s(&[2, 2, 2], expected)]));
    check(plain.clone(), &[f32s(&[1, 0, 3], [])], Ok(&[f32s(&[1, 0, 3], [])]));

    check_infer(plain.clone(), "f16[N, C, H, W]", Ok("f16[N, C, H, W]"));
    check_infer(plain.clone(), "f32[3]", Err("operand 0 has 1 dimensions, but should have 2 or more"));
    check_infer(Lrn { size: 0, ..plain }, "f32[1, 3]", Err("attribute `size` is 0"));
}

#[test]
fn batch_norm() {
    let op = BatchNorm { epsilon: 1.0 };
    let channel = |values: [f32; 2]| f32s(&[2], values);
    let parameters = [channel([2.0, 1.0]), channel([1.0, 0.0]), channel([1.0, 3.0]), channel([3.0, 0.0])];
    let operands = |x| [[x].as_slice(), &parameters].concat();
    let x = f32s(&[2, 2, 2], [1.0, 2.0, 3.0, 4.0, 3.0, 4.0, 5.0, 6.0]);
    check(op.clone(), &operands(x), Ok(&[f32s(&[2, 2, 2], [1.0, 2.0, 0.0, 1.0, 3.0, 4.0, 2.0, 3.0])]));
    check(op.clone(), &operands(f32s(&[1, 2], [5.0, 5.0])), Ok(&[f32s(&[1, 2], [5.0, 2.0])]));
    check(op.clone(), &operands(f32s(&[0, 2, 3], [])), Ok(&[f32s(&[0, 2, 3], [])]));

    check_infer(op.clone(), "f32[N, C, H] f32[C] f32[C] f32[C] f32[C]", Ok("f32[N, C, H]"));
    let types = "f32[1, 2] f32[2] f32[3] f32[2] f32[2]";
    check_infer(op.clone(), types, Err("the bias is [3], but should be [2]"));
    let types = "f32[1, 2] f32[2] f32[2] f32[2] f32[2, 1]";
    check_infer(op.clone(), types, Err("the variance is [2, 1], but should be [2]"));
    let types = "f32[1, 2] f32[2] f16[2] f32[2] f32[2]";
    check_infer(op.clone(), types, Err("operand 2 has elements of type f16, but should have f32"));
    check_infer(op, "f32[1, 2] f32[2]", Err("takes 5 operands, but has 2"));
}

#[test]
fn softmax() {
    let ln_3 = 3.0f32.ln();
    let x = [f32s(&[2, 2], [0.0, ln_3, ln_3, ln_3])];
    check(Softmax { axis: 1 }, &x, Ok(&[f32s(&[2, 2], [0.25, 0.75, 0.5, 0.5])]));
    check(Softmax { axis: 0 }, &x, Ok(&[f32s(&[2, 2], [0.25, 0.5, 0.75, 0.5])]));
    let large = [f32s(&[3], [1000.0, f32::NEG_INFINITY, 1000.0])];
    check(Softmax { axis: 0 }, &large, Ok(&[f32s(&[3], [0.5, 0.0, 0.5])]));
    let middle = [f32s(&[1, 2, 2], [0.0, 5.0, ln_3, 5.0])];
    check(Softmax { axis: 1 }, &middle, Ok(&[f32s(&[1, 2, 2], [0.25, 0.5, 0.75, 0.5])]));
    let half = |x: f32| tensor(&[2], [f16::from_f32(x); 2]);
    check(Softmax { axis: 0 }, &[half(7.0)], Ok(&[half(0.5)]));
    check(Softmax { axis: 1 }, &[f32s(&[2, 0], [])], Ok(&[f32s(&[2, 0], [])]));

    check_infer(Softmax { axis: 1 }, "f32[N, C]", Ok("f32[N, C]"));
    check_infer(Softmax { axis: 2 }, "f32[N, C]", Err("attribute `axis` is 2, but the operand has 2 dimensions"));
    let dtype = "operand 0 has elements of type i64, but should have floats";
    check_infer(Softmax { axis: 0 }, "i64[2]", Err(dtype));
}
