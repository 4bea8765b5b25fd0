//! `firebrick run`

mod collect;
mod report;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use firebrick::ir::Tensor;
use firebrick::passes::{Level, Options};
use firebrick::{Error, Images, InputInfo, Labels, Model, Resize};
use indicatif::ProgressBar;

use self::collect::{Collected, Wanted};
use self::report::Report;
use crate::image_args::ImageArgs;
use crate::level_arg::level;
use crate::model_args::{Arrays, InputArg, ModelArgs, read_inputs};
use crate::{Failure, display};

/// Run a model on images or arrays
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    model: ModelArgs,

    /// An image (JPEG or PNG) for the model's input; several run one after another, or `--batch` at a time
    #[arg(long, short, value_name = "FILE", num_args = 1..)]
    image: Vec<PathBuf>,

    /// An array for an input, as it is (`data=x.npy`), or an input's shape (`data=1,3,227,227`); may be repeated
    #[arg(long, value_name = "NAME=FILE|SHAPE")]
    input: Vec<InputArg>,

    /// How much the graph is rewritten before it is run; up to 1, every blob can be saved
    #[arg(short = 'O', value_name = "LEVEL", default_value = "0", value_parser = level())]
    optimization: Level,

    /// Names of the classes: a file with a name on each line
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,

    /// How many classes to show of each result
    #[arg(long, value_name = "K", default_value_t = 5)]
    top: usize,

    /// Write a blob as a NumPy file; any blob of the net will do; may be repeated
    #[arg(long, value_name = "NAME=FILE", value_parser = save_arg)]
    save: Vec<(String, PathBuf)>,

    /// Write every blob as a NumPy file into this folder, and `blobs.json`, which says where each one is
    #[arg(long, value_name = "DIR")]
    save_all: Option<PathBuf>,

    #[command(flatten)]
    images: ImageArgs,

    /// How images get the input's size: `squash`; `crop`, the middle of what fits; or `crop=256`, the middle after
    /// the shorter side was made 256
    #[arg(long, value_name = "HOW", default_value = "squash", value_parser = resize_arg)]
    resize: Resize,

    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What to print of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The best classes, or a summary.
    Text,
    /// The same as JSON.
    Json,
}

fn save_arg(text: &str) -> Result<(String, PathBuf), String> {
    match text.rsplit_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => Ok((name.to_owned(), PathBuf::from(file))),
        Some(_) | None => Err("expected NAME=FILE.npy".to_owned()),
    }
}

fn resize_arg(text: &str) -> Result<Resize, String> {
    match text.split_once('=') {
        None if text == "squash" => Ok(Resize::Squash),
        None if text == "crop" => Ok(Resize::Crop(None)),
        Some(("crop", side)) => match side.parse() {
            Ok(side) if (1..=1 << 14).contains(&side) => Ok(Resize::Crop(Some(side))),
            Ok(_) | Err(_) => Err("the side is a number of pixels from 1 to 16384".to_owned()),
        },
        Some(_) | None => Err("expected squash, crop or crop=PIXELS".to_owned()),
    }
}

/// Runs the command.
pub(crate) fn run(args: &RunArgs) -> Result<(), Failure> {
    let (arrays, shapes) = read_inputs(&args.input)?;
    // One image at a time is the custom, whatever batch the file was written for.
    let mut model = args.model.open(shapes, (!args.image.is_empty()).then_some(1))?;
    model.check_weights()?;
    let arrays = model.fit(arrays)?;
    let labels = args.labels.as_deref().map(Labels::read).transpose()?.or_else(|| model.labels().cloned());
    let blobs = model.blobs();
    model.optimize(args.optimization, Options::default())?;
    let wanted = Wanted::of(&model, &blobs, &args.save, args.save_all.is_some())?;
    let collected = if args.image.is_empty() {
        run_arrays(&model, arrays, &wanted)?
    } else {
        run_images(args, &model, arrays, &wanted)?
    };
    collected.save(&args.save, args.save_all.as_deref())?;
    let sources = args.image.iter().map(|path| path.display().to_string()).collect();
    let report = Report::of(&collected, sources, labels.as_ref(), args.top)?;
    match args.format {
        Format::Text => display::line(&report.text()),
        Format::Json => display::json(&report),
    }
}

fn run_arrays(model: &Model, arrays: Vec<(String, Tensor)>, wanted: &Wanted) -> Result<Collected, Failure> {
    let missing: Vec<InputInfo> =
        model.inputs().into_iter().filter(|input| !arrays.iter().any(|(name, _)| *name == input.name)).collect();
    if let Some(input) = missing.first() {
        let message = format!(
            "input `{0}` ({1}) is not given: use `--image FILE` or `--input {0}=FILE.npy`",
            input.name, input.ty
        );
        return Err(Error::Request(message).into());
    }
    let mut collected = Collected::default();
    collected.run(model, arrays, wanted, 1, 1)?;
    Ok(collected)
}

/// Runs the images in batches of the input's size. The last batch is filled up with its last image.
fn run_images(args: &RunArgs, model: &Model, arrays: Arrays, wanted: &Wanted) -> Result<Collected, Failure> {
    let input = image_input(model, &arrays)?;
    let images = Images::with(model, &input, &args.images.options(args.resize)?)?;
    if let Some(assumed) = images.assumed() {
        display::remark(&format!(
            "the model does not say how images are prepared; assumed, as the Caffe zoo does: {assumed} \
             (`--color`, `--mean`, `--scale` and `--resize` say otherwise)"
        ));
    }
    let batch =
        input.ty.shape.0.first().and_then(firebrick::ir::Dim::fixed).and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
    let progress = ProgressBar::new(args.image.len() as u64);
    let mut collected = Collected::default();
    for chunk in args.image.chunks(batch.max(1)) {
        let mut tensors = chunk.iter().map(|path| images.load(path)).collect::<Result<Vec<_>, _>>()?;
        if let Some(last) = tensors.last().cloned() {
            tensors.resize(batch, last);
        }
        let stacked = collect::stack(&tensors).map_err(Error::Request)?;
        let inputs = arrays.iter().cloned().chain([(input.name.clone(), stacked)]).collect();
        collected.run(model, inputs, wanted, batch, chunk.len())?;
        progress.inc(chunk.len() as u64);
    }
    progress.finish_and_clear();
    Ok(collected)
}

/// The one input that no array is given for.
fn image_input(model: &Model, arrays: &[(String, Tensor)]) -> Result<InputInfo, Failure> {
    let mut open: Vec<InputInfo> =
        model.inputs().into_iter().filter(|input| !arrays.iter().any(|(name, _)| *name == input.name)).collect();
    match (open.pop(), open.is_empty()) {
        (Some(input), true) => Ok(input),
        (None, _) => {
            Err(Failure::Usage("every input is given by `--input`: there is none left for `--image`".to_owned()))
        }
        (Some(last), false) => {
            let names: Vec<String> = open.into_iter().chain([last]).map(|input| input.name).collect();
            let message = format!(
                "images go to one input, but several are open: {}; give the others by `--input`",
                names.join(", ")
            );
            Err(Error::Request(message).into())
        }
    }
}
