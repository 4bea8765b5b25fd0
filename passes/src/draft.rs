//! What a rule proposes: new nodes, and which values they take the place of.

use firebrick_ir::ops::Const;
use firebrick_ir::{NodeId, Op, Tensor, Value};

/// An operand of a new node: a value of the graph, or a result of another new node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// A value that is there.
    Old(Value),
    /// Result `port` of the draft's node number `node`.
    New {
        /// The number of the node in the draft.
        node: usize,
        /// The result.
        port: usize,
    },
}

impl From<Value> for Operand {
    fn from(value: Value) -> Self {
        Operand::Old(value)
    }
}

/// A rewrite that is proposed: nothing is changed until [`Rewriter::apply`](crate::Rewriter::apply). What it replaces
/// goes, together with everything that only it had read; what it adds is named after what it replaces.
#[derive(Debug, Clone)]
pub struct Draft {
    pub(crate) origin: NodeId,
    pub(crate) nodes: Vec<NewNode>,
    pub(crate) replaced: Vec<(Value, Operand)>,
}

/// A node to be added.
#[derive(Debug, Clone)]
pub(crate) struct NewNode {
    pub(crate) op: Op,
    pub(crate) operands: Vec<Operand>,
    /// What its first result is named, as far as the name is free.
    pub(crate) hint: Option<String>,
}

impl Draft {
    /// An empty draft whose new nodes come from the same layer as `origin`: of the nodes that are replaced, the one
    /// that does the most work, since errors and profiles speak of that layer.
    pub fn new(origin: NodeId) -> Self {
        Draft { origin, nodes: Vec::new(), replaced: Vec::new() }
    }

    /// The draft in which one node takes the place of another's only result.
    pub fn swap(origin: NodeId, old: Value, op: impl Into<Op>, operands: &[Value]) -> Self {
        let mut draft = Draft::new(origin);
        let operands: Vec<Operand> = operands.iter().copied().map(Operand::Old).collect();
        let new = draft.node(op, &operands);
        draft.replace(old, new)
    }

    /// The draft in which a value that is there takes another's place.
    pub fn forward(old: Value, by: Value) -> Self {
        Draft::new(old.node).replace(old, by)
    }

    /// Adds a node. Its first result.
    pub fn node(&mut self, op: impl Into<Op>, operands: &[Operand]) -> Operand {
        self.push(op.into(), operands, None)
    }

    /// As [`Draft::node`], with a name for its first result: for a value that replaces none.
    pub fn named(&mut self, name: impl Into<String>, op: impl Into<Op>, operands: &[Operand]) -> Operand {
        self.push(op.into(), operands, Some(name.into()))
    }

    /// Adds a constant. Of that name if it is free when the rewrite is done, as that of the weight which it replaces.
    pub fn constant(&mut self, name: impl Into<String>, tensor: Tensor) -> Operand {
        self.push(Const::new(tensor).into(), &[], Some(name.into()))
    }

    /// Lets the readers of `old` read another value of the same type, which must not be computed from it.
    #[must_use]
    pub fn replace(mut self, old: Value, by: impl Into<Operand>) -> Self {
        self.replaced.push((old, by.into()));
        self
    }

    fn push(&mut self, op: Op, operands: &[Operand], hint: Option<String>) -> Operand {
        self.nodes.push(NewNode { op, operands: operands.to_vec(), hint });
        Operand::New { node: self.nodes.len() - 1, port: 0 }
    }
}
