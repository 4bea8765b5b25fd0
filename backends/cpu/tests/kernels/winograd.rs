//! Convolutions of 3×3 by Winograd's algorithm, wherever it can be used.

use crate::check::check_winograd;

/// A convolution between elementwise functions.
fn check(n: usize, [c, o]: [usize; 2], [h, w]: [usize; 2], pads: [usize; 4]) {
    let [top, left, bottom, right] = pads;
    if h + top + bottom < 3 || w + left + right < 3 {
        return;
    }
    check_winograd(&format!(
        r#"graph "conv" {{ %x = input : f32[{n}, {c}, {h}, {w}] %a = relu(%x)
        %w0 = const random(1) : f32[{c}, {c}, 1, 1]
        %z = conv(%a, %w0) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
        %w = const random(2) : f32[{o}, {c}, 3, 3] %b = const random(3) : f32[{o}]
        %y = fused_conv(%z, %w, %b) strides=[1, 1] pads={pads:?} dilations=[1, 1] group=1 epilogue=[relu]
        return %y }}"#
    ));
}

#[test]
fn sizes() {
    for size in 1..=20 {
        check(1, [6, 5], [size, 21 - size], [1, 1, 1, 1]);
    }
    check(1, [16, 16], [13, 13], [1, 1, 1, 1]);
    check(1, [3, 40], [14, 61], [1, 1, 1, 1]);
}

#[test]
fn channels() {
    for c in [1, 5, 15, 16, 17, 33] {
        check(1, [c, 41 - c.min(40)], [9, 6], [1, 1, 1, 1]);
    }
    check(1, [64, 100], [8, 8], [1, 1, 1, 1]);
}

#[test]
fn pads() {
    for pads in [[0, 0, 0, 0], [2, 2, 2, 2], [1, 0, 0, 2], [0, 3, 1, 0], [5, 0, 0, 7]] {
        check(1, [9, 18], [6, 11], pads);
    }
}

#[test]
fn batches() {
    for n in 2..=5 {
        check(n, [7, 17], [5, 9], [1, 1, 1, 1]);
    }
}

/// With a sum behind it, whose operand has a halo of its own; and beside another branch of an expand.
#[test]
fn fused() {
    check_winograd(
        r#"graph "residual" { %x = input : f32[2, 20, 7, 7] %w = const random(1) : f32[20, 20, 3, 3] %b = const random(2) : f32[20]
        %a = fused_conv(%x, %w, %b) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1 epilogue=[relu]
        %c = fused_conv(%a, %w, %b, %a) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1 epilogue=[add, relu]
        %d = fused_conv(%c, %w, %b, %x) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1 epilogue=[relu, add]
        return %d }"#,
    );
    check_winograd(
        r#"graph "expand" { %x = input : f32[1, 12, 10, 9]
        %w1 = const random(2) : f32[16, 12, 1, 1] %b1 = const random(3) : f32[16]
        %w2 = const random(4) : f32[24, 12, 3, 3] %b2 = const random(5) : f32[24]
        %e = expand(%x, %w1, %b1, %w2, %b2) strides=[1, 1] branches=[conv, conv]
            pads=[[0, 0, 0, 0], [1, 1, 1, 1]] dilations=[[1, 1], [1, 1]] group=[1, 1] activation=[relu, relu] epilogue=[]
        return %e }"#,
    );
}
