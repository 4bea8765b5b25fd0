//! The `firebrick` command. Each command is a file; what they do is in the library, `firebrick`.
//!
//! The result goes to stdout, everything else to stderr. Exit codes: 0, 1 if the input is at fault, 2 for a command
//! that makes no sense.

mod bench;
mod completions;
mod convert;
mod diff;
mod display;
mod engine;
mod eval;
mod image_args;
mod inspect;
mod layers;
mod level_arg;
mod model_args;
mod optimize;
mod passes;
mod run;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Convolutional networks as they were released (Caffe prototxt and caffemodel, ONNX): understood and run.
#[derive(Debug, Parser)]
#[command(name = "firebrick", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The one list of commands.
#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Eval(eval::EvalArgs),
    Inspect(inspect::InspectArgs),
    Optimize(optimize::OptimizeArgs),
    Convert(convert::ConvertArgs),
    Diff(diff::DiffArgs),
    Bench(bench::BenchArgs),
    Layers(layers::LayersArgs),
    Passes(passes::PassesArgs),
    Completions(completions::CompletionsArgs),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Eval(args) => eval::eval(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Optimize(args) => optimize::optimize(&args),
        Command::Convert(args) => convert::convert(&args),
        Command::Diff(args) => diff::diff(&args),
        Command::Bench(args) => bench::bench(&args),
        Command::Layers(args) => layers::layers(&args),
        Command::Passes(args) => passes::passes(&args),
        Command::Completions(args) => completions::completions(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::ClosedPipe) => ExitCode::SUCCESS,
        Err(Failure::Difference) => ExitCode::from(1),
        Err(Failure::Input(error)) => {
            // `anstream` takes the colours out again where they are not wanted.
            anstream::eprintln!("{}", error.render(std::io::stderr().is_terminal()));
            ExitCode::from(1)
        }
        Err(Failure::Usage(message)) => {
            anstream::eprintln!("error: {message}\n\nFor more information, try '--help'.");
            ExitCode::from(2)
        }
        Err(Failure::Output(error)) => {
            anstream::eprintln!("error: cannot write the result: {error}");
            ExitCode::from(1)
        }
    }
}

/// Why a command ended early.
#[derive(Debug)]
enum Failure {
    /// The files given are at fault.
    Input(firebrick::Error),
    /// The command makes no sense.
    Usage(String),
    /// stdout can't be written.
    Output(std::io::Error),
    /// What was compared is not the same, as the result says.
    Difference,
    /// Whoever read stdout has read enough.
    ClosedPipe,
}

impl From<firebrick::Error> for Failure {
    fn from(error: firebrick::Error) -> Self {
        Failure::Input(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe { Failure::ClosedPipe } else { Failure::Output(error) }
    }
}
