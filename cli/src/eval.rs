//! `firebrick eval`

mod report;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use firebrick::ranking::n_classes;
use firebrick::{Classifier, Dataset, Model, write_file};
use indicatif::{ProgressBar, ProgressStyle};

use self::report::Report;
use crate::engine::EngineArgs;
use crate::image_args::{PrepareArgs, batch_of, image_input};
use crate::model_args::{InputArg, ModelArgs, read_inputs};
use crate::{Failure, display};

/// Classify images whose classes are known, and say how often the model is right
#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub(crate) struct EvalArgs {
    #[command(flatten)]
    model: ModelArgs,

    /// The folder of the images (JPEG or PNG)
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// The images' classes: a line for each, with the file, a tab, and the index of its class
    #[arg(long, value_name = "FILE")]
    labels: PathBuf,

    /// The output that has a number for each class, if there are several
    #[arg(long, value_name = "NAME")]
    output: Option<String>,

    /// Write what is predicted for each image, as a table (`.tsv`) or as JSON (`.json`)
    #[arg(long, value_name = "FILE", value_parser = predictions_arg)]
    predictions: Option<PathBuf>,

    /// An array for another input (`x=x.npy`), or the input's shape (`data=1,3,227,227`); may be repeated
    #[arg(long, value_name = "NAME=FILE|SHAPE")]
    input: Vec<InputArg>,

    #[command(flatten)]
    engine: EngineArgs,

    #[command(flatten)]
    prepare: PrepareArgs,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

fn predictions_arg(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let is_known = path.extension().is_some_and(|extension| extension == "tsv" || extension == "json");
    if is_known { Ok(path) } else { Err("expected a file `.tsv` or `.json`".to_owned()) }
}

/// Runs the command.
pub(crate) fn eval(args: &EvalArgs) -> Result<(), Failure> {
    let (arrays, shapes) = read_inputs(&args.input)?;
    let start = Instant::now();
    let model = args.model.open(shapes, Some(1))?;
    let opened = start.elapsed();
    model.check_weights()?;
    let arrays = model.fit(arrays)?;
    let input = image_input(&model, &arrays)?;
    let batch = batch_of(&input);
    let dataset = Dataset::read(&args.folder, &args.labels, known_classes(args, &model, batch))?;
    let images = args.prepare.images(&model, &input)?;
    // Each thread reads, prepares and runs batches of its own.
    let engine = args.engine.engine(model, opened, Some(NonZeroUsize::MIN))?;
    let progress = progress_bar(dataset.items().len());
    let start = Instant::now();
    let classifier = Classifier {
        run: &|inputs| engine.run(inputs),
        images: &images,
        input: &input.name,
        others: &arrays,
        batch: NonZeroUsize::new(batch).unwrap_or(NonZeroUsize::MIN),
        n_workers: n_workers(args),
        output: args.output.as_deref(),
    };
    let evaluation = classifier.evaluate(&dataset, &|n| progress.inc(n as u64))?;
    let took = start.elapsed();
    progress.finish_and_clear();
    let report = Report::of(&evaluation, dataset.items().len());
    if let Some(path) = &args.predictions {
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        let text = if is_json { report.predictions_json()? } else { report.predictions_tsv() };
        write_file(path, |file| file.write_all(text.as_bytes()))?;
    }
    if args.json {
        display::json(&report)?;
    } else {
        display::line(&report.text())?;
    }
    anstream::eprintln!(
        "{}, all images in {}, {}",
        engine.times(),
        display::ms(took),
        speed(dataset.items().len(), took)
    );
    Ok(evaluation.check()?)
}

/// How many classes the model tells apart, if that is known before it is run.
fn known_classes(args: &EvalArgs, model: &Model, batch: usize) -> Option<usize> {
    let outputs = model.outputs().ok()?;
    let is_asked = |name: &String| args.output.as_ref().is_none_or(|asked| asked == name);
    let classes = outputs.iter().filter(|(name, _)| is_asked(name)).filter_map(|(_, ty)| {
        let dims: Option<Vec<usize>> = ty.shape.as_fixed()?.iter().map(|&n| usize::try_from(n).ok()).collect();
        n_classes(&dims?, batch)
    });
    match classes.collect::<Vec<_>>()[..] {
        [n] => Some(n),
        _ => None,
    }
}

fn n_workers(args: &EvalArgs) -> NonZeroUsize {
    let cores = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    args.engine.target.threads.unwrap_or_else(cores)
}

/// A bar on stderr, if that is a terminal.
fn progress_bar(n_images: usize) -> ProgressBar {
    let progress = ProgressBar::new(n_images as u64);
    let style = ProgressStyle::with_template("{wide_bar} {pos} of {len} images, {per_sec}, {eta} left");
    progress.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn speed(n_images: usize, took: Duration) -> String {
    format!("{:.1} images/s", n_images as f64 / took.as_secs_f64().max(1e-9))
}
