//! A model as Caffe's files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use firebrick_caffe_writer::{Reason, Refusal, Written, write};
use firebrick_diagnostics::{Diagnostic, Report};
use firebrick_ir::{ChannelOrder, Dim, Type, verify};
use firebrick_passes::{Level, optimize};

use super::{Summary, TOLERANCE, Verification, reread};
use crate::files::Staged;
use crate::{Comparison, Error, InputInfo, Model};

/// How a model is written for Caffe.
#[derive(Debug, Clone, Default)]
pub struct CaffeOptions {
    /// Whether layers are folded into weights; inner blobs may be gone then.
    pub simplify: bool,
    /// Runs the written model against its source.
    pub verification: Option<Verification>,
}

/// A model as Caffe's two files, checked and not yet written.
#[derive(Debug, Clone)]
pub struct CaffeFiles {
    /// The definition.
    pub prototxt: String,
    /// The weights.
    pub caffemodel: Bytes,
    /// It in numbers; its operators are layers.
    pub summary: Summary,
    /// How far it is from its source, if it was run against it.
    pub comparison: Option<Comparison>,
    /// What has to be known of it: layers that Caffe 1.0 does not have.
    pub notes: Vec<Diagnostic>,
}

impl CaffeFiles {
    /// Writes the definition to the path, and the weights beside it; both under temporary names first.
    ///
    /// # Errors
    /// If the system can't. What was there before is left then.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let prototxt = Staged::write(path, |file| file.write_all(self.prototxt.as_bytes()))?;
        let caffemodel = Staged::write(&CaffeFiles::weights_file(path), |file| file.write_all(&self.caffemodel))?;
        caffemodel.publish()?;
        prototxt.publish()
    }

    /// The file of weights beside a prototxt.
    pub fn weights_file(prototxt: &Path) -> PathBuf {
        prototxt.with_extension("caffemodel")
    }
}

/// Makes a prototxt and a caffemodel of a model, reads them back and checks them; `path` is where the prototxt will be
/// written. Blobs keep their names.
///
/// # Errors
/// If the model has something in it that Caffe has no layers for, all of it with the reason; has no weights; or what was
/// read back is not the same model.
pub fn convert_to_caffe(model: &Model, path: &Path, options: &CaffeOptions) -> Result<CaffeFiles, Error> {
    model.check_weights()?;
    let mut graph = model.graph()?.clone();
    if options.simplify {
        let optimized = optimize(&mut graph, Level::Export, firebrick_passes::Options::default());
        optimized.map_err(|error| Error::Fault(error.to_string()))?;
    }
    let verified = verify(&graph).map_err(Error::Verify)?;
    let inputs = model.inputs().into_iter();
    let writer = firebrick_caffe_writer::Options {
        comment: format!("Written by Firebrick {}.", env!("CARGO_PKG_VERSION")),
        preprocessing: inputs.filter_map(|input| Some((input.name, input.preprocess?))).collect(),
    };
    let Written { prototxt, caffemodel, beyond_v1 } =
        write(verified, &writer).map_err(|refusals| refused(&refusals))?;
    let written = read_back(model, path, &prototxt, &caffemodel)?;
    let comparison = options.verification.as_ref();
    let comparison =
        comparison.map(|verification| reread::compare(model, &written, verification, TOLERANCE)).transpose()?;
    let notes = beyond_v1
        .into_iter()
        .map(|(kind, version)| Diagnostic::note(format!("{} is a layer of {}", kind.name(), version.name())));
    let orders = model.inputs().into_iter().filter_map(|input| rgb_note(&input));
    let notes = notes.chain(orders).collect();
    let summary = Summary::new(model, &written, layers(&prototxt), 0)?;
    Ok(CaffeFiles { notes, prototxt, caffemodel, summary, comparison })
}

impl Model {
    /// The model as Caffe's files, as [`convert_to_caffe`] makes them without options.
    ///
    /// # Errors
    /// As there.
    pub fn to_caffe(&self) -> Result<CaffeFiles, Error> {
        convert_to_caffe(self, Path::new("net.prototxt"), &CaffeOptions::default())
    }
}

/// What a prototxt can't say of an input: Caffe's nets take blue first.
fn rgb_note(input: &InputInfo) -> Option<Diagnostic> {
    let has_colors = input.ty.shape.0.get(1).and_then(Dim::fixed) == Some(3);
    let is_rgb = input.preprocess.as_ref().is_some_and(|preprocess| preprocess.order == ChannelOrder::Rgb);
    let message =
        format!("`{}` takes images as RGB, which a prototxt can't say: run it with `--color rgb`", input.name);
    (has_colors && is_rgb).then(|| Diagnostic::warning(message))
}

/// Reads the files back: a model with the source's inputs and outputs, in whatever order.
fn read_back(source: &Model, path: &Path, prototxt: &str, caffemodel: &Bytes) -> Result<Model, Error> {
    let fault = |what: String| Error::Fault(format!("the model that was written can't be used: {what}"));
    let weights = CaffeFiles::weights_file(path);
    let files = [(path, prototxt.as_bytes().to_vec().into()), (&weights, caffemodel.clone())];
    let files = files.map(|(path, bytes)| (path.display().to_string(), bytes));
    let written = Model::from_caffe(files).map_err(|error| fault(error.render(false)))?;
    let inputs = |model: &Model| sorted(model.inputs().into_iter().map(|input| (input.name, input.ty)).collect());
    let outputs = |model: &Model| Ok::<_, Error>(sorted(model.outputs()?));
    let (before, after) = ((inputs(source), outputs(source)?), (inputs(&written), outputs(&written)?));
    if before == after {
        return Ok(written);
    }
    Err(fault(format!("inputs and outputs {before:?} became {after:?}")))
}

/// Types by name, each name once.
fn sorted(mut values: Vec<(String, Type)>) -> Vec<(String, String)> {
    values.sort_by(|a, b| a.0.cmp(&b.0));
    values.dedup_by(|a, b| a.0 == b.0);
    values.into_iter().map(|(name, ty)| (name, ty.to_string())).collect()
}

/// The types of the layers but inputs, with how many of each.
fn layers(prototxt: &str) -> BTreeMap<String, usize> {
    let kinds = prototxt.lines().filter_map(|line| line.strip_prefix("  type: \"")?.strip_suffix('"'));
    let mut counts = BTreeMap::new();
    for kind in kinds.filter(|kind| *kind != "Input") {
        *counts.entry(kind.to_owned()).or_default() += 1;
    }
    counts
}

fn refused(refusals: &[Refusal]) -> Error {
    let diagnostic = |refusal: &Refusal| {
        let what = match &refusal.origin {
            Some(origin) => format!("layer `{}` of type {}", origin.name, origin.kind),
            None => format!("`{}` ({})", refusal.value, refusal.op),
        };
        let error = Diagnostic::error(format!("{what} can't be written for Caffe: {}", refusal.reason));
        let needs_size = matches!(refusal.reason, Reason::Symbolic(_));
        if needs_size { error.help("give the sizes: `--batch 1`, or `--input NAME=1,3,227,227`") } else { error }
    };
    Error::Model(Report::new(refusals.iter().map(diagnostic).collect()))
}
