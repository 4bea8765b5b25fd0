//! `firebrick diff`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use firebrick::{Comparison, OpenOptions};

use crate::convert::differences;
use crate::model_args::{InputArg, ModelArgs, open, read_inputs};
use crate::{Failure, display};

/// Run two models on the same inputs and show, blob by blob, where they part
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    model: ModelArgs,

    /// The other model: its file, or its definition and its weights
    #[arg(long, value_name = "FILE", num_args = 1..=2, required = true)]
    with: Vec<PathBuf>,

    /// An array for an input, by its name in the first model (`data=x.npy`), or its shape (`data=1,3,227,227`); may be
    /// repeated
    #[arg(long, value_name = "NAME=FILE|SHAPE")]
    input: Vec<InputArg>,

    /// What inputs are drawn from that are not given
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,

    /// By which part of its largest magnitude a blob may differ
    #[arg(long, value_name = "PART", default_value_t = 1e-5)]
    tolerance: f64,

    /// Show blobs that agree too
    #[arg(long)]
    all: bool,

    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What to print of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table.
    Text,
    /// All blobs, as JSON.
    Json,
}

/// Runs the command.
pub(crate) fn diff(args: &DiffArgs) -> Result<(), Failure> {
    if args.tolerance.is_nan() || args.tolerance < 0.0 {
        return Err(Failure::Usage("a tolerance is a number from 0 on".to_owned()));
    }
    let (arrays, shapes) = read_inputs(&args.input)?;
    let first = args.model.open(shapes, None)?;
    let options = second_options(&first, args);
    let second = open(args.with.iter().map(PathBuf::as_path), &options)?;
    let comparison = Comparison::run(&first, &second, &arrays, args.seed)?;
    match args.format {
        Format::Text => display::line(&text(args, &comparison))?,
        Format::Json => display::json(&comparison)?,
    }
    let is_same = comparison.beyond(args.tolerance).next().is_none() && !comparison.blobs.is_empty();
    if is_same { Ok(()) } else { Err(Failure::Difference) }
}

/// The second model is opened with the first one's shapes, by name, or its batch where names differ.
fn second_options(first: &firebrick::Model, args: &DiffArgs) -> OpenOptions {
    let own = args.model.options(Vec::new(), None);
    let shapes = first.inputs().into_iter().filter_map(|input| Some((input.name, input.ty.shape.as_fixed()?)));
    let shapes: Vec<(String, Vec<u64>)> = shapes.collect();
    let batch = shapes.first().and_then(|(_, dims)| dims.first()).copied();
    let known = firebrick::Model::open(args.with.iter().map(PathBuf::as_path), &own).map(|model| model.inputs());
    let known: Vec<String> = known.unwrap_or_default().into_iter().map(|input| input.name).collect();
    let input_shapes = shapes.into_iter().filter(|(name, _)| known.contains(name)).collect();
    OpenOptions { input_shapes, batch, random_weights: None, ..own }
}

fn text(args: &DiffArgs, comparison: &Comparison) -> String {
    let n_beyond = comparison.beyond(args.tolerance).count();
    let n_blobs = comparison.blobs.len();
    let mut parts = Vec::new();
    if args.all {
        parts.push(differences(comparison.blobs.iter()));
    } else if n_beyond > 0 {
        parts.push(differences(comparison.beyond(args.tolerance)));
    }
    let apart = [(&comparison.only_first, "the first"), (&comparison.only_second, "the second")];
    let apart = apart.into_iter().filter(|(names, _)| !names.is_empty());
    let apart: Vec<String> = apart.map(|(names, which)| format!("{} only in {which}", names.len())).collect();
    let apart = if apart.is_empty() { String::new() } else { format!(" ({})", apart.join(", ")) };
    parts.push(match comparison.worst() {
        None => format!("the models have no blobs in common{apart}"),
        Some(worst) if worst.relative() == 0.0 => format!("{n_blobs} blobs are the same{apart}"),
        Some(worst) if n_beyond == 0 => format!(
            "{n_blobs} blobs agree{apart}: at most {:.1e} of the largest magnitude apart, in {}",
            worst.relative(),
            worst.name
        ),
        Some(_) => {
            let first = comparison.beyond(args.tolerance).next().map_or("", |blob| blob.name.as_str());
            format!("{n_beyond} of {n_blobs} blobs differ{apart}; the first is {first}")
        }
    });
    parts.join("\n\n")
}
