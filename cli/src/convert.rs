//! `firebrick convert`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use firebrick::{
    Batch, BlobDifference, CaffeFiles, CaffeOptions, Comparison, ConvertOptions, Labels, Model, Opset, QuantizedForm,
    Resize, Summary, Verification,
};

use crate::image_args::ImageArgs;
use crate::model_args::{BatchArg, InputArg, ModelArgs, notes, open, read_inputs};
use crate::{Failure, display};

/// Write a model as ONNX or for Caffe, checked against its source
#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    #[command(flatten)]
    model: ModelArgs,

    /// The file to write: `.onnx`, or `.prototxt` with a caffemodel beside it
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,

    /// The operator set to be written
    #[arg(long, value_name = "N", default_value_t = Opset::default())]
    opset: Opset,

    /// How what is quantized is written: `qlinear` uses QLinearConv and QLinearMatMul where they say it, and implies
    /// `--simplify`
    #[arg(long, value_name = "FORM", default_value = "qdq")]
    quantized: Quantized,

    /// Store weights as f16: half the size; arithmetic stays in f32
    #[arg(long)]
    fp16: bool,

    /// Put the mean, the scale and the order of channels into the graph: its input takes the samples of an RGB image
    #[arg(long)]
    embed_preprocess: bool,

    #[command(flatten)]
    images: ImageArgs,

    /// Names of the classes, which become a part of the file: a file with a name on each line
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,

    /// Fold layers into weights and simplify; inner blobs may be gone then
    #[arg(long)]
    simplify: bool,

    /// Run the written model against its source, on inputs drawn from the seed where none are given; a model that differs
    /// is not written
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    verify: Option<u64>,

    /// An array to verify with (`data=x.npy`), or an input's shape (`data=1,3,227,227`); may be repeated
    #[arg(long, value_name = "NAME=FILE|SHAPE")]
    input: Vec<InputArg>,

    /// Put weights into a file beside the model if it takes more bytes than that with them
    #[arg(long, value_name = "BYTES", default_value_t = i32::MAX as u64)]
    external_data_above: u64,
}

/// How what is quantized is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Quantized {
    /// DequantizeLinear, the operator on floats, QuantizeLinear
    Qdq,
    /// QLinearConv and QLinearMatMul, and the other form for what they don't say
    Qlinear,
}

impl From<Quantized> for QuantizedForm {
    fn from(quantized: Quantized) -> Self {
        match quantized {
            Quantized::Qdq => QuantizedForm::Qdq,
            Quantized::Qlinear => QuantizedForm::QLinear,
        }
    }
}

/// Runs the command.
pub(crate) fn convert(args: &ConvertArgs) -> Result<(), Failure> {
    match args.output.extension().and_then(|extension| extension.to_str()) {
        Some("onnx") => to_onnx(args),
        Some("prototxt") => to_caffe(args),
        Some(_) | None => {
            Err(Failure::Usage(format!("`{}` ends neither in .onnx nor in .prototxt", args.output.display())))
        }
    }
}

fn to_onnx(args: &ConvertArgs) -> Result<(), Failure> {
    if args.images.is_given() && !args.embed_preprocess {
        let message = "`--mean`, `--scale` and `--color` say what `--embed-preprocess` puts into the graph";
        return Err(Failure::Usage(message.to_owned()));
    }
    let (model, verification) = source(args)?;
    let images = args.embed_preprocess.then(|| args.images.options(Resize::Squash)).transpose()?;
    let options = ConvertOptions {
        opset: args.opset,
        quantized: args.quantized.into(),
        batch: if args.model.batch == Some(BatchArg::Symbolic) { Batch::Symbolic } else { Batch::Kept },
        half: args.fp16,
        embed_preprocess: images,
        simplify: args.simplify,
        labels: args.labels.as_deref().map(Labels::read).transpose()?,
        verification,
        external_above: Some(args.external_data_above),
    };
    let conversion = firebrick::convert(&model, &args.output, &options)?;
    notes(conversion.notes());
    conversion.write(&args.output)?;
    let mut files = args.output.display().to_string();
    if let Some(data) = conversion.data_file(&args.output) {
        files = format!("{files} and {data}");
    }
    let title = format!("{files}: operator set {}, read back and checked", args.opset);
    display::line(&report(title, ["operators", "ops"], conversion.summary(), conversion.comparison()))
}

fn to_caffe(args: &ConvertArgs) -> Result<(), Failure> {
    let only_onnx = [
        ("--opset", args.opset != Opset::default()),
        ("--quantized", args.quantized != Quantized::Qdq),
        ("--fp16", args.fp16),
        ("--embed-preprocess", args.embed_preprocess || args.images.is_given()),
        ("--labels", args.labels.is_some()),
        ("--batch symbolic", args.model.batch == Some(BatchArg::Symbolic)),
    ];
    if let Some((option, _)) = only_onnx.into_iter().find(|(_, is_given)| *is_given) {
        return Err(Failure::Usage(format!("`{option}` is for ONNX, and Caffe's files have no place for it")));
    }
    let (model, verification) = source(args)?;
    let options = CaffeOptions { simplify: args.simplify, verification };
    let files = firebrick::convert_to_caffe(&model, &args.output, &options)?;
    notes(&files.notes);
    files.write(&args.output)?;
    let weights = CaffeFiles::weights_file(&args.output);
    let title = format!("{} and {}: read back and checked", args.output.display(), weights.display());
    display::line(&report(title, ["layers", "ops, layers"], &files.summary, files.comparison.as_ref()))
}

/// The model, and how it is to be verified.
fn source(args: &ConvertArgs) -> Result<(Model, Option<Verification>), Failure> {
    let (arrays, shapes) = read_inputs(&args.input)?;
    if args.verify.is_none() && !arrays.is_empty() {
        return Err(Failure::Usage("arrays are inputs to `--verify` with".to_owned()));
    }
    let model = open(args.model.files(), &args.model.options(shapes, None))?;
    Ok((model, args.verify.map(|seed| Verification { seed, inputs: arrays })))
}

/// What was written, the operators by their noun, the figures, and how it was verified.
fn report(title: String, [noun, ops]: [&str; 2], summary: &Summary, comparison: Option<&Comparison>) -> String {
    let Summary { before, after, operators } = summary;
    let operators: Vec<String> = operators.iter().map(|(name, n)| format!("{name} {n}")).collect();
    let row =
        |what: &str, before: u64, after: u64| vec![what.to_owned(), display::count(before), display::count(after)];
    let rows = [
        row(ops, before.n_ops as u64, after.n_ops as u64),
        row("bytes", before.n_bytes, after.n_bytes),
        row("parameters", before.parameters, after.parameters),
        row("MACs", before.macs, after.macs),
    ];
    let mut parts = vec![
        title,
        format!("{noun}: {}", operators.join(", ")),
        display::table(&["", "before", "after"], &[1, 2], rows),
    ];
    parts.extend(comparison.map(verified));
    parts.join("\n\n")
}

/// The outputs and the worst blob.
fn verified(comparison: &Comparison) -> String {
    let outputs = comparison.blobs.iter().filter(|blob| blob.is_output);
    let worst = comparison.worst();
    let shown = outputs.chain(worst.filter(|blob| !blob.is_output && blob.relative() > 0.0));
    let title = format!("verified on {} blobs; outputs and the worst of all:", comparison.blobs.len());
    format!("{title}\n{}", differences(shown))
}

/// A table of differences.
pub(crate) fn differences<'a>(blobs: impl Iterator<Item = &'a BlobDifference>) -> String {
    let row = |blob: &BlobDifference| {
        let name = match &blob.second_name {
            Some(second) => format!("{} = {second}", blob.name),
            None => blob.name.clone(),
        };
        let numbers = match &blob.mismatch {
            Some(mismatch) => [mismatch.clone(), String::new(), String::new()],
            None => [error(blob.max_abs), error(blob.relative()), format!("{:.4}", blob.magnitude)],
        };
        [vec![name, display::shape(&blob.shape)], numbers.to_vec()].concat()
    };
    display::table(&["blob", "shape", "max error", "relative", "magnitude"], &[2, 3, 4], blobs.map(row))
}

fn error(off: f64) -> String {
    if off == 0.0 { "0".to_owned() } else { format!("{off:.1e}") }
}
