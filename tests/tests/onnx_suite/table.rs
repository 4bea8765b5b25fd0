//! docs/onnx-ops.md: how many cases of each operator pass.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use firebrick_tests::workspace;

use crate::Outcomes;
use crate::case::Case;

fn path() -> PathBuf {
    workspace().join("docs/onnx-ops.md")
}

/// Compares the page with what it should be.
pub(crate) fn check(cases: &[Case], outcomes: &Outcomes) {
    let found = fs::read_to_string(path()).unwrap_or_else(|error| panic!("{}: {error}", path().display()));
    assert!(found == page(cases, outcomes), "docs/onnx-ops.md is out of date: run this with FIREBRICK_UPDATE=1");
}

/// Writes the page.
pub(crate) fn write(cases: &[Case], outcomes: &Outcomes) {
    fs::write(path(), page(cases, outcomes)).unwrap_or_else(|error| panic!("{}: {error}", path().display()));
}

fn page(cases: &[Case], outcomes: &Outcomes) -> String {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut total = (0, 0);
    for case in cases {
        let passed = outcomes.get(&case.name).is_some_and(Result::is_ok);
        let add = |count: &mut (usize, usize)| *count = (count.0 + usize::from(passed), count.1 + 1);
        add(&mut total);
        case.operators().into_iter().for_each(|operator| add(counts.entry(operator).or_default()));
    }
    let rows = counts.iter().map(|(operator, (passed, of))| format!("| {operator} | {passed} | {of} |\n"));
    format!(
        "# ONNX's own tests\n\n\
         How many of the cases of ONNX's backend test suite (that of the Python package `onnx` 1.22.0) have the results\n\
         that they should have: {} of {}. A case with several operators counts for each of them. Written by the test\n\
         `onnx_suite`; a case that fails has its reason in `tests/tests/onnx_suite/expected_failures.txt`.\n\n\
         | operator | passed | cases |\n| --- | ---: | ---: |\n{}",
        total.0,
        total.1,
        rows.collect::<String>()
    )
}
