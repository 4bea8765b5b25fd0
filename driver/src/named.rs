//! A graph and the names that the source has for its values.

use std::collections::{BTreeMap, BTreeSet};

use firebrick_ir::{Graph, Op, Tensor, Type, Value};
use firebrick_onnx::{Datum, Form};
use firebrick_passes::{Level, Options, PassError, Report, optimize};

/// A graph, which may be rewritten, and the names by which a user knows its values.
#[derive(Debug, Clone)]
pub(crate) struct NamedGraph {
    graph: Graph,
    /// The source's names of the graph's inputs, in order.
    inputs: Vec<String>,
    /// What the graph's outputs are of the model's.
    outputs: Vec<(String, Form)>,
    /// Other names of values, by the name of the value: of those that were equal and are one now.
    also: BTreeMap<String, Vec<String>>,
    /// The constants that were computed before the graph was rewritten.
    folded: BTreeSet<String>,
}

impl NamedGraph {
    /// A graph as a frontend made it, and what its outputs are of the model's.
    pub(crate) fn new(graph: Graph, outputs: Vec<(String, Form)>) -> Self {
        let values = graph.inputs().iter().map(|&node| Value { node, port: 0 });
        let inputs = values.map(|value| source_name(&graph, value)).collect();
        NamedGraph { graph, inputs, outputs, also: BTreeMap::new(), folded: BTreeSet::new() }
    }

    /// A graph whose outputs are the model's.
    pub(crate) fn plain(graph: Graph) -> Self {
        let names = output_names(&graph).into_iter();
        let outputs = names.map(|name| (name, Form::Tensor)).collect();
        NamedGraph::new(graph, outputs)
    }

    /// The graph.
    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The same network, rewritten, and what was done.
    pub(crate) fn optimized(&self, level: Level, options: Options<'_>) -> Result<(Self, Report), PassError> {
        let mut graph = self.graph.clone();
        let report = optimize(&mut graph, level, options)?;
        let mut also: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (gone, stays) in &report.aliases {
            also.entry(stays.clone()).or_default().push(gone.clone());
        }
        // Names from an earlier rewrite go where their value went.
        for (value, names) in &self.also {
            let now = report.aliases.get(value).unwrap_or(value);
            if graph.find(now).is_some() {
                also.entry(now.clone()).or_default().extend(names.iter().cloned());
            }
        }
        let mut folded = self.folded.clone();
        folded.extend(names(&self.graph, |op| !is_constant(op)));
        let constants: BTreeSet<String> = names(&graph, is_constant).collect();
        folded.retain(|name| constants.contains(name));
        let (inputs, outputs) = (self.inputs.clone(), self.outputs.clone());
        Ok((NamedGraph { graph, inputs, outputs, also, folded }, report))
    }

    /// The same network with more outputs, behind its own: those of these blobs that it has and that are none yet.
    pub(crate) fn keeping(&self, blobs: &[String]) -> Self {
        let mut keeping = self.clone();
        for name in blobs {
            let is_output = || keeping.output_names().contains(name);
            if let Some(value) = keeping.graph.find(name).filter(|_| !is_output()) {
                keeping.graph.output(value);
                keeping.outputs.push((name.clone(), Form::Tensor));
            }
        }
        keeping
    }

    /// The inputs, in order, by the source's names.
    pub(crate) fn inputs(&self) -> Vec<(String, Type)> {
        let types = self.graph.inputs().iter().map(|&node| self.graph.ty(Value { node, port: 0 }).clone());
        self.inputs.iter().cloned().zip(types).collect()
    }

    /// The graph's name of an input that the caller names as the source does.
    pub(crate) fn graph_name(&self, name: String) -> String {
        let is_input = |id| self.graph.node(id).outputs[0].name == name;
        match self.inputs.iter().position(|input| *input == name) {
            Some(i) if !self.graph.inputs().iter().any(|&id| is_input(id)) => {
                self.graph.inputs().get(i).map_or(name, |&id| self.graph.node(id).outputs[0].name.clone())
            }
            Some(_) | None => name,
        }
    }

    /// The outputs' names, in order.
    pub(crate) fn output_names(&self) -> Vec<String> {
        output_names(&self.graph)
    }

    /// The model's outputs that are no tensors, but lists or nothing.
    pub(crate) fn lists(&self) -> Vec<String> {
        let lists = self.outputs.iter().filter(|(_, form)| !matches!(form, Form::Tensor));
        lists.map(|(name, _)| name.clone()).collect()
    }

    /// The model's outputs of the graph's.
    pub(crate) fn assemble(&self, tensors: Vec<Tensor>) -> Vec<(String, Datum)> {
        let mut tensors = tensors.into_iter();
        self.outputs.iter().map(|(name, form)| (name.clone(), assemble(form, &mut tensors))).collect()
    }

    /// The names of all values but constants, in the order of computation.
    pub(crate) fn blobs(&self) -> Vec<String> {
        let nodes = self.graph.schedule().into_iter().map(|id| self.graph.node(id));
        let own = nodes.flat_map(|node| node.outputs.iter().map(|output| (&node.op, &output.name)));
        let own = own.filter(|(op, name)| !is_constant(op) || self.folded.contains(*name));
        own.flat_map(|(_, name)| std::iter::once(name).chain(self.others(name))).cloned().collect()
    }

    /// Calls `observe` with each name that the source has for a value.
    pub(crate) fn observe(&self, value: Value, tensor: &Tensor, observe: &mut dyn FnMut(&str, &Tensor)) {
        let name = self.graph.value_name(value);
        if !is_constant(&self.graph.node(value.node).op) || self.folded.contains(name) {
            observe(name, tensor);
        }
        self.others(name).for_each(|name| observe(name, tensor));
    }

    fn others(&self, name: &str) -> impl Iterator<Item = &String> {
        self.also.get(name).into_iter().flatten()
    }
}

/// Takes the tensors of one output.
fn assemble(form: &Form, tensors: &mut dyn Iterator<Item = Tensor>) -> Datum {
    match form {
        Form::Tensor => tensors.next().map_or(Datum::Absent, Datum::Tensor),
        Form::Sequence(forms) => Datum::Sequence(forms.iter().map(|form| assemble(form, tensors)).collect()),
        Form::Absent => Datum::Absent,
    }
}

fn output_names(graph: &Graph) -> Vec<String> {
    graph.outputs().into_iter().map(|value| graph.value_name(value).to_owned()).collect()
}

fn is_constant(op: &Op) -> bool {
    matches!(op, Op::Const(_))
}

/// The names of the results of some ops.
fn names(graph: &Graph, of: fn(&Op) -> bool) -> impl Iterator<Item = String> {
    let nodes = graph.nodes().filter(move |(_, node)| of(&node.op));
    nodes.flat_map(|(_, node)| node.outputs.iter().map(|output| output.name.clone()))
}

/// An input's name in the source: where a Caffe layer writes its blob in place, the graph's input is the first version.
fn source_name(graph: &Graph, value: Value) -> String {
    let name = graph.value_name(value);
    name.strip_suffix("#1").filter(|blob| graph.find(blob).is_some()).unwrap_or(name).to_owned()
}
