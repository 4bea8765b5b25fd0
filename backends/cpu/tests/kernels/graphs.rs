use crate::check::{check, check_native};

/// A fire module: the concatenation's parts are computed in their places.
fn fire(expand: [usize; 2]) -> String {
    let [a, b] = expand;
    let total = a + b;
    format!(
        r#"graph "fire" {{
        %x = input : f32[1, 3, 15, 15]
        %w0 = const random(1) : f32[24, 3, 3, 3] %b0 = const random(2) : f32[24]
        %c0 = conv(%x, %w0, %b0) strides=[2, 2] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
        %r0 = relu(%c0)
        %w1 = const random(3) : f32[{a}, 24, 1, 1]
        %c1 = conv(%r0, %w1) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
        %r1 = relu(%c1)
        %w2 = const random(4) : f32[{b}, 24, 3, 3]
        %c2 = conv(%r0, %w2) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
        %r2 = relu(%c2)
        %cat = concat(%r1, %r2) axis=1
        %drop = identity(%cat)
        %w3 = const random(5) : f32[10, {total}, 3, 3]
        %c3 = conv(%drop, %w3) strides=[1, 1] pads=[2, 1, 1, 1] dilations=[1, 1] group=1
        %pool = reduce(%c3) function=mean axes=[2, 3] keep_dims=true
        %prob = softmax(%pool) axis=1
        %flat = reshape(%prob) shape=[1, -1]
        return %flat, %cat
        }}"#
    )
}

#[test]
fn fires() {
    for expand in [[16, 16], [32, 48], [16, 7], [5, 11]] {
        check_native(&fire(expand));
    }
}

#[test]
fn concatenations() {
    for axis in 0..4 {
        check_native(&format!(
            r#"graph "concat" {{ %x = input : f32[2, 16, 3, 4] %y = tanh(%x) %z = concat(%x, %y, %x) axis={axis} return %z }}"#
        ));
    }
    // A part that is used by others, and in two wholes.
    check_native(
        r#"graph "parts" { %x = input : f32[1, 16, 6, 6] %w = const random(1) : f32[16, 16, 3, 3]
        %a = conv(%x, %w) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
        %b = conv(%a, %w) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
        %c = concat(%a, %b) axis=1
        %d = concat(%b, %a, %x, %b) axis=1
        %e = concat(%c, %d) axis=1
        return %e, %a }"#,
    );
}

#[test]
fn residuals() {
    check_native(
        r#"graph "residual" { %x = input : f32[1, 8, 6, 6] %w = const random(1) : f32[8, 8, 3, 3]
        %a = conv(%x, %w) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
        %b = add(%a, %x) %c = relu(%b) %d = add(%c, %a) return %d }"#,
    );
}

/// A dense layer behind a convolution, which reads its result plain.
#[test]
fn flattened() {
    for n in [1, 3] {
        check_native(&format!(
            r#"graph "flatten" {{ %x = input : f32[{n}, 3, 6, 6] %w = const random(1) : f32[9, 3, 3, 3]
            %a = conv(%x, %w) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
            %f = reshape(%a) shape=[{n}, -1] %v = const random(2) : f32[7, 144]
            %g = gemm(%f, %v) trans_a=false trans_b=true %r = relu(%g)
            %u = const random(3) : f32[3, 7] %h = gemm(%r, %u) trans_a=false trans_b=true return %h, %a }}"#
        ));
    }
}

/// Inputs and constants that are outputs, and values without elements.
#[test]
fn edges() {
    check(r#"graph "identity" { %x = input : f32[3] %y = identity(%x) return %y, %x, %y }"#);
    check(
        r#"graph "constant" { %x = input : f32[3] %c = const [1.0, 2.0] : f32[2] %d = identity(%c) return %c, %x, %d }"#,
    );
    check(r#"graph "empty" { %x = input : f32[0, 3, 5, 5] %y = relu(%x) %z = softmax(%y) axis=1 return %z }"#);
    check(
        r#"graph "types" { %x = input : f32[2, 3] %y = cast(%x) dtype=i64 saturate=false %z = cast(%y) dtype=f32 saturate=false %u = relu(%z) return %u, %y }"#,
    );
}
