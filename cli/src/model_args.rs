//! Arguments that say which model, and how it is opened.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use firebrick::diagnostics::{Diagnostic, Severity};
use firebrick::ir::Tensor;
use firebrick::{Model, OpenOptions, Phase, State, npy};

use crate::{Failure, display};

/// A model's files and how they are read.
#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    /// An ONNX model; or a net's definition (a prototxt), or a caffemodel that is both
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    /// A prototxt's weights: a caffemodel, or a Deep Compression file (`.net`); the two files may be given in either order
    #[arg(value_name = "WEIGHTS")]
    weights: Option<PathBuf>,

    /// Fill weights as the net's own fillers say, instead of reading them
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    random_weights: Option<u64>,

    /// Batch size of every input whose shape is not given by `--input`; `convert` takes `symbolic` too
    #[arg(long, value_name = "N")]
    pub(crate) batch: Option<BatchArg>,

    /// The phase whose layers are used (rules `include { phase: ... }`)
    #[arg(long, value_enum, default_value_t = PhaseArg::Test)]
    phase: PhaseArg,

    /// A stage that layers may ask for (rules `stage`, `not_stage`); may be repeated
    #[arg(long, value_name = "STAGE")]
    stage: Vec<String>,

    /// The level that layers may bound (rules `min_level`, `max_level`)
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    level: i32,
}

/// A phase of a Caffe net.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PhaseArg {
    /// The net that is run.
    Test,
    /// The net that is trained.
    Train,
}

/// A batch size, or `symbolic`, which is for `convert`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BatchArg {
    /// So many items.
    Fixed(u64),
    /// Any number of them.
    Symbolic,
}

impl std::str::FromStr for BatchArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(n) if n > 0 => Ok(BatchArg::Fixed(n)),
            Err(_) if text == "symbolic" => Ok(BatchArg::Symbolic),
            Ok(_) | Err(_) => Err("expected a number from 1 on (or, for `convert`, `symbolic`)".to_owned()),
        }
    }
}

/// `NAME=...` of `--input`: an array, or a shape.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum InputArg {
    /// A file to be read.
    File(String, PathBuf),
    /// The input's shape.
    Shape(String, Vec<u64>),
}

impl std::str::FromStr for InputArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or("expected NAME=FILE.npy or NAME=1,3,227,227")?;
        if name.is_empty() || value.is_empty() {
            return Err("expected NAME=FILE.npy or NAME=1,3,227,227".to_owned());
        }
        if !value.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | ' ')) {
            return Ok(InputArg::File(name.to_owned(), PathBuf::from(value)));
        }
        let dims = value.split(',').map(|dim| dim.trim().parse::<u64>().map_err(|error| format!("`{dim}`: {error}")));
        Ok(InputArg::Shape(name.to_owned(), dims.collect::<Result<_, _>>()?))
    }
}

/// The shapes that are given, for a command that takes no arrays.
pub(crate) fn shapes(inputs: &[InputArg], command: &str) -> Result<Vec<(String, Vec<u64>)>, Failure> {
    let shape = |input: &InputArg| match input {
        InputArg::Shape(name, dims) => Ok((name.clone(), dims.clone())),
        InputArg::File(name, _) => {
            Err(Failure::Usage(format!("{command} takes the shape of input `{name}`: `{name}=1,3,227,227`")))
        }
    };
    inputs.iter().map(shape).collect()
}

impl ModelArgs {
    /// Opens the model and says on stderr what was left out or assumed. `input_shapes` are those of `--input`;
    /// `batch` is used where `--batch` says nothing.
    pub(crate) fn open(&self, input_shapes: Vec<(String, Vec<u64>)>, batch: Option<u64>) -> Result<Model, Failure> {
        if self.batch == Some(BatchArg::Symbolic) {
            return Err(Failure::Usage("a batch is `symbolic` for `firebrick convert` only".to_owned()));
        }
        open(self.files(), &self.options(input_shapes, batch))
    }

    /// How the model is opened. A batch that is to be symbolic is opened with 1 item.
    pub(crate) fn options(&self, input_shapes: Vec<(String, Vec<u64>)>, batch: Option<u64>) -> OpenOptions {
        let phase = match self.phase {
            PhaseArg::Test => Phase::Test,
            PhaseArg::Train => Phase::Train,
        };
        let given = self.batch.map(|batch| match batch {
            BatchArg::Fixed(n) => n,
            BatchArg::Symbolic => 1,
        });
        OpenOptions {
            state: State { phase, level: self.level, stages: self.stage.clone() },
            input_shapes,
            batch: given.or(batch),
            random_weights: self.random_weights,
        }
    }

    /// The model's files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(self.model.as_path()).chain(self.weights.as_deref())
    }
}

/// Opens a model and says on stderr what was left out or assumed.
pub(crate) fn open<'a>(files: impl IntoIterator<Item = &'a Path>, options: &OpenOptions) -> Result<Model, Failure> {
    let model = Model::open(files, options)?;
    notes(model.notes());
    Ok(model)
}

/// Says notes on stderr.
pub(crate) fn notes(notes: &[Diagnostic]) {
    for note in notes {
        if note.severity == Severity::Note {
            display::remark(&note.message);
        } else {
            anstream::eprintln!("{note}");
        }
    }
}

/// Arrays by the names of their inputs.
pub(crate) type Arrays = Vec<(String, Tensor)>;
/// Shapes by the names of their inputs.
pub(crate) type Shapes = Vec<(String, Vec<u64>)>;

/// The arrays that inputs are given, read, and the shapes.
pub(crate) fn read_inputs(inputs: &[InputArg]) -> Result<(Arrays, Shapes), Failure> {
    let (mut arrays, mut shapes) = (Vec::new(), Vec::new());
    for input in inputs {
        match input {
            InputArg::File(name, path) => {
                let array = npy::read(path)?;
                shapes.push((name.clone(), array.dims().iter().map(|&n| n as u64).collect()));
                arrays.push((name.clone(), array));
            }
            InputArg::Shape(name, dims) => shapes.push((name.clone(), dims.clone())),
        }
    }
    Ok((arrays, shapes))
}
