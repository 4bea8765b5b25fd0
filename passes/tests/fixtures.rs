//! Every pass on small graphs: `fixtures/PASS/CASE.ir` is rewritten by that pass, and the snapshot beside it shows the
//! graph before and after. The first line of a fixture says what is to be seen.

mod common;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use firebrick_ir::text::parse;
use firebrick_passes::{PASSES, Pass, find};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// What is in a folder, ordered by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Runs the pass on a fixture; both graphs are a snapshot.
#[track_caller]
fn check(pass: &'static dyn Pass, path: &Path) {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(text.starts_with("// "), "{}: the first line says what is to be seen", path.display());
    let graph = parse(&text, &()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (after, report) = common::rewrite(&graph, pass);
    insta::with_settings!({
        omit_expression => true,
        prepend_module_to_snapshot => false,
        snapshot_path => path.parent().unwrap_or(path),
    }, {
        insta::assert_snapshot!(stem(path), format!("{text}\n--- {}\n{}", pass.name(), common::show(&after, &report)));
    });
}

/// All fixtures of the passes whose names begin so; the failures of all of them are reported.
fn check_all() {
    let mut failed = Vec::new();
    for folder in entries(&folder()) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let pass = find(&name).unwrap_or_else(|| panic!("there is no pass `{name}`"));
        for path in entries(&folder).iter().filter(|path| path.extension().is_some_and(|end| end == "ir")) {
            if catch_unwind(AssertUnwindSafe(|| check(pass, path))).is_err() {
                failed.push(format!("{name}/{}", stem(path)));
            }
        }
    }
    assert!(failed.is_empty(), "failed: {}", failed.join(", "));
}

#[test]
fn fixtures_become_what_they_did() {
    check_all();
}

#[test]
fn every_pass_has_fixtures() {
    for pass in PASSES {
        let n_fixtures = entries(&folder().join(pass.name())).len();
        assert!(n_fixtures > 0, "{}", pass.name());
    }
}
