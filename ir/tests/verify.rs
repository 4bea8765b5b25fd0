//! The verifier on graphs that the parser would not make.

use firebrick_ir::ops::{Return, Unary, UnaryFn};
use firebrick_ir::text::parse;
use firebrick_ir::{Graph, Value, verify};
use insta::assert_snapshot;

/// `%a`, `%b` = relu, `%c` = relu, returned.
fn chain() -> Graph {
    let text = r#"graph "" { %a = input : f32[2] %b = relu(%a) %c = relu(%b) return %c }"#;
    parse(text, &()).expect("the text is a graph")
}

fn value(graph: &Graph, name: &str) -> Value {
    graph.find(name).expect("the chain has that value")
}

/// All errors of the graph, a line each.
fn errors(graph: &Graph) -> String {
    let errors = verify(graph).expect_err("the graph is not valid");
    errors.iter().map(|error| format!("{error}\n")).collect()
}

#[test]
fn valid_graph() {
    let graph = chain();
    let verified = verify(&graph).expect("the graph is valid");
    assert_eq!(verified.graph().n_nodes(), 4);
}

#[test]
fn cycle() {
    let mut graph = chain();
    graph.replace_uses(value(&graph, "a"), value(&graph, "c")).expect("the types are the same");
    assert_snapshot!(errors(&graph));
    // Printing and drawing it still works, since that is how the fault is found.
    assert_snapshot!(graph);
    assert_snapshot!(firebrick_ir::dot::dot(&graph));
}

#[test]
fn cycle_apart_from_the_outputs() {
    let mut graph = chain();
    let (a, b, c) = (value(&graph, "a"), value(&graph, "b"), value(&graph, "c"));
    let d = graph.value(Unary(UnaryFn::Abs {}), &[a], "d").expect("the name is free");
    graph.replace_uses(c, d).expect("the types are the same");
    let e = graph.value(Unary(UnaryFn::Abs {}), &[c], "e").expect("the name is free");
    graph.replace_uses(a, e).expect("the types are the same");
    graph.replace_uses(b, e).expect("the types are the same");
    assert_snapshot!(errors(&graph));
}

#[test]
fn port_without_result() {
    let mut graph = chain();
    graph.output(Value { port: 3, ..value(&graph, "b") });
    assert_snapshot!(errors(&graph));
    assert_snapshot!(graph);
}

#[test]
fn two_returns() {
    let mut graph = chain();
    let b = value(&graph, "b");
    graph.add(Return {}, &[b], [""; 0]).expect("a return has no names");
    assert_snapshot!(errors(&graph));
    assert_snapshot!(graph);
}
