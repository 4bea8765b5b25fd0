//! What a pipeline did.

use std::collections::BTreeMap;
use std::time::Duration;

/// What a pipeline did to a graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The passes, in the order in which they ran first.
    pub passes: Vec<PassReport>,
    /// Names of the source that are gone because their value became one with another, and the name of that one.
    pub aliases: BTreeMap<String, String>,
    /// Whether each group of passes came to rest within its bound. The graph is right if it did not, but might be
    /// improved further.
    pub settled: bool,
}

impl Default for Report {
    /// Nothing done.
    fn default() -> Self {
        Report { passes: Vec::new(), aliases: BTreeMap::new(), settled: true }
    }
}

/// What one pass did, all its runs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassReport {
    /// Its name.
    pub name: &'static str,
    /// How often it ran.
    pub n_runs: u64,
    /// How many rewrites it made.
    pub n_rewrites: u64,
    /// How long it took, without verification.
    pub time: Duration,
}

impl Report {
    /// All rewrites.
    pub fn n_rewrites(&self) -> u64 {
        self.passes.iter().map(|pass| pass.n_rewrites).sum()
    }

    /// The time of all passes.
    pub fn time(&self) -> Duration {
        self.passes.iter().map(|pass| pass.time).sum()
    }

    pub(crate) fn count(&mut self, name: &'static str, n_rewrites: u64, time: Duration) {
        match self.passes.iter_mut().find(|pass| pass.name == name) {
            Some(pass) => {
                pass.n_runs += 1;
                pass.n_rewrites += n_rewrites;
                pass.time += time;
            }
            None => self.passes.push(PassReport { name, n_runs: 1, n_rewrites, time }),
        }
    }
}
