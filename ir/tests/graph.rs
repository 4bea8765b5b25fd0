//! Changes to a graph: names, uses, removals.

use std::collections::HashMap;

use firebrick_ir::ops::{Identity, Unary, UnaryFn};
use firebrick_ir::text::parse;
use firebrick_ir::{Graph, GraphError, Tensor, Type, Value, verify};

/// `x` and its copies `x.1` to `x.n`, of which the last is the output.
fn chain(n: usize) -> (Graph, Vec<Value>) {
    let mut graph = Graph::new("chain");
    let mut values = vec![graph.input("x", Type::f32(&[2])).expect("the name is free")];
    for i in 1..=n {
        let value = graph.value(Identity {}, &[values[i - 1]], format!("x.{i}")).expect("the name is free");
        values.push(value);
    }
    graph.output(values[n]);
    (graph, values)
}

#[test]
fn fresh_names_follow_those_in_use() {
    for n in 0..70 {
        let (graph, _) = chain(n);
        assert_eq!(graph.fresh_name("x"), format!("x.{}", n + 1));
    }
    assert_eq!(chain(3).0.fresh_name("y"), "y");
}

#[test]
fn uses_move_to_a_value_of_the_same_type() {
    let (mut graph, values) = chain(2);
    let relu = graph.value(Unary(UnaryFn::Relu {}), &[values[0]], "relu").expect("the name is free");
    graph.replace_uses(values[2], relu).expect("the types are equal");
    assert_eq!(graph.outputs(), [relu]);
    assert!(graph.uses(values[2]).is_empty());

    let other = graph.input("other", Type::f32(&[3])).expect("the name is free");
    assert!(matches!(graph.replace_uses(relu, other), Err(GraphError::Replace { .. })));
    assert!(verify(&graph).is_ok());
}

#[test]
fn only_what_nobody_reads_is_removed() {
    let (mut graph, values) = chain(2);
    assert!(!graph.remove(values[1].node), "x.2 reads it");
    assert!(!graph.remove(graph.ret()));
    let dead = graph.value(Identity {}, &[values[0]], "dead").expect("the name is free");
    assert!(graph.remove(dead.node));
    assert_eq!(graph.find("dead"), None);
    assert!(verify(&graph).is_ok());
}

#[test]
fn names_are_unique() {
    let (mut graph, values) = chain(1);
    assert_eq!(graph.rename(values[1], "x"), Err(GraphError::DuplicateName("x".to_owned())));
    assert_eq!(graph.rename(values[1], ""), Err(GraphError::EmptyName));
    graph.rename(values[1], "y").expect("the name is free");
    assert_eq!(graph.find("y"), Some(values[1]));
    assert_eq!(graph.find("x.1"), None);
}

#[test]
fn a_new_value_takes_over_a_name() {
    let (mut graph, values) = chain(1);
    let relu = graph.value(Unary(UnaryFn::Relu {}), &[values[0]], "new").expect("the name is free");
    graph.replace_uses(values[1], relu).expect("the types are equal");
    graph.swap_names(relu, values[1]);
    assert_eq!((graph.find("x.1"), graph.find("new")), (Some(relu), Some(values[1])));
    assert!(verify(&graph).is_ok());
    assert!(graph.remove(values[1].node));
    assert_eq!((graph.find("x.1"), graph.find("new")), (Some(relu), None));
    assert!(verify(&graph).is_ok());
}

#[test]
fn ids_of_removed_nodes_mean_no_other_node() {
    let (mut graph, values) = chain(1);
    let dead = graph.value(Identity {}, &[values[0]], "dead").expect("the name is free");
    assert!(graph.remove(dead.node));
    let next = graph.value(Identity {}, &[values[0]], "next").expect("the name is free");
    assert_ne!(dead.node, next.node);
    assert!(!graph.contains(dead.node) && graph.contains(next.node));
    assert!(!graph.remove(dead.node), "it is gone");
    assert!(graph.find("next").is_some());
}

#[test]
fn uses_are_counted_over_all_results() {
    let (mut graph, values) = chain(1);
    assert!(graph.has_one_use(values[0].node) && graph.has_one_use(values[1].node));
    assert!(!graph.is_output(values[0]) && graph.is_output(values[1]));
    graph.output(values[0]);
    assert!(!graph.has_one_use(values[0].node) && graph.is_output(values[0]));
}

#[test]
fn sizes_take_the_place_of_symbols() {
    let source = r#"graph "batch" { %unused = input : f32[1] %x = input : f32[N, 3] %w = const random(1) : f32[3]
        %y = add(%x, %w) : f32[N, 3] from Eltwise "sum" %z = slice(%y) axes=[1] starts=[0] counts=[2] steps=[1] region sums
        return %z, %x }"#;
    let graph = parse(source, &()).expect("the text is right");
    let x = Tensor::from_vec(&[4, 3], vec![0.0f32; 12]).expect("there are as many elements");
    let bound = graph.bind(&HashMap::from([("x".to_owned(), x)])).expect("the sizes fit");
    assert_eq!(bound.to_string(), graph.to_string().replace("[N, ", "[4, "));
    assert!(verify(&bound).is_ok());
}
