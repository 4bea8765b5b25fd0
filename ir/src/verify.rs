//! The verifier: the crate's numbered invariants, each checked, all violations reported.

use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::sync::Arc;

use thiserror::Error;

use crate::hints::{broken_regions, slice_of};
use crate::{Graph, InferError, NodeId, Op, Type, Value};

/// A graph that [`verify`] found no fault in. It cannot be made otherwise, so what takes it is never handed less.
#[derive(Debug, Clone, Copy)]
pub struct Verified<'g>(&'g Graph);

impl Deref for Verified<'_> {
    type Target = Graph;

    fn deref(&self) -> &Graph {
        self.0
    }
}

impl<'g> Verified<'g> {
    /// The graph itself, for as long as it is borrowed.
    pub fn graph(self) -> &'g Graph {
        self.0
    }
}

/// A violated invariant.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum VerifyError {
    /// Invariant 1.
    #[error("the graph has a cycle through `{0}`")]
    Cycle(String),
    /// Invariant 2.
    #[error("`{node}`: operands are in slots {slots:?}, but should be in 0, 1, ... without a gap")]
    Slots {
        /// The node, by its first result.
        node: String,
        /// The slots in use, ordered.
        slots: Vec<usize>,
    },
    /// Invariant 3.
    #[error("`{node}`: operand {slot} is result {port} of `{source_node}`, which has {n_results}")]
    Port {
        /// The node that reads.
        node: String,
        /// Its operand's slot.
        slot: usize,
        /// The port that the edge names.
        port: usize,
        /// The node that is read.
        source_node: String,
        /// How many results that one has.
        n_results: usize,
    },
    /// Invariants 2 and 4: the operands do not fit the op.
    #[error("`{node}`: {source}")]
    Infer {
        /// The node, by its first result.
        node: String,
        /// What does not fit.
        source: InferError,
    },
    /// Invariant 4.
    #[error("`{node}`: the stored types are {stored}, but the op infers {inferred}", stored = list(.stored), inferred = list(.inferred))]
    Types {
        /// The node, by its first result.
        node: String,
        /// The types stored.
        stored: Vec<Type>,
        /// The types inferred.
        inferred: Vec<Type>,
    },
    /// Invariant 5.
    #[error("{count} values are named `{name}`")]
    Name {
        /// The name, which may be empty.
        name: String,
        /// How many values have it.
        count: usize,
    },
    /// Invariant 7.
    #[error("{0}")]
    Ends(String),
    /// Invariant 8.
    #[error("`{0}` is marked `in_place`, but isn't a slice of exactly one other value")]
    InPlace(String),
    /// Invariant 8.
    #[error("a path leads out of a region and back into it: {}", quoted(.0))]
    Region(Vec<Arc<str>>),
}

fn list(types: &[Type]) -> String {
    types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn quoted(names: &[Arc<str>]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Checks all invariants of the graph.
///
/// # Errors
/// Every violation found. (Invariant 6 holds by construction: a [`Tensor`](crate::Tensor) can't be made otherwise.)
pub fn verify(graph: &Graph) -> Result<Verified<'_>, Vec<VerifyError>> {
    let mut errors = Vec::new();
    let order = graph.schedule();
    check_order(graph, &order, &mut errors);
    for &id in &order {
        if check_edges(graph, id, &mut errors) {
            check_types(graph, id, &mut errors);
        }
    }
    check_names(graph, &mut errors);
    check_ends(graph, &mut errors);
    check_hints(graph, &order, &mut errors);
    if errors.is_empty() { Ok(Verified(graph)) } else { Err(errors) }
}

fn name(graph: &Graph, id: NodeId) -> String {
    let node = graph.node(id);
    node.outputs.first().map_or_else(|| node.op.mnemonic().to_owned(), |output| output.name.clone())
}

/// Invariant 1: in a post-order walk of an acyclic graph every operand comes before its reader.
fn check_order(graph: &Graph, order: &[NodeId], errors: &mut Vec<VerifyError>) {
    let mut seen = HashSet::new();
    for &id in order {
        if graph.in_edges(id).any(|(source, _)| !seen.contains(&source)) {
            errors.push(VerifyError::Cycle(name(graph, id)));
        }
        seen.insert(id);
    }
    if let Some((id, _)) = graph.nodes().find(|(id, _)| !seen.contains(id)) {
        errors.push(VerifyError::Cycle(name(graph, id)));
    }
}

/// Invariants 2 and 3. Whether the types can be checked next.
fn check_edges(graph: &Graph, id: NodeId, errors: &mut Vec<VerifyError>) -> bool {
    let n_errors = errors.len();
    let mut slots: Vec<usize> = graph.in_edges(id).map(|(_, edge)| edge.slot).collect();
    slots.sort_unstable();
    if slots.iter().enumerate().any(|(i, &slot)| i != slot) {
        errors.push(VerifyError::Slots { node: name(graph, id), slots });
    }
    for (source, edge) in graph.in_edges(id) {
        let n_results = graph.node(source).outputs.len();
        if edge.port >= n_results {
            let (node, source_node) = (name(graph, id), name(graph, source));
            errors.push(VerifyError::Port { node, slot: edge.slot, port: edge.port, source_node, n_results });
        }
    }
    errors.len() == n_errors
}

/// Invariants 2 and 4.
fn check_types(graph: &Graph, id: NodeId, errors: &mut Vec<VerifyError>) {
    let node = graph.node(id);
    let operands = graph.operands(id);
    let types: Vec<&Type> = operands.iter().map(|&value| graph.ty(value)).collect();
    match node.op.infer(&types) {
        Err(source) => errors.push(VerifyError::Infer { node: name(graph, id), source }),
        Ok(inferred) => {
            let stored: Vec<Type> = node.outputs.iter().map(|output| output.ty.clone()).collect();
            if stored != inferred {
                errors.push(VerifyError::Types { node: name(graph, id), stored, inferred });
            }
        }
    }
}

/// Invariant 5.
fn check_names(graph: &Graph, errors: &mut Vec<VerifyError>) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (id, node) in graph.nodes() {
        for (port, output) in node.outputs.iter().enumerate() {
            *counts.entry(&output.name).or_default() += 1;
            if graph.find(&output.name) != Some(Value { node: id, port }) {
                errors.push(VerifyError::Name { name: output.name.clone(), count: 2 });
            }
        }
    }
    let mut repeated: Vec<_> = counts.into_iter().filter(|&(name, count)| count > 1 || name.is_empty()).collect();
    repeated.sort_unstable();
    errors.extend(repeated.into_iter().map(|(name, count)| VerifyError::Name { name: name.to_owned(), count }));
}

/// Invariant 7.
fn check_ends(graph: &Graph, errors: &mut Vec<VerifyError>) {
    let count = |want: fn(&Op) -> bool| graph.nodes().filter(|(_, node)| want(&node.op)).count();
    if count(|op| matches!(op, Op::Return(_))) != 1 {
        errors.push(VerifyError::Ends("there should be exactly one `return`".to_owned()));
    }
    let inputs: HashSet<NodeId> = graph.inputs().iter().copied().collect();
    let listed = graph.inputs().iter().all(|&id| matches!(graph.node(id).op, Op::Input(_)));
    if !listed || inputs.len() != graph.inputs().len() || inputs.len() != count(|op| matches!(op, Op::Input(_))) {
        errors.push(VerifyError::Ends("the list of inputs does not match the `input` nodes".to_owned()));
    }
}

/// Invariant 8.
fn check_hints(graph: &Graph, order: &[NodeId], errors: &mut Vec<VerifyError>) {
    let marked = order.iter().filter(|&&id| graph.node(id).hints.in_place);
    let misplaced = marked.filter(|&&id| slice_of(graph, id).is_none());
    errors.extend(misplaced.map(|&id| VerifyError::InPlace(name(graph, id))));
    if errors.is_empty() {
        errors.extend(broken_regions(graph).into_iter().map(VerifyError::Region));
    }
}
