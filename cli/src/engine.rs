//! What runs a model: machine code, or the reference evaluator; and the time that it took.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use firebrick::ir::Tensor;
use firebrick::passes::{Level, Options};
use firebrick::{CompileOptions, Error, Executable, Isa, Model, OutputTensor, Program};

use crate::level_arg::level;
use crate::{Failure, display};

/// How many values without a kernel are named.
const MAX_NAMED: usize = 5;

/// What a model is compiled for.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    /// The instruction set that kernels are made for [default: the best one that the machine has]
    #[arg(long, value_parser = isa)]
    pub(crate) isa: Option<Isa>,

    /// Threads to run on [default: as many as the machine runs at once]
    #[arg(long, value_name = "T")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Sum products as they are defined, and not by Winograd's algorithm
    #[arg(long)]
    pub(crate) exact: bool,
}

/// How a model is run.
#[derive(Debug, Args)]
pub(crate) struct EngineArgs {
    /// Run it by the reference evaluator instead of compiling it: slow, and there to compare with
    #[arg(long, conflicts_with_all = ["isa", "exact"])]
    pub(crate) reference: bool,

    /// How much the graph is rewritten before it is run [default: 2, or 0 with `--reference`]
    #[arg(short = 'O', value_name = "LEVEL", value_parser = level())]
    optimization: Option<Level>,

    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

fn isa(name: &str) -> Result<Isa, String> {
    let names = || Isa::ALL.iter().map(|isa| isa.name()).collect::<Vec<_>>().join(", ");
    Isa::from_name(name).ok_or_else(|| format!("expected one of: {}", names()))
}

impl TargetArgs {
    /// The same for the library.
    pub(crate) fn options(&self) -> CompileOptions {
        CompileOptions { isa: self.isa, threads: self.threads, exact: self.exact }
    }
}

/// What runs a model. Several threads may use it at once.
pub(crate) struct Engine {
    kind: Kind,
    times: Mutex<Times>,
    looked: Once,
}

enum Kind {
    Compiled(Box<Executable>),
    Reference(Box<Model>),
}

/// Where the time went.
#[derive(Debug, Clone, Default)]
struct Times {
    open: Duration,
    /// Rewriting and compiling.
    compile: Duration,
    isa: Option<Isa>,
    /// All runs together, if several threads run, by their own clocks.
    run: Duration,
    n_runs: usize,
}

impl EngineArgs {
    /// Rewrites a model that took so long to open, and compiles it for runs with so many threads.
    pub(crate) fn engine(
        &self,
        mut model: Model,
        open: Duration,
        threads: Option<NonZeroUsize>,
    ) -> Result<Engine, Failure> {
        let start = Instant::now();
        let default = if self.reference { Level::O0 } else { Level::O2 };
        model.optimize(self.optimization.unwrap_or(default), Options::default())?;
        let kind = if self.reference {
            Kind::Reference(Box::new(model))
        } else {
            let executable = model.compile(&CompileOptions { threads, ..self.target.options() });
            Kind::Compiled(Box::new(executable.map_err(explained)?))
        };
        let times = Times { open, compile: start.elapsed(), ..Times::default() };
        Ok(Engine { kind, times: Mutex::new(times), looked: Once::new() })
    }
}

impl Engine {
    /// The outputs for these inputs. Says on stderr, once, if ops have no kernel.
    pub(crate) fn run(&self, inputs: Vec<(String, Tensor)>) -> Result<Vec<OutputTensor>, Error> {
        let start = Instant::now();
        match &self.kind {
            Kind::Reference(model) => {
                let outputs = model.run(inputs)?;
                self.count(None, start.elapsed());
                Ok(outputs)
            }
            Kind::Compiled(executable) => {
                let mut session = executable.session(inputs).map_err(explained)?;
                let compile = start.elapsed();
                self.looked.call_once(|| warn_of_evaluated(session.program()));
                let start = Instant::now();
                session.run()?;
                let outputs = session.outputs()?;
                self.count(Some((session.program().isa(), compile)), start.elapsed());
                Ok(outputs)
            }
        }
    }

    fn count(&self, compile: Option<(Isa, Duration)>, run: Duration) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((isa, compile)) = compile {
            // Sizes that the model leaves open are known only by the first run.
            *(if times.n_runs == 0 { &mut times.compile } else { &mut times.run }) += compile;
            times.isa = Some(isa);
        }
        times.run += run;
        times.n_runs += 1;
    }

    /// Where the time went, in words.
    pub(crate) fn times(&self) -> impl fmt::Display {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "opened in {}, ", display::ms(self.open))?;
        match self.isa {
            Some(isa) => write!(f, "compiled in {} for {isa}, run", display::ms(self.compile))?,
            None => write!(f, "run by the reference evaluator")?,
        }
        if self.n_runs > 1 {
            write!(f, " {} times", self.n_runs)?;
        }
        write!(f, " in {}", display::ms(self.run))
    }
}

/// An error of the compiler with a way around it.
fn explained(error: Error) -> Error {
    let Error::Compile(error) = error else { return error };
    Error::Request(format!(
        "cannot compile the model: {error}; `--reference` runs it by the reference evaluator, which is slow"
    ))
}

fn warn_of_evaluated(program: &Program) {
    let evaluated = program.evaluated();
    if evaluated.is_empty() {
        return;
    }
    let named = evaluated.iter().take(MAX_NAMED).map(|(value, op)| format!("{value} ({op})"));
    let named = named.collect::<Vec<_>>().join(", ");
    let more = if evaluated.len() > MAX_NAMED { ", ..." } else { "" };
    let n = evaluated.len();
    display::remark(&format!(
        "the reference evaluator computes {n} of the values, which is slow, as there is no kernel for their ops: {named}{more}"
    ));
}
