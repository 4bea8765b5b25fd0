//! ONNX models that become a graph only when their inputs are known.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use firebrick_ir::Tensor;
use firebrick_ir::eval::check_inputs;
use firebrick_onnx::{Datum, Deferred, Definition, ExternalData, Import, NoExternalData, Options};
use firebrick_passes::Level;

use crate::Error;
use crate::external::Folder;
use crate::named::NamedGraph;

/// How many graphs are kept for inputs that come again.
const MAX_KEPT: usize = 8;

/// What a model is given, by the names of its inputs.
pub(crate) type Given = HashMap<String, Datum>;

/// An ONNX model as it was read, and how it was opened.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) definition: Definition,
    pub(crate) options: Options,
    /// Where weights may be that are in other files; `None` for a model in memory.
    pub(crate) folder: Option<PathBuf>,
}

impl Source {
    pub(crate) fn import(&self, options: &Options) -> Result<Import, Error> {
        let folder = self.folder.clone().map(Folder);
        let files: &dyn ExternalData = folder.as_ref().map_or(&NoExternalData, |folder| folder);
        Ok(firebrick_onnx::import(&self.definition, options, files)?)
    }
}

/// A model that is imported again for the inputs it is given: for their shapes, and for the elements of those that
/// decide what the graph is.
#[derive(Debug)]
pub(crate) struct Specializer {
    source: Arc<Source>,
    pub(crate) deferred: Deferred,
    /// How graphs are rewritten that are made.
    level: Level,
    /// Blobs that become outputs of graphs that are made.
    keep: Vec<String>,
    /// The graphs that were made, the one used last in front.
    kept: Mutex<VecDeque<Arc<Specialized>>>,
}

/// A graph for some inputs.
#[derive(Debug)]
pub(crate) struct Specialized {
    pub(crate) graph: Arc<NamedGraph>,
    shapes: Vec<(String, Vec<u64>)>,
    /// Inputs that are constants of the graph.
    values: Vec<(String, Datum)>,
}

impl Specialized {
    /// Whether it is the graph for these inputs.
    fn fits(&self, inputs: &Given) -> bool {
        let same_shape = |(name, dims): &(String, Vec<u64>)| inputs.get(name).and_then(shape).as_ref() == Some(dims);
        let same_value = |(name, value): &(String, Datum)| inputs.get(name) == Some(value);
        self.shapes.iter().all(same_shape) && self.values.iter().all(same_value)
    }

    /// The inputs that the graph still has.
    pub(crate) fn open_inputs(&self, mut inputs: Given) -> HashMap<String, Tensor> {
        inputs.retain(|name, _| !self.values.iter().any(|(constant, _)| constant == name));
        tensors(&inputs)
    }
}

impl Specializer {
    pub(crate) fn new(source: Source, deferred: Deferred) -> Self {
        Specializer { source: Arc::new(source), deferred, level: Level::O0, keep: Vec::new(), kept: Mutex::default() }
    }

    /// The same, with graphs rewritten at that level.
    pub(crate) fn at(&self, level: Level) -> Self {
        Specializer { level, ..self.again() }
    }

    /// The same, with these blobs as outputs of graphs that have them.
    pub(crate) fn keeping(&self, blobs: &[String]) -> Self {
        let again = self.again();
        Specializer { keep: [again.keep, blobs.to_vec()].concat(), ..again }
    }

    /// The same, with no graph made yet.
    fn again(&self) -> Self {
        let (source, deferred, keep) = (self.source.clone(), self.deferred.clone(), self.keep.clone());
        Specializer { source, deferred, level: self.level, keep, kept: Mutex::default() }
    }

    /// The graph for these inputs: one that was made before, or a new one.
    pub(crate) fn graph_for(&self, inputs: &Given) -> Result<Arc<Specialized>, Error> {
        self.check(inputs)?;
        if let Some(found) = self.kept(inputs) {
            return Ok(found);
        }
        // Without the lock: others may make theirs meanwhile.
        let made = Arc::new(self.specialize(inputs)?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front(made.clone());
        kept.truncate(MAX_KEPT);
        Ok(made)
    }

    /// Checks that every input is there, as it should be.
    fn check(&self, inputs: &Given) -> Result<(), Error> {
        let structured = &self.deferred.structured;
        if let Some(missing) = structured.iter().find(|name| !inputs.contains_key(*name)) {
            return Err(Error::Request(format!("input `{missing}`, which is a list or optional, was not given")));
        }
        let mut others = inputs.clone();
        others.retain(|name, _| !structured.contains(name));
        let declared = self.deferred.inputs.iter().map(|(name, ty)| (name.as_str(), ty));
        Ok(check_inputs(declared, &tensors(&others))?)
    }

    fn kept(&self, inputs: &Given) -> Option<Arc<Specialized>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let index = kept.iter().position(|specialized| specialized.fits(inputs))?;
        let found = kept.remove(index)?;
        kept.push_front(found.clone());
        Some(found)
    }

    /// Imports the model with what it needs to know. That may show that it needs more.
    fn specialize(&self, inputs: &Given) -> Result<Specialized, Error> {
        let mut needs = self.deferred.needs.clone();
        let dims = |(name, _): &(String, _)| Some((name.clone(), shape(inputs.get(name)?)?));
        let shapes: Vec<_> = self.deferred.inputs.iter().filter_map(dims).collect();
        loop {
            let values = needs.values.iter().filter_map(|name| Some((name.clone(), inputs.get(name)?.clone())));
            let values: Vec<_> = values.collect();
            let (input_shapes, input_values) = (shapes.clone(), values.clone());
            let options = Options { input_shapes, input_values, ..self.source.options.clone() };
            let deferred = match self.source.import(&options)? {
                Import::Graph(imported) => {
                    let firebrick_onnx::Imported { graph, outputs, .. } = *imported;
                    let options = firebrick_passes::Options::default();
                    let (graph, _) =
                        NamedGraph::new(graph, outputs).keeping(&self.keep).optimized(self.level, options)?;
                    return Ok(Specialized { graph: Arc::new(graph), shapes, values });
                }
                Import::Deferred(deferred) => deferred,
            };
            let before = needs.clone();
            needs.shapes |= deferred.needs.shapes;
            needs.values.extend(deferred.needs.values);
            if needs == before {
                let message = format!("the model depends on {needs}, which are given, but do not decide what it is");
                return Err(Error::Request(message));
            }
        }
    }
}

/// The inputs that are tensors.
pub(crate) fn tensors(inputs: &Given) -> HashMap<String, Tensor> {
    let tensor = |(name, datum): (&String, &Datum)| match datum {
        Datum::Tensor(tensor) => Some((name.clone(), tensor.clone())),
        Datum::Sequence(_) | Datum::Absent => None,
    };
    inputs.iter().filter_map(tensor).collect()
}

/// The dimensions of a tensor.
fn shape(datum: &Datum) -> Option<Vec<u64>> {
    match datum {
        Datum::Tensor(tensor) => Some(tensor.dims().iter().map(|&n| n as u64).collect()),
        Datum::Sequence(_) | Datum::Absent => None,
    }
}
