//! The one way in which passes change a graph.

use std::collections::HashSet;

use firebrick_ir::{Graph, GraphError, Hints, NodeId, Op, Origin, Value};

use crate::draft::{Draft, Operand};
use crate::names::Names;

/// A graph that is being rewritten. It counts rewrites, stops at a bound, and looks after names and origins.
#[derive(Debug)]
pub struct Rewriter<'g> {
    graph: &'g mut Graph,
    names: Names,
    n_rewrites: u64,
    stop_after: Option<u64>,
    /// Whether a node may have hints, which a rewrite may break.
    has_hints: bool,
}

impl<'g> Rewriter<'g> {
    /// A rewriter that makes at most `stop_after` rewrites.
    pub(crate) fn new(graph: &'g mut Graph, keeps_values: bool, stop_after: Option<u64>) -> Self {
        let names = Names::of(graph, keeps_values);
        let has_hints = graph.nodes().any(|(_, node)| node.hints != Hints::default());
        Rewriter { graph, names, n_rewrites: 0, stop_after, has_hints }
    }

    /// The graph as it is.
    pub fn graph(&self) -> &Graph {
        self.graph
    }

    /// How many rewrites were made.
    pub fn n_rewrites(&self) -> u64 {
        self.n_rewrites
    }

    /// Whether no more rewrites are to be made.
    pub fn is_done(&self) -> bool {
        self.stop_after.is_some_and(|most| self.n_rewrites >= most)
    }

    /// The names that went, and where their values are.
    pub(crate) fn into_names(self) -> Names {
        self.names
    }

    /// Carries a rewrite out: one, as `--stop-after` counts them. The nodes that are new; `None` if the rewrite may
    /// not be made, since it would take an input's or output's name away.
    ///
    /// # Errors
    /// If a new node's operands don't fit it, or a value would be replaced by one of another type: a fault of the pass.
    pub fn apply(&mut self, draft: Draft) -> Result<Option<Vec<NodeId>>, GraphError> {
        if self.is_done() || !self.keeps_ends(&draft) {
            return Ok(None);
        }
        let origin = self.graph.node(draft.origin).origin.clone();
        let base = draft.replaced.first().map_or("", |&(old, _)| self.graph.value_name(old)).to_owned();
        let mut new: Vec<NodeId> = Vec::with_capacity(draft.nodes.len());
        for node in &draft.nodes {
            let operands: Vec<Value> = node.operands.iter().map(|&operand| resolve(operand, &new)).collect();
            new.push(self.add(&base, node.op.clone(), &operands, origin.clone())?);
        }
        for &(old, by) in &draft.replaced {
            match by {
                Operand::Old(value) => self.merge(old, value)?,
                Operand::New { .. } => self.supersede(old, resolve(by, &new))?,
            }
        }
        self.remove_unread(draft.replaced.iter().map(|(old, _)| old.node).chain(new.iter().copied()).collect());
        for (node, &id) in draft.nodes.iter().zip(&new) {
            self.give_name(id, node.hint.as_deref())?;
        }
        self.keep_hints();
        self.n_rewrites += 1;
        new.retain(|&id| self.graph.contains(id));
        Ok(Some(new))
    }

    /// Removes a node, if nothing reads it and its values need not be kept: a rewrite. Operands that nothing else had
    /// read go with it. Whether it was removed.
    pub fn remove(&mut self, id: NodeId) -> bool {
        // Where values are kept, a constant that nothing reads may be one of them, as it was computed.
        let is_value = self.names.keeps_values() && matches!(self.graph.node(id).op, Op::Const(_));
        if self.is_done() || is_value || !self.may_remove(id) {
            return false;
        }
        self.remove_unread(vec![id]);
        self.keep_hints();
        self.n_rewrites += 1;
        true
    }

    /// Gives a node hints, which can be followed: a rewrite, unless it has these already.
    pub fn hint(&mut self, id: NodeId, hints: Hints) {
        if self.is_done() || self.graph.node(id).hints == hints {
            return;
        }
        self.graph.set_hints(id, hints);
        self.has_hints = true;
        self.n_rewrites += 1;
    }

    /// Keeps of the hints those that can still be followed. The passes that give hints run last, so there are few.
    fn keep_hints(&mut self) {
        if self.has_hints {
            self.graph.drop_broken_hints();
        }
    }

    /// Whether inputs stay as they are, and each output can have its name.
    fn keeps_ends(&self, draft: &Draft) -> bool {
        let mut renamed = HashSet::new();
        draft.replaced.iter().all(|&(old, by)| {
            let is_input = |value: Value| matches!(self.graph.node(value.node).op, Op::Input(_));
            let takes_name = match by {
                Operand::Old(value) if self.graph.is_output(old) => {
                    !is_input(value) && !self.graph.is_output(value) && renamed.insert(value)
                }
                Operand::Old(_) | Operand::New { .. } => true,
            };
            !is_input(old) && takes_name
        })
    }

    fn add(&mut self, base: &str, op: Op, operands: &[Value], origin: Option<Origin>) -> Result<NodeId, GraphError> {
        let types: Vec<_> = operands.iter().map(|&value| self.graph.ty(value)).collect();
        let n_results = op.infer(&types).map_or(1, |results| results.len());
        let mut names: Vec<String> = Vec::with_capacity(n_results);
        let mut base = base.to_owned();
        while names.len() < n_results {
            let name = self.names.fresh(self.graph, &base);
            if names.contains(&name) { base.push('\'') } else { names.push(name) }
        }
        let id = self.graph.add(op, operands, names)?;
        self.graph.set_origin(id, origin);
        Ok(id)
    }

    /// A new value takes the place of an old one, and its name.
    fn supersede(&mut self, old: Value, new: Value) -> Result<(), GraphError> {
        self.graph.replace_uses(old, new)?;
        self.graph.swap_names(old, new);
        Ok(())
    }

    /// Two values that are equal become one: `stays`, which takes the name of `old` if that is an output's, or if its
    /// own is that of an earlier version of the same blob.
    fn merge(&mut self, old: Value, stays: Value) -> Result<(), GraphError> {
        let is_fixed = matches!(self.graph.node(stays.node).op, Op::Input(_)) || self.graph.is_output(stays);
        let takes_name = self.graph.is_output(old) || (!is_fixed && Names::is_version(self.graph, stays, old));
        self.graph.replace_uses(old, stays)?;
        if takes_name {
            self.graph.swap_names(old, stays);
        }
        let (gone, kept) = (self.graph.value_name(old), self.graph.value_name(stays));
        self.names.alias(gone, kept);
        Ok(())
    }

    fn may_remove(&self, id: NodeId) -> bool {
        let is_end = || matches!(self.graph.node(id).op, Op::Input(_) | Op::Return(_));
        self.graph.contains(id) && !self.graph.has_uses(id) && !is_end() && !self.names.keep(self.graph, id)
    }

    /// Removes those of the nodes that nothing reads, and what only they had read.
    fn remove_unread(&mut self, mut candidates: Vec<NodeId>) {
        while let Some(id) = candidates.pop() {
            if self.may_remove(id) {
                let operands = self.graph.operands(id);
                self.graph.remove(id);
                candidates.extend(operands.into_iter().map(|value| value.node));
            }
        }
    }

    /// Names a new node's first result, unless it took over a name or the name is not free.
    fn give_name(&mut self, id: NodeId, hint: Option<&str>) -> Result<(), GraphError> {
        let Some(hint) = hint.filter(|_| self.graph.contains(id)) else { return Ok(()) };
        let value = Value { node: id, port: 0 };
        if self.names.is_source(self.graph.value_name(value)) {
            return Ok(());
        }
        let name =
            if self.names.is_free(self.graph, hint) { hint.to_owned() } else { self.names.fresh(self.graph, hint) };
        self.graph.rename(value, name)
    }
}

fn resolve(operand: Operand, new: &[NodeId]) -> Value {
    match operand {
        Operand::Old(value) => value,
        Operand::New { node, port } => Value { node: new[node], port },
    }
}
