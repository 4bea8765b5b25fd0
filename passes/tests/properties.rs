//! What holds for every pass and every pipeline, on random graphs.

mod common;

use std::collections::BTreeSet;

use firebrick_ir::testing::{Options as GraphOptions, graphs_with, inputs, networks, quantized_networks};
use firebrick_ir::{Graph, Op};
use firebrick_passes::{Level, Options, PASSES, Pass, Precision, Step, optimize, pipeline};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Graphs of every op that can be evaluated.
fn any_graph() -> impl Strategy<Value = Graph> {
    graphs_with(GraphOptions { missing: false, ..GraphOptions::default() })
}

/// Quantized networks of which each number is exact, whatever the order of arithmetic.
fn exact_quantized() -> impl Strategy<Value = Graph> {
    quantized_networks(GraphOptions { powers_of_two: true, ..GraphOptions::default() })
}

/// A layer or two of any scales, so that what is a step off is not computed with again.
fn any_quantized() -> impl Strategy<Value = Graph> {
    quantized_networks(GraphOptions { max_steps: 1, ..GraphOptions::default() })
}

/// That many cases, unless `PROPTEST_CASES` says otherwise.
fn config(cases: u32) -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { default } else { ProptestConfig { cases, ..default } }
}

/// A pipeline is exact if all of its passes are.
fn precision(level: Level) -> Precision {
    let is_exact = |pass: &&dyn Pass| pass.precision() == Precision::Exact;
    if pipeline(level).iter().flat_map(Step::passes).all(is_exact) { Precision::Exact } else { Precision::Rounded }
}

proptest! {
    #![proptest_config(config(96))]

    /// With every op there is: passes that keep the bits.
    #[test]
    fn exact_passes_keep_every_bit(graph in any_graph()) {
        for pass in PASSES.iter().filter(|pass| pass.precision() == Precision::Exact) {
            common::rewrite(&graph, *pass);
        }
    }

    /// Clean-up keeps every value but constants: under its name, or that of the value which it is an alias of.
    #[test]
    fn clean_up_keeps_every_value(graph in any_graph()) {
        let mut after = graph.clone();
        let report = optimize(&mut after, Level::O1, Options::default());
        let aliases = report.map(|report| report.aliases).unwrap_or_default();
        let inputs = inputs(&graph, 1);
        let (Some(before), Some(found)) = (common::values(&graph, &inputs), common::values(&after, &inputs)) else {
            return Ok(());
        };
        for (_, node) in graph.nodes().filter(|(_, node)| !matches!(node.op, Op::Const(_))) {
            for name in node.outputs.iter().map(|output| &output.name) {
                let now = if after.find(name).is_some() { Some(name) } else { aliases.get(name) };
                let now = now.and_then(|name| found.get(name));
                prop_assert_eq!(now, before.get(name), "{}:\n{}\nbecomes\n{}", name, graph, after);
            }
        }
    }

    /// Passes that reorder arithmetic, on networks, in which rounding errors stay small.
    #[test]
    fn rounded_passes_keep_results(graph in networks()) {
        for pass in PASSES.iter().filter(|pass| pass.precision() == Precision::Rounded) {
            common::rewrite(&graph, *pass);
        }
    }

    #[test]
    fn pipelines_keep_results(graph in networks()) {
        for &(level, ..) in Level::ALL {
            let mut after = graph.clone();
            let report = optimize(&mut after, level, Options { verify: true, ..Options::default() });
            prop_assert!(report.is_ok(), "-O{level}: {report:?}\n{graph}");
            common::check_equivalent(&graph, &after, precision(level));
        }
    }

    /// Folding to integers keeps the bits where no rounding moves, through whole networks.
    #[test]
    fn quantized_networks_keep_every_bit(graph in exact_quantized()) {
        for &(level, ..) in Level::ALL {
            let mut after = graph.clone();
            let report = optimize(&mut after, level, Options { verify: true, ..Options::default() });
            prop_assert!(report.as_ref().is_ok_and(|report| report.settled), "-O{level}: {report:?}\n{graph}");
            common::check_equivalent(&graph, &after, Precision::Exact);
        }
    }

    /// Where a rounding moves, a result is at most a quantization step away.
    #[test]
    fn quantized_layers_keep_results_to_a_step(graph in any_quantized()) {
        let mut after = graph.clone();
        let report = optimize(&mut after, Level::O2, Options { verify: true, ..Options::default() });
        prop_assert!(report.is_ok(), "{report:?}\n{graph}");
        common::check_equivalent(&graph, &after, Precision::Quantized);
    }

    /// A pipeline may stop after any rewrite: the graph is as valid and computes the same.
    #[test]
    fn rewrites_can_be_bounded(graph in networks(), most in 0u64..40) {
        let mut after = graph.clone();
        let options = Options { stop_after: Some(most), verify: true, ..Options::default() };
        let report = optimize(&mut after, Level::O2, options);
        prop_assert!(report.as_ref().is_ok_and(|report| report.n_rewrites() <= most), "{report:?}");
        common::check_equivalent(&graph, &after, precision(Level::O2));
    }

    /// Whatever a graph is made of, pipelines leave it valid and at rest.
    #[test]
    fn pipelines_settle(graph in any_graph()) {
        for &(level, ..) in Level::ALL {
            let mut after = graph.clone();
            let options = Options { verify: true, ..Options::default() };
            let report = optimize(&mut after, level, options);
            prop_assert!(report.as_ref().is_ok_and(|report| report.settled), "-O{level}: {report:?}\n{graph}\n{after}");
            if precision(level) == Precision::Exact {
                common::check_equivalent(&graph, &after, Precision::Exact);
            }
            let mut again = after.clone();
            let report = optimize(&mut again, level, Options::default());
            let n_rewrites = report.map(|report| report.n_rewrites());
            prop_assert_eq!(n_rewrites, Ok(0), "-O{} changes its own result:\n{}\n{}", level, after, again);
        }
    }
}

/// The strategies make work for every pass; else what holds of their graphs would say little.
#[test]
fn every_pass_finds_work() {
    let mut idle: BTreeSet<&str> = PASSES.iter().map(|pass| pass.name()).collect();
    let mut runner = TestRunner::deterministic();
    let strategy = prop_oneof![networks(), any_graph(), exact_quantized(), any_quantized()];
    for _ in 0..2000 {
        let mut graph = strategy.new_tree(&mut runner).map_or_else(|reason| panic!("{reason}"), |tree| tree.current());
        // What one level fuses, the other splits.
        for level in [Level::O2, Level::Export] {
            let report = optimize(&mut graph, level, Options { verify: false, ..Options::default() });
            for pass in report.map_or_else(|error| panic!("{error}"), |report| report.passes) {
                if pass.n_rewrites > 0 {
                    idle.remove(pass.name);
                }
            }
        }
        if idle.is_empty() {
            return;
        }
    }
    panic!("nothing to do for {idle:?}");
}
