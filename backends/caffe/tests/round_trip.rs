//! Random graphs: whatever is written computes the same when it is read back.

mod common;

use std::cell::Cell;

use firebrick_caffe_writer::{Options, write};
use firebrick_ir::testing::{self, graphs_with};
use firebrick_ir::verify;
use proptest::test_runner::{Config, TestCaseError, TestRng, TestRunner};

use common::differences;

#[test]
fn what_is_written_computes_the_same() {
    let options = testing::Options { max_steps: 6, missing: false, symbolic: false, ..testing::Options::default() };
    let config = Config { cases: 4000, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    let n_written = Cell::new(0);
    let result = TestRunner::new_with_rng(config, rng).run(&graphs_with(options), |graph| {
        let verified = verify(&graph).map_err(|errors| TestCaseError::fail(format!("{errors:?}")))?;
        match write(verified, &Options::default()) {
            Ok(written) => {
                n_written.set(n_written.get() + 1);
                let differences = differences(&graph, &written);
                if differences.is_empty() {
                    Ok(())
                } else {
                    Err(TestCaseError::fail(format!("{differences:?}\n{graph}\n{}", written.prototxt)))
                }
            }
            Err(refusals) if refusals.is_empty() => Err(TestCaseError::fail("refused without a reason")),
            Err(_) => Ok(()),
        }
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(n_written.get() > 300, "only {} graphs were written", n_written.get());
}
