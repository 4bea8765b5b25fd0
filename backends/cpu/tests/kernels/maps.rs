use crate::check::{check, check_native};

const UNARY: &[&str] = &[
    "abs(%c)",
    "ceil(%c)",
    "clip(%c) min=-0.25 max=0.5",
    "elu(%c) alpha=0.5",
    "erf(%c)",
    "exp(%c)",
    "floor(%c)",
    "gelu(%c)",
    "hard_sigmoid(%c) alpha=0.75 beta=0.25",
    "hard_swish(%c)",
    "leaky_relu(%c) alpha=0.1",
    "log(%c)",
    "mish(%c)",
    "neg(%c)",
    "relu(%c)",
    "round(%c)",
    "sigmoid(%c)",
    "silu(%c)",
    "softplus(%c)",
    "sqrt(%c)",
    "tanh(%c)",
];

const BINARY: &[&str] = &["add", "div", "max", "min", "mul", "pow", "prelu", "sub"];

/// All of these on plain values, and on values in blocks.
fn check_both(declarations: &str, ops: &[String]) {
    let lines = ops.iter().enumerate().map(|(i, op)| format!("%y{i} = {op}\n")).collect::<String>();
    let results = (0..ops.len()).map(|i| format!("%y{i}")).collect::<Vec<_>>().join(", ");
    check_native(&format!(
        r#"graph "plain" {{ %c = input : f32[2, 5, 3, 7] {declarations} {lines} return {results} }}"#
    ));
    check_native(&format!(
        r#"graph "blocked" {{ %x = input : f32[2, 3, 5, 9] %w = const random(1) : f32[5, 3, 3, 3]
        %c = conv(%x, %w) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
        {declarations} {lines} return {results} }}"#
    ));
}

#[test]
fn unary() {
    check_both("", &UNARY.iter().map(ToString::to_string).collect::<Vec<_>>());
}

#[test]
fn binary() {
    let all = |operands: &str| BINARY.iter().map(|op| format!("{op}({operands})")).collect::<Vec<_>>();
    check_both("%d = abs(%c)", &all("%d, %c"));
    for ty in ["[]", "[1]", "[5, 1, 1]", "[1, 5, 1, 1]", "[2, 5, 3, 7]"] {
        let declarations = format!("%d = const random(2) : f32{ty}");
        check_both(&declarations, &[all("%c, %d"), all("%d, %c")].concat());
    }
}

#[test]
fn other_broadcasts() {
    for ty in ["[7]", "[3, 1]", "[2, 1, 1, 1]", "[4, 2, 5, 3, 7]"] {
        check(&format!(
            r#"graph "add" {{ %x = input : f32[2, 5, 3, 7] %c = const random(2) : f32{ty} %y = add(%x, %c) return %y }}"#
        ));
    }
    check(r#"graph "greater" { %x = input : f32[9] %c = const splat(0.1) : f32[] %y = greater(%x, %c) return %y }"#);
}

#[test]
fn other_ranks() {
    for ty in ["[]", "[1]", "[9]", "[3, 5]", "[2, 3, 4]", "[1, 2, 3, 2, 2]"] {
        check_native(&format!(
            r#"graph "tanh" {{ %x = input : f32{ty} %y = tanh(%x) %z = mul(%x, %y) return %y, %z }}"#
        ));
    }
}

#[test]
fn batch_norms() {
    check_both(
        "%s = const random(1) : f32[5] %b = const random(2) : f32[5] %m = const random(3) : f32[5] %v = const splat(0.3) : f32[5]",
        &["batch_norm(%c, %s, %b, %m, %v) epsilon=0.001".to_owned()],
    );
}

#[test]
fn softmaxes() {
    check_both("", &[0, 1, 2, 3].map(|axis| format!("softmax(%c) axis={axis}")));
    check_native(r#"graph "softmax" { %x = input : f32[1000] %y = softmax(%x) axis=0 return %y }"#);
}

#[test]
fn local_response_normalisations() {
    let forms = [(5, 0.75), (1, 0.75), (4, 0.6), (11, 1.0)];
    let lrn = |(size, beta): (usize, f32)| format!("lrn(%c) size={size} alpha=0.5 beta={beta:?} bias=1.5");
    check_both("", &forms.map(lrn));
}
