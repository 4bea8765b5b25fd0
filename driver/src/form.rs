//! What a model is run by: one graph, or one for each kind of inputs.

use std::collections::HashMap;
use std::sync::Arc;

use firebrick_ir::{Graph, Op, Tensor, Type};
use firebrick_passes::{Level, Options, Report};

use crate::Error;
use crate::named::NamedGraph;
use crate::specialize::{Given, Specializer, tensors};

/// What a model is run by.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// One graph for all inputs.
    Graph(Arc<NamedGraph>),
    /// A graph for each kind of inputs, made when they are there.
    Special(Arc<Specializer>),
}

impl Form {
    /// The graph, if there is one before the inputs are known.
    pub(crate) fn graph(&self) -> Result<&Graph, Error> {
        match self {
            Form::Graph(graph) => Ok(graph.graph()),
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

    /// The outputs that are no tensors, but lists or nothing.
    pub(crate) fn lists(&self) -> Vec<String> {
        match self {
            Form::Graph(graph) => graph.lists(),
            Form::Special(_) => Vec::new(),
        }
    }

    /// Whether all weights have values.
    pub(crate) fn has_weights(&self) -> bool {
        let is_missing = |op: &Op| matches!(op, Op::Const(constant) if constant.tensor().is_none());
        match self {
            Form::Graph(graph) => !graph.graph().nodes().any(|(_, node)| is_missing(&node.op)),
            Form::Special(_) => true,
        }
    }

    /// The inputs, in order, by the source's names.
    pub(crate) fn inputs(&self) -> Vec<(String, Type)> {
        match self {
            Form::Graph(graph) => graph.inputs(),
            Form::Special(specializer) => specializer.deferred.inputs.clone(),
        }
    }

    /// The outputs' names, in order.
    pub(crate) fn output_names(&self) -> Vec<String> {
        match self {
            Form::Graph(graph) => graph.output_names(),
            Form::Special(specializer) => specializer.deferred.outputs.clone(),
        }
    }

    /// The names of all values but the constants, in the order of computation.
    pub(crate) fn blobs(&self) -> Vec<String> {
        match self {
            Form::Graph(graph) => graph.blobs(),
            Form::Special(specializer) => {
                let inputs = specializer.deferred.inputs.iter().map(|(name, _)| name.clone());
                inputs.chain(specializer.deferred.values.iter().cloned()).collect()
            }
        }
    }

    /// The same, rewritten. A graph that is made when inputs are known is rewritten then; until then there is nothing to
    /// report.
    pub(crate) fn optimized(&self, level: Level, options: Options<'_>) -> Result<(Form, Report), Error> {
        match self {
            Form::Graph(graph) => {
                let (graph, report) = graph.optimized(level, options)?;
                Ok((Form::Graph(Arc::new(graph)), report))
            }
            Form::Special(specializer) => Ok((Form::Special(Arc::new(specializer.at(level))), Report::default())),
        }
    }

    /// The same with more outputs, behind its own: those of these blobs that are none yet. A graph that is made when
    /// inputs are known gets those that it has.
    pub(crate) fn keeping(&self, blobs: &[String]) -> Form {
        match self {
            Form::Graph(graph) => Form::Graph(Arc::new(graph.keeping(blobs))),
            Form::Special(specializer) => Form::Special(Arc::new(specializer.keeping(blobs))),
        }
    }

    /// The graph for these inputs, and those of them that it has.
    pub(crate) fn choose(&self, inputs: Given) -> Result<(Arc<NamedGraph>, HashMap<String, Tensor>), Error> {
        match self {
            Form::Graph(graph) => {
                let inputs = tensors(&inputs).into_iter();
                let inputs = inputs.map(|(name, tensor)| (graph.graph_name(name), tensor)).collect();
                Ok((graph.clone(), inputs))
            }
            Form::Special(specializer) => {
                let specialized = specializer.graph_for(&inputs)?;
                let inputs = specialized.open_inputs(inputs);
                Ok((specialized.graph.clone(), inputs))
            }
        }
    }
}
