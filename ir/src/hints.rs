//! Hints: what a backend may make use of when it plans a node. No value depends on them.

use std::collections::HashMap;
use std::sync::Arc;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::{Graph, NodeId, Op, Value};

/// What is known of a node beyond what it computes. A backend may ignore it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Hints {
    /// Its result may be computed where the concatenation that reads it has it: see [`slice_of`].
    pub in_place: bool,
    /// The nodes of a region can be run as one unit, with nothing else in between.
    pub region: Option<Arc<str>>,
}

/// The node that has this one's result as a part of its own (a `concat`, or an `expand` that copies it; a `q_concat`,
/// which may requantize it), and the operand's slot there.
///
/// `None` unless the node has one result, of which there is exactly one such reader and slot, and which is no output of
/// the graph: it can't be in two places. Others may read it too.
pub fn slice_of(graph: &Graph, id: NodeId) -> Option<(NodeId, usize)> {
    let [_] = graph.node(id).outputs.as_slice() else { return None };
    let uses = graph.uses(Value { node: id, port: 0 });
    let mut slices = uses.iter().copied().filter(|&(user, slot)| has_slice(&graph.node(user).op, slot));
    let first = slices.next()?;
    let returned = uses.iter().any(|&(user, _)| user == graph.ret());
    (slices.next().is_none() && !returned).then_some(first)
}

impl Graph {
    /// Takes away the hints that can't be followed any more, as after a change of the graph. The graph is acyclic.
    pub fn drop_broken_hints(&mut self) {
        let broken = broken_regions(self).concat();
        let ids: Vec<NodeId> = self.nodes().map(|(id, _)| id).collect();
        for id in ids {
            let hints = self.node(id).hints.clone();
            let in_place = hints.in_place && slice_of(self, id).is_some();
            let region = hints.region.filter(|region| !broken.contains(region));
            self.set_hints(id, Hints { in_place, region });
        }
    }
}

/// Whether the operand in that slot is a part of the op's result.
fn has_slice(op: &Op, slot: usize) -> bool {
    if let Op::Expand(expand) = op { expand.copies_slot(slot) } else { matches!(op, Op::Concat(_) | Op::QConcat(_)) }
}

/// The regions that can't be run as units, together with those in whose way they are: a path leads out and back in.
/// The graph itself is acyclic.
pub(crate) fn broken_regions(graph: &Graph) -> Vec<Vec<Arc<str>>> {
    if graph.nodes().all(|(_, node)| node.hints.region.is_none()) {
        return Vec::new();
    }
    let units = units(graph);
    let mut broken: Vec<Vec<Arc<str>>> = kosaraju_scc(&units)
        .into_iter()
        .filter(|cycle| cycle.len() > 1)
        .map(|cycle| {
            let mut names: Vec<Arc<str>> = cycle.into_iter().filter_map(|unit| units[unit].clone()).collect();
            names.sort_unstable();
            names
        })
        .collect();
    broken.sort_unstable();
    broken
}

/// The graph with one node in place of each region.
fn units(graph: &Graph) -> DiGraph<Option<Arc<str>>, ()> {
    let mut units = DiGraph::new();
    let mut regions: HashMap<Arc<str>, NodeIndex> = HashMap::new();
    let mut unit_of: HashMap<NodeId, NodeIndex> = HashMap::new();
    for (id, node) in graph.nodes() {
        let unit = match &node.hints.region {
            Some(name) => *regions.entry(name.clone()).or_insert_with(|| units.add_node(Some(name.clone()))),
            None => units.add_node(None),
        };
        unit_of.insert(id, unit);
    }
    for (id, _) in graph.nodes() {
        for (source, _) in graph.in_edges(id) {
            let (source, target) = (unit_of[&source], unit_of[&id]);
            if source != target {
                units.add_edge(source, target, ());
            }
        }
    }
    units
}
