use crate::check::check_native;
use crate::shapes::{self, SHAPE, Shape};

/// Behind an elementwise function of the input, and before one, so that layouts have to fit each other.
fn graph(shape: &Shape) -> String {
    let Shape { n, c, o, size: [h, w], kernel: [kh, kw], group, .. } = *shape;
    format!(
        r#"graph "conv" {{ %x = input : f32[{n}, {c}, {h}, {w}]
        %w = const random(1) : f32[{o}, {}, {kh}, {kw}]
        %b = const random(2) : f32[{o}]
        %y = conv(%x, %w, %b) {}
        %z = relu(%y) return %z }}"#,
        c / group,
        shape.attributes()
    )
}

fn check_case(shape: &Shape) {
    if shape.has_windows() {
        check_native(&graph(shape));
    }
}

#[test]
fn channels() {
    shapes::channels().iter().for_each(check_case);
}

#[test]
fn outputs() {
    shapes::outputs().iter().for_each(check_case);
}

#[test]
fn sizes() {
    shapes::sizes().iter().for_each(check_case);
}

#[test]
fn kernels_and_strides() {
    shapes::kernels_and_strides().iter().for_each(check_case);
}

#[test]
fn pads_larger_than_kernels() {
    shapes::pads_larger_than_kernels().iter().for_each(check_case);
}

#[test]
fn dilations() {
    shapes::dilations().iter().for_each(check_case);
}

#[test]
fn groups() {
    shapes::groups().iter().for_each(check_case);
}

#[test]
fn depthwise() {
    shapes::depthwise().iter().for_each(check_case);
}

#[test]
fn batches() {
    shapes::batches().iter().for_each(check_case);
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
    check_case(&Shape { kernel: [1, 1], pads: [0; 4], dilations: [huge, huge], ..SHAPE });
    check_case(&Shape { size: [3, 3], pads: [0; 4], strides: [huge, huge], ..SHAPE });
    // More kinds of vectors than there is code for.
    let many = Shape { c: 3 * 301, o: 2 * 301, group: 301, size: [3, 3], ..SHAPE };
    check_case(&many);
    check_case(&Shape { pads: [5000, 1, 0, 1], size: [1, 1], c: 1, o: 1, ..SHAPE });
}
