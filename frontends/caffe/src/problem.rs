//! What can be wrong with a net.

use firebrick_diagnostics::{Diagnostic, Place};
use firebrick_ir::GraphError;
use firebrick_schemas::FieldPath;
use thiserror::Error;

use crate::upgrade::UpgradeError;

/// What is wrong, without the place.
#[derive(Debug, Clone, PartialEq, Error)]
pub(crate) enum ProblemKind {
    /// An older form that the current one has nothing for.
    #[error(transparent)]
    Upgrade(#[from] UpgradeError),
    /// No layer of that type is known.
    #[error("unknown layer type `{0}`")]
    UnknownLayer(String),
    /// A layer that has no place in inference, or no meaning that a graph could have.
    #[error("layer `{layer}` of type {kind} is not supported: {reason}")]
    Refused { layer: String, kind: String, reason: String },
    /// A bottom that nothing has produced before.
    #[error("layer `{layer}` reads blob `{blob}`, which no layer before it writes")]
    MissingBottom { layer: String, blob: String },
    /// A blob written twice, and not in place.
    #[error("blob `{blob}` is written by layer `{layer}`, but was written before by layer `{previous}`")]
    TwoProducers { layer: String, blob: String, previous: String },
    /// Too few or too many bottoms or tops.
    #[error("layer `{layer}` of type {kind} takes {expected}, but has {found}")]
    Blobs { layer: String, kind: String, expected: String, found: usize },
    /// A field whose value makes no sense.
    #[error("layer `{layer}`: {message}")]
    Field { layer: String, message: String },
    /// A weight blob of the wrong shape.
    #[error("layer `{layer}`: weight blob {index} ({what}) should be {expected:?}, but the file has {found:?}")]
    WeightShape { layer: String, index: usize, what: String, expected: Vec<u64>, found: Vec<u64> },
    /// A weight blob that could not be read.
    #[error("layer `{layer}`: weight blob {index}: {message}")]
    WeightData { layer: String, index: usize, message: String },
    /// More or fewer blobs than the layer has.
    #[error("layer `{layer}` of type {kind} has {expected} weight blobs, but the file has {found}")]
    WeightCount { layer: String, kind: String, expected: usize, found: usize },
    /// A layer that needs weights and is not in the weights file.
    #[error("layer `{layer}` of type {kind} has no weights in `{file}`")]
    NoWeights { layer: String, kind: String, file: String },
    /// An input without a shape.
    #[error("the shape of input `{0}` is not known")]
    InputShape(String),
    /// An option that does not fit the net.
    #[error("{0}")]
    Option(String),
    /// Shapes that do not fit each other.
    #[error("layer `{layer}`: {source}")]
    Graph { layer: String, source: GraphError },
}

/// What is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    /// What. Boxed, so that the results of translations stay small.
    pub(crate) kind: Box<ProblemKind>,
    /// Where, in the definition or in the weights.
    pub(crate) at: At,
    /// What to do.
    pub(crate) help: Option<String>,
}

/// Which file a problem's path is in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum At {
    /// The net's definition.
    Definition(FieldPath),
    /// The weights file.
    Weights(FieldPath),
}

impl Problem {
    /// A problem in the definition.
    pub(crate) fn new(kind: ProblemKind, path: FieldPath) -> Self {
        Problem { kind: Box::new(kind), at: At::Definition(path), help: None }
    }

    /// A problem in the weights file.
    pub(crate) fn in_weights(kind: ProblemKind, path: FieldPath) -> Self {
        Problem { kind: Box::new(kind), at: At::Weights(path), help: None }
    }

    /// Says what to do.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The problem as it is shown, with the place that `place` finds.
    pub(crate) fn diagnostic(self, place: impl FnOnce(&At) -> Place) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(self.kind.to_string()).at(place(&self.at));
        if let Some(help) = self.help {
            diagnostic = diagnostic.help(help);
        }
        diagnostic
    }
}
