//! Quantized ops: integers must be the evaluator's exactly.

use crate::check::{check, check_native};
use crate::shapes::{self, SHAPE, Shape};

/// A convolution to test; the others are as `CASE` has them.
#[derive(Clone, Copy)]
struct Case {
    shape: Shape,
    /// Of operand, weights and result: element type and zero point.
    types: [(&'static str, i32); 3],
    /// Whether each channel has a scale and a zero point of its own.
    per_channel: bool,
    bias: Option<&'static str>,
    clip: &'static str,
    rounding: &'static str,
}

const CASE: Case = Case {
    shape: SHAPE,
    types: [("u8", 120), ("i8", 0), ("u8", 7)],
    per_channel: true,
    bias: Some("i32"),
    clip: "none",
    rounding: "even",
};

impl Case {
    fn graph(&self) -> String {
        let Shape { n, c, o, size: [h, w], kernel: [kh, kw], group, .. } = self.shape;
        let [(x, x_zero), (weights, w_zero), (y, y_zero)] = self.types;
        let n_scales = if self.per_channel { o } else { 1 };
        let (bias, operand) = match self.bias {
            Some(ty) => (format!("%b = const random(3) : {ty}[{o}]"), ", %b"),
            None => (String::new(), ""),
        };
        let y = if y == "f32" { "none".to_owned() } else { format!("{y}(0.02, {y_zero})") };
        format!(
            r#"graph "q_conv" {{ %x = input : {x}[{n}, {c}, {h}, {w}]
            %w = const random(1) : {weights}[{o}, {}, {kh}, {kw}]
            %s = const random(2) : f32[{n_scales}] %z = const splat({w_zero}) : {weights}[{n_scales}] {bias}
            %y = q_conv(%x, %w, %s, %z{operand}) {}
                x=[{x}(0.013, {x_zero})] y={y} clip={} rounding={}
            return %y }}"#,
            c / group,
            self.shape.attributes(),
            self.clip,
            self.rounding
        )
    }
}

fn check_case(case: &Case) {
    if case.shape.has_windows() {
        check_native(&case.graph());
    }
}

#[test]
fn shapes() {
    let lists = [
        shapes::channels(),
        shapes::outputs(),
        shapes::sizes(),
        shapes::kernels_and_strides(),
        shapes::pads_larger_than_kernels(),
        shapes::dilations(),
        shapes::groups(),
        shapes::depthwise(),
        shapes::batches(),
    ];
    lists.iter().flatten().for_each(|&shape| check_case(&Case { shape, ..CASE }));
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
                let shape = Shape { c, o: c, group, size: [4, 3], ..SHAPE };
                check_case(&Case { shape, types: [x, w, y], rounding, bias, ..CASE });
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

/// Along any dimensions.
#[test]
fn reductions() {
    for (dtype, zero) in [("u8", 7), ("i8", -7)] {
        for (i, function) in ["sum", "mean", "l1", "max", "min"].iter().enumerate() {
            for (axes, keep_dims) in
                [("[2, 3]", false), ("[1]", true), ("[0, 2]", false), ("[3]", true), ("[0, 1, 2, 3]", false)]
            {
                let rounding = ["even", "away"][i % 2];
                check_native(&format!(
                    r#"graph "reductions" {{ %x = input : {dtype}[2, 18, 5, 6]
                    %y = q_reduce(%x) function={function} axes={axes} keep_dims={keep_dims}
                        x=[{dtype}(0.013, {zero})] y=i8(0.09, 3) clip=none rounding={rounding} return %y }}"#
                ));
            }
        }
    }
}
