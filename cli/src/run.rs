//! `firebrick run`

mod collect;
mod report;

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use firebrick::{Error, Images, InputInfo, Labels, Model, items};
use indicatif::ProgressBar;

use self::collect::Collected;
use self::report::Report;
use crate::engine::{Engine, EngineArgs};
use crate::image_args::{PrepareArgs, batch_of, image_input};
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

    #[command(flatten)]
    engine: EngineArgs,

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
    prepare: PrepareArgs,

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

/// Runs the command.
pub(crate) fn run(args: &RunArgs) -> Result<(), Failure> {
    if args.engine.reference && args.engine.target.threads.is_some() {
        return Err(Failure::Usage("the reference evaluator runs on one thread".to_owned()));
    }
    let (arrays, shapes) = read_inputs(&args.input)?;
    // One image at a time is the custom, whatever batch the file was written for.
    let start = Instant::now();
    let mut model = args.model.open(shapes, (!args.image.is_empty()).then_some(1))?;
    let opened = start.elapsed();
    model.check_weights()?;
    let arrays = model.fit(arrays)?;
    let labels = args.labels.as_deref().map(Labels::read).transpose()?.or_else(|| model.labels().cloned());
    let mut collected = Collected::of(&mut model, &args.save, args.save_all.is_some())?;
    let batches = Batches::of(args, &model, arrays)?;
    let engine = args.engine.engine(model, opened, args.engine.target.threads)?;
    batches.run(args, &engine, &mut collected)?;
    collected.save(&args.save, args.save_all.as_deref())?;
    let sources = args.image.iter().map(|path| path.display().to_string()).collect();
    let report = Report::of(&collected, sources, labels.as_ref(), args.top)?;
    match args.format {
        Format::Text => display::line(&report.text())?,
        Format::Json => display::json(&report)?,
    }
    anstream::eprintln!("{}", engine.times());
    Ok(())
}

/// What the model is run on.
struct Batches {
    arrays: Arrays,
    /// The input that no array is given for, if it is given images, as many at a time as it takes.
    images: Option<(InputInfo, Images)>,
}

impl Batches {
    fn of(args: &RunArgs, model: &Model, arrays: Arrays) -> Result<Self, Failure> {
        if !args.image.is_empty() {
            let input = image_input(model, &arrays)?;
            let images = args.prepare.images(model, &input)?;
            return Ok(Batches { arrays, images: Some((input, images)) });
        }
        match model.inputs().iter().find(|input| !arrays.iter().any(|(name, _)| *name == input.name)) {
            Some(InputInfo { name, ty, .. }) => {
                let message =
                    format!("input `{name}` ({ty}) is not given: use `--image FILE` or `--input {name}=FILE.npy`");
                Err(Error::Request(message).into())
            }
            None => Ok(Batches { arrays, images: None }),
        }
    }

    /// Runs them all. The last batch of images is filled up with its last one.
    fn run(self, args: &RunArgs, engine: &Engine, collected: &mut Collected) -> Result<(), Failure> {
        let Batches { arrays, images } = self;
        let Some((input, images)) = images else { return collected.add(engine.run(arrays)?, 1, 1) };
        let batch = batch_of(&input);
        let progress = ProgressBar::new(args.image.len() as u64);
        for chunk in args.image.chunks(batch) {
            let tensors = chunk.iter().map(|path| images.load(path)).collect::<Result<Vec<_>, _>>()?;
            let stacked = items::stack_to(batch, tensors).map_err(Error::Request)?;
            let inputs = arrays.iter().cloned().chain([(input.name.clone(), stacked)]).collect();
            collected.add(engine.run(inputs)?, batch, chunk.len())?;
            progress.inc(chunk.len() as u64);
        }
        progress.finish_and_clear();
        Ok(())
    }
}
