//! Quantized ops: integers must be the evaluator's exactly.

use std::fmt::Write;

use crate::check::{check, check_native};

/// A convolution to test; the others are as `CASE` has them.
#[derive(Clone, Copy)]
struct Case {
    n: usize,
    c: usize,
    o: usize,
    size: [usize; 2],
    kernel: [usize; 2],
    strides: [usize; 2],
    /// Above, left, below, right.
    pads: [usize; 4],
    dilations: [usize; 2],
    group: usize,
    /// Of operand, weights and result: element type and zero point.
    types: [(&'static str, i32); 3],
    /// Whether each channel has a scale and a zero point of its own.
    per_channel: bool,
    bias: Option<&'static str>,
    clip: &'static str,
    rounding: &'static str,
}

const CASE: Case = Case {
    n: 1,
    c: 3,
    o: 5,
    size: [7, 6],
    kernel: [3, 3],
    strides: [1, 1],
    pads: [1, 1, 1, 1],
    dilations: [1, 1],
    group: 1,
    types: [("u8", 120), ("i8", 0), ("u8", 7)],
    per_channel: true,
    bias: Some("i32"),
    clip: "none",
    rounding: "even",
};

impl Case {
    fn graph(&self) -> Option<String> {
        let Case { n, c, o, size: [h, w], kernel: [kh, kw], strides, pads, dilations, group, .. } = *self;
        let [(x, x_zero), (weights, w_zero), (y, y_zero)] = self.types;
        let extent =
            |size: usize, i: usize| (size + pads[i] + pads[i + 2]).checked_sub((self.kernel[i] - 1) * dilations[i] + 1);
        extent(h, 0).and(extent(w, 1))?;
        let n_scales = if self.per_channel { o } else { 1 };
        let mut source = String::new();
        writeln!(source, "graph \"q_conv\" {{ %x = input : {x}[{n}, {c}, {h}, {w}]").ok()?;
        writeln!(source, "%w = const random(1) : {weights}[{o}, {}, {kh}, {kw}]", c / group).ok()?;
        writeln!(source, "%s = const random(2) : f32[{n_scales}] %m = const splat(0.001) : f32[{n_scales}]").ok()?;
        writeln!(source, "%z = const splat({w_zero}) : {weights}[{n_scales}]").ok()?;
        let bias = match self.bias {
            Some(ty) => {
                writeln!(source, "%b = const random(3) : {ty}[{o}]").ok()?;
                ", %b"
            }
            None => "",
        };
        let y = if y == "f32" { "none".to_owned() } else { format!("{y}(0.02, {y_zero})") };
        writeln!(
            source,
            "%y = q_conv(%x, %w, %s, %z{bias}) strides={strides:?} pads={pads:?} dilations={dilations:?} group={group}
            x=[{x}(0.013, {x_zero})] y={y} clip={} rounding={}",
            self.clip, self.rounding
        )
        .ok()?;
        writeln!(source, "return %y }}").ok()?;
        Some(source)
    }
}

fn check_case(case: &Case) {
    if let Some(source) = case.graph() {
        check_native(&source);
    }
}

#[test]
fn channels() {
    for c in (1..=20).chain([31, 32, 33, 40]) {
        check_case(&Case { c, o: 40 - c / 2, ..CASE });
    }
}

#[test]
fn outputs() {
    for o in (1..=18).chain([31, 32, 33, 47, 48, 49, 64, 80]) {
        check_case(&Case { c: 17, o, size: [4, 5], ..CASE });
    }
}

#[test]
fn sizes() {
    for size in 1..=20 {
        check_case(&Case { size: [size, 21 - size], c: 6, ..CASE });
        check_case(&Case { size: [size, size], c: 16, o: 16, n: 2, ..CASE });
    }
    check_case(&Case { size: [5, 130], c: 16, o: 33, ..CASE });
}

#[test]
fn kernels_and_strides() {
    for kh in 1..=7 {
        for kw in [1, 2, 3, 5, 7] {
            let strides = [1 + kh % 3, 1 + kw % 3];
            let pads = [kh / 2, kw / 2, kh - 1, kw - 1];
            check_case(&Case { kernel: [kh, kw], strides, pads, size: [11, 13], ..CASE });
            check_case(&Case { kernel: [kh, kw], strides, pads: [0; 4], size: [9, 8], c: 18, ..CASE });
        }
    }
    check_case(&Case { pads: [4, 0, 1, 6], ..CASE });
    check_case(&Case { pads: [5, 5, 5, 5], kernel: [1, 1], c: 16, o: 16, strides: [2, 2], ..CASE });
    for dilations in [[1, 2], [2, 1], [3, 2]] {
        check_case(&Case { dilations, size: [12, 13], pads: [2, 3, 4, 1], c: 20, ..CASE });
    }
}

#[test]
fn groups() {
    for (c, o, group) in [(4, 4, 2), (32, 64, 2), (30, 20, 2), (12, 24, 3), (32, 32, 8), (35, 21, 7)] {
        check_case(&Case { c, o, group, ..CASE });
    }
    for c in [2, 3, 8, 15, 16, 17, 40] {
        check_case(&Case { c, o: c, group: c, strides: [2, 1], size: [9, 10], n: 2, ..CASE });
    }
    check_case(&Case { c: 4, o: 8, group: 4, ..CASE });
}

/// All element types, zero points, biases, limits and ways of rounding.
#[test]
fn forms() {
    let biases = [None, Some("i32"), Some("f32")];
    for (i, x) in [("u8", 0), ("u8", 255), ("i8", 0), ("i8", -128), ("i8", 5)].into_iter().enumerate() {
        for w in [("i8", 0), ("i8", -128), ("u8", 0), ("u8", 128)] {
            for y in [("u8", 0), ("u8", 33), ("i8", 0), ("i8", -1), ("f32", 0)] {
                let (c, group) = if w.1 == 0 { (20, 20) } else { (3, 1) };
                let rounding = if x.1 == 0 { "away" } else { "even" };
                let bias = biases[(c + i) % biases.len()];
                check_case(&Case { c, o: c, group, size: [4, 3], types: [x, w, y], rounding, bias, ..CASE });
            }
        }
    }
    for clip in ["[7, 200]", "[100, 100]"] {
        check_case(&Case { clip, per_channel: false, ..CASE });
    }
}

/// Halves are rounded as asked for.
#[test]
fn halves() {
    for rounding in ["even", "away"] {
        for zero in [0, 1, 128] {
            check_native(&format!(
                r#"graph "halves" {{ %x = input : u8[1, 4, 9, 9] %w = const random(1) : i8[20, 4, 1, 1]
                %s = const splat(0.5) : f32[1] %z = const splat(0) : i8[1]
                %y = q_conv(%x, %w, %s, %z) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
                    x=[u8(0.0625, 128)] y=u8(4.0, {zero}) clip=none rounding={rounding}
                return %y }}"#
            ));
        }
    }
}

/// Parts of a concatenation with scales of their own, which convolutions write there, and one that is there already.
#[test]
fn concatenations() {
    for [a, b] in [[16, 32], [5, 16], [16, 3]] {
        for (x, zero) in [("u8", 3), ("i8", -5)] {
            let part = format!("{x}(0.02, {zero})");
            check_native(&format!(
                r#"graph "concat" {{ %x = input : {x}[1, 20, 6, 5]
                %w = const random(1) : i8[{a}, 20, 1, 1] %v = const random(2) : i8[{b}, 20, 3, 3]
                %s = const splat(0.01) : f32[1] %z = const splat(0) : i8[1]
                %a = q_conv(%x, %w, %s, %z) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
                    x=[{part}] y={part} clip=none rounding=even
                %b = q_conv(%x, %v, %s, %z) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
                    x=[{part}] y={x}(0.03, {zero}) clip=none rounding=even
                %c = q_concat(%a, %b, %x) axis=1 x=[{part}, {x}(0.03, {zero}), {part}] y={x}(0.025, 1) clip=none rounding=even
                %u = const random(3) : i8[7, {}, 3, 3]
                %d = q_conv(%c, %u, %s, %z) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
                    x=[{x}(0.025, 1)] y={part} clip=none rounding=even
                %e = q_concat(%a, %a) axis=2 x=[{part}, {x}(0.5, 0)] y={part} clip=none rounding=away
                return %d, %e, %a }}"#,
                a + b + 20
            ));
        }
    }
}

#[test]
fn functions() {
    for (x, y) in [("u8(0.05, 100)", "i8(0.01, 3)"), ("i8(0.1, -20)", "u8(0.02, 0)")] {
        let dtype = &x[..2];
        check_native(&format!(
            r#"graph "functions" {{ %x = input : {dtype}[2, 5, 3, 7]
            %a = q_unary(%x) function=sigmoid x=[{x}] y={y} clip=none rounding=even
            %b = requantize(%x) x=[{x}] y={y} clip=none rounding=away
            return %a, %b }}"#
        ));
    }
}

/// What has no kernel is evaluated.
#[test]
fn other_forms() {
    check(
        r#"graph "weights that are computed" { %x = input : u8[1, 2, 5, 5] %w = input : u8[3, 2, 3, 3] %v = identity(%w)
        %s = const splat(0.01) : f32[1] %z = const splat(3) : u8[1]
        %y = q_conv(%x, %v, %s, %z) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
            x=[u8(0.1, 3)] y=u8(0.1, 0) clip=none rounding=even return %y }"#,
    );
}

/// Bytes from numbers and back, whatever reads them.
#[test]
fn edges() {
    for (dtype, zero, rounding) in [("u8", 100, "even"), ("u8", 0, "away"), ("i8", -3, "even"), ("i8", 0, "away")] {
        for (c, w) in [(3, 9), (1, 4), (4, 5), (20, 7)] {
            check_native(&format!(
                r#"graph "edges" {{ %x = input : f32[2, {c}, 5, {w}] %s = const splat(0.0078125) : f32[] %z = const splat({zero}) : {dtype}[]
                %q = quantize(%x, %s, %z) axis=0 block=0 dtype={dtype} saturate=true rounding={rounding}
                %w = const random(1) : i8[18, {c}, 3, 3] %f = const splat(0.01) : f32[1] %e = const splat(0) : i8[1]
                %c = q_conv(%q, %w, %f, %e) strides=[2, 1] pads=[1, 1, 0, 1] dilations=[1, 1] group=1
                    x=[{dtype}(0.0078125, {zero})] y={dtype}(0.1, {zero}) clip=none rounding={rounding}
                %d = dequantize(%c, %s, %z) axis=0 block=0
                %p = quantize(%d, %s) axis=0 block=0 dtype=i8 saturate=true rounding=even
                return %d, %p }}"#
            ));
        }
    }
}

#[test]
fn pools() {
    for (dtype, zero) in [("u8", 7), ("i8", -7)] {
        for c in [3, 16, 21] {
            check_native(&format!(
                r#"graph "pools" {{ %x = input : {dtype}[2, {c}, 9, 8]
                %a = pool(%x) function=max kernel=[3, 3] strides=[2, 2] pads=[1, 0, 0, 1] dilations=[1, 1] ceil=true count_include_pad=false indices=false
                %b = q_pool(%x) function=average kernel=[3, 2] strides=[2, 1] pads=[1, 0, 1, 1] dilations=[1, 1] ceil=false count_include_pad=true indices=false
                    x=[{dtype}(0.013, {zero})] y={dtype}(0.01, 3) clip=none rounding=even
                %c = q_reduce(%x) function=mean axes=[2, 3] keep_dims=true x=[{dtype}(0.5, {zero})] y=u8(0.03, 128) clip=[3, 200] rounding=away
                %f = reshape(%c) shape=[2, {c}]
                %s = q_softmax(%f) axis=1 x=[u8(0.03, 128)] y=u8(0.00390625, 0) clip=none rounding=even
                %t = q_softmax(%a) axis=1 x=[{dtype}(0.03, {zero})] y=i8(0.00390625, -128) clip=none rounding=even
                return %a, %b, %c, %s, %t }}"#
            ));
        }
    }
}
