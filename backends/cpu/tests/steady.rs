//! What a run does not do once it is warm: it asks for no memory. A binary of its own, as every allocation counts.

use std::sync::Arc;

use firebrick_cpu::{Context, Isa, Program};
use firebrick_ir::{Tensor, text, verify};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A step of every family of kernels that an image network is made of.
const NETWORK: &str = r#"graph "steady" {
    %x = input : f32[2, 3, 24, 24]
    %w1 = const random(1) : f32[32, 3, 3, 3] %b1 = const random(2) : f32[32]
    %conv = fused_conv(%x, %w1, %b1) strides=[2, 2] pads=[1, 1, 1, 1] dilations=[1, 1] group=1 epilogue=[relu]
    %pool = pool(%conv) function=max kernel=[3, 3] strides=[2, 2] pads=[1, 1, 1, 1] dilations=[1, 1] ceil=false count_include_pad=false indices=false
    %lrn = lrn(%pool) size=5 alpha=0.0001 beta=0.75 bias=1.0
    %w2 = const random(3) : f32[32, 32, 3, 3] %b2 = const random(4) : f32[32]
    %sum = fused_conv(%lrn, %w2, %b2, %lrn) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1 epilogue=[add, relu]
    %both = concat(%sum, %lrn) axis=1
    %tanh = tanh(%both)
    %mean = reduce(%tanh) function=mean axes=[2, 3] keep_dims=true
    %flat = reshape(%mean) shape=[2, 64]
    %prob = softmax(%flat) axis=1
    return %prob
}"#;

#[test]
fn a_warm_run_allocates_nothing() {
    let graph = text::parse(NETWORK, &()).unwrap_or_else(|error| panic!("{error}"));
    let verified = verify(&graph).unwrap_or_else(|errors| panic!("{errors:?}"));
    for isa in Isa::ALL.iter().copied().filter(|isa| isa.is_available()) {
        let program = Arc::new(Program::compile(verified, isa).unwrap_or_else(|error| panic!("{error}")));
        assert_eq!(program.evaluated(), []);
        for n_threads in 1..=3 {
            let mut context = Context::new(Arc::clone(&program), n_threads).unwrap_or_else(|error| panic!("{error}"));
            let input = Tensor::from_vec(&[2, 3, 24, 24], vec![0.5f32; 2 * 3 * 24 * 24]);
            let input = input.unwrap_or_else(|error| panic!("{error}"));
            context.set_input(0, &input).unwrap_or_else(|error| panic!("{error}"));
            let mut run = || (0..20).try_for_each(|_| context.run()).unwrap_or_else(|error| panic!("{error}"));
            // Threads begin to live in the first runs.
            run();
            MEMORY.reset_peak_usage();
            let before = MEMORY.current_usage();
            run();
            assert_eq!(MEMORY.peak_usage(), before, "{isa}, {n_threads} threads");
        }
    }
}
