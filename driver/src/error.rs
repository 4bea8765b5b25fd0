//! What can go wrong between a file and a result.

use std::io;
use std::path::PathBuf;

use firebrick_cpu::{CompileError, RunError};
use firebrick_diagnostics::Report;
use firebrick_ir::{EvalError, VerifyError};
use firebrick_passes::PassError;
use thiserror::Error;

/// An error of this library.
#[derive(Debug, Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A model's files are at fault: each finding has its place.
    #[error("{0}")]
    Model(#[from] Report),
    /// The files given do not make a model.
    #[error("{0}")]
    Files(String),
    /// A file is not what it should be.
    #[error("`{}`: {message}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        message: String,
    },
    /// An input, a blob or an option that the model does not have or that does not fit it.
    #[error("{0}")]
    Request(String),
    /// The model could not be run.
    #[error("cannot run the model: {0}")]
    Eval(#[from] EvalError),
    /// Something that went wrong in a way that is no fault of the files given.
    #[error("{0}")]
    Fault(String),
    /// The model could not be compiled.
    #[error("cannot compile the model: {0}")]
    Compile(#[from] CompileError),
    /// The compiled model could not be run.
    #[error("cannot run the model: {0}")]
    Run(#[from] RunError),
    /// A graph with a fault in it, which is a fault of ours.
    #[error("the graph is faulty, which is an error in Firebrick: {}", list(.0))]
    Verify(Vec<VerifyError>),
    /// A pass that failed, which is a fault of ours.
    #[error("the model could not be rewritten, which is an error in Firebrick: {0}")]
    Pass(#[from] PassError),
}

fn list(errors: &[VerifyError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Error {
    pub(crate) fn content(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Error::Content { path: path.into(), message: message.into() }
    }

    /// The error as it is shown, with source excerpts, in ANSI colours or without.
    pub fn render(&self, color: bool) -> String {
        match self {
            Error::Model(report) => report.render(color),
            Error::Io { .. }
            | Error::Files(_)
            | Error::Content { .. }
            | Error::Request(_)
            | Error::Eval(_)
            | Error::Fault(_)
            | Error::Compile(_)
            | Error::Run(_)
            | Error::Pass(_)
            | Error::Verify(_) => firebrick_diagnostics::Diagnostic::error(self.to_string()).render(color),
        }
    }
}
