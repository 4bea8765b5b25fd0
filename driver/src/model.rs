//! A model: files in, a graph that runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use firebrick_caffe::{Imported, Options, State};
use firebrick_diagnostics::Diagnostic;
use firebrick_ir::ops::Cast;
use firebrick_ir::{DType, Evaluator, Graph, Mean, Op, Preprocess, Tensor, Type, verify};
use firebrick_onnx::{Datum, ExternalData, Import};
use firebrick_passes::{Level, Report as PassesReport};
use firebrick_schemas::Content;

use crate::form::Form;
use crate::named::NamedGraph;
use crate::properties::Properties;
use crate::sources::{File, caffe_net};
use crate::specialize::{Source, Specializer};
use crate::{Error, Labels, read_file};

/// What may be said of a model beside its files.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Phase, level and stages, by which a Caffe net's layers are chosen.
    pub state: State,
    /// Shapes of inputs, by name, instead of or where the file has none.
    pub input_shapes: Vec<(String, Vec<u64>)>,
    /// The first dimension of every input whose shape is not among `input_shapes`.
    pub batch: Option<u64>,
    /// Fills weights as the net's own fillers say, from this seed, instead of reading them.
    pub random_weights: Option<u64>,
}

/// A network: its graph, and what its files say beside it.
#[derive(Debug, Clone)]
pub struct Model {
    form: Form,
    parameters: BTreeMap<String, u64>,
    preprocessing: BTreeMap<String, Preprocess>,
    notes: Vec<Diagnostic>,
    labels: Option<Labels>,
    sources: Vec<SourceFile>,
    folder: PathBuf,
}

/// A file that a model was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path, as it was given.
    pub name: String,
    /// Its size.
    pub n_bytes: u64,
}

/// An input of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct InputInfo {
    /// The blob's name in the source.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// What the source says is done to images.
    pub preprocess: Option<Preprocess>,
}

/// A named result.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputTensor {
    /// The blob's name in the source.
    pub name: String,
    /// Its elements.
    pub tensor: Tensor,
}

impl Model {
    /// Opens a model: an ONNX file; or a prototxt with or without a caffemodel, or a caffemodel alone; or a prototxt and a
    /// Deep Compression file. Files are told apart by their content, so their order and names do not matter. (A Deep
    /// Compression file that does not fit its prototxt is known by its name alone, which ends in `.net`.) Weights that an
    /// ONNX file keeps in other files are looked for in its folder.
    ///
    /// # Errors
    /// If a file can't be read, isn't a model, or the model has something wrong or unsupported in it: all of it is
    /// listed, with places.
    pub fn open<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>, options: &OpenOptions) -> Result<Self, Error> {
        let files = paths.into_iter().map(|path| File::read(path.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let folder = files.first().and_then(|file| file.path.parent()).unwrap_or(Path::new("")).to_owned();
        let model = match &files[..] {
            [file] if file.content == Content::Onnx => {
                Model::read_onnx(&file.name, file.bytes.clone(), options, Some(folder))?
            }
            files => Model::open_caffe(files, options, folder)?,
        };
        let source = |file: &File| SourceFile { name: file.name.clone(), n_bytes: file.bytes.len() as u64 };
        Ok(Model { sources: files.iter().map(source).collect(), ..model })
    }

    /// A Caffe net whose files are in memory: names and bytes.
    pub(crate) fn from_caffe(files: [(String, Bytes); 2]) -> Result<Self, Error> {
        let source = |(name, bytes): &(String, Bytes)| SourceFile { name: name.clone(), n_bytes: bytes.len() as u64 };
        let sources = files.iter().map(source).collect();
        let files = files.map(|(name, bytes)| File::new(name, bytes));
        Ok(Model { sources, ..Model::open_caffe(&files, &OpenOptions::default(), PathBuf::new())? })
    }

    fn open_caffe(files: &[File], options: &OpenOptions, folder: PathBuf) -> Result<Self, Error> {
        let imported = caffe_net(files, options)?;
        let Imported { graph, parameters, preprocessing, notes } = imported;
        let form = Form::Graph(Arc::new(NamedGraph::plain(graph)));
        Ok(Model { form, parameters, preprocessing, notes, labels: None, sources: Vec::new(), folder })
    }

    /// Opens an ONNX model in memory; `name` stands for it in messages.
    ///
    /// # Errors
    /// As [`Model::open`], and if weights are in other files.
    pub fn from_onnx(name: &str, bytes: Bytes, options: &OpenOptions) -> Result<Self, Error> {
        Model::read_onnx(name, bytes, options, None)
    }

    /// As [`Model::from_onnx`], with weights that are elsewhere read by `files`.
    pub(crate) fn from_onnx_with(
        name: &str,
        bytes: Bytes,
        options: &OpenOptions,
        files: &dyn ExternalData,
    ) -> Result<Self, Error> {
        let definition = firebrick_onnx::Definition::read(name, bytes.clone())?;
        let OpenOptions { input_shapes, batch, .. } = options.clone();
        let options = firebrick_onnx::Options { input_shapes, batch, input_values: Vec::new() };
        match firebrick_onnx::import(&definition, &options, files)? {
            Import::Graph(imported) => {
                let firebrick_onnx::Imported { graph, outputs, parameters, notes } = *imported;
                let Properties { preprocessing, labels } = Properties::read(definition.metadata());
                let sources = vec![SourceFile { name: name.to_owned(), n_bytes: bytes.len() as u64 }];
                let (form, folder) = (Form::Graph(Arc::new(NamedGraph::new(graph, outputs))), PathBuf::new());
                Ok(Model { form, parameters, preprocessing, notes, labels, sources, folder })
            }
            Import::Deferred(deferred) => {
                Err(Error::Request(format!("what this model becomes depends on {}", deferred.needs)))
            }
        }
    }

    fn read_onnx(name: &str, bytes: Bytes, options: &OpenOptions, folder: Option<PathBuf>) -> Result<Self, Error> {
        let OpenOptions { input_shapes, batch, state: _, random_weights } = options.clone(); // phases are Caffe's
        if random_weights.is_some() {
            let message = "random weights are drawn as a Caffe net's fillers say; an ONNX model has its weights";
            return Err(Error::Request(message.to_owned()));
        }
        let options = firebrick_onnx::Options { input_shapes, batch, input_values: Vec::new() };
        let n_bytes = bytes.len() as u64;
        let definition = firebrick_onnx::Definition::read(name, bytes)?;
        let Properties { preprocessing, labels } = Properties::read(definition.metadata());
        let sources = vec![SourceFile { name: name.to_owned(), n_bytes }];
        let source = Source { definition, options, folder: folder.clone() };
        let folder = folder.unwrap_or_default();
        Ok(match source.import(&source.options)? {
            Import::Graph(imported) => {
                let firebrick_onnx::Imported { graph, outputs, parameters, notes } = *imported;
                let form = Form::Graph(Arc::new(NamedGraph::new(graph, outputs)));
                Model { form, parameters, preprocessing, notes, labels, sources, folder }
            }
            Import::Deferred(deferred) => {
                let (notes, parameters) = (deferred.notes.clone(), BTreeMap::new());
                let form = Form::Special(Arc::new(Specializer::new(source, *deferred)));
                Model { form, parameters, preprocessing, notes, labels, sources, folder }
            }
        })
    }

    /// What it is run by.
    pub(crate) fn form(&self) -> &Form {
        &self.form
    }

    /// The graph.
    ///
    /// # Errors
    /// If there is none before the model is run, as what it becomes depends on its inputs.
    pub fn graph(&self) -> Result<&Graph, Error> {
        self.form.graph()
    }

    /// The same model with another graph that computes what this one does.
    pub(crate) fn with_graph(&self, graph: Graph) -> Self {
        Model { form: Form::Graph(Arc::new(NamedGraph::plain(graph))), ..self.clone() }
    }

    /// The model with something else said of how images are prepared for an input.
    pub(crate) fn with_preprocessing(mut self, input: &str, preprocess: Preprocess) -> Self {
        self.preprocessing.insert(input.to_owned(), preprocess);
        self
    }

    /// The names of classes that the model's file has, if it has any.
    pub fn labels(&self) -> Option<&Labels> {
        self.labels.as_ref()
    }

    /// The files that it was read from.
    pub fn sources(&self) -> &[SourceFile] {
        &self.sources
    }

    /// What was left out or assumed when the model was opened.
    pub fn notes(&self) -> &[Diagnostic] {
        &self.notes
    }

    /// The numbers in the weights that each layer of the source has of its own.
    pub fn parameters(&self) -> &BTreeMap<String, u64> {
        &self.parameters
    }

    /// Whether all weights have values, so that the model can run.
    pub fn has_weights(&self) -> bool {
        self.form.has_weights()
    }

    /// Whether the model can run.
    ///
    /// # Errors
    /// If it has layers with weights, and was opened without any.
    pub fn check_weights(&self) -> Result<(), Error> {
        let message = "the model was opened without weights: give its weights file, or ask for random weights";
        if self.has_weights() { Ok(()) } else { Err(Error::Request(message.to_owned())) }
    }

    /// The model's inputs, in order.
    pub fn inputs(&self) -> Vec<InputInfo> {
        let preprocess = |name: &String| self.preprocessing.get(name).cloned();
        let info = |(name, ty)| InputInfo { preprocess: preprocess(&name), name, ty };
        self.form.inputs().into_iter().map(info).collect()
    }

    /// The only input.
    ///
    /// # Errors
    /// If the model has none or several.
    pub fn sole_input(&self) -> Result<InputInfo, Error> {
        let mut inputs = self.inputs();
        match (inputs.pop(), inputs.is_empty()) {
            (Some(input), true) => Ok(input),
            (None, _) => Err(Error::Request("the model has no input".to_owned())),
            (Some(last), false) => {
                let names: Vec<String> = inputs.into_iter().chain([last]).map(|input| input.name).collect();
                Err(Error::Request(format!("the model has several inputs: {}", names.join(", "))))
            }
        }
    }

    /// The model's outputs, in order: name and type.
    ///
    /// # Errors
    /// As [`Model::graph`].
    pub fn outputs(&self) -> Result<Vec<(String, Type)>, Error> {
        let graph = self.graph()?;
        let outputs = graph.outputs().into_iter();
        Ok(outputs.map(|value| (graph.value_name(value).to_owned(), graph.ty(value).clone())).collect())
    }

    /// The outputs that are no tensors, but lists or nothing.
    pub(crate) fn lists(&self) -> Vec<String> {
        self.form.lists()
    }

    /// The names of the model's outputs, in order.
    pub fn output_names(&self) -> Vec<String> {
        self.form.output_names()
    }

    /// The names of all blobs: every value but the constants, in the order of computation.
    pub fn blobs(&self) -> Vec<String> {
        self.form.blobs()
    }

    /// Rewrites the model's graph; what was done to it. Inputs and outputs keep their names; so do all blobs at
    /// [`Level::O1`], and at higher levels those that are still computed. Where the graph depends on what the model is run
    /// on, the graphs are rewritten when they are made, and there is nothing to report yet.
    ///
    /// # Errors
    /// If a pass has a fault, which is one of Firebrick's. The model is then as it was.
    pub fn optimize(&mut self, level: Level, options: firebrick_passes::Options<'_>) -> Result<PassesReport, Error> {
        let (form, report) = self.form.optimized(level, options)?;
        self.form = form;
        Ok(report)
    }

    /// Makes blobs outputs, behind the model's own, so that they are computed whatever is rewritten afterwards. A blob that
    /// is an output already stays the one that it is. Where the graph depends on what the model is run on, it gets those
    /// that it has.
    ///
    /// # Errors
    /// If the model has no such blob, or none of that name since it was rewritten.
    pub fn keep(&mut self, blobs: &[String]) -> Result<(), Error> {
        let known = self.blobs();
        if let Some(unknown) = blobs.iter().find(|blob| !known.contains(blob)) {
            return Err(Error::Request(format!("the model has no blob named `{unknown}`")));
        }
        self.form = self.form.keeping(blobs);
        Ok(())
    }

    /// A mean image that the model names by file, looked for beside the model and as the path says.
    ///
    /// # Errors
    /// If the file is there, but is no mean image.
    pub fn mean_file(&self, name: &str) -> Result<Option<Mean>, Error> {
        let candidates = [self.folder.join(name), PathBuf::from(name)];
        let beside = Path::new(name).file_name().map(|file| self.folder.join(file));
        let found = candidates.into_iter().chain(beside).find(|path| path.is_file());
        found.map(read_mean_file).transpose()
    }

    /// Runs the model with the reference evaluator.
    ///
    /// # Errors
    /// If an input is missing, unknown or of another shape, there are no weights, or an op has no result.
    pub fn run(&self, inputs: impl IntoIterator<Item = (String, Tensor)>) -> Result<Vec<OutputTensor>, Error> {
        self.run_observed(inputs, &mut |_, _| ())
    }

    /// As [`Model::run`]; `observe` sees every blob by name as it is computed, by each of its names if blobs became one
    /// by [`Model::optimize`], but no constants.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn run_observed(
        &self,
        inputs: impl IntoIterator<Item = (String, Tensor)>,
        observe: &mut dyn FnMut(&str, &Tensor),
    ) -> Result<Vec<OutputTensor>, Error> {
        let inputs = inputs.into_iter().map(|(name, tensor)| (name, Datum::Tensor(tensor)));
        let (graph, tensors) = self.evaluate(inputs, observe)?;
        let names = graph.output_names().into_iter();
        Ok(names.zip(tensors).map(|(name, tensor)| OutputTensor { name, tensor }).collect())
    }

    /// Arrays as the inputs of those names take them: numbers become elements of the input's type, floats rounded to it.
    ///
    /// # Errors
    /// If an integer or a truth value would be another number.
    pub fn fit(&self, arrays: Vec<(String, Tensor)>) -> Result<Vec<(String, Tensor)>, Error> {
        let inputs = self.inputs();
        let fit = |(name, tensor): (String, Tensor)| {
            let dtype = inputs.iter().find(|input| input.name == name).map(|input| input.ty.dtype);
            let fitted = fitted(&tensor, dtype.unwrap_or(tensor.dtype()));
            let message = || {
                format!(
                    "input `{name}` takes {}, and not all numbers of the array are such",
                    dtype.map_or("", DType::name)
                )
            };
            fitted.map(|tensor| (name.clone(), tensor)).ok_or_else(|| Error::Request(message()))
        };
        arrays.into_iter().map(fit).collect()
    }

    /// As [`Model::run`], for models that take or give lists or optional values. [`Model::run`] gives a list's tensors as
    /// outputs of their own: `y[0]`, `y[1]` and so on.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn run_data(&self, inputs: impl IntoIterator<Item = (String, Datum)>) -> Result<Vec<(String, Datum)>, Error> {
        let (graph, tensors) = self.evaluate(inputs, &mut |_, _| ())?;
        Ok(graph.assemble(tensors))
    }

    fn evaluate(
        &self,
        inputs: impl IntoIterator<Item = (String, Datum)>,
        observe: &mut dyn FnMut(&str, &Tensor),
    ) -> Result<(Arc<NamedGraph>, Vec<Tensor>), Error> {
        self.check_weights()?;
        let (graph, inputs) = self.form.choose(inputs.into_iter().collect())?;
        let verified = verify(graph.graph()).map_err(Error::Verify)?;
        let tensors = Evaluator::new(verified)
            .run_observed(&inputs, &mut |value, tensor| graph.observe(value, tensor, observe))?;
        Ok((graph, tensors))
    }
}

/// The numbers as elements of a type; `None` if they are none of its numbers. Floats may be rounded.
fn fitted(tensor: &Tensor, dtype: DType) -> Option<Tensor> {
    let cast = |tensor: &Tensor, dtype| Op::from(Cast::to(dtype)).eval(&[tensor]).ok()?.pop();
    let fitted = cast(tensor, dtype)?;
    let is_same = dtype.is_float() || cast(&fitted, tensor.dtype())? == *tensor;
    is_same.then_some(fitted)
}

/// Reads a mean image in the binaryproto format.
///
/// # Errors
/// If the file can't be read, or is no mean image.
pub fn read_mean_file(path: impl AsRef<Path>) -> Result<Mean, Error> {
    let path = path.as_ref();
    let bytes = read_file(path)?;
    Ok(Mean::Image(firebrick_caffe::mean_image(&path.display().to_string(), bytes)?))
}

impl From<&OpenOptions> for Options {
    fn from(options: &OpenOptions) -> Self {
        let OpenOptions { state, input_shapes, batch, random_weights } = options.clone();
        Options { state, input_shapes, batch, random_weights }
    }
}
