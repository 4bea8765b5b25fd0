//! A net's definition, from text or binary, and the places in it.

use bytes::Bytes;
use firebrick_diagnostics::{Diagnostic, Place, Report};
use firebrick_schemas::caffe::{NetParameter, renumbered};
use firebrick_schemas::{FieldPath, WireError, decode};

use crate::problem::{At, Problem};
use crate::text::{Document, wire_diagnostic};
use crate::weights::Weights;

/// A net's definition as it was read.
#[derive(Debug, Clone)]
pub struct Definition {
    source: Source,
    net: NetParameter,
    notes: Vec<Diagnostic>,
}

#[derive(Debug, Clone)]
enum Source {
    Text(Document),
    Binary { file: String },
}

impl Definition {
    /// Reads a prototxt.
    ///
    /// # Errors
    /// Every syntax error, unknown field and value of the wrong kind.
    pub fn read_text(file: &str, bytes: &[u8]) -> Result<Self, Report> {
        let document = Document::from_bytes(file, bytes)?;
        let bound = document.bind_noting::<NetParameter>()?;
        Ok(Definition { source: Source::Text(document), net: bound.message, notes: bound.ignored })
    }

    /// Reads a net in binary form: a caffemodel, used as the definition too.
    ///
    /// # Errors
    /// If the bytes are no `NetParameter`, or have fields that we don't know, since they could change the meaning.
    pub fn read_binary(file: &str, bytes: Bytes) -> Result<Self, Report> {
        let (net, unknown) = decode::<NetParameter>(renumbered(bytes)).map_err(|error| wire_report(file, &error))?;
        let diagnostics: Vec<Diagnostic> = unknown
            .iter()
            .map(|field| {
                Diagnostic::error(field.to_string())
                    .at(Place::field(file, &field.path, Some(field.offset)))
                    .help("the file was written by a fork of Caffe; give its prototxt as well")
            })
            .collect();
        if !diagnostics.is_empty() {
            return Err(Report::new(diagnostics));
        }
        Ok(Definition { source: Source::Binary { file: file.to_owned() }, net, notes: Vec::new() })
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        match &self.source {
            Source::Text(document) => &document.source().name,
            Source::Binary { file } => file,
        }
    }

    /// Whether layers are still to be chosen by phase, level and stage. Caffe saves a net with the layers that it
    /// chose and their rules: to apply those again, for another phase, would only tear holes into it.
    pub(crate) fn has_rules_to_apply(&self) -> bool {
        matches!(self.source, Source::Text(_))
    }

    /// Fields of Caffe's forks that were passed over, since they don't matter for inference.
    pub(crate) fn notes(&self) -> &[Diagnostic] {
        &self.notes
    }

    /// The messages as they were read.
    pub(crate) fn net(&self) -> &NetParameter {
        &self.net
    }

    /// The place of a field, in the definition or in the weights.
    pub(crate) fn place(&self, at: &At, weights: Option<&Weights>) -> Place {
        let field = |file: &str, path: &FieldPath| Place::field(file, path, None);
        match (at, &self.source) {
            (At::Definition(path), Source::Text(document)) => document.place(path),
            (At::Definition(path), Source::Binary { file }) => field(file, path),
            // Without a weights file, weights are the definition's own.
            (At::Weights(path), source) => match (weights, source) {
                (Some(weights), _) => field(&weights.file, path),
                (None, Source::Text(document)) => document.place(path),
                (None, Source::Binary { file }) => field(file, path),
            },
        }
    }

    pub(crate) fn report(&self, problems: Vec<Problem>, weights: Option<&Weights>) -> Report {
        Report::new(problems.into_iter().map(|p| p.diagnostic(|at| self.place(at, weights))).collect())
    }
}

/// A binary file that is no message, as a report.
pub(crate) fn wire_report(file: &str, error: &WireError) -> Report {
    wire_diagnostic(file, error).into()
}
