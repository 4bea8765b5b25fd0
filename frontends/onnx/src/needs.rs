//! What an import needs to know of a model's inputs.

use std::collections::BTreeSet;
use std::fmt;

/// What is to be known of a model's inputs before it becomes a graph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Whether every dimension of every input.
    pub shapes: bool,
    /// Inputs whose elements.
    pub values: BTreeSet<String>,
}

impl Needs {
    /// All dimensions.
    pub(crate) fn shapes() -> Self {
        Needs { shapes: true, values: BTreeSet::new() }
    }

    /// Whether nothing is needed.
    pub fn is_empty(&self) -> bool {
        !self.shapes && self.values.is_empty()
    }

    /// Adds what another one needs.
    pub(crate) fn extend(&mut self, other: Needs) {
        self.shapes |= other.shapes;
        self.values.extend(other.values);
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.values.iter().map(|name| format!("`{name}`")).collect();
        match (self.shapes, names.is_empty()) {
            (true, true) => f.write_str("the shapes of its inputs"),
            (true, false) => write!(f, "the shapes of its inputs and the elements of {}", names.join(", ")),
            (false, _) => write!(f, "the elements of {}", names.join(", ")),
        }
    }
}
