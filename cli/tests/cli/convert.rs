//! `firebrick convert` and `firebrick diff`.

use crate::check::{Scratch, check, check_in};

const DIGITS: [&str; 2] = ["examples/digits/deploy.prototxt", "examples/digits/digits.caffemodel"];

/// `firebrick convert` of the digits net to `{tmp}/digits.onnx`.
fn convert(folder: &Scratch, name: &str, args: &[&str]) {
    let start = ["convert", DIGITS[0], DIGITS[1], "-o", "{tmp}/digits.onnx"];
    check_in(folder, name, &[&start, args].concat());
}

#[test]
fn help() {
    check("convert_help", &["convert", "-h"]);
    check("diff_help", &["diff", "-h"]);
}

#[test]
fn there_and_back() {
    let folder = Scratch::new();
    convert(&folder, "convert", &["--verify", "--labels", "examples/digits/labels.txt", "--opset", "9"]);
    // Labels and the scale of samples are in the file.
    let run = ["run", "{tmp}/digits.onnx", "--image", "examples/digits/images/seven.png", "--top", "2"];
    check_in(&folder, "convert_run", &run);
    check_in(&folder, "diff_same", &["diff", DIGITS[0], DIGITS[1], "--with", "{tmp}/digits.onnx"]);
    check_in(&folder, "diff_other_weights", &["diff", DIGITS[0], "--random-weights", "--with", "{tmp}/digits.onnx"]);
    // ONNX to ONNX.
    check_in(&folder, "convert_upgrade", &["convert", "{tmp}/digits.onnx", "-o", "{tmp}/13.onnx", "--verify"]);
}

#[test]
fn halves_and_a_symbol() {
    let folder = Scratch::new();
    convert(&folder, "convert_halves", &["--fp16", "--batch", "symbolic", "--simplify", "--verify=3"]);
    check_in(&folder, "convert_halves_inspect", &["inspect", "{tmp}/digits.onnx", "--format", "ir"]);
}

#[test]
fn embedded_preparation() {
    let folder = Scratch::new();
    convert(&folder, "convert_embedded", &["--embed-preprocess", "--mean", "100", "--verify"]);
    // What is given to the net is what it was given before: samples less the mean, scaled.
    let image = "examples/digits/images/three.png";
    let run = ["run", "{tmp}/digits.onnx", "--image", image, "--top", "1"];
    check_in(&folder, "convert_embedded_run", &run);
    check("convert_not_embedded_run", &["run", DIGITS[0], DIGITS[1], "--image", image, "--top", "1", "--mean", "100"]);
}

#[test]
fn weights_beside_the_model() {
    let folder = Scratch::new();
    convert(&folder, "convert_external", &["--external-data-above", "10000"]);
    assert_eq!(folder.files(), ["digits.onnx", "digits.onnx.data"]);
    check_in(&folder, "diff_external", &["diff", "{tmp}/digits.onnx", "--with", DIGITS[0], DIGITS[1], "--all"]);
}

#[test]
fn caffe_files() {
    let folder = Scratch::new();
    check_in(&folder, "convert_caffe", &["convert", DIGITS[0], DIGITS[1], "-o", "{tmp}/net.prototxt", "--verify"]);
    assert_eq!(folder.files(), ["net.caffemodel", "net.prototxt"]);
    check_in(&folder, "convert_caffe_inspect", &["inspect", "{tmp}/net.prototxt", "{tmp}/net.caffemodel"]);
    // The long way round.
    convert(&folder, "convert", &["--verify", "--labels", "examples/digits/labels.txt", "--opset", "9"]);
    let back = ["convert", "{tmp}/digits.onnx", "-o", "{tmp}/back.prototxt", "--verify", "--simplify"];
    check_in(&folder, "convert_caffe_back", &back);
    let diff = ["diff", DIGITS[0], DIGITS[1], "--with", "{tmp}/back.prototxt", "{tmp}/back.caffemodel"];
    check_in(&folder, "convert_caffe_diff", &diff);
    // What a prototxt can't say is said.
    let net = "cli/tests/fixtures/colors.prototxt";
    let rgb = ["convert", net, "--random-weights", "-o", "{tmp}/rgb.onnx"];
    let rgb = [&rgb[..], &["--embed-preprocess", "--mean", "none", "--color", "rgb"]].concat();
    check_in(&folder, "convert_rgb", &rgb);
    check_in(&folder, "convert_caffe_rgb", &["convert", "{tmp}/rgb.onnx", "-o", "{tmp}/rgb.prototxt", "--verify"]);
    check_in(&folder, "convert_caffe_fp16", &["convert", DIGITS[0], DIGITS[1], "-o", "{tmp}/x.prototxt", "--fp16"]);
    convert(&folder, "convert_symbolic", &["--batch", "symbolic"]);
    check_in(&folder, "convert_caffe_symbolic", &["convert", "{tmp}/digits.onnx", "-o", "{tmp}/x.prototxt"]);
}

#[test]
fn refused() {
    let folder = Scratch::new();
    let net = "cli/tests/fixtures/detection.prototxt";
    check_in(&folder, "convert_refused", &["convert", net, "-o", "{tmp}/x.onnx"]);
    check_in(&folder, "convert_without_weights", &["convert", DIGITS[0], "-o", "{tmp}/x.onnx"]);
    convert(&folder, "convert_old_opset", &["--opset", "8"]);
    convert(&folder, "convert_images_without_embedding", &["--scale", "2"]);
    check_in(&folder, "convert_to_text", &["convert", DIGITS[0], DIGITS[1], "-o", "{tmp}/x.txt"]);
    check("run_symbolic", &["run", DIGITS[0], DIGITS[1], "--batch", "symbolic"]);
    assert!(folder.files().is_empty(), "nothing is written");
}
