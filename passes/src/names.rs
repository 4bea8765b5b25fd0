//! Names of values while a graph is rewritten: which ones are taken for good, and where those that went are found.

use std::collections::{BTreeMap, HashMap, HashSet};

use firebrick_ir::{Graph, NodeId, Op, Value};

/// The names that the graph came with, and what became of them.
#[derive(Debug)]
pub(crate) struct Names {
    /// Of all values but constants: none of them may come to mean another value.
    source: HashSet<String>,
    /// Whether values keep existing for their names' sake.
    keeps_values: bool,
    /// Names that went, because their value became one with that of another name.
    aliases: HashMap<String, String>,
}

impl Names {
    pub(crate) fn of(graph: &Graph, keeps_values: bool) -> Self {
        let computed = graph.nodes().filter(|(_, node)| !matches!(node.op, Op::Const(_)));
        let outputs = computed.flat_map(|(_, node)| &node.outputs);
        Names { source: outputs.map(|output| output.name.clone()).collect(), keeps_values, aliases: HashMap::new() }
    }

    /// `base`, or `base.1` and so on: a name that is free, and always was.
    pub(crate) fn fresh(&self, graph: &Graph, base: &str) -> String {
        let mut name = graph.fresh_name(base);
        while self.source.contains(&name) {
            name = graph.fresh_name(&format!("{name}'"));
        }
        name
    }

    /// Whether the source named a value so.
    pub(crate) fn is_source(&self, name: &str) -> bool {
        self.source.contains(name)
    }

    /// Whether a new value may be named so.
    pub(crate) fn is_free(&self, graph: &Graph, name: &str) -> bool {
        !name.is_empty() && graph.find(name).is_none() && !self.source.contains(name)
    }

    /// Says that the value of a name that goes is now that of another one.
    pub(crate) fn alias(&mut self, gone: &str, stays: &str) {
        if self.source.contains(gone) {
            self.aliases.insert(gone.to_owned(), stays.to_owned());
        }
    }

    /// Whether values keep existing for their names' sake.
    pub(crate) fn keeps_values(&self) -> bool {
        self.keeps_values
    }

    /// Whether a node has to stay although nothing reads it: a value of the source is known by its name alone.
    pub(crate) fn keep(&self, graph: &Graph, id: NodeId) -> bool {
        let is_needed = |name: &String| self.source.contains(name) && !self.aliases.contains_key(name);
        self.keeps_values && graph.node(id).outputs.iter().any(|output| is_needed(&output.name))
    }

    /// Whether `x` is an earlier version of the blob `y`, which a source wrote in place: `conv1#1` of `conv1`.
    pub(crate) fn is_version(graph: &Graph, x: Value, y: Value) -> bool {
        let version = graph.value_name(x).strip_prefix(graph.value_name(y)).and_then(|rest| rest.strip_prefix('#'));
        version.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// The names that went and the names under which their values are found now, for those that have one.
    pub(crate) fn into_aliases(self, graph: &Graph) -> BTreeMap<String, String> {
        let resolve = |name: &String| {
            let mut at = name;
            // At most one step an alias: they form no cycle, since a name that is back in the graph ends the search.
            for _ in 0..=self.aliases.len() {
                if graph.find(at).is_some() {
                    return Some(at.clone());
                }
                at = self.aliases.get(at)?;
            }
            None
        };
        let gone = self.aliases.keys().filter(|name| graph.find(name).is_none());
        gone.filter_map(|name| Some((name.clone(), resolve(name)?))).collect()
    }
}
