//! What the tests of passes share: running a pass on a graph, and what has to hold of its result.

#![expect(dead_code, reason = "each test binary uses some of it")]

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use firebrick_ir::ops::Cast;
use firebrick_ir::testing::inputs;
use firebrick_ir::text::{WeightStore, parse};
use firebrick_ir::{DType, Evaluator, Graph, Op, Tensor, verify};
use firebrick_passes::{Options, Pass, Precision, Report, Step, run_steps};

/// Checks what has to hold of every pass, and gives the rewritten graph and the report:
/// inputs and outputs are the same, the evaluator computes the same, and a second run changes nothing.
#[track_caller]
pub(crate) fn rewrite(graph: &Graph, pass: &'static dyn Pass) -> (Graph, Report) {
    let steps = [Step::Once(pass)];
    let run = |graph: &mut Graph| {
        let options = Options { verify: true, ..Options::default() };
        run_steps(graph, &steps, false, options).unwrap_or_else(|error| panic!("{error}\n{graph}"))
    };
    let mut after = graph.clone();
    let report = run(&mut after);
    check_equivalent(graph, &after, pass.precision());
    let mut again = after.clone();
    assert_eq!(run(&mut again).n_rewrites(), 0, "a second run changes something:\n{after}\nbecomes\n{again}");
    (after, report)
}

/// Checks that two graphs have the same inputs and outputs, and compute the same from random ones.
#[track_caller]
pub(crate) fn check_equivalent(before: &Graph, after: &Graph, precision: Precision) {
    let ends = |graph: &Graph| {
        let inputs = graph.inputs().iter().map(|&id| graph.node(id).outputs[0].clone()).collect::<Vec<_>>();
        let outputs = graph.outputs().into_iter();
        (inputs, outputs.map(|value| graph.node(value.node).outputs[value.port].clone()).collect::<Vec<_>>())
    };
    assert_eq!(ends(before), ends(after), "inputs and outputs stay:\n{before}\n{after}");
    assert_eq!(parse(&after.to_string(), &WeightStore::of(after)).as_ref(), Ok(after), "the text reads back");
    for seed in 0..2 {
        let inputs = inputs(before, seed);
        let run = |graph: &Graph| {
            let verified = verify(graph).unwrap_or_else(|errors| panic!("{errors:?}\n{graph}"));
            Evaluator::new(verified).run(&inputs)
        };
        let (expected, found) = match (run(before), run(after)) {
            (Ok(expected), Ok(found)) => (expected, found),
            // What has no result before has none to keep.
            (Err(_), _) => return,
            (Ok(_), Err(error)) => panic!("{error}\n{before}\nbecomes\n{after}"),
        };
        for (i, (expected, found)) in expected.iter().zip(&found).enumerate() {
            if let Some(problem) = difference(expected, found, precision) {
                panic!("output {i}: {problem}\n{before}\nbecomes\n{after}");
            }
        }
    }
}

/// All values that are computed from these inputs, by name; `None` if some have no result.
pub(crate) fn values(graph: &Graph, inputs: &HashMap<String, Tensor>) -> Option<BTreeMap<String, Tensor>> {
    let verified = verify(graph).unwrap_or_else(|errors| panic!("{errors:?}\n{graph}"));
    let mut values = BTreeMap::new();
    let mut observe = |value, tensor: &Tensor| {
        values.insert(graph.value_name(value).to_owned(), tensor.clone());
    };
    Evaluator::new(verified).run_observed(inputs, &mut observe).ok()?;
    Some(values)
}

/// What is wrong with a tensor, if anything is.
pub(crate) fn difference(expected: &Tensor, found: &Tensor, precision: Precision) -> Option<String> {
    if expected.ty() != found.ty() {
        return Some(format!("{} for {}", found.ty(), expected.ty()));
    }
    let is_float = expected.dtype().is_float();
    if precision == Precision::Quantized && !is_float {
        let (expected, found) = (reals(expected), reals(found));
        let at = expected.iter().zip(&found).position(|(x, y)| (x - y).abs() > 1.0)?;
        return Some(format!("integer {at} is {} for {}", found[at], expected[at]));
    }
    if precision == Precision::Exact || !is_float {
        return (expected.bytes() != found.bytes()).then(|| "differs in its bits".to_owned());
    }
    let (expected, found) = (reals(expected), reals(found));
    let largest = expected.iter().filter(|x| x.is_finite()).fold(0.0f64, |largest, x| largest.max(x.abs()));
    // Graphs in fixtures round to f16, which has 11 bits, a few times.
    let tolerance = if precision == Precision::Widened { 4e-3 } else { 1e-5 };
    let is_close = |x: f64, y: f64| x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= tolerance * largest;
    let at = expected.iter().zip(&found).position(|(&x, &y)| !is_close(x, y))?;
    Some(format!("element {at} is {} for {}; the largest is {largest}", found[at], expected[at]))
}

/// Elements of floating-point types.
fn reals(tensor: &Tensor) -> Vec<f64> {
    let cast = Op::from(Cast::to(DType::F64)).eval(&[tensor]).unwrap_or_else(|error| panic!("{error}"));
    cast[0].values::<f64>().unwrap_or_else(|error| panic!("{error}")).into_owned()
}

/// What a snapshot holds: the graph after the pass, how many rewrites it took, and what names went.
pub(crate) fn show(after: &Graph, report: &Report) -> String {
    let mut text = format!("rewrites: {}\n", report.n_rewrites());
    for (gone, stays) in &report.aliases {
        let _ = writeln!(text, "%{gone} is %{stays}");
    }
    format!("{text}\n{after}")
}
