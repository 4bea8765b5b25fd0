//! What a rule sees of the graph: a node, and what its operands come from.

use firebrick_ir::{Family, Graph, Node, NodeId, Origin, Tensor, Type, Value};

/// A place in a graph: the node that a rule is asked about.
#[derive(Debug, Clone, Copy)]
pub struct At<'g> {
    /// The graph.
    pub graph: &'g Graph,
    /// The node.
    pub node: NodeId,
}

/// A node that is of the family that was looked for.
#[derive(Debug, Clone)]
pub struct Found<'g, T> {
    /// Its op.
    pub op: &'g T,
    /// The node.
    pub node: NodeId,
    /// Its operands.
    pub operands: Vec<Value>,
}

impl<T> Found<'_, T> {
    /// Its first operand, which is what the op works on. Ops without operands are never looked for.
    pub fn x(&self) -> Value {
        self.operand(0).unwrap_or(self.result())
    }

    /// An operand, if it has that many.
    pub fn operand(&self, slot: usize) -> Option<Value> {
        self.operands.get(slot).copied()
    }

    /// Its first result.
    pub fn result(&self) -> Value {
        Value { node: self.node, port: 0 }
    }
}

impl<'g> At<'g> {
    /// The node's op and operands, if it is of the family `T`.
    pub fn is<T: Family>(self) -> Option<Found<'g, T>> {
        let op = T::of(&self.graph.node(self.node).op)?;
        Some(Found { op, node: self.node, operands: self.graph.operands(self.node) })
    }

    /// The node that computes the value, if it is of the family `T`. It may have other readers: good for a rule that
    /// reads from before it and leaves it alone.
    pub fn source<T: Family>(self, value: Value) -> Option<Found<'g, T>> {
        At { node: value.node, ..self }.is()
    }

    /// As [`At::source`], if nothing else reads the node's results, so that it may be merged into its reader: it has
    /// no second reader, and none of its results is an output of the graph.
    pub fn sole_source<T: Family>(self, value: Value) -> Option<Found<'g, T>> {
        self.source(value).filter(|_| self.graph.has_one_use(value.node))
    }

    /// The value's elements, if it is a constant that has them.
    pub fn constant(self, value: Value) -> Option<&'g Tensor> {
        self.graph.as_const(value)
    }

    /// The node.
    pub fn node(self) -> &'g Node {
        self.graph.node(self.node)
    }

    /// The value's type.
    pub fn ty(self, value: Value) -> &'g Type {
        self.graph.ty(value)
    }

    /// The value's name.
    pub fn name(self, value: Value) -> &'g str {
        self.graph.value_name(value)
    }

    /// The node's first result.
    pub fn result(self) -> Value {
        Value { node: self.node, port: 0 }
    }

    /// The layer that a node came from.
    pub fn origin(self, node: NodeId) -> Option<&'g Origin> {
        self.graph.node(node).origin.as_ref()
    }
}
