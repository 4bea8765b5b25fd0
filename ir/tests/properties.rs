//! What holds for every graph: valid ones are accepted, print and read back as they are, and run without panic;
//! spoilt texts are refused without panic.

use std::collections::{BTreeSet, HashSet};

use firebrick_ir::testing::{Options, graphs, graphs_with, inputs, networks};
use firebrick_ir::text::{WeightStore, parse};
use firebrick_ir::{EvalError, Evaluator, Graph, Op, Tensor, dot, verify};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Checks that the graph reads back as it is from its text.
fn check_round_trip(graph: &Graph) -> Result<(), TestCaseError> {
    let text = graph.to_string();
    match parse(&text, &WeightStore::of(graph)) {
        Ok(read) => {
            prop_assert_eq!(&read, graph, "{}", text);
            prop_assert_eq!(read.to_string(), text);
        }
        Err(error) => prop_assert!(false, "{error}\n{text}"),
    }
    Ok(())
}

/// What is wrong with an error, if anything is: only a graph that reads missing weights has no result, or one
/// whose values have none.
fn is_legitimate(error: &EvalError) -> bool {
    match error {
        EvalError::At { source, .. } => is_legitimate(source),
        EvalError::MissingWeights | EvalError::Domain(_) | EvalError::DType(_) | EvalError::Infer(_) => true,
        EvalError::MissingInput { .. }
        | EvalError::UnknownInput { .. }
        | EvalError::InputType { .. }
        | EvalError::Memory { .. }
        | EvalError::Tensor(_) => false,
    }
}

/// A change to a text: where, how many bytes go, what comes.
type Change = (prop::sample::Index, usize, &'static str);

fn changes() -> impl Strategy<Value = Vec<Change>> {
    const PIECES: &[&str] = &[
        "",
        "",
        "",
        "0",
        "9",
        "-",
        "99999999999999999999",
        "4294967296",
        "1e99",
        "NaN",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "\"",
        "\\",
        "%",
        ",",
        ":",
        "=",
        "#",
        "/",
        "//",
        "\n",
        " ",
        "é",
        "\u{1f525}",
        "\0",
        "%a",
        "relu",
        "const",
        "input",
        "return",
        "from",
        "missing",
        "random(1)",
        "splat(1)",
        "f32",
        "i64",
        "bool",
        "true",
        "none",
    ];
    prop::collection::vec((any::<prop::sample::Index>(), 0..6usize, prop::sample::select(PIECES)), 1..6)
}

/// The text with the changes made, at the nearest characters' boundaries.
fn spoil(text: &str, changes: &[Change]) -> String {
    let mut text = text.to_owned();
    for (at, n_bytes, piece) in changes {
        let start = text.floor_char_boundary(at.index(text.len() + 1));
        let end = text.ceil_char_boundary((start + n_bytes).min(text.len()));
        text.replace_range(start..end, piece);
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn valid_graphs_verify_and_read_back(graph in graphs()) {
        if let Err(errors) = verify(&graph) {
            prop_assert!(false, "{errors:?}\n{graph}");
        }
        check_round_trip(&graph)?;
    }

    #[test]
    fn graphs_evaluate(graph in graphs(), seed in any::<u64>()) {
        let verified = verify(&graph).expect("the strategy's graphs are valid");
        match Evaluator::new(verified).run(&inputs(&graph, seed)) {
            Ok(outputs) => {
                prop_assert_eq!(outputs.len(), graph.outputs().len());
                for (value, tensor) in graph.outputs().into_iter().zip(outputs) {
                    let (ty, dims) = (graph.ty(value), tensor.dims());
                    prop_assert_eq!(ty.dtype, tensor.dtype());
                    let agree = ty.shape.0.iter().zip(dims).all(|(dim, &n)| dim.fixed().is_none_or(|m| m == n as u64));
                    prop_assert!(agree && ty.shape.rank() == dims.len(), "{} is {ty}, but evaluates to {dims:?}", graph.value_name(value));
                }
            }
            Err(error) => prop_assert!(is_legitimate(&error), "{error}\n{graph}"),
        }
    }

    #[test]
    fn networks_evaluate_to_finite_numbers(graph in networks(), seed in any::<u64>()) {
        let verified = verify(&graph).expect("the strategy's graphs are valid");
        match Evaluator::new(verified).run(&inputs(&graph, seed)) {
            Ok(outputs) => {
                let is_finite = |tensor: &Tensor| tensor.values::<f32>().is_ok_and(|xs| xs.iter().all(|x| x.is_finite()));
                prop_assert!(outputs.iter().all(is_finite), "{graph}");
            }
            Err(error) => prop_assert!(false, "{error}\n{graph}"),
        }
    }

    #[test]
    fn spoilt_texts_never_panic(graph in graphs(), changes in changes()) {
        let text = spoil(&graph.to_string(), &changes);
        match parse(&text, &WeightStore::of(&graph)) {
            Ok(read) => {
                prop_assert!(verify(&read).is_ok());
                // A NaN among the attributes is not equal to itself, but prints as it is.
                let again = parse(&read.to_string(), &WeightStore::of(&read)).map(|graph| graph.to_string());
                prop_assert_eq!(again, Ok(read.to_string()));
            }
            Err(error) => {
                prop_assert!(text.get(error.span.clone()).is_some(), "{error}\n{text}");
                prop_assert!(error.line >= 1 && error.column >= 1);
            }
        }
    }

    #[test]
    fn any_text_is_refused_or_read(text in "\\PC{0,60}") {
        let _ = parse(&text, &());
    }

    #[test]
    fn drawings_are_well_formed(graph in graphs()) {
        for drawing in [dot::dot(&graph), dot::Dot::new(&graph).with_constants().to_string()] {
            check_dot(&drawing)?;
        }
    }
}

/// Checks that each line is a statement, once its strings are taken out.
fn check_dot(drawing: &str) -> Result<(), TestCaseError> {
    let lines: Vec<String> = drawing.lines().map(without_strings).collect();
    prop_assert!(lines.first().is_some_and(|line| line == "digraph S {"), "{}", drawing);
    prop_assert!(lines.last().is_some_and(|line| line == "}"), "{}", drawing);
    for line in &lines[1..lines.len() - 1] {
        let plain = |c: char| c.is_ascii_alphanumeric() || " _[]=,->;".contains(c);
        prop_assert!(line.starts_with("  n") || line.starts_with("  out"), "{line:?} in {drawing}");
        prop_assert!(line.ends_with(';') && line.chars().all(plain), "{line:?} in {drawing}");
    }
    Ok(())
}

/// The line with an `S` for each string.
fn without_strings(line: &str) -> String {
    let (mut plain, mut in_string, mut chars) = (String::new(), false, line.chars());
    while let Some(c) = chars.next() {
        match (c, in_string) {
            ('"', true) => {
                plain.push('S');
                in_string = false;
            }
            ('"', false) => in_string = true,
            ('\\', true) => drop(chars.next()),
            (_, true) => {}
            (c, false) => plain.push(c),
        }
    }
    plain
}

/// What some graphs have, and whether one does.
type Kind<'a> = (&'a str, &'a dyn Fn(&Graph) -> bool);

/// Some of the graphs of a strategy, the same each time.
fn sample(options: Options, n: usize) -> Vec<Graph> {
    let mut runner = TestRunner::deterministic();
    let strategy = graphs_with(options);
    (0..n).map(|_| strategy.new_tree(&mut runner).expect("nothing is rejected").current()).collect()
}

#[test]
fn graphs_are_of_all_kinds() {
    let sample = sample(Options::default(), 1200);
    let nodes = || sample.iter().flat_map(Graph::nodes).map(|(_, node)| node);
    let found: BTreeSet<&str> = nodes().map(|node| node.op.mnemonic()).collect();
    let all: BTreeSet<&str> = Op::FAMILIES.iter().flat_map(|(_, spellings)| spellings.iter().copied()).collect();
    assert_eq!(found, all, "every spelling of every op family is among random graphs");

    let shared = |graph: &Graph| {
        graph.nodes().any(|(node, op)| {
            (0..op.outputs.len()).any(|port| graph.uses(firebrick_ir::Value { node, port }).len() > 1)
        })
    };
    let is_dead = |graph: &Graph| {
        let order: HashSet<_> = graph.outputs().into_iter().map(|value| value.node).collect();
        graph.nodes().any(|(id, node)| {
            !node.outputs.is_empty()
                && !order.contains(&id)
                && (0..node.outputs.len()).all(|port| graph.uses(firebrick_ir::Value { node: id, port }).is_empty())
        })
    };
    let missing = |graph: &Graph| {
        graph.nodes().any(|(_, node)| matches!(&node.op, Op::Const(constant) if constant.tensor().is_none()))
    };
    let symbolic = |graph: &Graph| graph.inputs().iter().any(|&id| graph.node(id).outputs[0].ty.shape.is_symbolic());
    let kinds: [Kind<'_>; 6] = [
        ("a value that is read twice", &shared),
        ("a node that nothing needs", &is_dead),
        ("missing weights", &missing),
        ("a symbolic batch", &symbolic),
        ("several outputs", &|graph| graph.outputs().len() > 1),
        ("a node of known origin", &|graph| graph.nodes().any(|(_, node)| node.origin.is_some())),
    ];
    for (what, holds) in kinds {
        let n = sample.iter().filter(|graph| holds(graph)).count();
        assert!(n >= 20, "{what}: only {n} of {} random graphs have it", sample.len());
    }
}

#[test]
fn most_graphs_with_all_weights_evaluate() {
    let sample = sample(Options { missing: false, ..Options::default() }, 200);
    let runs = |graph: &&Graph| {
        let verified = verify(graph).expect("the strategy's graphs are valid");
        Evaluator::new(verified).run(&inputs(graph, 1)).is_ok()
    };
    let n = sample.iter().filter(runs).count();
    assert!(n * 10 > sample.len() * 7, "only {n} of {} random graphs evaluate", sample.len());
}
