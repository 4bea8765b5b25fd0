//! The graph: nodes, values, uses.

mod bind;
mod edit;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use petgraph::Direction;
use petgraph::stable_graph::{EdgeIndex, NodeIndex, StableDiGraph};
use petgraph::visit::EdgeRef;
use thiserror::Error;

use crate::ops::{Const, Input, Return};
use crate::{Hints, InferError, Op, Tensor, Type};

/// A node of one graph. petgraph gives freed indices out again; the serial number tells the node that an index had
/// from the one that has it now, so that the id of a removed node never comes to mean another one. Ids are ordered
/// as their nodes were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId {
    serial: u64,
    index: NodeIndex,
}

/// One result of one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value {
    /// The node that computes it.
    pub node: NodeId,
    /// Which of its results.
    pub port: usize,
}

/// A use of a value: result `port` of the source is operand `slot` of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The result at the source.
    pub port: usize,
    /// The operand at the target.
    pub slot: usize,
}

/// The layer of a source model that a node came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Its type there: `Convolution`, `Conv`.
    pub kind: Arc<str>,
    /// Its name there.
    pub name: Arc<str>,
}

/// A result's name and type.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Unique in the graph: a Caffe blob's name, an ONNX value's name.
    pub name: String,
    /// As inferred from the operands.
    pub ty: Type,
}

/// An op in the graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it computes.
    pub op: Op,
    /// Its results.
    pub outputs: Vec<Output>,
    /// What a backend may make use of.
    pub hints: Hints,
    /// Where it came from, if from a layer.
    pub origin: Option<Origin>,
}

impl Node {
    fn new(op: Op, outputs: Vec<Output>) -> Self {
        Node { op, outputs, hints: Hints::default(), origin: None }
    }
}

/// What petgraph keeps of a node.
#[derive(Debug, Clone)]
struct Entry {
    serial: u64,
    node: Node,
}

/// Why a node could not be added or changed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum GraphError {
    /// The operands do not fit the op.
    #[error("`{op}`: {source}")]
    Infer {
        /// The op's spelling.
        op: &'static str,
        /// What does not fit.
        source: InferError,
    },
    /// As many names as results are needed.
    #[error("`{op}` has {expected} results, but {found} names were given")]
    Names {
        /// The op's spelling.
        op: &'static str,
        /// Its results.
        expected: usize,
        /// The names given.
        found: usize,
    },
    /// Another value has that name.
    #[error("there is already a value named `{0}`")]
    DuplicateName(String),
    /// A name has at least one character.
    #[error("a value's name is empty")]
    EmptyName,
    /// A value was replaced by one of another type.
    #[error("`{name}` is {expected}, and cannot be replaced by a value of type {found}")]
    Replace {
        /// The value to be replaced.
        name: String,
        /// Its type.
        expected: Type,
        /// The replacement's type.
        found: Type,
    },
}

/// A network. See the crate's documentation for the model and its invariants.
#[derive(Debug, Clone)]
pub struct Graph {
    /// The network's name; may be empty.
    pub name: String,
    nodes: StableDiGraph<Entry, Edge>,
    /// The number of nodes ever added.
    n_added: u64,
    inputs: Vec<NodeId>,
    ret: NodeId,
    names: HashMap<String, Value>,
}

impl Default for Graph {
    fn default() -> Self {
        Graph::new("")
    }
}

impl Graph {
    /// A graph without inputs and outputs.
    pub fn new(name: impl Into<String>) -> Self {
        let mut nodes = StableDiGraph::new();
        let node = Node::new(Return {}.into(), Vec::new());
        let ret = NodeId { serial: 0, index: nodes.add_node(Entry { serial: 0, node }) };
        Graph { name: name.into(), nodes, n_added: 1, inputs: Vec::new(), ret, names: HashMap::new() }
    }

    /// Adds a node; `names` are those of its results.
    ///
    /// # Errors
    /// If the operands do not fit the op, or a name is taken, empty, missing or too many.
    pub fn add<S: Into<String>>(
        &mut self,
        op: impl Into<Op>,
        operands: &[Value],
        names: impl IntoIterator<Item = S>,
    ) -> Result<NodeId, GraphError> {
        let op = op.into();
        let types = self.infer(&op, operands)?;
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if names.len() != types.len() {
            return Err(GraphError::Names { op: op.mnemonic(), expected: types.len(), found: names.len() });
        }
        let mut fresh = HashSet::new();
        for name in &names {
            if name.is_empty() {
                return Err(GraphError::EmptyName);
            }
            if self.names.contains_key(name) || !fresh.insert(name.clone()) {
                return Err(GraphError::DuplicateName(name.clone()));
            }
        }
        let is_input = matches!(op, Op::Input(_));
        let outputs = names.into_iter().zip(types).map(|(name, ty)| Output { name, ty }).collect();
        let serial = self.n_added;
        self.n_added += 1;
        let index = self.nodes.add_node(Entry { serial, node: Node::new(op, outputs) });
        let id = NodeId { serial, index };
        for (port, output) in self.nodes[index].node.outputs.iter().enumerate() {
            self.names.insert(output.name.clone(), Value { node: id, port });
        }
        for (slot, value) in operands.iter().enumerate() {
            self.nodes.add_edge(value.node.index, index, Edge { port: value.port, slot });
        }
        if is_input {
            self.inputs.push(id);
        }
        Ok(id)
    }

    /// Adds a node with one result.
    ///
    /// # Errors
    /// As [`Graph::add`].
    pub fn value(
        &mut self,
        op: impl Into<Op>,
        operands: &[Value],
        name: impl Into<String>,
    ) -> Result<Value, GraphError> {
        Ok(Value { node: self.add(op, operands, [name.into()])?, port: 0 })
    }

    /// Adds a graph input.
    ///
    /// # Errors
    /// If the name is taken or empty.
    pub fn input(&mut self, name: impl Into<String>, ty: Type) -> Result<Value, GraphError> {
        self.value(Input { ty }, &[], name)
    }

    /// Adds a constant.
    ///
    /// # Errors
    /// If the name is taken or empty.
    pub fn constant(&mut self, name: impl Into<String>, tensor: Tensor) -> Result<Value, GraphError> {
        self.value(Const::new(tensor), &[], name)
    }

    /// Adds a graph output.
    pub fn output(&mut self, value: Value) {
        let slot = self.in_edges(self.ret).count();
        self.nodes.add_edge(value.node.index, self.ret.index, Edge { port: value.port, slot });
    }

    /// `base`, or `base.1`, `base.2` and so on: one that no value is named, the first if the numbers in use have no gap.
    pub fn fresh_name(&self, base: &str) -> String {
        if !self.names.contains_key(base) && !base.is_empty() {
            return base.to_owned();
        }
        let numbered = |n: u64| format!("{base}.{n}");
        let is_taken = |n: u64| self.names.contains_key(&numbered(n));
        // Thousands of values may share a base: doubling and halving look at a few names only.
        let mut free = 1;
        while is_taken(free) {
            free *= 2;
        }
        let mut taken = free / 2;
        while free - taken > 1 {
            let middle = taken + (free - taken) / 2;
            if is_taken(middle) { taken = middle } else { free = middle }
        }
        numbered(free)
    }

    /// The node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.entry(id).node
    }

    /// Whether the node is still there.
    pub fn contains(&self, id: NodeId) -> bool {
        self.nodes.node_weight(id.index).is_some_and(|entry| entry.serial == id.serial)
    }

    fn entry(&self, id: NodeId) -> &Entry {
        let entry = &self.nodes[id.index];
        debug_assert_eq!(entry.serial, id.serial, "the node was removed");
        entry
    }

    fn id(&self, index: NodeIndex) -> NodeId {
        NodeId { serial: self.nodes[index].serial, index }
    }

    /// All nodes, in no order that means anything.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.node_indices().map(|index| (self.id(index), &self.nodes[index].node))
    }

    /// The number of nodes, the return node among them.
    pub fn n_nodes(&self) -> usize {
        self.nodes.node_count()
    }

    /// The return node.
    pub fn ret(&self) -> NodeId {
        self.ret
    }

    /// The graph's inputs, in their order.
    pub fn inputs(&self) -> &[NodeId] {
        &self.inputs
    }

    /// The graph's outputs, in their order.
    pub fn outputs(&self) -> Vec<Value> {
        self.operands(self.ret)
    }

    /// The node's operands by slot.
    pub fn operands(&self, id: NodeId) -> Vec<Value> {
        let mut operands: Vec<(usize, Value)> = self
            .nodes
            .edges_directed(id.index, Direction::Incoming)
            .map(|edge| (edge.weight().slot, Value { node: self.id(edge.source()), port: edge.weight().port }))
            .collect();
        operands.sort_by_key(|&(slot, _)| slot);
        operands.into_iter().map(|(_, value)| value).collect()
    }

    /// Who reads the value: node and slot, ordered by slot within a node.
    pub fn uses(&self, value: Value) -> Vec<(NodeId, usize)> {
        let mut uses: Vec<_> = self.use_edges(value).into_iter().map(|(_, user, slot)| (user, slot)).collect();
        uses.sort_unstable();
        uses
    }

    /// Whether anything reads one of the node's results.
    pub fn has_uses(&self, id: NodeId) -> bool {
        self.nodes.edges(id.index).next().is_some()
    }

    /// Whether exactly one operand in the graph is a result of that node: what may be taken apart with its reader.
    pub fn has_one_use(&self, id: NodeId) -> bool {
        // Not by counting: a value may have thousands of readers.
        let mut edges = self.nodes.edges(id.index);
        edges.next().is_some() && edges.next().is_none()
    }

    /// Whether the value is one of the graph's outputs.
    pub fn is_output(&self, value: Value) -> bool {
        let edges = self.nodes.edges_directed(self.ret.index, Direction::Incoming);
        edges.into_iter().any(|edge| edge.source() == value.node.index && edge.weight().port == value.port)
    }

    fn use_edges(&self, value: Value) -> Vec<(EdgeIndex, NodeId, usize)> {
        let edges = self.nodes.edges(value.node.index).filter(|edge| edge.weight().port == value.port);
        edges.map(|edge| (edge.id(), self.id(edge.target()), edge.weight().slot)).collect()
    }

    /// The raw slots of a node's incoming edges, for the verifier.
    pub(crate) fn in_edges(&self, id: NodeId) -> impl Iterator<Item = (NodeId, Edge)> + '_ {
        let edges = self.nodes.edges_directed(id.index, Direction::Incoming);
        edges.map(|edge| (self.id(edge.source()), *edge.weight()))
    }

    /// The value's type.
    pub fn ty(&self, value: Value) -> &Type {
        &self.node(value.node).outputs[value.port].ty
    }

    /// The value's name.
    pub fn value_name(&self, value: Value) -> &str {
        &self.node(value.node).outputs[value.port].name
    }

    /// The value of that name.
    pub fn find(&self, name: &str) -> Option<Value> {
        self.names.get(name).copied()
    }

    /// The constant's elements, if the value is a constant that has them.
    pub fn as_const(&self, value: Value) -> Option<&Tensor> {
        if let Op::Const(constant) = &self.node(value.node).op { constant.tensor() } else { None }
    }

    /// Infers an op's result types from the operands' types.
    fn infer(&self, op: &Op, operands: &[Value]) -> Result<Vec<Type>, GraphError> {
        let types: Vec<&Type> = operands.iter().map(|&value| self.ty(value)).collect();
        op.infer(&types).map_err(|source| GraphError::Infer { op: op.mnemonic(), source })
    }

    /// Every node after its operands: a post-order walk from the graph's outputs, then from whatever else has no
    /// reader, by name; the return node is last. It depends on names and edges only, so equal graphs give equal
    /// orders. Of a graph with a cycle, it is some order of all nodes.
    pub fn schedule(&self) -> Vec<NodeId> {
        let mut walk = Walk { graph: self, seen: HashSet::new(), order: Vec::with_capacity(self.n_nodes()) };
        for &input in &self.inputs {
            walk.visit(input);
        }
        for value in self.outputs() {
            walk.visit(value.node);
        }
        let mut rest: Vec<NodeId> = self.nodes().map(|(id, _)| id).filter(|&id| !self.has_uses(id)).collect();
        rest.sort_by_key(|&id| self.node(id).outputs.first().map(|output| output.name.as_str()));
        for id in rest {
            if id != self.ret {
                walk.visit(id);
            }
        }
        walk.visit(self.ret);
        walk.order
    }
}

/// Equal names, ops, types, hints, origins and connections; the order in which nodes were added does not count.
impl PartialEq for Graph {
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.schedule(), other.schedule());
        let names = |graph: &Self, values: Vec<Value>| -> Vec<String> {
            values.into_iter().map(|value| graph.value_name(value).to_owned()).collect()
        };
        self.name == other.name
            && ours.len() == theirs.len()
            && ours.len() == self.n_nodes()
            && other.n_nodes() == self.n_nodes()
            && ours.iter().zip(&theirs).all(|(&a, &b)| {
                self.node(a) == other.node(b) && names(self, self.operands(a)) == names(other, other.operands(b))
            })
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::text::print(self, f)
    }
}

/// A post-order walk without recursion, since a network may be deeper than the stack.
struct Walk<'g> {
    graph: &'g Graph,
    /// Nodes that are in the order, or will be when their operands are.
    seen: HashSet<NodeId>,
    order: Vec<NodeId>,
}

impl Walk<'_> {
    fn visit(&mut self, root: NodeId) {
        let mut stack = vec![(root, false)];
        while let Some((id, operands_done)) = stack.pop() {
            if operands_done {
                self.order.push(id);
            } else if self.seen.insert(id) {
                stack.push((id, true));
                stack.extend(self.graph.operands(id).into_iter().rev().map(|value| (value.node, false)));
            }
        }
    }
}
