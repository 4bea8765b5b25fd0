use firebrick_ir::testing::{inputs, networks};
use proptest::prelude::*;

use crate::check::check_graph;

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Networks as frontends write them.
    #[test]
    fn networks_give_what_the_evaluator_does(graph in networks(), seed in any::<u64>()) {
        // Programs are made for sizes that are known.
        prop_assume!(graph.nodes().all(|(_, node)| node.outputs.iter().all(|output| !output.ty.shape.is_symbolic())));
        let tensors = inputs(&graph, seed);
        let names = graph.inputs().iter().map(|&node| graph.node(node).outputs[0].name.clone());
        let named: Vec<_> = names.map(|name| (name.clone(), tensors[&name].clone())).collect();
        check_graph(&graph, &named);
    }
}
