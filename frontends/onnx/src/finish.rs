//! What is left to do when every node was translated.

use std::collections::{BTreeMap, HashSet};

use firebrick_ir::{Graph, Op, Value};

/// Removes what no output needs: weights that became attributes, the steps that computed shapes, results that nobody
/// reads. The graph's inputs stay.
pub(crate) fn prune(graph: &mut Graph) {
    for id in graph.schedule().into_iter().rev() {
        if !matches!(graph.node(id).op, Op::Input(_)) {
            graph.remove(id);
        }
    }
}

/// The numbers in weights, by the name of the first node that reads them. `weights` are their names; integers are none.
pub(crate) fn parameters(graph: &Graph, weights: &HashSet<String>) -> BTreeMap<String, u64> {
    let mut parameters = BTreeMap::new();
    let mut counted: HashSet<Value> = HashSet::new();
    for id in graph.schedule() {
        let Some(origin) = &graph.node(id).origin else { continue };
        for value in graph.operands(id) {
            let ty = graph.ty(value);
            let is_weight = ty.dtype.is_float() && weights.contains(graph.value_name(value));
            if is_weight && counted.insert(value) {
                *parameters.entry(origin.name.to_string()).or_default() += ty.shape.n_elements().unwrap_or(0);
            }
        }
    }
    parameters
}
