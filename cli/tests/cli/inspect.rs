//! `firebrick inspect`

use crate::check::{check, run};

const DIGITS: &str = "examples/digits/deploy.prototxt";
const WEIGHTS: &str = "examples/digits/digits.caffemodel";

#[test]
fn formats() {
    check("inspect_text", &["inspect", DIGITS]);
    check("inspect_json", &["inspect", "cli/tests/fixtures/two_inputs.prototxt", "--format", "json"]);
    check("inspect_ir", &["inspect", DIGITS, "--format", "ir"]);
    check("inspect_dot", &["inspect", "cli/tests/fixtures/two_inputs.prototxt", "--format", "dot"]);
}

#[test]
fn weights() {
    check("inspect_with_weights", &["inspect", DIGITS, WEIGHTS]);
    check("inspect_ir_with_weights", &["inspect", DIGITS, WEIGHTS, "--format", "ir"]);
    let (one, other) = (run(&["inspect", DIGITS, WEIGHTS]), run(&["inspect", WEIGHTS, DIGITS]));
    assert_eq!(one.stdout, other.stdout, "files are told apart by their content");
}

#[test]
fn shapes_and_batches() {
    check("inspect_batch", &["inspect", DIGITS, "--batch", "4"]);
    check("inspect_input_shape", &["inspect", "cli/tests/fixtures/no_shape.prototxt", "--input", "data=2,3,5,5"]);
}

#[test]
fn phases() {
    check("inspect_training_net", &["inspect", "cli/tests/fixtures/train_val.prototxt"]);
    check(
        "inspect_phase_train",
        &["inspect", "cli/tests/fixtures/train_val.prototxt", "--phase", "train", "--input", "data=1,3,4,4"],
    );
}

#[test]
fn json_is_json() {
    let ran = run(&["inspect", DIGITS, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(json["parameters"], 15_770);
    assert_eq!(json["inputs"][0]["name"], "data");
}

#[test]
fn the_graph_as_text_can_be_read_again() {
    let ran = run(&["inspect", DIGITS, "--format", "ir"]);
    let graph = firebrick::ir::text::parse(&ran.stdout, &()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(graph.to_string().trim_end(), ran.stdout.trim_end());
}
