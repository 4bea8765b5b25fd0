//! Changes to a graph that is there: names, uses, removals.

use super::{Edge, Graph, GraphError, NodeId, Origin, Value};
use crate::{Hints, Op};

impl Graph {
    /// Gives a value another name.
    ///
    /// # Errors
    /// If the name is taken or empty.
    pub fn rename(&mut self, value: Value, name: impl Into<String>) -> Result<(), GraphError> {
        let name = name.into();
        if name.is_empty() {
            return Err(GraphError::EmptyName);
        }
        if self.names.get(&name).is_some_and(|&other| other != value) {
            return Err(GraphError::DuplicateName(name));
        }
        let old = self.set_name(value, name.clone());
        self.names.remove(&old);
        self.names.insert(name, value);
        Ok(())
    }

    /// Lets two values have each other's name: how a new value takes over the name of the one that it replaces.
    pub fn swap_names(&mut self, a: Value, b: Value) {
        let name = self.value_name(b).to_owned();
        let old = self.set_name(a, name.clone());
        self.set_name(b, old.clone());
        self.names.insert(old, b);
        self.names.insert(name, a);
    }

    fn set_name(&mut self, value: Value, name: String) -> String {
        std::mem::replace(&mut self.nodes[value.node.index].node.outputs[value.port].name, name)
    }

    /// Says where a node came from.
    pub fn set_origin(&mut self, node: NodeId, origin: Option<Origin>) {
        self.nodes[node.index].node.origin = origin;
    }

    /// Says what a backend may make use of.
    pub fn set_hints(&mut self, node: NodeId, hints: Hints) {
        self.nodes[node.index].node.hints = hints;
    }

    /// Lets everything that reads `old`, the graph's outputs among it, read `new`. `new` must not be computed from
    /// `old`, or there is a cycle.
    ///
    /// # Errors
    /// If their types differ.
    pub fn replace_uses(&mut self, old: Value, new: Value) -> Result<(), GraphError> {
        if self.ty(old) != self.ty(new) {
            let (expected, found) = (self.ty(old).clone(), self.ty(new).clone());
            return Err(GraphError::Replace { name: self.value_name(old).to_owned(), expected, found });
        }
        if old == new {
            return Ok(());
        }
        for (edge, user, slot) in self.use_edges(old) {
            self.nodes.remove_edge(edge);
            self.nodes.add_edge(new.node.index, user.index, Edge { port: new.port, slot });
        }
        Ok(())
    }

    /// Removes a node that nothing uses; the return node stays.
    ///
    /// Returns whether it was removed.
    pub fn remove(&mut self, id: NodeId) -> bool {
        if id == self.ret || !self.contains(id) || self.has_uses(id) {
            return false;
        }
        if let Some(entry) = self.nodes.remove_node(id.index) {
            for output in &entry.node.outputs {
                self.names.remove(&output.name);
            }
            if let Op::Input(_) = entry.node.op {
                self.inputs.retain(|&input| input != id);
            }
        }
        true
    }
}
