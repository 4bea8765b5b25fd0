//! ONNX models into Firebrick's graph.
//!
//! Three steps:
//! 1. [`Definition`]: bytes into the messages of `firebrick-schemas`; weights stay slices of the file;
//! 2. `translate`: node by node, in the order of the file, into ops (`ops`, one list). The model's own functions and the
//!    branches of an If are inlined on the way. A value that decides a shape or an attribute must be constant, and is
//!    computed by the ops' own evaluation (`fold`);
//! 3. `finish`: what no output needs goes, and weights are counted by node.
//!
//! Where such a value is not constant, or a dimension that matters is a symbol, the import is [`Deferred`]: it says
//! which inputs it needs to know ([`Needs`]), and is done again when they are there, with [`Options`] that have them.
//!
//! A graph's values have the names of ONNX's values, with the path of the call before those of an inlined function.

mod datum;
mod decode;
mod dtype;
mod external;
mod finish;
mod fold;
mod inputs;
mod needs;
mod ops;
mod problem;
mod tensor;
mod translate;

use std::collections::BTreeMap;

use firebrick_diagnostics::{Diagnostic, Report};
use firebrick_ir::{Graph, Type};

pub use datum::{Datum, Kind};
pub use decode::Definition;

pub use external::{ExternalData, ExternalError, NoExternalData};
pub use needs::Needs;
pub use ops::{NEWEST_OPSET, OpEntry, op_types};

/// What may be said of a model beside its file.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Shapes of inputs, by name, instead of the file's own.
    pub input_shapes: Vec<(String, Vec<u64>)>,
    /// The first dimension of every input of two dimensions or more whose shape is not among `input_shapes`.
    pub batch: Option<u64>,
    /// Values of inputs that are to be constants of the graph.
    pub input_values: Vec<(String, Datum)>,
}

/// What becomes of a model.
#[derive(Debug, Clone)]
pub enum Import {
    /// A graph.
    Graph(Box<Imported>),
    /// Nothing yet: what it becomes depends on inputs that are not known.
    Deferred(Box<Deferred>),
}

/// A model as a graph.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The graph. An output that is a list is as many outputs, `y[0]`, `y[1]` and so on.
    pub graph: Graph,
    /// The model's outputs, in order.
    pub outputs: Vec<(String, Form)>,
    /// The numbers in the weights that each node is the first to read, by the node's name.
    pub parameters: BTreeMap<String, u64>,
    /// What was left out or assumed.
    pub notes: Vec<Diagnostic>,
}

/// What an output is of the graph's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// The next one.
    Tensor,
    /// A list of the next ones.
    Sequence(Vec<Form>),
    /// None.
    Absent,
}

/// A model that becomes a graph when more is known of its inputs.
#[derive(Debug, Clone)]
pub struct Deferred {
    /// What is to be known.
    pub needs: Needs,
    /// The model's inputs that are tensors, in order.
    pub inputs: Vec<(String, Type)>,
    /// The names of those that are lists or optional.
    pub structured: Vec<String>,
    /// The names of its outputs.
    pub outputs: Vec<String>,
    /// The names of the values that its nodes compute, in their order.
    pub values: Vec<String>,
    /// What was left out or assumed.
    pub notes: Vec<Diagnostic>,
}

/// Brings a model into a graph, as far as the options allow. `files` reads weights that are beside the model.
///
/// # Errors
/// Everything that is wrong with the model or not supported, each with its place.
pub fn import(definition: &Definition, options: &Options, files: &dyn ExternalData) -> Result<Import, Report> {
    translate::translate(definition, options, files).map_err(|problems| {
        Report::new(problems.into_iter().map(|problem| problem.diagnostic(definition.file())).collect())
    })
}
