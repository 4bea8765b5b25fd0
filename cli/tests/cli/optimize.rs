//! `firebrick optimize`, `firebrick passes`, and `run -O`.

use std::collections::BTreeMap;

use crate::check::{Scratch, check, run, workspace};

const DIGITS: [&str; 3] = ["optimize", "examples/digits/deploy.prototxt", "examples/digits/digits.caffemodel"];
const RUN: [&str; 5] = [
    "run",
    "examples/digits/deploy.prototxt",
    "examples/digits/digits.caffemodel",
    "--image",
    "examples/digits/images/three.png",
];

#[track_caller]
fn digits(name: &str, args: &[&str]) {
    check(name, &[&DIGITS[..], args].concat());
}

#[test]
fn levels() {
    digits("optimize_1", &["-O1"]);
    digits("optimize_2", &["-O2"]);
    digits("optimize_export", &["-O", "export"]);
    let unchanged = run(&[&DIGITS[..], &["-O0"]].concat()).stdout;
    assert_eq!(unchanged, run(&["inspect", DIGITS[1], DIGITS[2], "--format", "ir"]).stdout);
    check("optimize_without_weights", &["optimize", "examples/digits/deploy.prototxt", "--emit", "dot"]);
}

#[test]
fn steps() {
    digits("optimize_print_after", &["--print-after", "fuse-expand", "--emit", "none"]);
    digits("optimize_print_after_nothing", &["--print-after", "sink-transposes", "--emit", "none"]);
    digits("optimize_stop_after", &["--stop-after", "1", "--print-after", "all", "--emit", "none"]);
}

#[test]
fn wrong_names() {
    digits("optimize_no_pass", &["--print-after", "fuse-expnad"]);
    digits("optimize_no_level", &["-O3"]);
}

/// Each pass is in the table, and the last line is the sum.
#[test]
fn timings() {
    let ran = run(&[&DIGITS[..], &["--timings", "--verify", "--emit", "none"]].concat());
    assert_eq!((ran.stdout.as_str(), ran.code), ("", Some(0)));
    let rows: Vec<Vec<&str>> = ran.stderr.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows.first(), Some(&vec!["pass", "runs", "rewrites", "ms"]));
    let of = |name: &str| rows.iter().find(|row| row.first() == Some(&name)).and_then(|row| row.get(2)?.parse().ok());
    let expands: Option<u64> = of("fuse-expand");
    assert_eq!(expands, Some(4), "the digits net has four Fire modules");
    let sum: u64 = rows[1..rows.len() - 1].iter().filter_map(|row| row.get(2)?.parse::<u64>().ok()).sum();
    assert_eq!(of("total"), Some(sum));
}

/// Blobs of a run by the reference evaluator at some level, as files by name.
fn blobs(level: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = Scratch::new();
    let save = folder.path("blobs").display().to_string();
    let ran = run(&[&RUN[..], &["--reference", level, "--save-all", &save]].concat());
    assert_eq!(ran.code, Some(0), "{level}: {}", ran.stderr);
    let bytes = |file: &String| std::fs::read(folder.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    folder
        .files()
        .into_iter()
        .map(|file| (file.clone(), bytes(&file)))
        .filter(|(file, _)| file.ends_with(".npy"))
        .collect()
}

#[test]
fn the_first_level_keeps_every_blob_to_the_bit() {
    let before = blobs("-O0");
    assert!(before.len() > 40);
    assert!(before == blobs("-O1"), "the same files with the same bytes");
}

/// Blobs that are saved are kept, whatever is fused around them.
#[test]
fn the_second_level_keeps_results() {
    let (before, after) = (blobs("-O0"), blobs("-O2"));
    assert!(before.keys().eq(after.keys()), "all blobs: {:?}", after.keys());
    let text = |args: &[&str]| run(&[&RUN[..], args].concat()).stdout;
    assert_eq!(text(&["--reference", "-O0"]), text(&["--reference", "-O2"]));
    assert_eq!(text(&["--reference", "-O0"]), text(&["-O2"]));
}

#[test]
fn lists() {
    check("passes", &["passes"]);
    check("help_optimize", &["optimize", "--help"]);
    let json: serde_json::Value =
        serde_json::from_str(&run(&["passes", "--format", "json"]).stdout).unwrap_or_else(|error| panic!("{error}"));
    let n_passes = json["passes"].as_array().map(Vec::len);
    assert_eq!(n_passes, Some(firebrick::passes::PASSES.len()));
}

#[test]
fn the_page_of_passes_is_what_is_printed() {
    let path = workspace().join("docs/passes.md");
    let page = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let tables = run(&["passes", "--format", "markdown"]).stdout;
    assert!(page.contains(tables.trim()), "docs/passes.md is to have what `firebrick passes --format markdown` prints");
}
