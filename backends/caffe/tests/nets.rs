//! Small graphs and the nets they are written as, which compute the same.

mod common;

use firebrick_caffe_writer::{Options, write};
use firebrick_ir::{text, verify};

use common::differences;

/// Compares what graphs are written as, or why they are refused, with the snapshot of that name. A case is a graph's
/// lines.
fn check(name: &str, cases: &[&str]) {
    let shown: Vec<String> = cases.iter().map(|lines| format!("{}\n\n{}", lines.trim(), show(lines))).collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, shown.join("\n---\n")));
}

fn show(lines: &str) -> String {
    let graph = text::parse(&format!("graph \"net\" {{\n{lines}\n}}"), &text::WeightStore::default())
        .unwrap_or_else(|error| panic!("{error}\n{lines}"));
    let verified = verify(&graph).unwrap_or_else(|errors| panic!("{errors:?}"));
    match write(verified, &Options::default()) {
        Ok(written) => {
            assert_eq!(differences(&graph, &written), Vec::<String>::new(), "{lines}\n{}", written.prototxt);
            written.prototxt
        }
        Err(refusals) => refusals.iter().map(|refusal| format!("refused: {refusal}\n")).collect(),
    }
}

#[test]
fn products() {
    check(
        "products",
        &[
            "%x = input : f32[1, 3, 9, 8]
             %w = const random(1) : f32[4, 3, 3, 3] from Convolution \"conv\"
             %b = const random(2) : f32[4] from Convolution \"conv\"
             %y#1 = conv(%x, %w, %b) strides=[2, 2] pads=[1, 1, 1, 1] dilations=[1, 1] group=1 from Convolution \"conv\"
             %y = relu(%y#1) from ReLU \"relu\"
             return %y",
            // Other windows along height and width, and none of the defaults.
            "%x = input : f32[1, 4, 9, 8]
             %w = const random(1) : f32[4, 1, 3, 1]
             %y = conv(%x, %w) strides=[1, 2] pads=[2, 0, 2, 0] dilations=[2, 1] group=4
             return %y",
            // Paddings that differ at both ends.
            "%x = input : f32[1, 1, 8, 8]
             %w = const [1, 2, 3, 4] : f32[1, 1, 2, 2]
             %y = conv(%x, %w) strides=[1, 1] pads=[0, 1, 1, 0] dilations=[1, 1] group=1
             return %y",
            "%x = input : f32[1, 2, 4, 4]
             %w = const random(1) : f32[2, 1, 3, 3]
             %y = conv_transpose(%x, %w) strides=[2, 2] pads=[1, 1, 1, 1] dilations=[1, 1] group=2 output_padding=[1, 1]
             return %y",
            "%x = input : f32[2, 3, 4]
             %m = reshape(%x) shape=[0, -1] from InnerProduct \"ip\"
             %w = const random(1) : f32[5, 12] from InnerProduct \"ip\"
             %b = const random(2) : f32[5] from InnerProduct \"ip\"
             %y = gemm(%m, %w, %b) trans_a=false trans_b=true from InnerProduct \"ip\"
             return %y",
            // The ops of one layer, along its third axis.
            "%x = input : f32[2, 3, 4]
             %m = reshape(%x) shape=[-1, 4] from InnerProduct \"ip\"
             %w = const random(1) : f32[4, 5] from InnerProduct \"ip\"
             %p = gemm(%m, %w) trans_a=false trans_b=false from InnerProduct \"ip\"
             %y = reshape(%p) shape=[2, 3, 5] from InnerProduct \"ip\"
             return %y",
        ],
    );
}

#[test]
fn pools() {
    check(
        "pools",
        &[
            // As Caffe rounds.
            "%x = input : f32[1, 1, 8, 8]
             %y = pool(%x) function=max kernel=[3, 3] strides=[2, 2] pads=[0, 0, 0, 0] dilations=[1, 1] ceil=true count_include_pad=false indices=false
             return %y",
            // A window fewer than Caffe's.
            "%x = input : f32[1, 1, 8, 8]
             %y = pool(%x) function=max kernel=[3, 3] strides=[2, 2] pads=[0, 0, 0, 0] dilations=[1, 1] ceil=false count_include_pad=false indices=false
             return %y",
            // A window more.
            "%x = input : f32[1, 1, 4, 4]
             %y = pool(%x) function=max kernel=[2, 2] strides=[1, 1] pads=[0, 0, 1, 1] dilations=[1, 1] ceil=false count_include_pad=false indices=false
             return %y",
            // Padding that does not count.
            "%x = input : f32[1, 1, 3, 3]
             %y = pool(%x) function=average kernel=[3, 3] strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] ceil=false count_include_pad=false indices=false
             return %y",
            "%x = input : f32[1, 8, 7, 7]
             %y = pool(%x) function=average kernel=[7, 7] strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] ceil=false count_include_pad=false indices=false
             return %y",
            "%x = input : f32[1, 1, 8, 8]
             %y, %p = pool(%x) function=max kernel=[2, 2] strides=[2, 2] pads=[0, 0, 0, 0] dilations=[1, 1] ceil=false count_include_pad=false indices=true
             %mask = cast(%p) dtype=f32 saturate=true
             return %y, %mask",
        ],
    );
}

#[test]
fn two_operands() {
    check(
        "two_operands",
        &[
            "%x = input : f32[1, 2, 3, 3]
             %f = const [2, 3] : f32[2, 1, 1] from Scale \"scale\"
             %b = const [4, 5] : f32[2, 1, 1] from Scale \"scale\"
             %m = mul(%x, %f) from Scale \"scale\"
             %y = add(%m, %b) from Scale \"scale\"
             return %y",
            "%x = input : f32[1, 2, 3, 3]
             %s = const [2] : f32[] from Power \"power\"
             %t = const [-3] : f32[] from Power \"power\"
             %p = const [0.5] : f32[] from Power \"power\"
             %m = mul(%x, %s) from Power \"power\"
             %a = add(%m, %t) from Power \"power\"
             %y = pow(%a, %p) from Power \"power\"
             return %y",
            "%a = input : f32[1, 2]
             %b = input : f32[1, 2]
             %c = input : f32[1, 2]
             %s = const [0.5] : f32[] from Eltwise \"sum\"
             %w = mul(%b, %s) from Eltwise \"sum\"
             %ab = add(%a, %w) from Eltwise \"sum\"
             %y = add(%ab, %c) from Eltwise \"sum\"
             return %y",
            // Broadcast along the last dimensions, as an attention of channels is.
            "%x = input : f32[2, 3, 4, 4]
             %s = input : f32[2, 3, 1, 1]
             %y = mul(%x, %s)
             return %y",
            "%x = input : f32[2, 3]
             %s = input : f32[2, 1]
             %y = div(%s, %x)
             return %y",
            "%x = input : f32[1, 2]
             %c = const [1, 2] : f32[2]
             %y = sub(%c, %x)
             return %y",
            "%a = input : f32[2, 1]
             %b = input : f32[1, 3]
             %y = min(%a, %b)
             return %y",
            "%x = input : f32[1, 2, 3, 3]
             %s = const [0.1, 0.2] : f32[2, 1, 1]
             %y = prelu(%x, %s)
             return %y",
        ],
    );
}

#[test]
fn normalisations() {
    check(
        "normalisations",
        &[
            "%x = input : f32[1, 2, 3, 3]
             %s = const [1, 2] : f32[2]
             %b = const [0, 0.5] : f32[2]
             %m = const [3, 4] : f32[2]
             %v = const [5, 6] : f32[2]
             %y = batch_norm(%x, %s, %b, %m, %v) epsilon=0.001 from BatchNormalization \"bn\"
             return %y",
            "%x = input : f32[1, 2, 3, 3]
             %m = reduce(%x) function=mean axes=[2, 3] keep_dims=true from MVN \"mvn\"
             %c = sub(%x, %m) from MVN \"mvn\"
             %q = mul(%c, %c) from MVN \"mvn\"
             %v = reduce(%q) function=mean axes=[2, 3] keep_dims=true from MVN \"mvn\"
             %d = sqrt(%v) from MVN \"mvn\"
             %e = const [1e-9] : f32[] from MVN \"mvn\"
             %n = add(%d, %e) from MVN \"mvn\"
             %y = div(%c, %n) from MVN \"mvn\"
             return %y",
            // The same with its epsilon under the root is no MVN.
            "%x = input : f32[1, 2, 3, 3]
             %m = reduce(%x) function=mean axes=[2, 3] keep_dims=true
             %c = sub(%x, %m)
             %q = mul(%c, %c)
             %v = reduce(%q) function=mean axes=[2, 3] keep_dims=true
             %e = const [1e-5] : f32[]
             %n = add(%v, %e)
             %d = sqrt(%n)
             %y = div(%c, %d)
             return %y",
            "%x = input : f32[1, 8, 3, 3]
             %y = lrn(%x) size=5 alpha=0.0001 beta=0.75 bias=1.0
             return %y",
        ],
    );
}

#[test]
fn moves() {
    check(
        "moves",
        &[
            "%x = input : f32[1, 6, 4]
             %a = slice(%x) axes=[1] starts=[0] counts=[2] steps=[1]
             %b = slice(%x) axes=[1] starts=[2] counts=[4] steps=[1]
             %r = relu(%b)
             %y = concat(%r, %a) axis=1
             return %y",
            "%x = input : f32[1, 6, 4]
             %y = slice(%x) axes=[1, 2] starts=[1, 0] counts=[2, 3] steps=[1, 1]
             return %y",
            "%x = input : f32[1, 2, 2]
             %y = pad(%x) mode=constant pads=[0, 0, 1, 0, 0, 0] value=-1.0
             return %y",
            "%x = input : f32[1, 2, 3, 3]
             %y = transpose(%x) perm=[0, 2, 3, 1]
             return %y",
            "%x = input : f32[1, 2, 3, 3]
             %y = resize(%x) function=nearest coordinates=asymmetric nearest=floor cubic=-0.75 antialias=false exclude_outside=false extrapolation=0.0 axes=[2, 3] size=[6, 9] scales=[] roi=[]
             return %y",
            "%x = input : f32[1, 2, 3, 3]
             %y = resize(%x) function=linear coordinates=align_corners nearest=floor cubic=-0.75 antialias=false exclude_outside=false extrapolation=0.0 axes=[2, 3] size=[5, 5] scales=[] roi=[]
             return %y",
            "%x = input : f32[4, 3, 2]
             %y = reduce(%x) function=sum axes=[0] keep_dims=true
             return %y",
        ],
    );
}

#[test]
fn names() {
    check(
        "names",
        &[
            // An output that is read, an input that isn't, and a constant that is a blob.
            "%x = input : f32[1, 2]
             %unused = input : f32[3]
             %y = relu(%x)
             %z = sigmoid(%y)
             %c = const [1, 2] : f32[1, 2]
             %j = concat(%z, %c) axis=1
             return %y, %j",
            // Written in place, three times over.
            "%x#1 = input : f32[1, 2] from Input \"data\"
             %x#2 = relu(%x#1) from ReLU \"a\"
             %x#3 = identity(%x#2) from Dropout \"b\"
             %x = tanh(%x#3) from TanH \"c\"
             return %x",
            // A layer that can't.
            "%x#1 = input : f32[1, 2]
             %x = softmax(%x#1) axis=1
             return %x",
            // Copies for several readers are Caffe's own affair; others keep their names.
            "%x = input : f32[1, 2] from Input \"data\"
             %x_data_0_split_0 = identity(%x) from Split \"x_data_0_split\"
             %x_data_0_split_1 = identity(%x) from Split \"x_data_0_split\"
             %a = relu(%x_data_0_split_0)
             %b = tanh(%x_data_0_split_1)
             %copy = identity(%b)
             %y = add(%a, %copy)
             return %y",
            // One constant, two layers.
            "%a = input : f32[1, 2]
             %b = input : f32[1, 2]
             %w = const [1, 2, 3, 4] : f32[2, 2]
             %y = gemm(%a, %w) trans_a=false trans_b=true
             %z = gemm(%b, %w) trans_a=false trans_b=true
             return %y, %z",
            "%\"odd \\\"name\\\"\" = input : f32[1]
             %y = relu(%\"odd \\\"name\\\"\")
             return %y",
        ],
    );
}

#[test]
fn refused() {
    check(
        "refused",
        &[
            "%x = input : f32[N, 2]
             %y = relu(%x)
             return %y",
            "%x = input : i32[1, 2]
             %y = add(%x, %x)
             return %y",
            "%x = input : f32[1, 2]
             return %x",
            "%x = input : f32[1, 2]
             %w = const missing : f32[3, 2]
             %y = gemm(%x, %w) trans_a=false trans_b=true
             return %y",
            // All at once, in the order of computation.
            "%x = input : f32[1, 3, 8, 8]
             %w = input : f32[3, 3, 1, 1]
             %a = conv(%x, %w) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1 from Conv \"computed\"
             %b = pad(%a) mode=reflect pads=[0, 0, 1, 1, 0, 0, 1, 1] value=0.0
             %c = erf(%b)
             %d = slice(%c) axes=[3] starts=[9] counts=[5] steps=[-2]
             %e = lrn(%d) size=4 alpha=1.0 beta=0.5 bias=1.0
             %f = pool(%e) function=max kernel=[2, 2] strides=[2, 2] pads=[0, 0, 0, 0] dilations=[2, 2] ceil=false count_include_pad=false indices=false
             return %f",
            "%x = input : f32[1, 5]
             %v, %i = top_k(%x) axis=1 k=1 largest=true ties=lowest
             %y = cast(%i) dtype=f32 saturate=true
             return %y",
            "%a = input : f32[2, 2]
             %b = input : f32[2, 2]
             %g = greater(%a, %b)
             %y = select(%g, %a, %b)
             return %y",
        ],
    );
}
