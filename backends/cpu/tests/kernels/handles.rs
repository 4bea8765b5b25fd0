//! Programs and contexts.

use std::sync::Arc;

use firebrick_cpu::{Context, Isa, Program};
use firebrick_ir::{text, verify};

const SOURCE: &str = r#"graph "handles" {
    %x = input : f32[2, 3, 24, 24]
    %w = const random(1) : f32[64, 3, 3, 3]
    %y = conv(%x, %w) strides=[2, 2] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
    %mean = reduce(%y) function=mean axes=[2, 3] keep_dims=true
    %flat = reshape(%mean) shape=[2, 64]
    return %flat
}"#;

/// Whatever goes first: contexts keep their program alive, and end their threads.
#[test]
fn handles_may_be_dropped_in_any_order() {
    let graph = text::parse(SOURCE, &()).unwrap_or_else(|error| panic!("{error}"));
    let verified = verify(&graph).unwrap_or_else(|errors| panic!("{errors:?}"));
    let program = Arc::new(Program::compile(verified, Isa::detect()).unwrap_or_else(|error| panic!("{error}")));
    let contexts = (0..3).map(|n| Context::new(Arc::clone(&program), n + 1).unwrap_or_else(|error| panic!("{error}")));
    let mut contexts: Vec<Context> = contexts.collect();
    let weak = Arc::downgrade(&program);
    drop(program);
    let first = contexts.remove(0);
    std::thread::scope(|scope| {
        for context in &mut contexts {
            scope.spawn(|| context.run().unwrap_or_else(|error| panic!("{error}")));
        }
    });
    drop(contexts);
    let output = first.output(0).unwrap_or_else(|error| panic!("{error}"));
    drop(first);
    assert!(weak.upgrade().is_none(), "the program went with the last of its contexts");
    assert_eq!(output.dims(), [2, 64]);
}
