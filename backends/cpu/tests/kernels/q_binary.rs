//! Functions of two quantized values: integers must be the evaluator's exactly.

use crate::check::check_native;

const FUNCTIONS: [&str; 10] = ["add", "sub", "mul", "div", "max", "min", "prelu", "pow", "mod", "rem"];

const X: [&str; 3] = ["u8(0.05, 100)", "i8(0.1, -20)", "i8(0.03, 5)"];
const Y: [&str; 3] = ["u8(0.13, 7)", "i8(0.08, 0)", "i8(0.2, -128)"];

fn dtype(q: &str) -> &str {
    &q[..2]
}

/// All functions, of plain values and of a constant of one element.
#[test]
fn functions() {
    for (i, function) in FUNCTIONS.iter().enumerate() {
        let (a, b, y) = (X[i % 3], X[i / 3 % 3], Y[i % 3]);
        let rounding = ["even", "away"][i % 2];
        let attributes =
            |a: &str, b: &str| format!("function={function} x=[{a}, {b}] y={y} clip=none rounding={rounding}");
        check_native(&format!(
            r#"graph "functions" {{ %a = input : {}[2, 5, 3, 7] %b = input : {}[2, 5, 3, 7] %c = const splat(3) : {}[]
            %k = q_binary(%a, %b) {} %l = q_binary(%a, %c) {} %m = q_binary(%c, %a) {} return %k, %l, %m }}"#,
            dtype(a),
            dtype(b),
            dtype(b),
            attributes(a, b),
            attributes(a, b),
            attributes(b, a)
        ));
    }
}

/// Operands of all sizes that are broadcast to the result's, plain ones.
#[test]
fn sizes() {
    let sizes = [
        ("[2, 5, 3, 7]", "[5, 1, 1]"),
        ("[2, 5, 3, 7]", "[1, 5, 1, 1]"),
        ("[2, 5, 3, 7]", "[7]"),
        ("[2, 5, 1, 7]", "[2, 1, 3, 1]"),
        ("[40]", "[40]"),
        ("[3, 1]", "[3, 1]"),
        ("[]", "[]"),
        ("[70, 33]", "[70, 33]"),
    ];
    for (i, (a, b)) in sizes.into_iter().enumerate() {
        let (x, w, y) = (X[i % 3], X[i / 3 % 3], Y[i % 3]);
        for clip in ["none", "[-3, 90]"] {
            let clip = if dtype(y) == "u8" { "none" } else { clip };
            check_native(&format!(
                r#"graph "sizes" {{ %a = input : {}{a} %b = input : {}{b}
                %y = q_binary(%a, %b) function=add x=[{x}, {w}] y={y} clip={clip} rounding=even
                %z = q_binary(%b, %a) function=sub x=[{w}, {x}] y={y} clip={clip} rounding=even
                return %y, %z }}"#,
                dtype(x),
                dtype(w)
            ));
        }
    }
}

/// Residual sums between convolutions, gates for each channel, and a gate for each pixel.
#[test]
fn between_convolutions() {
    for (dtype, zero) in [("u8", 7), ("i8", -7)] {
        for c in [5, 16, 33] {
            let q = format!("{dtype}(0.05, {zero})");
            let (p, r) = (format!("{dtype}(0.02, {zero})"), format!("u8(0.03, {})", zero + 100));
            let conv = |x: &str, w: &str| {
                format!(
                    "q_conv({x}, {w}, %s, %z) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
                    x=[{q}] y={q} clip=none rounding=even"
                )
            };
            check_native(&format!(
                r#"graph "residual" {{ %x = input : {dtype}[2, {c}, 6, 5] %w = const random(1) : i8[{c}, {c}, 3, 3]
                %v = const random(2) : i8[1, {c}, 3, 3] %s = const splat(0.01) : f32[1] %z = const splat(0) : i8[1]
                %a = {} %b = {}
                %c = q_binary(%b, %a) function=add x=[{q}, {q}] y={p} clip=none rounding=even
                %d = q_binary(%x, %c) function=sub x=[{q}, {p}] y={q} clip=none rounding=away
                %m = q_reduce(%d) function=mean axes=[2, 3] keep_dims=true x=[{q}] y={r} clip=none rounding=even
                %e = q_binary(%d, %m) function=mul x=[{q}, {r}] y={q} clip=none rounding=even
                %f = q_binary(%m, %e) function=sub x=[{r}, {q}] y={q} clip=none rounding=even
                %g = {} %h = q_binary(%f, %g) function=mul x=[{q}, {q}] y={q} clip=none rounding=even
                %i = const splat(9) : {dtype}[1] %j = q_binary(%h, %i) function=add x=[{q}, {q}] y={q} clip=none rounding=even
                %k = {}
                return %c, %d, %e, %f, %h, %k }}"#,
                conv("%x", "%w"),
                conv("%a", "%w"),
                conv("%f", "%v"),
                conv("%j", "%w"),
            ));
        }
    }
}
