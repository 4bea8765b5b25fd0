//! A model written in another format.

mod batch;
mod caffe;
mod half;
mod preprocess;
mod reread;
mod summary;
mod write;

use std::path::Path;

use firebrick_diagnostics::{Diagnostic, Report};
use firebrick_ir::{Graph, Op, Tensor, verify};
use firebrick_onnx_writer::{Opset, QuantizedForm, Refusal};
use firebrick_passes::{Level, optimize};

use crate::{Comparison, Error, ImageOptions, Labels, Model, properties};

pub use self::caffe::{CaffeFiles, CaffeOptions, convert_to_caffe};
pub use self::summary::{Figures, Summary};
pub use self::write::Conversion;

/// How a model is written.
#[derive(Debug, Clone, Default)]
pub struct ConvertOptions {
    /// The operator set.
    pub opset: Opset,
    /// How what is quantized is written. QLinear operators ask for the folding of `simplify`.
    pub quantized: QuantizedForm,
    /// What the inputs' first dimension becomes.
    pub batch: Batch,
    /// Whether weights are stored as f16.
    pub half: bool,
    /// Puts what is done to images into the graph, whose input becomes an image's samples; as these options say, else
    /// as the model does.
    pub embed_preprocess: Option<ImageOptions>,
    /// Whether layers are folded into weights; inner blobs may be gone then.
    pub simplify: bool,
    /// The names of the classes, which become a part of the file.
    pub labels: Option<Labels>,
    /// Runs the written model against its source.
    pub verification: Option<Verification>,
    /// A model that takes more bytes than that has its weights in a file beside it; by default, what protobuf allows.
    pub external_above: Option<u64>,
}

/// What the inputs' first dimension becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Batch {
    /// What it is.
    #[default]
    Kept,
    /// A symbol: any number of items.
    Symbolic,
}

/// How a written model is run against its source.
#[derive(Debug, Clone, Default)]
pub struct Verification {
    /// What inputs are drawn from that are not given.
    pub seed: u64,
    /// Inputs by name.
    pub inputs: Vec<(String, Tensor)>,
}

/// By which part of a blob's largest magnitude a written model may differ from its source. The same ops summed in the
/// same order give the same; folded weights and what an operator set can only say by others are rounded once more.
const TOLERANCE: f64 = 1e-5;
/// The same where weights were rounded to 11 bits: one is off by 2⁻¹², and layers add up. And where values are quantized:
/// a rounding error may make a step of one in 255.
const COARSE_TOLERANCE: f64 = 2e-2;

/// Makes an ONNX file of a model, reads it back and checks it; `path` is where it will be written.
///
/// # Errors
/// If an op can't be said in the operator set, all of them with the reason; the model has no weights; or what was read
/// back is not the same model.
pub fn convert(model: &Model, path: &Path, options: &ConvertOptions) -> Result<Conversion, Error> {
    model.check_weights()?;
    if let Some(list) = model.lists().first() {
        return Err(Error::Request(format!("output `{list}` is a list, and only tensors are written")));
    }
    let mut notes = Vec::new();
    let mut source = match &options.embed_preprocess {
        Some(images) => preprocess::embed(model, images, &mut notes)?,
        None => model.clone(),
    };
    if options.batch == Batch::Symbolic {
        source = batch::symbolic(&source)?;
    }
    let mut graph = source.graph()?.clone();
    let folds = options.simplify || options.quantized == QuantizedForm::QLinear;
    let level = if folds { Level::Export } else { Level::O1 };
    optimize(&mut graph, level, firebrick_passes::Options::default())
        .map_err(|error| Error::Fault(error.to_string()))?;
    if options.half {
        half::round_weights(&mut graph, &mut notes).map_err(|error| Error::Fault(error.to_string()))?;
    }
    let verified = verify(&graph).map_err(Error::Verify)?;
    let writer = firebrick_onnx_writer::Options {
        opset: options.opset,
        quantized: options.quantized,
        external_above: options.external_above.unwrap_or(firebrick_onnx_writer::Options::PROTOBUF_LIMIT),
        data_file: write::data_file(path),
        properties: properties::write(&source, options.labels.as_ref()),
        doc: String::new(),
    };
    let exported = firebrick_onnx_writer::export(verified, &writer).map_err(|refusals| refused(&refusals))?;
    let written = reread::reread(&source, &exported, path)?;
    let comparison = options.verification.as_ref().map(|verification| {
        let tolerance = if options.half || is_quantized(&graph) { COARSE_TOLERANCE } else { TOLERANCE };
        reread::compare(&source, &written, verification, tolerance)
    });
    let comparison: Option<Comparison> = comparison.transpose()?;
    let summary = Summary::of(model, &written, &exported)?;
    Ok(Conversion { exported, summary, comparison, notes })
}

/// Whether it has integers that stand for numbers.
fn is_quantized(graph: &Graph) -> bool {
    graph.nodes().any(|(_, node)| matches!(node.op, Op::Quantize(_) | Op::QConv(_) | Op::QGemm(_) | Op::QMatMul(_)))
}

/// Everything that can't be written.
fn refused(refusals: &[Refusal]) -> Error {
    let diagnostic = |refusal: &Refusal| {
        let what = match &refusal.origin {
            Some(origin) => format!("layer `{}` of type {}", origin.name, origin.kind),
            None => format!("`{}` ({})", refusal.value, refusal.op),
        };
        Diagnostic::error(format!("{what} can't be written as ONNX: {}", refusal.reason))
    };
    Error::Model(Report::new(refusals.iter().map(diagnostic).collect()))
}
