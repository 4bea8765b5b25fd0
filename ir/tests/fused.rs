//! Ops with an epilogue, convolutions side by side, and the hints of nodes.

mod common;

use std::collections::HashMap;

use firebrick_ir::ops::{
    BinaryFn, Branch, BranchConv, Conv, ConvTranspose, Epilogue, Expand, Fused, Gemm, Step, UnaryFn,
};
use firebrick_ir::text::parse;
use firebrick_ir::{Evaluator, Graph, Hints, Op, Tensor, Type, testing, verify};
use insta::assert_snapshot;

use common::{check, check_infer, f32s};

fn conv() -> Conv {
    Conv { strides: vec![1], pads: vec![0, 0], dilations: vec![1], group: 1 }
}

fn fused<T>(op: T, steps: &[Step]) -> Fused<T> {
    Fused { op, epilogue: Epilogue(steps.to_vec()) }
}

const RELU: Step = Step::Unary(UnaryFn::Relu {});
const ADD: Step = Step::Binary(BinaryFn::Add);

/// A branch of that size of window which keeps the size of the input.
fn branch(kernel: usize, activation: Option<UnaryFn>) -> Branch {
    Branch::Conv(BranchConv { pads: vec![kernel / 2; 2], dilations: vec![1], group: 1, activation })
}

fn expand(branches: &[Branch], steps: &[Step]) -> Expand {
    Expand { strides: vec![1], branches: branches.to_vec(), epilogue: Epilogue(steps.to_vec()) }
}

#[test]
fn an_epilogue_runs_step_by_step() {
    let operands = [f32s(&[1, 1, 3], [1.0, -2.0, 3.0]), f32s(&[2, 1, 1], [1.0, -1.0]), f32s(&[2], [0.5, 0.0])];
    let with = |other: Tensor| [operands.as_slice(), &[other]].concat();
    let check = |steps: &[Step], operands: &[Tensor], expected: [f32; 6]| {
        check(fused(conv(), steps), operands, Ok(&[f32s(&[1, 2, 3], expected)]));
    };
    check(&[RELU], &operands, [1.5, 0.0, 3.5, 0.0, 2.0, 0.0]);
    check(&[RELU], &operands[..2], [1.0, 0.0, 3.0, 0.0, 2.0, 0.0]);
    let residual = f32s(&[1, 2, 3], [1.0, 1.0, 1.0, -3.0, -3.0, -3.0]);
    check(&[ADD, RELU], &with(residual.clone()), [2.5, 0.0, 4.5, 0.0, 0.0, 0.0]);
    check(&[RELU, ADD], &with(residual), [2.5, 1.0, 4.5, -3.0, -1.0, -3.0]);
    let slope = f32s(&[2, 1], [0.5, 2.0]);
    check(&[Step::Binary(BinaryFn::Prelu)], &with(slope), [1.5, -0.75, 3.5, -2.0, 2.0, -6.0]);
    let clip = Step::Unary(UnaryFn::Clip { min: -1.0, max: 2.0 });
    check(&[clip, Step::Unary(UnaryFn::Abs {})], &operands, [1.5, 1.0, 2.0, 1.0, 2.0, 1.0]);
}

#[test]
fn other_ops_have_epilogues_too() {
    let gemm = fused(Gemm { trans_a: false, trans_b: true }, &[RELU]);
    check(gemm, &[f32s(&[1, 2], [1.0, 2.0]), f32s(&[2, 2], [1.0, 1.0, -1.0, -1.0])], Ok(&[f32s(&[1, 2], [3.0, 0.0])]));
    let Conv { strides, pads, dilations, group } = conv();
    let op = fused(ConvTranspose { strides, pads, dilations, group, output_padding: vec![0] }, &[RELU]);
    check(op, &[f32s(&[1, 1, 2], [1.0, -2.0]), f32s(&[1, 1, 1], [3.0])], Ok(&[f32s(&[1, 1, 2], [3.0, 0.0])]));
}

#[test]
fn epilogues_that_do_not_fit() {
    let prelu = || fused(conv(), &[Step::Binary(BinaryFn::Prelu)]);
    check_infer(prelu(), "f32[N, 2, 4] f32[3, 2, 1] f32[3] f32[3, 1]", Ok("f32[N, 3, 4]"));
    check_infer(prelu(), "f32[N, 2, 4] f32[3, 2, 1] f32[N, 3, 4]", Ok("f32[N, 3, 4]"));
    let no_operand = "takes 3 to 4 operands, but has 2";
    check_infer(prelu(), "f32[1, 2, 4] f32[3, 2, 1]", Err(no_operand));
    let other_type = "operand 3 has elements of type f16, but should be f32";
    let other_type = other_type.replace("be f32", "have f32");
    check_infer(prelu(), "f32[1, 2, 4] f32[3, 2, 1] f32[3] f16[1]", Err(&other_type));
    let larger = "attribute `epilogue` `prelu` with operand 2 would make f32[5, 3, 4] of f32[1, 3, 4]";
    check_infer(prelu(), "f32[1, 2, 4] f32[3, 2, 1] f32[5, 3, 4]", Err(larger));
    let compared = fused(conv(), &[Step::Binary(BinaryFn::Greater)]);
    let truth = "attribute `epilogue` `greater` with operand 2 would make bool[1, 3, 4] of f32[1, 3, 4]";
    check_infer(compared, "f32[1, 2, 4] f32[3, 2, 1] f32[]", Err(truth));
    let empty = "attribute `epilogue` is empty: without one it is `conv`";
    check_infer(fused(conv(), &[]), "f32[1, 2, 4] f32[3, 2, 1]", Err(empty));
}

#[test]
fn branches_are_one_behind_the_other() {
    let x = f32s(&[1, 1, 3], [1.0, -2.0, 3.0]);
    let one = [f32s(&[1, 1, 1], [2.0]), f32s(&[1], [0.0])];
    let three = [f32s(&[2, 1, 3], [1.0, 1.0, 1.0, -1.0, 0.0, 0.0]), f32s(&[2], [0.0, 0.5])];
    let all = [std::slice::from_ref(&x), one.as_slice(), &three].concat();
    let check = |op: Expand, operands: &[Tensor], expected: &[f32]| {
        check(op, operands, Ok(&[f32s(&[1, expected.len() / 3, 3], expected)]));
    };
    let plain = [2.0, -4.0, 6.0, -1.0, 2.0, 1.0, 0.5, -0.5, 2.5];
    check(expand(&[branch(1, None), branch(3, None)], &[]), &all, &plain);
    let activated = [2.0, 0.0, 6.0, -1.0, 2.0, 1.0, 0.5, -0.5, 2.5];
    check(expand(&[branch(1, Some(UnaryFn::Relu {})), branch(3, None)], &[]), &all, &activated);
    let relu = [2.0, 0.0, 6.0, 0.0, 2.0, 1.0, 0.5, 0.0, 2.5];
    check(expand(&[branch(1, None), branch(3, None)], &[RELU]), &all, &relu);
    let with_copy = [&[x, f32s(&[1, 1, 3], [7.0, 8.0, -9.0])], one.as_slice(), &[f32s(&[], [1.0])]].concat();
    check(expand(&[Branch::Copy, branch(1, None)], &[ADD]), &with_copy, &[8.0, 9.0, -8.0, 3.0, -3.0, 7.0]);
}

#[test]
fn branches_that_do_not_fit() {
    let two = || expand(&[branch(1, None), branch(3, None)], &[]);
    check_infer(two(), "f32[N, 2, 4] f32[3, 2, 1] f32[3] f32[5, 2, 3] f32[5]", Ok("f32[N, 8, 4]"));
    let bias = "the bias is [2], but should be [5]";
    check_infer(two(), "f32[N, 2, 4] f32[3, 2, 1] f32[3] f32[5, 2, 3] f32[2]", Err(bias));
    let rank = "operand 3 has 4 dimensions, but should have 3";
    check_infer(two(), "f32[N, 2, 4] f32[3, 2, 1] f32[3] f32[5, 2, 3, 1] f32[5]", Err(rank));
    let size = "branch 1 gives f32[N, 5, 6], but branch 0 gives f32[N, 3, 4]: only channels may differ";
    check_infer(two(), "f32[N, 2, 4] f32[3, 2, 1] f32[3] f32[5, 2, 1] f32[5]", Err(size));
    let copied = expand(&[branch(1, None), Branch::Copy], &[]);
    check_infer(copied.clone(), "f32[N, 2, 4] f32[3, 2, 1] f32[3] f32[N, 1, 4]", Ok("f32[N, 4, 4]"));
    let other_type = "branch 1 gives f16[N, 1, 4], but branch 0 gives f32[N, 3, 4]: only channels may differ";
    check_infer(copied.clone(), "f32[N, 2, 4] f32[3, 2, 1] f32[3] f16[N, 1, 4]", Err(other_type));
    let symbol = "dimension 1 of operand 3 is symbolic, but its size is needed";
    check_infer(copied, "f32[N, 2, 4] f32[3, 2, 1] f32[3] f32[N, C, 4]", Err(symbol));
    let none = "attribute `branches` has no convolution: this is a `concat`";
    check_infer(expand(&[Branch::Copy], &[]), "f32[1, 2, 4] f32[1, 2, 4]", Err(none));
    check_infer(two(), "f32[N, 2, 4] f32[3, 2, 1] f32[3]", Err("takes 5 operands, but has 3"));
}

#[test]
fn multiply_accumulates_are_those_of_the_convolutions() {
    let types = ["f32[2, 3, 8]", "f32[4, 3, 1]", "f32[4]", "f32[5, 3, 3]", "f32[5]"];
    let dims: [&[u64]; 5] = [&[2, 3, 8], &[4, 3, 1], &[4], &[5, 3, 3], &[5]];
    let types_of: Vec<Type> = dims.iter().map(|dims| Type::f32(dims)).collect();
    let operands: Vec<&Type> = types_of.iter().collect();
    let op = Op::from(expand(&[branch(1, None), branch(3, None)], &[RELU]));
    let results = op.infer(&operands).unwrap_or_else(|error| panic!("{types:?}: {error}"));
    assert_eq!(op.macs(&operands, &results), 2 * 8 * (4 * 3 + 5 * 3 * 3));
    let op = Op::from(fused(conv(), &[RELU]));
    let results = op.infer(&operands[..3]).unwrap_or_else(|error| panic!("{types:?}: {error}"));
    assert_eq!(op.macs(&operands[..3], &results), 2 * 8 * 4 * 3);
}

/// Runs both graphs on the same inputs, and checks that they give the same bits.
#[track_caller]
fn check_same(fused: &str, unfused: &str) {
    let run = |text: &str| {
        let graph = parse(text, &()).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let inputs: HashMap<String, Tensor> = testing::inputs(&graph, 3);
        let verified = verify(&graph).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
        Evaluator::new(verified).run(&inputs).unwrap_or_else(|error| panic!("{error}\n{text}"))
    };
    assert_eq!(run(fused), run(unfused), "{fused}\n{unfused}");
}

/// A graph of `x` and `r`, with weights of two convolutions, that returns `y`.
fn graph(dtype: &str, lines: &str) -> String {
    let text = r#"graph "" {
        %x = input : F[1, 3, 5, 5] %r = input : F[1, 4, 5, 5]
        %w = const random(1) : F[4, 3, 3, 3] %b = const random(2) : F[4] %v = const random(3) : F[2, 3, 1, 1] %c = const random(4) : F[2]
        LINES return %y }"#;
    text.replace("LINES", lines).replace("F[", &format!("{dtype}["))
}

const CONV: &str = "strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1";

#[test]
fn fused_ops_give_the_bits_of_their_parts() {
    for dtype in ["f32", "f16"] {
        let check = |fused: &str, parts: &str| check_same(&graph(dtype, fused), &graph(dtype, parts));
        check(
            &format!("%y = fused_conv(%x, %w, %b, %r) {CONV} epilogue=[sigmoid, add, leaky_relu(0.1)]"),
            &format!("%a = conv(%x, %w, %b) {CONV} %s = sigmoid(%a) %t = add(%s, %r) %y = leaky_relu(%t) alpha=0.1"),
        );
        let v = "strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1";
        check(
            "%y = expand(%x, %r, %v, %c, %w, %b) strides=[1, 1] branches=[copy, conv, conv] pads=[[0, 0, 0, 0], [1, 1, 1, 1]] dilations=[[1, 1], [1, 1]] group=[1, 1] activation=[none, elu(0.5)] epilogue=[tanh]",
            &format!(
                "%p = conv(%x, %v, %c) {v} %q = conv(%x, %w, %b) {CONV} %e = elu(%q) alpha=0.5 %z = concat(%r, %p, %e) axis=1 %y = tanh(%z)"
            ),
        );
    }
}

const HINTED: &str = r#"graph "" {
    %x = input : f32[1, 2, 4, 4]
    %a = relu(%x) in_place region "the first" from ReLU "a"
    %b = abs(%a) region "the first"
    %c = exp(%x) : f32[1, 2, 4, 4] region c
    %y = concat(%a, %b, %c) axis=1
    return %y, %b
}"#;

fn hinted() -> Graph {
    parse(HINTED, &()).expect("the text is a graph")
}

fn set(graph: &mut Graph, name: &str, in_place: bool, region: Option<&str>) {
    let node = graph.find(name).expect("the graph has that value").node;
    graph.set_hints(node, Hints { in_place, region: region.map(From::from) });
}

/// What the verifier says once these hints are given.
#[track_caller]
fn check_hints(hints: &[(&str, bool, Option<&str>)], expected: &str) {
    let mut graph = hinted();
    for (name, in_place, region) in hints {
        set(&mut graph, name, *in_place, *region);
    }
    let found = verify(&graph).map_or_else(|errors| errors.iter().map(ToString::to_string).collect(), |_| Vec::new());
    assert_eq!(found.join("\n"), expected);
}

#[test]
fn hints_are_printed() {
    assert_snapshot!(hinted());
}

#[test]
fn hints_can_be_followed() {
    check_hints(&[], "");
    check_hints(&[("c", true, None)], "");
    // An output, and what no concat reads.
    check_hints(&[("b", true, None)], "`b` is marked `in_place`, but isn't a slice of exactly one other value");
    check_hints(&[("y", true, None)], "`y` is marked `in_place`, but isn't a slice of exactly one other value");
    // `b` is between `a` and `y`.
    let region = "a path leads out of a region and back into it: ";
    check_hints(&[("a", true, Some("r")), ("b", false, None), ("y", false, Some("r"))], &format!("{region}`r`"));
    // Each of them is a unit, but not both.
    let crossed = [("a", true, Some("r")), ("c", false, Some("r")), ("x", false, Some("s")), ("b", false, Some("s"))];
    check_hints(&crossed, &format!("{region}`r`, `s`"));
}
