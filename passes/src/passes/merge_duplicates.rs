use std::collections::HashMap;

use firebrick_ir::ops::{Const, Input, Return};
use firebrick_ir::{Family, Graph, NodeId, Op, Type, Value};

use crate::{Draft, Fault, Pass, Rewriter};

/// Common subexpressions: of nodes with the same op, attributes and operands, the first is kept; of equal constants
/// too, as long as it has no more than [`MAX_READERS`].
pub(crate) struct MergeDuplicates;

/// The readers that a constant may have. To take one away takes as long as there are readers, so that rewriting all
/// readers of one zero that thousands of layers share would take very long.
const MAX_READERS: usize = 256;

impl Pass for MergeDuplicates {
    fn name(&self) -> &'static str {
        "merge-duplicates"
    }

    fn description(&self) -> &'static str {
        "Keeps one of several nodes that compute the same, and of equal constants"
    }

    fn run(&self, graph: &mut Rewriter<'_>) -> Result<(), Fault> {
        merge_constants(graph)?;
        merge_nodes(graph)
    }
}

/// Nodes in the order of computation: when a node is met, equal operands are one already.
fn merge_nodes(graph: &mut Rewriter<'_>) -> Result<(), Fault> {
    let mut seen: HashMap<(&'static str, Vec<Value>), Vec<NodeId>> = HashMap::new();
    for id in graph.graph().schedule() {
        // A merge takes what only the other one read with it.
        if !graph.graph().contains(id) || is_source(&graph.graph().node(id).op) {
            continue;
        }
        let node = graph.graph().node(id);
        let alike = seen.entry((node.op.mnemonic(), graph.graph().operands(id))).or_default();
        match alike.iter().find(|&&other| is_same(graph.graph(), id, other)) {
            Some(&first) => merge(graph, id, first)?,
            None => alike.push(id),
        }
    }
    Ok(())
}

/// Whether two nodes with the same spelling and operands have the same attributes, to the bit: 0 is not −0 here.
fn is_same(graph: &Graph, a: NodeId, b: NodeId) -> bool {
    let (a, b) = (&graph.node(a).op, &graph.node(b).op);
    a == b && format!("{a:?}") == format!("{b:?}")
}

/// Constants of the same type that begin alike are compared by digest, and then by their bytes: most differ in their
/// first few.
fn merge_constants(graph: &mut Rewriter<'_>) -> Result<(), Fault> {
    let constants: Vec<NodeId> =
        graph.graph().schedule().into_iter().filter(|&id| elements(graph.graph(), id).is_some()).collect();
    let mut by_beginning: HashMap<(Type, Vec<u8>), Vec<NodeId>> = HashMap::new();
    for id in constants {
        let Some(bytes) = elements(graph.graph(), id) else { continue };
        let ty = graph.graph().node(id).outputs[0].ty.clone();
        by_beginning.entry((ty, bytes[..bytes.len().min(64)].to_vec())).or_default().push(id);
    }
    let mut groups: Vec<Vec<NodeId>> = by_beginning.into_values().filter(|group| group.len() > 1).collect();
    groups.sort_unstable();
    for group in groups {
        // The constant that others become, and its readers.
        let mut by_digest: HashMap<u64, (NodeId, usize)> = HashMap::new();
        for id in group {
            let value = Value { node: id, port: 0 };
            let Some(tensor) = graph.graph().as_const(value) else { continue };
            let (digest, n_readers) = (tensor.digest(), graph.graph().uses(value).len());
            match by_digest.get_mut(&digest) {
                Some((first, n_first))
                    if *n_first + n_readers <= MAX_READERS
                        && elements(graph.graph(), id) == elements(graph.graph(), *first) =>
                {
                    *n_first += n_readers;
                    merge(graph, id, *first)?;
                }
                Some(_) | None => {
                    by_digest.insert(digest, (id, n_readers));
                }
            }
        }
    }
    Ok(())
}

fn elements(graph: &Graph, id: NodeId) -> Option<&[u8]> {
    Const::of(&graph.node(id).op)?.tensor().map(|tensor| tensor.bytes().as_ref())
}

fn is_source(op: &Op) -> bool {
    Const::of(op).is_some() || Input::of(op).is_some() || Return::of(op).is_some()
}

fn merge(graph: &mut Rewriter<'_>, old: NodeId, first: NodeId) -> Result<(), Fault> {
    let mut draft = Draft::new(first);
    for port in 0..graph.graph().node(old).outputs.len() {
        draft = draft.replace(Value { node: old, port }, Value { node: first, port });
    }
    graph.apply(draft)?;
    Ok(())
}
