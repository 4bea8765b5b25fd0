use crate::check::{check, check_native};

const UNARY: &[&str] = &[
    "tan(%c)",
    "sinh(%c)",
    "sin(%c)",
    "sign(%c)",
    "cosh(%c)",
    "cos(%c)",
    "atanh(%c)",
    "atan(%c)",
    "asinh(%c)",
    "asin(%c)",
    "acosh(%c)",
    "acos(%c)",
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
    "minifloat(%c) mant_bits=3.0 exp_bits=4.0",
    "mish(%c)",
    "neg(%c)",
    "power_of_two(%c) exp_min=-6.0 exp_max=0.0",
    "relu(%c)",
    "round(%c)",
    "round_away(%c)",
    "sigmoid(%c)",
    "silu(%c)",
    "softplus(%c)",
    "sqrt(%c)",
    "tanh(%c)",
];

const BINARY: &[&str] = &["add", "div", "max", "min", "mod", "mul", "pow", "prelu", "rem", "sub"];

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

/// Operands of fewer elements, constant and computed, and results larger than both.
#[test]
fn broadcasts() {
    for dims in ["[7]", "[3, 1]", "[3, 7]", "[2, 1, 1, 1]", "[2, 5, 1, 1]", "[5, 1, 7]", "[2, 1, 3, 7]", "[1, 1, 1]"] {
        check_both(
            &format!("%d = input : f32{dims} %e = tanh(%d) %k = const random(2) : f32{dims}"),
            &["sub(%c, %e)", "sub(%e, %c)", "div(%c, %k)", "sub(%k, %c)"].map(str::to_owned),
        );
    }
    for (a, b) in [("[4, 1]", "[1, 5]"), ("[2, 5, 3, 7]", "[4, 2, 5, 3, 7]"), ("[2, 1, 3, 1, 2, 1]", "[3, 1, 4, 1, 2]")]
    {
        check_native(&format!(
            r#"graph "both" {{ %a = input : f32{a} %b = input : f32{b} %y = sub(%a, %b) %z = mul(%y, %b) return %z, %y }}"#
        ));
    }
    check(r#"graph "greater" { %x = input : f32[9] %c = const splat(0.1) : f32[] %y = greater(%x, %c) return %y }"#);
}

/// A gate for each channel and one for each pixel, as attention computes them.
#[test]
fn gates() {
    for c in [5, 16, 33] {
        check_native(&format!(
            r#"graph "gates" {{ %x = input : f32[2, 3, 6, 5] %w = const random(1) : f32[{c}, 3, 3, 3]
            %c = conv(%x, %w) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
            %mean = reduce(%c) function=mean axes=[2, 3] keep_dims=true
            %v = const random(2) : f32[{c}, {c}, 1, 1]
            %gate = conv(%mean, %v) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
            %open = sigmoid(%gate) %y = mul(%c, %open)
            %max = reduce(%c) function=max axes=[1] keep_dims=true %mask = hard_sigmoid(%max) alpha=0.5 beta=0.5
            %z = mul(%mask, %y) return %z }}"#
        ));
    }
}

/// Chains of functions are one step where nothing else reads what is between.
#[test]
fn chains() {
    let source = r#"graph "chain" { %x = input : f32[2, 5, 8, 8] %k = const random(1) : f32[5, 1, 1]
        %a = tanh(%x) %b = mul(%a, %k) %c = exp(%b) %d = add(%x, %c) %e = sigmoid(%d) %f = mul(%e, %e) %g = neg(%e)
        %h = reshape(%f) shape=[10, 64] %i = relu(%h) return %i, %g }"#;
    check_native(source);
    let graph = firebrick_ir::text::parse(source, &()).expect("it was checked");
    let verified = firebrick_ir::verify(&graph).expect("it was checked");
    let program = firebrick_cpu::Program::compile(verified, firebrick_cpu::Isa::Clif).expect("it was checked");
    assert_eq!(program.plan().matches("map ").count(), 4, "{}", program.plan());
}

/// Where functions are steep, flat, close to 0, or have no value.
#[test]
fn extremes() {
    let functions = ["exp", "sigmoid", "silu", "tanh", "mish", "elu"];
    let line = |function: &&str| {
        let alpha = if *function == "elu" { "alpha=1.0" } else { "" };
        ["x", "nan", "small"].map(|x| format!("%{function}_{x} = {function}(%{x}) {alpha}\n")).concat()
    };
    let results = functions.map(|function| ["x", "nan", "small"].map(|x| format!("%{function}_{x}")).join(", "));
    check_native(&format!(
        r#"graph "extremes" {{
        %x = const [-1000.0, -104.5, -100.0, -88.0, -40.0, -9.0, -0.5, 0.0, 0.001, 0.5, 9.0, 40.0, 88.0, 89.0, 1000.0] : f32[15]
        %root = sqrt(%x) %nan = mul(%root, %x) %scale = const splat(0.000001) : f32[] %small = mul(%x, %scale)
        {} return {} }}"#,
        functions.iter().map(line).collect::<String>(),
        results.join(", ")
    ));
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
