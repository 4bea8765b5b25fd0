//! One or more findings.

use std::error::Error;
use std::fmt;

use crate::{Diagnostic, Severity};

/// One or more findings about a file, in the order to print them. `Display` is the plain rendering.
#[derive(Clone, Debug)]
pub struct Report {
    // Never empty.
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// A report of these findings. Of none, it says that there are none.
    pub fn new(diagnostics: Vec<Diagnostic>) -> Self {
        Self::from_vec(diagnostics).unwrap_or_else(|| Diagnostic::note("there is nothing to report").into())
    }

    /// A report of these findings, or nothing if there are none.
    pub fn from_vec(diagnostics: Vec<Diagnostic>) -> Option<Self> {
        (!diagnostics.is_empty()).then_some(Self { diagnostics })
    }

    /// The findings.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Whether any finding is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The findings as text, a blank line between them, with ANSI colours or without. No line break at the end.
    pub fn render(&self, color: bool) -> String {
        let rendered: Vec<String> = self.diagnostics.iter().map(|diagnostic| diagnostic.render(color)).collect();
        rendered.join("\n\n")
    }
}

impl From<Diagnostic> for Report {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic] }
    }
}

impl Extend<Diagnostic> for Report {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: I) {
        self.diagnostics.extend(diagnostics);
    }
}

impl IntoIterator for Report {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.diagnostics.into_iter()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl Error for Report {}
