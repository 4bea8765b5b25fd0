//! ONNX's own backend tests, as its Python package brings them along: every case is opened and run by the public
//! interface. The package is a wheel (a zip archive) that `FIREBRICK_ONNX_WHEEL` names; without it the tests skip
//! themselves.
//!
//! `expected_failures.txt` has what can't be done yet, with reasons; whatever fails or passes otherwise is an error.
//! `FIREBRICK_UPDATE=1` takes cases that pass out of that list, and writes docs/onnx-ops.md.

mod case;
mod compare;
mod expected;
mod table;
mod wheel;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use firebrick_tests::{announce, shared};

use self::case::Case;
use self::expected::Expected;
use self::wheel::Wheel;

/// What became of a case: nothing, or why it failed.
type Outcomes = BTreeMap<String, Result<(), String>>;

/// Whole networks whose weights are all alike; one always, the others, which take long, with `FIREBRICK_FULL=1`.
#[test]
fn light_models() {
    let Some(wheel) = Wheel::open() else { return };
    let mut cases = wheel.light_models();
    assert!(cases.len() >= 9, "only {} models", cases.len());
    if std::env::var_os("FIREBRICK_FULL").is_none() {
        cases.retain(|case| case.name == "light/light_squeezenet");
    }
    let failures =
        run(&cases, Case::run).into_iter().filter_map(|(name, outcome)| Some(format!("{name}: {}", outcome.err()?)));
    let failures: Vec<String> = failures.collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn cases_pass_or_fail_as_expected() {
    let Some(wheel) = Wheel::open() else { return };
    let cases = wheel.cases();
    assert!(cases.len() >= 1905, "only {} cases", cases.len());
    let outcomes = run(&cases, Case::run);
    let subset = subset();
    let passed = |name: &&String| outcomes.get(*name).is_some_and(Result::is_ok);
    announce(&format!("{} of {} cases pass", outcomes.keys().filter(passed).count(), outcomes.len()));
    if let Some(subset) = &subset {
        let n_passed = subset.iter().filter(passed).count();
        announce(&format!("{n_passed} of {} cases of the subset for CNNs pass", subset.len()));
    }
    let expected = Expected::read();
    if std::env::var_os("FIREBRICK_UPDATE").is_some() {
        expected.without_passes(&outcomes).write();
        table::write(&cases, &outcomes);
        return;
    }
    let surprises = expected.surprises(&outcomes);
    assert!(surprises.is_empty(), "{} surprises\n{}", surprises.len(), surprises.join("\n"));
    table::check(&cases, &outcomes);
}

#[test]
fn pipelines_keep_results() {
    let Some(wheel) = Wheel::open() else { return };
    // The large models take long before and after each pipeline.
    let cases: Vec<Case> =
        wheel.cases().into_iter().filter(|case| matches!(case.inputs, case::Inputs::Given(_))).collect();
    let n_run = AtomicUsize::new(0);
    let outcomes = run(&cases, |case| {
        let outcome = case.run_optimized();
        n_run.fetch_add(usize::from(outcome.is_some()), Ordering::Relaxed);
        outcome.unwrap_or(Ok(()))
    });
    let failures = outcomes.iter().filter_map(|(name, outcome)| Some(format!("{name}: {}", outcome.as_ref().err()?)));
    let failures: Vec<String> = failures.collect();
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    announce(&format!("{} of {} cases keep their results at every level", n_run.into_inner(), cases.len()));
}

/// Compiled programs, of graphs as they are imported and after `-O2`, against the reference evaluator.
#[test]
fn compiled_cases_give_what_the_evaluator_does() {
    let Some(wheel) = Wheel::open() else { return };
    let cases: Vec<Case> =
        wheel.cases().into_iter().filter(|case| matches!(case.inputs, case::Inputs::Given(_))).collect();
    let n_run = AtomicUsize::new(0);
    let outcomes = run(&cases, |case| {
        let outcome = case.run_compiled();
        n_run.fetch_add(usize::from(outcome.is_some()), Ordering::Relaxed);
        outcome.unwrap_or(Ok(()))
    });
    let failures = outcomes.values().filter_map(|outcome| outcome.as_ref().err().cloned());
    let failures: Vec<String> = failures.collect();
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    let n_run = n_run.into_inner();
    announce(&format!("{n_run} of {} cases give what the evaluator does when they are compiled", cases.len()));
    assert!(n_run >= 1476, "only {n_run} cases have a graph and a result");
}

/// Runs the cases on all cores.
fn run(cases: &[Case], run: impl Fn(&Case) -> Result<(), String> + Sync) -> Outcomes {
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Outcomes::new()));
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = catch_unwind(AssertUnwindSafe(|| run(case)));
            let outcome = outcome.unwrap_or_else(|_| Err("PANIC".to_owned()));
            outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(case.name.clone(), outcome);
        }
    };
    std::thread::scope(|scope| {
        let n_threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        (0..n_threads).for_each(|_| {
            scope.spawn(work);
        });
    });
    outcomes.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The names of the cases that networks for images need, from a list that is not part of the project.
fn subset() -> Option<Vec<String>> {
    let path = shared("formats/onnx_cnn_subset.json")?;
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let rows: Vec<(String, String, u64, Vec<String>)> =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(rows.into_iter().map(|(group, name, _, _)| format!("{group}/{name}")).collect())
}
