//! Convolutions of all sizes, with what is fused into them.

use proptest::prelude::*;

use crate::check::{check, config};

/// What makes a convolution: `[batch, channels of a group, outputs of a group, groups]`, then height and width of
/// everything that has two dimensions.
#[derive(Debug, Clone)]
struct Sizes {
    n: usize,
    per_group: usize,
    out_per_group: usize,
    group: usize,
    size: [usize; 2],
    kernel: [usize; 2],
    strides: [usize; 2],
    dilations: [usize; 2],
    /// Above, left, below, right.
    pads: [usize; 4],
}

/// What is done to the sums. Limits are not small beside them: what is left would be, and the rounding of the sums not.
const EPILOGUES: &[&str] =
    &["", "relu", "add, relu", "relu, add", "clip(-20.0, 20.0)", "leaky_relu(0.1), add", "sigmoid"];

fn sizes() -> impl Strategy<Value = Sizes> {
    let channels = (1..=5usize, 1..=40usize, 1..=40usize, prop_oneof![4 => Just(1usize), 3 => 2..=40usize]);
    let pair = |most: usize| prop::array::uniform2(1..=most);
    let images = (pair(20), pair(7), pair(3), prop_oneof![Just([1, 1]), pair(3)]);
    (channels, images, prop::array::uniform4(prop_oneof![3 => 0..=3usize, 1 => 4..=10usize])).prop_map(
        |((n, c, o, group), (size, kernel, strides, dilations), pads)| {
            // The numbers of all groups together are up to 40.
            let (per_group, out_per_group) = (c.div_ceil(group), o.div_ceil(group));
            Sizes { n, per_group, out_per_group, group, size, kernel, strides, dilations, pads }
        },
    )
}

impl Sizes {
    /// The sizes of the result; `None` if the kernel is larger than the image.
    fn result(&self) -> Option<[usize; 2]> {
        let size = |i: usize| {
            let room = self.size[i] + self.pads[i] + self.pads[i + 2];
            let extent = (self.kernel[i] - 1) * self.dilations[i] + 1;
            Some(room.checked_sub(extent)? / self.strides[i] + 1)
        };
        Some([size(0)?, size(1)?])
    }

    fn graph(&self, epilogue: &str, bias: bool) -> Option<String> {
        let Sizes { n, per_group, out_per_group, group, size: [h, w], kernel: [kh, kw], strides, dilations, pads } =
            self;
        let [out_h, out_w] = self.result()?;
        let (c, o) = (per_group * group, out_per_group * group);
        let bias = if bias { ", %b" } else { "" };
        let residual = if epilogue.contains("add") { ", %r" } else { "" };
        let (op, epilogue) = match epilogue {
            "" => ("conv", String::new()),
            steps => ("fused_conv", format!("epilogue=[{steps}]")),
        };
        Some(format!(
            r#"graph "sweep" {{ %x = input : f32[{n}, {c}, {h}, {w}] %r = input : f32[{n}, {o}, {out_h}, {out_w}]
            %w = const random(1) : f32[{o}, {per_group}, {kh}, {kw}] %b = const random(2) : f32[{o}]
            %y = {op}(%x, %w{bias}{residual}) strides={strides:?} pads={pads:?} dilations={dilations:?} group={group} {epilogue}
            return %y }}"#
        ))
    }
}

/// Convolutions of one value side by side, which keep its size or divide it by the stride, and a copy between them.
fn expand(c: usize, n_out: [usize; 2], copied: usize, radius: usize, stride: usize, size: [usize; 2]) -> String {
    let [h, w] = size;
    let [out_h, out_w] = size.map(|n| n.div_ceil(stride));
    let (kernel, rest) = (2 * radius + 1, c + 1);
    let [a, b] = n_out;
    format!(
        r#"graph "expand" {{ %x = input : f32[2, {c}, {h}, {w}] %z = input : f32[2, {copied}, {out_h}, {out_w}]
        %w1 = const random(1) : f32[{a}, {c}, 1, 1] %b1 = const random(2) : f32[{a}]
        %w2 = const random(3) : f32[{b}, {c}, {kernel}, {kernel}] %b2 = const random(4) : f32[{b}]
        %e = expand(%x, %w1, %b1, %z, %w2, %b2) strides=[{stride}, {stride}] branches=[conv, copy, conv]
            pads=[[0, 0, 0, 0], [{radius}, {radius}, {radius}, {radius}]] dilations=[[1, 1], [1, 1]] group=[1, 1]
            activation=[relu, none] epilogue=[relu]
        %v = const random(5) : f32[{rest}, {}, 3, 3]
        %y = conv(%e, %v) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
        return %y, %e }}"#,
        a + copied + b
    )
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn convolutions(sizes in sizes(), epilogue in prop::sample::select(EPILOGUES), bias in any::<bool>()) {
        if let Some(source) = sizes.graph(epilogue, bias) {
            check(&source);
        }
    }

    #[test]
    fn expands(
        c in 1..=40usize,
        n_out in prop::array::uniform2(1..=40usize),
        copied in 1..=40usize,
        (radius, stride) in (0..=3usize, 1..=3usize),
        size in prop::array::uniform2(1..=20usize),
    ) {
        check(&expand(c, n_out, copied, radius, stride, size));
    }
}
