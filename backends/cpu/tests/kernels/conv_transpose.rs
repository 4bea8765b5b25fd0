use proptest::prelude::*;

use crate::check::{check, check_native};

/// A transposed convolution to test; the others are as `CASE` has them.
#[derive(Debug, Clone, Copy)]
struct Case {
    n: usize,
    c: usize,
    /// Output channels of a group.
    o: usize,
    group: usize,
    size: [usize; 2],
    kernel: [usize; 2],
    strides: [usize; 2],
    pads: [usize; 4],
    dilations: [usize; 2],
    output_padding: [usize; 2],
}

const CASE: Case = Case {
    n: 1,
    c: 3,
    o: 5,
    group: 1,
    size: [4, 5],
    kernel: [3, 3],
    strides: [2, 2],
    pads: [0; 4],
    dilations: [1, 1],
    output_padding: [0, 0],
};

impl Case {
    /// Whether there is something left of it.
    fn is_valid(&self) -> bool {
        (0..2).all(|i| {
            let whole = (self.size[i] - 1) * self.strides[i] + (self.kernel[i] - 1) * self.dilations[i] + 1;
            whole + self.output_padding[i] > self.pads[i] + self.pads[i + 2]
        })
    }

    /// Between convolutions with pads of their own, and with what follows.
    fn graph(&self) -> String {
        let Case { n, c, o, group, size: [h, w], kernel: [kh, kw], strides, pads, dilations, output_padding } = *self;
        let n_out = o * group;
        format!(
            r#"graph "conv_transpose" {{ %x = input : f32[{n}, {c}, {h}, {w}]
            %u = const random(1) : f32[{c}, {c}, 3, 3] %v = const random(2) : f32[2, {n_out}, 3, 3]
            %a = conv(%x, %u) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
            %w = const random(3) : f32[{c}, {o}, {kh}, {kw}] %b = const random(4) : f32[{n_out}]
            %y = fused_conv_transpose(%a, %w, %b) strides={strides:?} pads={pads:?} dilations={dilations:?} group={group}
                output_padding={output_padding:?} epilogue=[relu]
            %z = conv(%y, %v) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
            return %y, %z }}"#
        )
    }
}

/// Of operand, weights and result: element type and zero point; and the bias.
const TYPES: [([(&str, i32); 3], &str); 5] = [
    ([("u8", 120), ("i8", 0), ("u8", 7)], "i32"),
    ([("i8", -3), ("i8", 0), ("i8", 5)], "f32"),
    ([("u8", 0), ("u8", 128), ("i8", -100)], "i32"),
    ([("i8", 100), ("i8", -128), ("u8", 200)], "i32"),
    ([("u8", 5), ("i8", 3), ("f32", 0)], "f32"),
];

impl Case {
    /// As [`graph`](Case::graph), of bytes: those of the case's own, so that all kinds are met.
    fn quantized_graph(&self) -> String {
        let Case { n, c, o, group, size: [h, w], kernel: [kh, kw], strides, pads, dilations, output_padding } = *self;
        let n_out = o * group;
        let ([(x, x_zero), (ty, w_zero), (y, y_zero)], bias) = TYPES[(c + o + kh * kw + strides[0]) % TYPES.len()];
        let (q, reader) = match y {
            "f32" => ("none".to_owned(), "relu(%y)".to_owned()),
            _ => {
                let q = format!("{y}(0.09, {y_zero})");
                let reader = format!(
                    "q_conv(%y, %v, %r, %e) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
                    x=[{q}] y={q} clip=none rounding=even"
                );
                (q, reader)
            }
        };
        format!(
            r#"graph "q_conv_transpose" {{ %x = input : {x}[{n}, {c}, {h}, {w}]
            %u = const random(1) : i8[{c}, {c}, 3, 3] %v = const random(2) : i8[2, {n_out}, 3, 3]
            %r = const splat(0.01) : f32[1] %e = const splat(0) : i8[1]
            %a = q_conv(%x, %u, %r, %e) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
                x=[{x}(0.05, {x_zero})] y={x}(0.05, {x_zero}) clip=none rounding=even
            %w = const random(3) : {ty}[{c}, {o}, {kh}, {kw}] %b = const random(4) : {bias}[{n_out}]
            %s = const random(5) : f32[{n_out}] %z = const splat({w_zero}) : {ty}[{n_out}]
            %y = q_conv_transpose(%a, %w, %s, %z, %b) strides={strides:?} pads={pads:?} dilations={dilations:?} group={group}
                output_padding={output_padding:?} x=[{x}(0.05, {x_zero})] y={q} clip=none rounding=away
            %k = {reader}
            return %y, %k }}"#
        )
    }
}

fn check_case(case: &Case) {
    if case.is_valid() {
        check_native(&case.graph());
        check_native(&case.quantized_graph());
    }
}

#[test]
fn windows() {
    for kernel in [1, 3, 4, 7] {
        for stride in 1..=3 {
            let pads = [kernel / 2, 0, (kernel - 1) / 2, kernel / 3];
            check_case(&Case { kernel: [kernel, 4], strides: [stride, 2], pads, ..CASE });
        }
    }
    // Strides beyond the kernel leave results that are nothing but the bias.
    check_case(&Case { kernel: [2, 1], strides: [4, 3], output_padding: [3, 2], c: 18, ..CASE });
    check_case(&Case { kernel: [16, 16], strides: [8, 8], pads: [4; 4], size: [2, 3], o: 2, ..CASE });
}

#[test]
fn channels() {
    for (c, o, group) in [(1, 1, 1), (17, 33, 1), (32, 16, 1), (6, 4, 3), (21, 1, 21), (32, 16, 2), (16, 2, 16)] {
        check_case(&Case { n: 2, c, o, group, kernel: [4, 4], pads: [1; 4], ..CASE });
    }
}

#[test]
fn dilations() {
    for dilations in [[2, 1], [3, 2], [4, 6]] {
        check_case(&Case { dilations, pads: [1, 2, 3, 0], ..CASE });
        check_case(&Case { dilations, strides: [3, 4], kernel: [4, 3], output_padding: [1, 2], ..CASE });
    }
}

#[test]
fn extremes() {
    // What is cut off at the end, results that no input meets, and one dimension.
    check_case(&Case { pads: [0, 0, 5, 6], ..CASE });
    check_case(&Case { output_padding: [7, 9], ..CASE });
    check_native(
        r#"graph "conv_transpose1d" { %x = input : f32[2, 18, 7] %w = const random(1) : f32[18, 5, 4]
        %y = conv_transpose(%x, %w) strides=[2] pads=[1, 0] dilations=[1] group=1 output_padding=[1] return %y }"#,
    );
    check(&Case { strides: [40, 40], size: [2, 2], ..CASE }.graph());
    check(
        r#"graph "conv_transpose3d" { %x = input : f32[1, 2, 2, 3, 2] %w = const random(1) : f32[2, 3, 2, 2, 2]
        %y = conv_transpose(%x, %w) strides=[1, 2, 1] pads=[0, 0, 0, 0, 0, 0] dilations=[1, 1, 1] group=1
            output_padding=[0, 0, 0] return %y }"#,
    );
}

/// A residual sum behind it.
#[test]
fn epilogues() {
    check_native(
        r#"graph "epilogue" { %x = input : f32[1, 20, 5, 4] %r = input : f32[1, 9, 10, 8]
        %w = const random(1) : f32[20, 9, 2, 2]
        %y = fused_conv_transpose(%x, %w, %r) strides=[2, 2] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
            output_padding=[0, 0] epilogue=[add, leaky_relu(0.25)] return %y }"#,
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_form(
        (n, c, o, size) in (1..3usize, 1..20usize, 1..20usize, [1..9usize, 1..9usize]),
        (kernel, strides, dilations) in ([1..6usize, 1..6usize], [1..5usize, 1..5usize], [1..4usize, 1..4usize]),
        (pads, output_padding) in ([0..4usize, 0..4usize, 0..4usize, 0..4usize], [0..3usize, 0..3usize]),
    ) {
        check_case(&Case { n, c, o, size, kernel, strides, pads, dilations, output_padding, ..CASE });
    }
}
