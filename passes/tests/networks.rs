//! Networks through the whole pipeline at `-O2`: `networks/NET.ir` becomes what the snapshot beside it shows, before and
//! after.

mod common;

use std::fs;
use std::path::Path;

use firebrick_ir::text::parse;
use firebrick_ir::{Evaluator, Graph, testing, verify};
use firebrick_passes::{Level, Options, optimize};

/// What a step of the nets' results stands for.
const STEP: f32 = 1.0 / 256.0;

/// Runs the pipeline on a net; both graphs are a snapshot, and results are within a step.
#[track_caller]
fn check(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/networks");
    let path = folder.join(name).with_extension("ir");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let graph = parse(&text, &()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut after = graph.clone();
    let options = Options { verify: true, ..Options::default() };
    let report = optimize(&mut after, Level::O2, options).unwrap_or_else(|error| panic!("{error}\n{after}"));
    let (expected, found) = (probabilities(&graph), probabilities(&after));
    let off = expected.iter().zip(&found).map(|(a, b)| (a - b).abs() / STEP).fold(0.0, f32::max);
    assert!(off < 1.001 && expected.len() == found.len(), "{off} steps");
    insta::with_settings!({
        omit_expression => true,
        prepend_module_to_snapshot => false,
        snapshot_path => folder,
    }, {
        insta::assert_snapshot!(name, format!("{text}\n--- -O2\n{}", common::show(&after, &report)));
    });
}

fn probabilities(graph: &Graph) -> Vec<f32> {
    let verified = verify(graph).unwrap_or_else(|errors| panic!("{errors:?}"));
    let outputs = Evaluator::new(verified).run(&testing::inputs(graph, 1)).unwrap_or_else(|error| panic!("{error}"));
    outputs[0].values::<f32>().unwrap_or_else(|error| panic!("{error}")).into_owned()
}

#[test]
fn a_squeezenet_of_dequantized_values_is_folded_to_integers() {
    check("squeezenet-qdq");
}

#[test]
fn a_squeezenet_of_integers_is_folded_to_integers() {
    check("squeezenet-qlinear");
}

#[test]
fn integers_that_conv_integer_sums_are_folded() {
    check("conv-integer");
}
