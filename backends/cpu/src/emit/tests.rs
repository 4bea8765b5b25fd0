//! Code for machines that this one is not: it is made, and read, but not run.

use std::sync::Arc;

use cranelift_codegen::isa;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::default_libcall_names;
use firebrick_ir::{text, verify};

use super::{Emitter, Listing};
use crate::Isa;
use crate::lower::lower;

/// Convolutions of every kind that is met in image networks, at sizes that fill tiles.
const NETWORK: &str = r#"graph "network" {
    %data = input : f32[1, 3, 35, 35]
    %w1 = const random(1) : f32[32, 3, 3, 3] %b1 = const random(2) : f32[32]
    %conv1 = fused_conv(%data, %w1, %b1) strides=[2, 2] pads=[1, 1, 1, 1] dilations=[1, 1] group=1 epilogue=[relu]
    %pool1 = pool(%conv1) function=max kernel=[3, 3] strides=[2, 2] pads=[0, 0, 0, 0] dilations=[1, 1] ceil=true count_include_pad=false indices=false
    %w2 = const random(3) : f32[16, 32, 1, 1] %b2 = const random(4) : f32[16]
    %squeeze = fused_conv(%pool1, %w2, %b2) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1 epilogue=[relu]
    %w3 = const random(5) : f32[64, 16, 3, 3] %b3 = const random(6) : f32[64]
    %conv3 = fused_conv(%squeeze, %w3, %b3) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1 epilogue=[relu]
    %w4 = const random(7) : f32[64, 1, 3, 3] %b4 = const random(8) : f32[64]
    %depthwise = fused_conv(%conv3, %w4, %b4, %conv3) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=64 epilogue=[add, relu]
    %mean = reduce(%depthwise) function=mean axes=[2, 3] keep_dims=true
    %flat = reshape(%mean) shape=[1, 64]
    %w5 = const random(9) : f32[40, 64]
    %gemm = gemm(%flat, %w5) trans_a=false trans_b=true
    %prob = softmax(%gemm) axis=1
    return %prob
}"#;

/// The network's functions for a machine: symbol and text of each.
fn functions(machine: &str, features: &[&str]) -> Vec<(String, String)> {
    let mut flags = settings::builder();
    flags.set("opt_level", "none").expect("it is a setting");
    let mut builder = isa::lookup_by_name(machine).unwrap_or_else(|error| panic!("{machine}: {error}"));
    for feature in features {
        builder.enable(feature).unwrap_or_else(|error| panic!("{machine}, {feature}: {error}"));
    }
    let isa = builder.finish(settings::Flags::new(flags)).unwrap_or_else(|error| panic!("{machine}: {error}"));
    let graph = text::parse(NETWORK, &()).unwrap_or_else(|error| panic!("{error}"));
    let plan = lower(verify(&graph).unwrap_or_else(|errors| panic!("{errors:?}")), Isa::Clif.into());
    let plan = plan.unwrap_or_else(|error| panic!("{error}"));
    assert!(plan.steps.iter().all(|step| step.kernel.is_compiled()), "{plan}");
    let module = JITModule::new(JITBuilder::with_isa(Arc::clone(&isa), default_libcall_names()));
    let listing = Emitter::new(module, isa, &plan).listing(&plan, Listing::Asm);
    let listing = listing.unwrap_or_else(|error| panic!("{machine}: {error}"));
    let functions = listing.split("\n\n").filter_map(|function| function.trim().split_once(":\n"));
    functions.map(|(symbol, text)| (symbol.to_owned(), text.to_owned())).collect()
}

/// Tiles keep their sums in registers: nothing of theirs is on the stack. Winograd's transforms, which are done once for
/// many products, hold more numbers than there are registers.
#[test]
fn aarch64_tiles_do_not_spill() {
    let functions = functions("aarch64", &[]);
    let is_on_stack = |text: &str| text.contains("[sp");
    // Drivers call tiles, so that they have a frame: that is how it looks.
    assert!(functions.iter().any(|(symbol, text)| symbol.starts_with("step") && is_on_stack(text)), "{functions:?}");
    let mut n_tiles = 0;
    let is_transform = |symbol: &str| ["wino4_input", "wino4_output"].iter().any(|name| symbol.contains(name));
    for (symbol, text) in functions.iter().filter(|(symbol, _)| symbol.contains("__clif_") && !is_transform(symbol)) {
        n_tiles += 1;
        assert!(text.contains("fmla v") && !is_on_stack(text), "{symbol}\n{text}");
    }
    assert!(n_tiles >= 5, "{functions:?}");
}

/// Every kernel's function can be made for Cranelift's other machines, with the vectors that these may lack.
#[test]
fn riscv64_and_s390x() {
    for (machine, features) in [("riscv64", &["has_v", "has_zvl128b"][..]), ("s390x", &["has_vxrs_ext2"])] {
        let functions = functions(machine, features);
        assert!(functions.iter().filter(|(symbol, _)| symbol.contains("__clif_")).count() >= 5, "{machine}");
    }
}
