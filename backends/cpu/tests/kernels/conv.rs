use std::fmt::Write;

use crate::check::check_native;

/// A convolution to test; the others are as `Case::default()` has them.
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
};

impl Case {
    /// Behind an elementwise function of the input, and before one, so that layouts have to fit each other.
    fn graph(&self) -> Option<String> {
        let Case { n, c, o, size: [h, w], kernel: [kh, kw], strides, pads, dilations, group } = *self;
        let extent =
            |size: usize, i: usize| (size + pads[i] + pads[i + 2]).checked_sub((self.kernel[i] - 1) * dilations[i] + 1);
        extent(h, 0).and(extent(w, 1))?;
        let mut source = String::new();
        writeln!(source, "graph \"conv\" {{ %x = input : f32[{n}, {c}, {h}, {w}]").ok()?;
        writeln!(source, "%w = const random(1) : f32[{o}, {}, {kh}, {kw}]", c / group).ok()?;
        writeln!(source, "%b = const random(2) : f32[{o}]").ok()?;
        writeln!(
            source,
            "%y = conv(%x, %w, %b) strides={strides:?} pads={pads:?} dilations={dilations:?} group={group}"
        )
        .ok()?;
        writeln!(source, "%z = relu(%y) return %z }}").ok()?;
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
        check_case(&Case { size: [size, size], c: 16, o: 16, ..CASE });
    }
    check_case(&Case { size: [3, 61], c: 2, ..CASE });
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
}

#[test]
fn pads_larger_than_kernels() {
    check_case(&Case { pads: [4, 0, 1, 6], ..CASE });
    check_case(&Case { pads: [5, 5, 5, 5], kernel: [1, 1], c: 16, o: 16, strides: [2, 2], ..CASE });
    check_case(&Case { pads: [100, 100, 100, 100], size: [3, 2], c: 1, o: 2, ..CASE });
}

#[test]
fn dilations() {
    for dilations in [[1, 2], [2, 1], [3, 2], [4, 4]] {
        check_case(&Case { dilations, size: [12, 13], pads: [2, 3, 4, 1], c: 20, ..CASE });
        check_case(&Case { dilations, size: [12, 13], c: 20, o: 20, group: 20, ..CASE });
    }
}

#[test]
fn groups() {
    for (c, o, group) in
        [(4, 4, 2), (32, 64, 2), (30, 20, 2), (96, 32, 2), (12, 24, 3), (32, 32, 8), (35, 21, 7), (64, 64, 4)]
    {
        check_case(&Case { c, o, group, ..CASE });
        check_case(&Case { c, o, group, kernel: [1, 1], pads: [0; 4], n: 2, ..CASE });
    }
}

#[test]
fn depthwise() {
    for c in [2, 3, 8, 15, 16, 17, 40] {
        for strides in [[1, 1], [2, 2], [3, 1]] {
            check_case(&Case { c, o: c, group: c, strides, size: [14, 15], n: 2, ..CASE });
        }
        // Several outputs of each channel.
        check_case(&Case { c, o: 2 * c, group: c, ..CASE });
    }
    check_case(&Case { c: 16, o: 16, group: 16, kernel: [5, 7], pads: [2, 3, 2, 3], size: [30, 31], ..CASE });
}

#[test]
fn batches() {
    for n in 1..=5 {
        check_case(&Case { n, c: 19, o: 35, ..CASE });
        check_case(&Case { n, c: 16, o: 32, kernel: [1, 1], pads: [0; 4], ..CASE });
    }
}

#[test]
fn one_dimension() {
    check_native(
        r#"graph "conv1d" { %x = input : f32[2, 18, 23] %w = const random(1) : f32[17, 18, 5]
        %y = conv(%x, %w) strides=[2] pads=[2, 3] dilations=[2] group=1 return %y }"#,
    );
}

/// What no tile is made for: three dimensions, weights and biases that are computed, with what follows.
#[test]
fn other_forms() {
    for (strides, dilations, group) in
        [("[1, 1, 1]", "[1, 1, 1]", 1), ("[1, 2, 3]", "[2, 1, 2]", 2), ("[2, 1, 1]", "[1, 3, 1]", 1)]
    {
        check_native(&format!(
            r#"graph "conv3d" {{ %x = input : f32[2, 4, 6, 7, 11] %w = const random(1) : f32[6, {}, 2, 2, 3] %b = const random(2) : f32[6]
            %r = input : f32[6, 1, 1, 1]
            %y = fused_conv(%x, %w, %b, %r) strides={strides} pads=[0, 1, 4, 1, 0, 2] dilations={dilations} group={group} epilogue=[relu, add]
            return %y }}"#,
            4 / group
        ));
    }
    for (c, group, strides) in [(2, 1, "[1, 1]"), (18, 3, "[2, 2]"), (5, 5, "[3, 1]")] {
        check_native(&format!(
            r#"graph "computed weights" {{ %x = input : f32[2, {c}, 9, 10] %u = const random(1) : f32[{c}, {c}, 1, 1]
            %a = conv(%x, %u) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
            %w = input : f32[30, {}, 3, 3] %v = neg(%w) %b = input : f32[30]
            %y = conv(%a, %v, %b) strides={strides} pads=[1, 1, 2, 5] dilations=[1, 1] group={group} return %y }}"#,
            c / group
        ));
    }
}

/// Convolutions that read each other's results, with pads of their own.
#[test]
fn chains() {
    check_native(
        r#"graph "chain" {
        %x = input : f32[2, 3, 23, 21]
        %w1 = const random(1) : f32[20, 3, 3, 3] %b1 = const random(2) : f32[20]
        %c1 = conv(%x, %w1, %b1) strides=[2, 2] pads=[0, 1, 1, 0] dilations=[1, 1] group=1
        %r1 = relu(%c1)
        %w2 = const random(3) : f32[18, 20, 1, 1]
        %c2 = conv(%r1, %w2) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
        %w3 = const random(4) : f32[32, 20, 3, 3]
        %c3 = conv(%r1, %w3) strides=[1, 1] pads=[2, 1, 0, 1] dilations=[1, 1] group=1
        %w4 = const random(5) : f32[7, 18, 5, 5]
        %c4 = conv(%c2, %w4) strides=[1, 1] pads=[2, 2, 2, 2] dilations=[1, 1] group=1
        return %c3, %c4, %r1
        }"#,
    );
}

/// What has no meaning may be as large as it likes, and what is too large for a tile is computed without.
#[test]
fn extremes() {
    let huge = 1 << 40;
    check_case(&Case { kernel: [1, 1], pads: [0; 4], dilations: [huge, huge], ..CASE });
    check_case(&Case { size: [3, 3], pads: [0; 4], strides: [huge, huge], ..CASE });
    // More kinds of vectors than there is code for.
    let many = Case { c: 3 * 301, o: 2 * 301, group: 301, size: [3, 3], ..CASE };
    check_case(&many);
    check_case(&Case { pads: [5000, 1, 0, 1], size: [1, 1], c: 1, o: 1, ..CASE });
}
