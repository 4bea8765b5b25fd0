//! ONNX models that become a graph only when their inputs are known.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use firebrick_ir::eval::check_inputs;
use firebrick_ir::{Graph, Tensor};
use firebrick_onnx::{Deferred, Definition, ExternalData, Import, NoExternalData, Options};

use crate::Error;
use crate::external::Folder;

/// How many graphs are kept for inputs that come again.
const MAX_KEPT: usize = 8;

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
    source: Source,
    pub(crate) deferred: Deferred,
    /// The graphs that were made, the one used last in front.
    kept: Mutex<VecDeque<Arc<Specialized>>>,
}

/// A graph for some inputs.
#[derive(Debug)]
pub(crate) struct Specialized {
    pub(crate) graph: Graph,
    shapes: Vec<(String, Vec<u64>)>,
    /// Inputs that are constants of the graph.
    values: Vec<(String, Tensor)>,
}

impl Specialized {
    /// Whether it is the graph for these inputs.
    fn fits(&self, inputs: &HashMap<String, Tensor>) -> bool {
        let same_shape =
            |(name, dims): &(String, Vec<u64>)| inputs.get(name).is_some_and(|tensor| shape(tensor) == *dims);
        let same_value = |(name, value): &(String, Tensor)| inputs.get(name) == Some(value);
        self.shapes.iter().all(same_shape) && self.values.iter().all(same_value)
    }

    /// The inputs that the graph still has.
    pub(crate) fn open_inputs(&self, mut inputs: HashMap<String, Tensor>) -> HashMap<String, Tensor> {
        inputs.retain(|name, _| !self.values.iter().any(|(constant, _)| constant == name));
        inputs
    }
}

impl Specializer {
    pub(crate) fn new(source: Source, deferred: Deferred) -> Self {
        Specializer { source, deferred, kept: Mutex::new(VecDeque::new()) }
    }

    /// The graph for these inputs: one that was made before, or a new one.
    pub(crate) fn graph_for(&self, inputs: &HashMap<String, Tensor>) -> Result<Arc<Specialized>, Error> {
        check_inputs(self.deferred.inputs.iter().map(|(name, ty)| (name.as_str(), ty)), inputs)?;
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

    fn kept(&self, inputs: &HashMap<String, Tensor>) -> Option<Arc<Specialized>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let index = kept.iter().position(|specialized| specialized.fits(inputs))?;
        let found = kept.remove(index)?;
        kept.push_front(found.clone());
        Some(found)
    }

    /// Imports the model with what it needs to know. That may show that it needs more.
    fn specialize(&self, inputs: &HashMap<String, Tensor>) -> Result<Specialized, Error> {
        let mut needs = self.deferred.needs.clone();
        let of = |name: &String| inputs.get(name).cloned();
        loop {
            let shapes: Vec<_> =
                self.deferred.inputs.iter().filter_map(|(name, _)| Some((name.clone(), shape(&of(name)?)))).collect();
            let values: Vec<_> = needs.values.iter().filter_map(|name| Some((name.clone(), of(name)?))).collect();
            let options =
                Options { input_shapes: shapes.clone(), input_values: values.clone(), ..self.source.options.clone() };
            match self.source.import(&options)? {
                Import::Graph(imported) => return Ok(Specialized { graph: imported.graph, shapes, values }),
                Import::Deferred(deferred) => {
                    let before = needs.clone();
                    needs.shapes |= deferred.needs.shapes;
                    needs.values.extend(deferred.needs.values);
                    if needs == before {
                        let message = format!(
                            "the model can't be run: it depends on {needs}, which are given, but do not decide it"
                        );
                        return Err(Error::Request(message));
                    }
                }
            }
        }
    }
}

fn shape(tensor: &Tensor) -> Vec<u64> {
    tensor.dims().iter().map(|&n| n as u64).collect()
}
