//! What is said of files that are no models, of models that can't be run, and of commands that make no sense.

use crate::check::{Scratch, check, check_in, workspace};

const DIGITS: &str = "examples/digits/deploy.prototxt";
const WEIGHTS: &str = "examples/digits/digits.caffemodel";
const THREE: &str = "examples/digits/images/three.png";

/// Inspects a file of this folder that can't be imported.
#[track_caller]
fn fixture(name: &str) {
    check(&format!("fails_{name}"), &["inspect", &format!("cli/tests/fixtures/{name}.prototxt")]);
}

#[test]
fn prototxts() {
    fixture("unknown_layers");
    fixture("missing_bottom");
    fixture("syntax");
    fixture("unknown_field");
    fixture("no_shape");
    fixture("two_producers");
    fixture("shapes");
    fixture("empty");
}

#[test]
fn files_that_are_no_models() {
    check("fails_missing_file", &["inspect", "missing.prototxt"]);
    check("fails_html", &["inspect", "cli/tests/fixtures/page.html"]);
    check("fails_lfs_pointer", &["inspect", DIGITS, "cli/tests/fixtures/pointer.caffemodel"]);
    check("fails_image_as_model", &["inspect", THREE]);
    check("fails_folder", &["inspect", "examples/digits"]);
    check("fails_two_prototxts", &["inspect", DIGITS, DIGITS]);
}

#[test]
fn weights() {
    let folder = Scratch::new();
    let bytes = std::fs::read(workspace().join(WEIGHTS)).expect("the net ships with the project");
    folder.write("truncated.caffemodel", &bytes[..30_000]);
    check_in(&folder, "fails_truncated_weights", &["inspect", DIGITS, "{tmp}/truncated.caffemodel"]);
    check("fails_weight_shape", &["inspect", "cli/tests/fixtures/wrong_shape.prototxt", WEIGHTS]);
    check("fails_weights_of_another_net", &["inspect", "cli/tests/fixtures/other_names.prototxt", WEIGHTS]);
    check("fails_no_weights", &["run", DIGITS, "--image", THREE]);
}

#[test]
fn requests() {
    check("fails_unknown_input", &["inspect", DIGITS, "--input", "dat=1,1,32,32"]);
    check("fails_blob_as_input", &["inspect", DIGITS, "--input", "conv1=1,16,16,16"]);
    check("fails_rank", &["inspect", DIGITS, "--input", "data=1,32,32"]);
    check("fails_channels", &["inspect", DIGITS, WEIGHTS, "--input", "data=1,3,32,32"]);
    check("fails_too_small", &["inspect", DIGITS, "--input", "data=1,1,1,1"]);
    check("fails_too_large", &["inspect", DIGITS, "--input", "data=4294967295,1,4294967295,4294967295"]);
    check("fails_no_image", &["run", DIGITS, WEIGHTS]);
    check("fails_missing_image", &["run", DIGITS, WEIGHTS, "--image", "missing.png"]);
    check("fails_prototxt_as_image", &["run", DIGITS, WEIGHTS, "--image", DIGITS]);
    check("fails_missing_labels", &["run", DIGITS, WEIGHTS, "--image", THREE, "--labels", "missing.txt"]);
    check("fails_image_as_labels", &["run", DIGITS, WEIGHTS, "--image", THREE, "--labels", THREE]);
    check("warns_of_labels", &["run", DIGITS, WEIGHTS, "--image", THREE, "--top", "1", "--labels", "LICENSE-MIT"]);
    check("fails_mean", &["run", DIGITS, WEIGHTS, "--image", THREE, "--mean", "1,2,3"]);
    check("fails_mean_file", &["run", DIGITS, WEIGHTS, "--image", THREE, "--mean", "missing.binaryproto"]);
    check("fails_color", &["run", DIGITS, WEIGHTS, "--image", THREE, "--color", "rgb"]);
}

#[test]
fn usage() {
    check("usage_no_command", &[]);
    check("usage_unknown_command", &["rnu"]);
    check("usage_no_model", &["run"]);
    check("usage_unknown_option", &["run", DIGITS, "--imgae", THREE]);
    check("usage_input", &["run", DIGITS, WEIGHTS, "--input", "data"]);
    check("usage_save", &["run", DIGITS, WEIGHTS, "--save", "prob"]);
    check("usage_batch", &["inspect", DIGITS, "--batch", "0"]);
    check("usage_resize", &["run", DIGITS, WEIGHTS, "--image", THREE, "--resize", "stretch"]);
    check("usage_array_to_inspect", &["inspect", DIGITS, "--input", "data=x.npy"]);
    check("usage_shell", &["completions", "tcsh"]);
}
