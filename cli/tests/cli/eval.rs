//! `firebrick eval`

use crate::check::{Scratch, check, check_in, run};

const DIGITS: [&str; 4] =
    ["eval", "examples/digits/deploy.prototxt", "examples/digits/digits.caffemodel", "examples/digits/images"];
const LABELS: [&str; 2] = ["--labels", "examples/digits/images.tsv"];

/// Classifies the images that ship with the project, by another list.
#[track_caller]
fn list(folder: &Scratch, name: &str, lines: &str) {
    folder.write("list.tsv", lines.as_bytes());
    check_in(folder, name, &[&DIGITS[..], &["--labels", "{tmp}/list.tsv"]].concat());
}

#[test]
fn figures() {
    check("eval", &[&DIGITS[..], &LABELS, &["--threads", "2"]].concat());
    check("eval_json", &[&DIGITS[..], &LABELS, &["--json"]].concat());
    // A mean that makes the net err.
    check("eval_wrong", &[&DIGITS[..], &LABELS, &["--mean", "250", "--scale", "-0.01", "--batch", "2"]].concat());
    check("help_eval", &["eval", "--help"]);
}

/// Whatever runs the net, in whichever batches on however many threads, the images come in the list's order.
#[test]
fn predictions() {
    let predictions = |args: &[&str]| {
        let folder = Scratch::new();
        let file = folder.path("predictions.tsv").display().to_string();
        let ran = run(&[&DIGITS[..], &LABELS, &["--predictions", &file], args].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        // The values of the best classes differ by rounding.
        let columns = |line: &str| line.split('\t').take(4).collect::<Vec<_>>().join("\t");
        text.lines().map(columns).collect::<Vec<_>>().join("\n")
    };
    let expected = "file\tclass_index\trank\tbest_1\neight.png\t8\t1\t8\nfive.png\t5\t1\t5\nseven.png\t7\t1\t7\n\
                    three.png\t3\t1\t3\nzero.png\t0\t1\t0";
    assert_eq!(predictions(&[]), expected);
    assert_eq!(predictions(&["--batch", "2", "--threads", "3"]), expected);
    assert_eq!(predictions(&["--reference", "--threads", "2"]), expected);
    assert_eq!(predictions(&["--isa", "clif", "-O1", "--batch", "7"]), expected);
}

#[test]
fn predictions_as_json() {
    let folder = Scratch::new();
    let args = ["--predictions", "{tmp}/p.json", "--reference"];
    check_in(&folder, "eval_reference", &[&DIGITS[..], &LABELS, &args].concat());
    let text = std::fs::read(folder.path("p.json")).unwrap_or_else(|error| panic!("{error}"));
    let rows: serde_json::Value = serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(rows.as_array().map(Vec::len), Some(5));
    let first = &rows[0];
    assert_eq!((&first["file"], &first["class_index"], &first["rank"]), (&"eight.png".into(), &8.into(), &1.into()));
    assert_eq!((first["best"].as_array().map(Vec::len), &first["best"][0]["index"]), (Some(5), &8.into()));
}

/// As Caffe's own lists are: no heading, and a blank in front of the class.
#[test]
fn caffe_list() {
    list(&Scratch::new(), "eval_caffe_list", "eight.png 8\nfive.png 5\n\nzero.png 1\r\n");
}

/// Everything that is wrong is listed, whatever stands between.
#[test]
fn faults() {
    let folder = Scratch::new();
    let lines =
        "file\tclass_index\nthree.png\t3\nfive.png\t10\nsevn.png\t7\n\nzero.png\tzero\nthree.png\t3\neight.png\n\t1\n";
    list(&folder, "fails_eval_list", lines);
    list(&folder, "fails_eval_empty", "file\tclass_index\n");
    list(&folder, "fails_eval_other_folder", "a.jpg 0\nb.jpg 1\n");
    // What can be read counts, and the rest is said.
    list(&folder, "fails_eval_unreadable", "../labels.txt\t0\nthree.png\t3\n../train.py\t1\nzero.png\t0\n");
    check("fails_eval_no_list", &[&DIGITS[..], &["--labels", "missing.tsv"]].concat());
    check("fails_eval_no_folder", &[&DIGITS[..3], &["missing"], &LABELS].concat());
    check("fails_eval_output", &[&DIGITS[..], &LABELS, &["--output", "conv1"]].concat());
    check("usage_eval_predictions", &[&DIGITS[..], &LABELS, &["--predictions", "p.csv"]].concat());
    check("usage_eval_no_labels", &DIGITS);
}
