//! Random graphs.

use firebrick_ir::testing::{Options, graphs_with, inputs, networks};
use firebrick_ir::{Graph, Tensor, Value};
use proptest::prelude::*;

use crate::check::{check_graph, config};
use crate::each_value::check_each_value;

/// The graph for inputs of random elements, and these.
fn bound(graph: &Graph, seed: u64) -> (Graph, Vec<(String, Tensor)>) {
    let tensors = inputs(graph, seed);
    let graph = graph.bind(&tensors).expect("a symbol is of one size");
    let names = graph.inputs().iter().map(|&node| graph.value_name(Value { node, port: 0 }).to_owned());
    let named = names.map(|name| (name.clone(), tensors[&name].clone())).collect();
    (graph, named)
}

proptest! {
    #![proptest_config(config(24))]

    /// Networks as frontends write them.
    #[test]
    fn networks_give_what_the_evaluator_does(graph in networks(), seed in any::<u64>()) {
        let (graph, inputs) = bound(&graph, seed);
        check_graph(&graph, &inputs);
    }

    /// Every op there is, of every element type.
    #[test]
    fn each_value_is_what_its_op_makes_of_its_operands(
        graph in graphs_with(Options { missing: false, hints: false, ..Options::default() }),
        seed in any::<u64>(),
    ) {
        let (graph, inputs) = bound(&graph, seed);
        // A program is made for sizes that are known; how many objects are detected is not.
        prop_assume!(graph.nodes().all(|(_, node)| node.outputs.iter().all(|output| !output.ty.shape.is_symbolic())));
        check_each_value(&graph, &inputs);
    }
}
