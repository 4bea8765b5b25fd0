//! What can be wrong with a model.

use std::borrow::Cow;
use std::fmt;

use firebrick_diagnostics::{Diagnostic, Place};
use firebrick_ir::{EvalError, GraphError, TensorError};
use thiserror::Error;

use crate::external::ExternalError;

/// What is wrong, without the place.
#[derive(Debug, Clone, PartialEq, Error)]
pub(crate) enum ProblemKind {
    /// The model as a whole, or a field of it, makes no sense.
    #[error("{0}")]
    Field(String),
    /// Operators that are not in the list.
    #[error("operator `{op}` is not supported{reason}: {}", count(*.n_nodes))]
    Unsupported { op: String, reason: String, n_nodes: usize },
    /// A node that reads a value nobody has computed before.
    #[error("node `{node}` reads `{value}`, which no node before it computes")]
    MissingInput { node: String, value: String },
    /// Two producers of one value.
    #[error("`{0}` is computed twice")]
    TwoProducers(String),
    /// A node whose inputs, outputs or attributes make no sense.
    #[error("node `{node}`: {message}")]
    Node { node: String, message: String },
    /// Operands that do not fit each other.
    #[error("node `{node}`: {source}")]
    Graph { node: String, source: GraphError },
    /// A value that is needed while importing and can't be computed.
    #[error("node `{node}`: a value that is needed to import it cannot be computed: {source}")]
    Fold { node: String, source: EvalError },
    /// A tensor's elements do not fit its type.
    #[error("tensor `{name}`: {message}")]
    Tensor { name: String, message: String },
    /// A tensor's elements are in another file, which can't be read.
    #[error("tensor `{name}`: {source}")]
    External { name: String, source: ExternalError },
    /// An option that does not fit the model.
    #[error("{0}")]
    Option(String),
}

fn count(n: usize) -> String {
    if n == 1 { "1 node".to_owned() } else { format!("{n} nodes") }
}

/// Where in the model: `graph.node[12] "conv1" attribute "pads"`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct At(String);

impl At {
    /// The model as a whole.
    pub(crate) fn root() -> Self {
        At::default()
    }

    /// A field of what this names.
    #[must_use]
    pub(crate) fn field(&self, field: &str) -> Self {
        At(if self.0.is_empty() { field.to_owned() } else { format!("{}.{field}", self.0) })
    }

    /// The n-th occurrence of a repeated field, and the name of what is there, if it has one.
    #[must_use]
    pub(crate) fn nth(&self, field: &str, index: usize, name: &str) -> Self {
        let At(path) = self.field(&format!("{field}[{index}]"));
        At(if name.is_empty() { path } else { format!("{path} \"{name}\"") })
    }

    /// An attribute of the node that this names.
    #[must_use]
    pub(crate) fn attribute(&self, name: &str) -> Self {
        At(format!("{} attribute \"{name}\"", self.0))
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    /// What. Boxed, so that the results of translations stay small.
    pub(crate) kind: Box<ProblemKind>,
    /// Where.
    pub(crate) at: At,
    /// What to do.
    pub(crate) help: Option<Cow<'static, str>>,
}

impl Problem {
    /// A problem with its place.
    pub(crate) fn new(kind: ProblemKind, at: At) -> Self {
        Problem { kind: Box::new(kind), at, help: None }
    }

    /// A problem with a field.
    pub(crate) fn field(message: impl Into<String>, at: At) -> Self {
        Problem::new(ProblemKind::Field(message.into()), at)
    }

    /// A tensor whose elements are not what its type asks for.
    pub(crate) fn tensor(name: &str, error: &TensorError, at: At) -> Self {
        Problem::new(ProblemKind::Tensor { name: name.to_owned(), message: error.to_string() }, at)
    }

    /// Says what to do.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The problem as it is shown.
    pub(crate) fn diagnostic(self, file: &str) -> Diagnostic {
        let diagnostic = Diagnostic::error(self.kind.to_string()).at(Place::field(file, &self.at, None));
        match self.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}
