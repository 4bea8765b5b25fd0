//! What a model is run by: one graph, or one for each kind of inputs.

use std::collections::HashMap;
use std::sync::Arc;

use firebrick_ir::{Graph, Op, Tensor, Type, Value};
use firebrick_onnx::Datum;

use crate::Error;
use crate::specialize::{Given, Specialized, Specializer, tensors};

/// What a model is run by.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// One graph for all inputs, and what its outputs are of the model's.
    Graph(Arc<Graph>, Vec<(String, firebrick_onnx::Form)>),
    /// A graph for each kind of inputs, made when they are there.
    Special(Arc<Specializer>),
}

/// The graph for a run.
pub(crate) enum Chosen {
    General(Arc<Graph>, Vec<(String, firebrick_onnx::Form)>),
    Special(Arc<Specialized>),
}

impl Chosen {
    pub(crate) fn graph(&self) -> &Graph {
        match self {
            Chosen::General(graph, _) => graph,
            Chosen::Special(specialized) => &specialized.graph,
        }
    }

    /// The model's outputs of the graph's.
    pub(crate) fn assemble(&self, tensors: Vec<Tensor>) -> Vec<(String, Datum)> {
        let outputs = match self {
            Chosen::General(_, outputs) => outputs,
            Chosen::Special(specialized) => &specialized.outputs,
        };
        let mut tensors = tensors.into_iter();
        outputs.iter().map(|(name, form)| (name.clone(), assemble(form, &mut tensors))).collect()
    }
}

impl Form {
    /// The graph, if there is one before the inputs are known.
    pub(crate) fn graph(&self) -> Result<&Graph, Error> {
        match self {
            Form::Graph(graph, _) => Ok(graph),
            Form::Special(specializer) => {
                let needs = &specializer.deferred.needs;
                let help = match needs.values.is_empty() {
                    true => "give them by `--input NAME=SHAPE`",
                    false => "it can be run, but it is no fixed graph",
                };
                Err(Error::Request(format!("what this model becomes depends on {needs}: {help}")))
            }
        }
    }

    /// Whether all weights have values.
    pub(crate) fn has_weights(&self) -> bool {
        let is_missing = |op: &Op| matches!(op, Op::Const(constant) if constant.tensor().is_none());
        match self {
            Form::Graph(graph, _) => !graph.nodes().any(|(_, node)| is_missing(&node.op)),
            Form::Special(_) => true,
        }
    }

    /// The inputs, in order, by the source's names.
    pub(crate) fn inputs(&self) -> Vec<(String, Type)> {
        match self {
            Form::Graph(graph, _) => {
                let values = graph.inputs().iter().map(|&node| Value { node, port: 0 });
                values.map(|value| (source_name(graph, value), graph.ty(value).clone())).collect()
            }
            Form::Special(specializer) => specializer.deferred.inputs.clone(),
        }
    }

    /// The outputs' names, in order.
    pub(crate) fn output_names(&self) -> Vec<String> {
        match self {
            Form::Graph(graph, _) => output_names(graph),
            Form::Special(specializer) => specializer.deferred.outputs.clone(),
        }
    }

    /// The names of all values but the constants, in the order of computation.
    pub(crate) fn blobs(&self) -> Vec<String> {
        match self {
            Form::Graph(graph, _) => {
                let nodes = graph.schedule().into_iter().map(|id| graph.node(id));
                let computed = nodes.filter(|node| !matches!(node.op, Op::Const(_)));
                computed.flat_map(|node| node.outputs.iter().map(|output| output.name.clone())).collect()
            }
            Form::Special(specializer) => {
                let inputs = specializer.deferred.inputs.iter().map(|(name, _)| name.clone());
                inputs.chain(specializer.deferred.values.iter().cloned()).collect()
            }
        }
    }

    /// The graph for these inputs, and those of them that it has.
    pub(crate) fn choose(&self, inputs: Given) -> Result<(Chosen, HashMap<String, Tensor>), Error> {
        match self {
            Form::Graph(graph, outputs) => {
                let inputs = tensors(&inputs).into_iter();
                let inputs = inputs.map(|(name, tensor)| (graph_name(graph, name), tensor)).collect();
                Ok((Chosen::General(graph.clone(), outputs.clone()), inputs))
            }
            Form::Special(specializer) => {
                let specialized = specializer.graph_for(&inputs)?;
                let inputs = specialized.open_inputs(inputs);
                Ok((Chosen::Special(specialized), inputs))
            }
        }
    }
}

/// Takes the tensors of one output.
fn assemble(form: &firebrick_onnx::Form, tensors: &mut dyn Iterator<Item = Tensor>) -> Datum {
    match form {
        firebrick_onnx::Form::Tensor => tensors.next().map_or(Datum::Absent, Datum::Tensor),
        firebrick_onnx::Form::Sequence(forms) => {
            Datum::Sequence(forms.iter().map(|form| assemble(form, tensors)).collect())
        }
        firebrick_onnx::Form::Absent => Datum::Absent,
    }
}

/// The outputs of a model whose outputs are all tensors.
pub(crate) fn plain(graph: &Graph) -> Vec<(String, firebrick_onnx::Form)> {
    output_names(graph).into_iter().map(|name| (name, firebrick_onnx::Form::Tensor)).collect()
}

/// The names of a graph's outputs, in order.
pub(crate) fn output_names(graph: &Graph) -> Vec<String> {
    graph.outputs().into_iter().map(|value| graph.value_name(value).to_owned()).collect()
}

/// An input's name in the source: where a Caffe layer writes its blob in place, the graph's input is the first version.
fn source_name(graph: &Graph, value: Value) -> String {
    let name = graph.value_name(value);
    name.strip_suffix("#1").filter(|blob| graph.find(blob).is_some()).unwrap_or(name).to_owned()
}

/// The graph's name of an input that the caller names as the source does.
fn graph_name(graph: &Graph, name: String) -> String {
    let is_input = |name: &str| graph.find(name).is_some_and(|v| graph.inputs().contains(&v.node));
    let first_version = format!("{name}#1");
    if !is_input(&name) && is_input(&first_version) { first_version } else { name }
}
