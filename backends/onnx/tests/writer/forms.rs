//! What ops become, in one operator set and another.

use crate::check::check;

#[test]
fn convolutions() {
    check(
        "convolutions",
        &[9, 13],
        r#"
        graph "g" {
          %x = input : f32[N, 4, 9, 9]
          %w = const random(1) : f32[8, 2, 3, 3]
          %b = const random(2) : f32[8]
          %grouped = conv(%x, %w, %b) strides=[2, 1] pads=[1, 0, 1, 0] dilations=[1, 2] group=2 : f32[N, 8, 5, 5]
          %v = const random(3) : f32[8, 1, 2, 2]
          %up = conv_transpose(%grouped, %v) strides=[2, 2] pads=[0, 0, 0, 0] dilations=[1, 1] group=2 output_padding=[1, 0] : f32[N, 2, 11, 10]
          %wide = conv_transpose(%grouped, %v) strides=[1, 1] pads=[0, 0, 1, 0] dilations=[1, 1] group=2 output_padding=[2, 0] : f32[N, 2, 7, 6]
          return %up, %wide
        }
        "#,
    );
}

#[test]
fn pools() {
    // `fits`, `over`, `dropped` and `both` differ in where the last window lies.
    check(
        "pools",
        &[9, 13],
        r#"
        graph "g" {
          %x = input : f32[1, 4, 7, 8]
          %fits = pool(%x) function=max kernel=[3, 2] strides=[2, 2] pads=[0, 0, 0, 0] dilations=[1, 1] ceil=true count_include_pad=false indices=false : f32[1, 4, 3, 4]
          %over = pool(%x) function=max kernel=[3, 3] strides=[2, 3] pads=[0, 0, 0, 0] dilations=[1, 1] ceil=true count_include_pad=false indices=false : f32[1, 4, 3, 3]
          %dropped = pool(%x) function=max kernel=[2, 2] strides=[2, 2] pads=[1, 1, 1, 1] dilations=[1, 1] ceil=true count_include_pad=false indices=false : f32[1, 4, 4, 5]
          %mean = pool(%x) function=average kernel=[3, 3] strides=[2, 2] pads=[1, 1, 1, 1] dilations=[1, 1] ceil=true count_include_pad=true indices=false : f32[1, 4, 4, 5]
          %unpadded = pool(%x) function=average kernel=[3, 3] strides=[2, 2] pads=[0, 0, 0, 0] dilations=[1, 1] ceil=true count_include_pad=true indices=false : f32[1, 4, 3, 4]
          %global = pool(%x) function=average kernel=[7, 8] strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] ceil=false count_include_pad=true indices=false : f32[1, 4, 1, 1]
          %far = pool(%x) function=average kernel=[1, 1] strides=[2, 2] pads=[1, 1, 1, 1] dilations=[1, 1] ceil=false count_include_pad=false indices=false : f32[1, 4, 5, 5]
          %best, %where = pool(%x) function=max kernel=[2, 2] strides=[2, 2] pads=[0, 0, 0, 0] dilations=[1, 1] ceil=false count_include_pad=false indices=true : f32[1, 4, 3, 4], i64[1, 4, 3, 4]
          %back = unpool(%best, %where) size=[7, 8] : f32[1, 4, 7, 8]
          return %fits, %over, %dropped, %mean, %unpadded, %global, %far, %back
        }
        "#,
    );
}

#[test]
fn classifiers() {
    check(
        "classifiers",
        &[9, 11, 13],
        r#"
        graph "g" {
          %x = input : f32[N, 6, 1, 2]
          %rows = softmax(%x) axis=1 : f32[N, 6, 1, 2]
          %flat = reshape(%x) shape=[0, -1] : f32[N, 12]
          %w = const random(4) : f32[5, 12]
          %b = const random(5) : f32[5]
          %ip = gemm(%flat, %w, %b) trans_a=false trans_b=true : f32[N, 5]
          %nobias = gemm(%flat, %w) trans_a=false trans_b=true : f32[N, 5]
          %prob = softmax(%ip) axis=1 : f32[N, 5]
          %best, %index = top_k(%nobias) axis=1 k=2 largest=true ties=highest : f32[N, 2], i64[N, 2]
          return %rows, %prob, %index
        }
        "#,
    );
}

#[test]
fn elementwise() {
    check(
        "elementwise",
        &[9, 11, 13, 16],
        r#"
        graph "g" {
          %x = input : f32[N, 2, 3]
          %i = input : i8[3]
          %h = input : bf16[2]
          %slope = const [0.25, 0.5] : f32[2, 1]
          %prelu = prelu(%x, %slope) : f32[N, 2, 3]
          %clip = clip(%x) min=0.0 max=6.0 : f32[N, 2, 3]
          %low = clip(%x) min=0.0 max=inf : f32[N, 2, 3]
          %sum = add(%i, %i) : i8[3]
          %max = max(%i, %sum) : i8[3]
          %half = leaky_relu(%h) alpha=0.1 : bf16[2]
          %all = reduce(%x) function=sum axes=[1] keep_dims=true : f32[N, 1, 3]
          %mean = reduce(%x) function=mean axes=[2] keep_dims=false : f32[N, 2]
          return %prelu, %clip, %low, %max, %all, %mean
        }
        "#,
    );
}

#[test]
fn moving() {
    check(
        "moving",
        &[9, 10, 13],
        r#"
        graph "g" {
          %x = input : f32[N, 4, 6]
          %part = slice(%x) axes=[1, 2] starts=[1, 0] counts=[2, 3] steps=[1, 2] : f32[N, 2, 3]
          %back = slice(%x) axes=[2] starts=[5] counts=[6] steps=[-1] : f32[N, 4, 6]
          %at = const [-1, 0] : i64[2]
          %picked = gather(%x, %at) axis=1 : f32[N, 2, 6]
          %pad = pad(%x) mode=reflect pads=[0, 0, 7, 0, 0, 1] value=0.0 : f32[N, 4, 14]
          %edge = pad(%x) mode=constant pads=[0, 1, 0, 0, 1, 0] value=-1.0 : f32[N, 6, 6]
          %tile = tile(%x) repeats=[1, 2, 1] : f32[N, 8, 6]
          return %part, %back, %picked, %pad, %edge, %tile, %tile, %x
        }
        "#,
    );
}

#[test]
fn resampling() {
    check(
        "resampling",
        &[9, 10, 11, 13],
        r#"
        graph "g" {
          %x = input : f32[1, 2, 2, 3]
          %twice = resize(%x) function=nearest coordinates=asymmetric nearest=floor cubic=-0.75 antialias=false exclude_outside=false extrapolation=0.0 axes=[2, 3] size=[4, 6] scales=[] roi=[] : f32[1, 2, 4, 6]
          %odd = resize(%x) function=nearest coordinates=asymmetric nearest=floor cubic=-0.75 antialias=false exclude_outside=false extrapolation=0.0 axes=[2, 3] size=[3, 3] scales=[] roi=[] : f32[1, 2, 3, 3]
          %interp = resize(%x) function=linear coordinates=align_corners nearest=floor cubic=-0.75 antialias=false exclude_outside=false extrapolation=0.0 axes=[2, 3] size=[3, 5] scales=[] roi=[] : f32[1, 2, 3, 5]
          return %twice, %odd, %interp
        }
        "#,
    );
}

#[test]
fn fused() {
    check(
        "fused",
        &[13],
        r#"
        graph "g" {
          %x = input : f32[N, 4, 5, 5]
          %w1 = const random(6) : f32[3, 4, 1, 1]
          %w3 = const random(7) : f32[2, 4, 3, 3]
          %b1 = const random(8) : f32[3]
          %b3 = const random(9) : f32[2]
          %fire = expand(%x, %w1, %b1, %w3, %b3) strides=[1, 1] branches=[conv, conv] pads=[[0, 0, 0, 0], [1, 1, 1, 1]] dilations=[[1, 1], [1, 1]] group=[1, 1] activation=[none, none] epilogue=[relu] : f32[N, 5, 5, 5] from Concat "fire"
          %w = const random(10) : f32[4, 5, 1, 1]
          %b = const random(11) : f32[4]
          %y = fused_conv(%fire, %w, %b, %x) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1 epilogue=[add, clip(0.0, 6.0)] : f32[N, 4, 5, 5]
          return %y
        }
        "#,
    );
}

#[test]
fn refused() {
    check(
        "refused",
        &[9, 13],
        r#"
        graph "g" {
          %loc = input : f32[1, 8]
          %conf = input : f32[1, 4]
          %prior = input : f32[1, 2, 8]
          %x = input : f32[1, 1, 5]
          %detections = detection_output(%loc, %conf, %prior) num_classes=2 share_location=true background=0 nms_threshold=0.45 nms_top_k=-1 eta=1.0 code=center_size variance_in_target=false keep_top_k=-1 confidence_threshold=0.01 : f32[1, 1, detections, 7] from DetectionOutput "detection_out"
          %dilated = pool(%x) function=max kernel=[2] strides=[1] pads=[0, 0] dilations=[2] ceil=false count_include_pad=false indices=false : f32[1, 1, 3]
          %missing = const missing : f32[1]
          %sum = add(%x, %missing) : f32[1, 1, 5]
          %nobody = relu(%loc) : f32[1, 8]
          return %detections, %dilated, %sum
        }
        "#,
    );
}

/// Convolutions of integers are ONNX's of 8 bits: what is subtracted from these is a zero point, and constants are
/// moved into the range.
#[test]
fn integers() {
    check(
        "integers",
        &[13],
        r#"
        graph "g" {
          %x = input : u8[N, 1, 2, 2]
          %zero = input : u8[]
          %wide = cast(%x) dtype=i32 saturate=true : i32[N, 1, 2, 2]
          %wide_zero = cast(%zero) dtype=i32 saturate=true : i32[]
          %centred = sub(%wide, %wide_zero) : i32[N, 1, 2, 2]
          %w = const [-2, 200] : i32[2, 1, 1, 1]
          %b = const [1000, -1000] : i32[2]
          %moved = conv(%centred, %w, %b) strides=[1, 1] pads=[1, 0, 0, 0] dilations=[1, 1] group=1 : i32[N, 2, 3, 2]
          %three = const [3] : i32[]
          %shifted = sub(%wide, %three) : i32[N, 1, 2, 2]
          %small = const [-128, 127] : i32[2, 1, 1, 1]
          %plain = conv(%shifted, %small) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1 : i32[N, 2, 2, 2]
          %rows = reshape(%centred) shape=[-1, 4] : i32[N, 4]
          %square = const random(3) : i32[4, 4]
          %product = gemm(%rows, %square) trans_a=false trans_b=false : i32[N, 4]
          return %moved, %plain, %product
        }
        "#,
    );
}

/// Recurrences of whole sequences, whose weights lead each gate to itself.
#[test]
fn recurrences() {
    check(
        "recurrences",
        &[13],
        r#"
        graph "g" {
          %x = input : f32[T, N, 8]
          %w = const random(1) : f32[8, 2]
          %p = const random(2) : f32[6]
          %all, %h, %c = recur(%x, %w, %p) cell=lstm f=hard_sigmoid g=tanh h=softsign alpha=[0.25, 0.0, 0.0] beta=[0.5, 0.0, 0.0] clip=2.0 continuation=false states=false peepholes=true lengths=false : f32[T, N, 2], f32[N, 2], f32[N, 2]
          %g = input : f32[5, N, 6]
          %r = const random(3) : f32[6, 2]
          %h0 = input : f32[N, 2]
          %b = const random(4) : f32[2]
          %n = input : i64[N]
          %steps, %last = recur(%g, %r, %h0, %b, %n) cell=gru_reset_after f=sigmoid g=tanh h=tanh alpha=[0.0, 0.0, 0.0] beta=[0.0, 0.0, 0.0] clip=none continuation=false states=true peepholes=false lengths=true : f32[5, N, 2], f32[N, 2]
          return %all, %h, %c, %steps, %last
        }
        "#,
    );
}
