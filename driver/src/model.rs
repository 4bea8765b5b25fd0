//! A model: files in, a graph that runs.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use firebrick_caffe::{Definition, Imported, Options, State, Weights};
use firebrick_diagnostics::{Diagnostic, Report};
use firebrick_ir::{Evaluator, Graph, Mean, Op, Preprocess, Tensor, Type, Value, verify};
use firebrick_schemas::{Content, sniff};

use crate::{Error, read_file};

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
    graph: Graph,
    parameters: BTreeMap<String, u64>,
    preprocessing: BTreeMap<String, Preprocess>,
    notes: Vec<Diagnostic>,
    folder: PathBuf,
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

/// A file as it was read.
struct File {
    path: PathBuf,
    name: String,
    bytes: Bytes,
    content: Content,
}

impl Model {
    /// Opens a model: a prototxt with or without a caffemodel, or a caffemodel alone. Files are told apart by their
    /// content, so their order and names do not matter.
    ///
    /// # Errors
    /// If a file can't be read, isn't a model, or the model has something wrong or unsupported in it: all of it is
    /// listed, with places.
    pub fn open<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>, options: &OpenOptions) -> Result<Self, Error> {
        let files = paths.into_iter().map(|path| File::read(path.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let (texts, binaries): (Vec<&File>, Vec<&File>) = sort_out(&files)?;
        let (definition, weights) = match (&texts[..], &binaries[..]) {
            ([text], []) => (Definition::read_text(&text.name, &text.bytes)?, None),
            ([text], [binary]) => {
                let definition = Definition::read_text(&text.name, &text.bytes)?;
                (definition, Some(Weights::read(&binary.name, binary.bytes.clone())?))
            }
            ([], [binary]) => (Definition::read_binary(&binary.name, binary.bytes.clone())?, None),
            ([], []) => return Err(Error::Files("no model file was given".to_owned())),
            (_, _) => return Err(Error::Files(too_many(&texts, &binaries))),
        };
        let weights = weights.filter(|_| options.random_weights.is_none());
        let imported = firebrick_caffe::import(&definition, weights.as_ref(), &options.into())?;
        let folder = files.first().and_then(|file| file.path.parent()).unwrap_or(Path::new("")).to_owned();
        Ok(Model::of(imported, folder))
    }

    fn of(imported: Imported, folder: PathBuf) -> Self {
        let Imported { graph, parameters, preprocessing, notes } = imported;
        Model { graph, parameters, preprocessing, notes, folder }
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
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
        let is_missing = |op: &Op| matches!(op, Op::Const(constant) if constant.tensor().is_none());
        !self.graph.nodes().any(|(_, node)| is_missing(&node.op))
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
        let of = |value: Value| {
            let name = self.source_name(value);
            InputInfo { ty: self.graph.ty(value).clone(), preprocess: self.preprocessing.get(&name).cloned(), name }
        };
        self.graph.inputs().iter().map(|&node| of(Value { node, port: 0 })).collect()
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
    pub fn outputs(&self) -> Vec<(String, Type)> {
        let outputs = self.graph.outputs().into_iter();
        outputs.map(|value| (self.graph.value_name(value).to_owned(), self.graph.ty(value).clone())).collect()
    }

    /// The names of all blobs: every value but the constants, in the order of computation.
    pub fn blobs(&self) -> Vec<String> {
        let nodes = self.graph.schedule().into_iter().map(|id| self.graph.node(id));
        let computed = nodes.filter(|node| !matches!(node.op, Op::Const(_)));
        computed.flat_map(|node| node.outputs.iter().map(|output| output.name.clone())).collect()
    }

    /// An input's name in the source: where a layer writes its blob in place, the graph's input is the first version.
    fn source_name(&self, value: Value) -> String {
        let name = self.graph.value_name(value);
        name.strip_suffix("#1").filter(|blob| self.graph.find(blob).is_some()).unwrap_or(name).to_owned()
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

    /// As [`Model::run`]; `observe` sees every blob by name as it is computed, but no constants.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn run_observed(
        &self,
        inputs: impl IntoIterator<Item = (String, Tensor)>,
        observe: &mut dyn FnMut(&str, &Tensor),
    ) -> Result<Vec<OutputTensor>, Error> {
        self.check_weights()?;
        let verified = verify(&self.graph).map_err(Error::Verify)?;
        let inputs: HashMap<String, Tensor> =
            inputs.into_iter().map(|(name, tensor)| (self.graph_name(name), tensor)).collect();
        let tensors = Evaluator::new(verified).run_observed(&inputs, &mut |value, tensor| {
            if !matches!(self.graph.node(value.node).op, Op::Const(_)) {
                observe(self.graph.value_name(value), tensor);
            }
        })?;
        let names = self.outputs().into_iter().map(|(name, _)| name);
        Ok(names.zip(tensors).map(|(name, tensor)| OutputTensor { name, tensor }).collect())
    }

    /// The graph's name of an input that the caller names as the source does.
    fn graph_name(&self, name: String) -> String {
        let is_input = |name: &str| self.graph.find(name).is_some_and(|v| self.graph.inputs().contains(&v.node));
        let first_version = format!("{name}#1");
        if !is_input(&name) && is_input(&first_version) { first_version } else { name }
    }
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

impl File {
    fn read(path: &Path) -> Result<Self, Error> {
        let bytes = read_file(path)?;
        let content = sniff(&bytes);
        Ok(File { path: path.to_owned(), name: path.display().to_string(), bytes, content })
    }
}

/// Prototxts and caffemodels; anything else is refused with what it seems to be.
fn sort_out(files: &[File]) -> Result<(Vec<&File>, Vec<&File>), Error> {
    let refused: Vec<Diagnostic> = files.iter().filter_map(refusal).collect();
    if let Some(report) = Report::from_vec(refused) {
        return Err(report.into());
    }
    Ok(files.iter().partition(|file| file.content == Content::Text))
}

fn refusal(file: &File) -> Option<Diagnostic> {
    let help = match file.content {
        Content::Text | Content::CaffeNet => return None,
        Content::Onnx => "this version reads Caffe's files; ONNX comes with a later one",
        Content::CaffeBlob => "a mean image is given by `--mean`",
        Content::Empty
        | Content::Html
        | Content::GitLfsPointer
        | Content::Gzip
        | Content::Zip
        | Content::Tar
        | Content::Hdf5
        | Content::Png
        | Content::Jpeg
        | Content::Utf16
        | Content::Unknown => "a model is a prototxt, a caffemodel, or both",
    };
    let message = format!("this is not a model. {}", file.content.sentence().trim_end_matches('.'));
    Some(Diagnostic::error(message).at(firebrick_diagnostics::Place::file(file.name.as_str())).help(help))
}

fn too_many(texts: &[&File], binaries: &[&File]) -> String {
    let (files, kind) = if texts.len() > 1 { (texts, "prototxts") } else { (binaries, "caffemodels") };
    let names = files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(", ");
    format!("a model is one prototxt, one caffemodel, or one of each, but these are {} {kind}: {names}", files.len())
}
