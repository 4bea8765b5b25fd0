//! Products of quantized matrices: integers must be the evaluator's exactly.

use crate::check::check_native;

/// Of operand, weights and result: element type and zero point.
type Types = [(&'static str, i32); 3];

const TYPES: Types = [("u8", 120), ("i8", 0), ("u8", 7)];

const SIZES: [[usize; 3]; 8] =
    [[1, 1, 1], [2, 3, 7], [5, 16, 16], [17, 33, 10], [3, 100, 130], [1, 20, 500], [70, 8, 48], [1, 64, 96]];

fn result((dtype, zero): (&str, i32)) -> String {
    if dtype == "f32" { "none".to_owned() } else { format!("{dtype}(0.7, {zero})") }
}

const BIASES: [Option<&str>; 3] = [None, Some("i32"), Some("f32")];

/// A product to test.
struct Case<'a> {
    sizes: [usize; 3],
    types: Types,
    trans: [bool; 2],
    n_scales: usize,
    bias: Option<&'a str>,
    form: &'a str,
}

impl Case<'_> {
    /// With weights that are constant, and with such that are computed.
    fn check(&self) {
        let ([m, k, n], [trans_a, trans_b], n_scales) = (self.sizes, self.trans, self.n_scales);
        let [(x, x_zero), (w, w_zero), y] = self.types;
        let (a, b) = (if trans_a { [k, m] } else { [m, k] }, if trans_b { [n, k] } else { [k, n] });
        let (bias, operand) = match self.bias {
            Some(ty) => (format!("%b = const random(3) : {ty}[{n}]"), ", %b"),
            None => (String::new(), ""),
        };
        let form = self.form;
        let attributes = format!("trans_a={trans_a} trans_b={trans_b} x=[{x}(0.013, {x_zero})] y={} {form}", result(y));
        check_native(&format!(
            r#"graph "q_gemm" {{ %x = input : {x}{a:?} %v = input : {w}{b:?} %w = const random(1) : {w}{b:?}
            %s = const random(2) : f32[{n_scales}] %z = const splat({w_zero}) : {w}[{n_scales}] {bias}
            %y = q_gemm(%x, %w, %s, %z{operand}) {attributes}
            %c = q_gemm(%x, %v, %s, %z{operand}) {attributes}
            return %y, %c }}"#
        ));
    }
}

#[test]
fn sizes() {
    for (i, sizes) in SIZES.into_iter().enumerate() {
        for trans_b in [false, true] {
            let bias = BIASES[i % BIASES.len()];
            let form = "clip=none rounding=even";
            Case { sizes, types: TYPES, trans: [false, trans_b], n_scales: sizes[2], bias, form }.check();
        }
    }
}

/// All element types and zero points, ways of rounding, limits, and a first factor whose rows are columns.
#[test]
fn forms() {
    let mut i = 0;
    for x in [("u8", 0), ("u8", 255), ("i8", 0), ("i8", -128), ("i8", 5)] {
        for w in [("i8", 0), ("i8", -128), ("u8", 0), ("u8", 128)] {
            for y in [("u8", 33), ("i8", -1), ("i8", 0), ("f32", 0)] {
                i += 1;
                let form = match i % 3 {
                    0 => "clip=none rounding=even",
                    1 => "clip=none rounding=away",
                    _ if y.0 == "f32" => "clip=none rounding=away",
                    _ => "clip=[7, 100] rounding=away",
                };
                let trans = [i % 2 == 0, i / 2 % 2 == 0];
                let bias = BIASES[i / 3 % BIASES.len()];
                Case { sizes: [3, 6, 21], types: [x, w, y], trans, n_scales: [1, 21][i % 2], bias, form }.check();
            }
        }
    }
}

/// Stacks that are broadcast, with a second factor that is constant and one that is computed.
#[test]
fn stacks() {
    let forms = [
        ("[4, 6]", "[6, 9]", 9),
        ("[3, 4, 6]", "[3, 6, 9]", 9),
        ("[2, 3, 4, 6]", "[6, 17]", 17),
        ("[4, 6]", "[3, 6, 9]", 9),
        ("[2, 1, 4, 6]", "[1, 3, 6, 9]", 9),
        ("[2, 3, 1, 6]", "[3, 6, 16]", 16),
        ("[1, 5, 6]", "[2, 1, 6, 33]", 33),
        ("[1, 1, 5, 6]", "[1, 6, 8]", 8),
    ];
    for (a, b, n) in forms {
        for [(x, x_zero), (w, w_zero), y] in [TYPES, [("i8", 3), ("u8", 128), ("i8", -7)]] {
            let attributes = format!("x=[{x}(0.013, {x_zero})] y={} clip=none rounding=even", result(y));
            check_native(&format!(
                r#"graph "q_matmul" {{ %a = input : {x}{a} %b = input : {w}{b} %w = const random(1) : {w}{b}
                %s = const random(2) : f32[{n}] %z = const splat({w_zero}) : {w}[{n}]
                %d = const random(3) : i32[{n}] %e = const random(4) : f32[{n}]
                %y = q_matmul(%a, %b, %s, %z, %d) {attributes} %q = q_matmul(%a, %w, %s, %z, %e) {attributes}
                %r = q_matmul(%a, %b, %s, %z) {attributes} return %y, %q, %r }}"#
            ));
        }
    }
}

/// What convolutions write is read, and what is written is read as it should be.
#[test]
fn between_others() {
    for (dtype, zero) in [("u8", 7), ("i8", -7)] {
        for c in [10, 16, 32] {
            let q = format!("{dtype}(0.05, {zero})");
            check_native(&format!(
                r#"graph "classifier" {{ %x = input : {dtype}[2, 5, 6, 6] %w = const random(1) : i8[{c}, 5, 3, 3]
                %s = const splat(0.01) : f32[1] %z = const splat(0) : i8[1]
                %a = q_conv(%x, %w, %s, %z) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
                    x=[{q}] y={q} clip=none rounding=even
                %p = q_reduce(%a) function=mean axes=[2, 3] keep_dims=true x=[{q}] y={q} clip=none rounding=even
                %f = reshape(%p) shape=[2, {c}] %u = const random(2) : i8[12, {c}]
                %b = q_gemm(%f, %u, %s, %z) trans_a=false trans_b=true x=[{q}] y={q} clip=none rounding=even
                %v = const random(3) : i8[12, 3]
                %c = q_gemm(%b, %v, %s, %z) trans_a=false trans_b=false x=[{q}] y=none clip=none rounding=even
                return %b, %c }}"#
            ));
        }
    }
}
