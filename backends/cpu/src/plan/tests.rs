//! Plans, as they are printed.

use firebrick_ir::{text, verify};

use crate::Isa;
use crate::lower::lower;

/// A stem, a fire module, a residual sum, and a classifier.
const NETWORK: &str = r#"graph "network" {
    %data = input : f32[1, 3, 31, 31]
    %w1 = const random(1) : f32[24, 3, 3, 3] %b1 = const random(2) : f32[24]
    %conv1 = fused_conv(%data, %w1, %b1) strides=[2, 2] pads=[1, 1, 1, 1] dilations=[1, 1] group=1 epilogue=[relu]
    %pool1 = pool(%conv1) function=max kernel=[3, 3] strides=[2, 2] pads=[0, 0, 0, 0] dilations=[1, 1] ceil=true count_include_pad=false indices=false
    %w2 = const random(3) : f32[16, 24, 1, 1] %b2 = const random(4) : f32[16]
    %squeeze = fused_conv(%pool1, %w2, %b2) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1 epilogue=[relu]
    %w3 = const random(5) : f32[32, 16, 1, 1] %b3 = const random(6) : f32[32]
    %w4 = const random(7) : f32[32, 16, 3, 3] %b4 = const random(8) : f32[32]
    %expand = expand(%squeeze, %w3, %b3, %w4, %b4) strides=[1, 1] branches=[conv, conv] pads=[[0, 0, 0, 0], [1, 1, 1, 1]] dilations=[[1, 1], [1, 1]] group=[1, 1] activation=[relu, relu] epilogue=[]
    %w5 = const random(9) : f32[64, 1, 3, 3] %b5 = const random(10) : f32[64]
    %depthwise = fused_conv(%expand, %w5, %b5, %expand) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=64 epilogue=[add, relu]
    %w6 = const random(11) : f32[10, 64, 1, 1]
    %conv6 = conv(%depthwise, %w6) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
    %tanh = tanh(%conv6)
    %mean = reduce(%tanh) function=mean axes=[2, 3] keep_dims=true
    %flat = reshape(%mean) shape=[1, 10]
    %prob = softmax(%flat) axis=1
    return %prob
}"#;

fn check(isa: Isa) {
    let graph = text::parse(NETWORK, &()).unwrap_or_else(|error| panic!("{error}"));
    let verified = verify(&graph).unwrap_or_else(|errors| panic!("{errors:?}"));
    let plan = lower(verified, isa.into()).unwrap_or_else(|error| panic!("{error}"));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(isa.name(), plan.to_string());
    });
}

#[test]
fn avx512() {
    check(Isa::Avx512);
}

#[test]
fn avx2() {
    check(Isa::Avx2);
}

#[test]
fn clif() {
    check(Isa::Clif);
}
