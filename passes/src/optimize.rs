//! Running a pipeline.

use std::time::Instant;

use firebrick_ir::{Graph, verify};

use crate::level::Step;
use crate::report::{PassReport, Report};
use crate::rewriter::Rewriter;
use crate::{Fault, Level, Pass, PassError, pipeline};

/// How often a group of passes is run in turn before it is left as it is.
const MAX_ROUNDS: usize = 32;

/// How a pipeline is run.
pub struct Options<'a> {
    /// The last rewrite that is made, of all passes together: to find the one that goes wrong by bisection.
    pub stop_after: Option<u64>,
    /// Whether the graph is verified after each pass: by default, in builds with debug assertions.
    pub verify: bool,
    /// Called after each run of a pass: what it did in that run, and the graph.
    pub after_pass: Option<AfterPass<'a>>,
}

/// See [`Options::after_pass`].
pub type AfterPass<'a> = &'a mut dyn FnMut(&PassReport, &Graph);

impl Default for Options<'_> {
    fn default() -> Self {
        Options { stop_after: None, verify: cfg!(debug_assertions), after_pass: None }
    }
}

/// Runs the pipeline of a level on a graph, which is to be valid.
///
/// # Errors
/// If a pass has a fault. The graph is then in between.
pub fn optimize(graph: &mut Graph, level: Level, options: Options<'_>) -> Result<Report, PassError> {
    run_steps(graph, pipeline(level), level.keeps_values(), options)
}

/// Runs these steps on a graph; `keeps_values` is as [`Level::keeps_values`].
///
/// # Errors
/// As [`optimize`].
pub fn run_steps(
    graph: &mut Graph,
    steps: &[Step],
    keeps_values: bool,
    options: Options<'_>,
) -> Result<Report, PassError> {
    let report = Report::default();
    let rewriter = Rewriter::new(graph, keeps_values, options.stop_after);
    let mut runner = Runner { rewriter, options, report, n_idle: 0 };
    runner.run_all(steps)?;
    let Runner { rewriter, mut report, .. } = runner;
    let names = rewriter.into_names();
    report.aliases = names.into_aliases(graph);
    Ok(report)
}

struct Runner<'g, 'o> {
    rewriter: Rewriter<'g>,
    options: Options<'o>,
    report: Report,
    /// How many runs of passes in a row changed nothing.
    n_idle: usize,
}

impl Runner<'_, '_> {
    /// Runs the steps again and again until each pass has found nothing to do since the last change, so that running
    /// a pipeline twice changes nothing.
    fn run_all(&mut self, steps: &[Step]) -> Result<(), PassError> {
        let n_passes = steps.iter().map(|step| step.passes().len()).sum();
        for _ in 0..MAX_ROUNDS {
            for step in steps {
                match step {
                    Step::Once(pass) => {
                        self.run(*pass)?;
                    }
                    Step::Fixpoint(passes) => self.settle(passes)?,
                }
                if self.n_idle >= n_passes || self.rewriter.is_done() {
                    return Ok(());
                }
            }
        }
        self.report.settled = n_passes == 0;
        Ok(())
    }

    /// Runs passes in turn until each of them has found nothing to do since the last change.
    fn settle(&mut self, passes: &[&'static dyn Pass]) -> Result<(), PassError> {
        let mut n_idle = 0;
        for _ in 0..MAX_ROUNDS {
            for pass in passes {
                n_idle = if self.run(*pass)? { 1 } else { n_idle + 1 };
                if n_idle >= passes.len() || self.rewriter.is_done() {
                    return Ok(());
                }
            }
        }
        self.report.settled = false;
        Ok(())
    }

    /// Runs a pass. Whether it changed anything.
    fn run(&mut self, pass: &'static dyn Pass) -> Result<bool, PassError> {
        let before = self.rewriter.n_rewrites();
        let start = Instant::now();
        let result = if self.rewriter.is_done() { Ok(()) } else { pass.run(&mut self.rewriter) };
        let time = start.elapsed();
        result.and_then(|()| self.check()).map_err(|fault| PassError { pass: pass.name(), fault })?;
        let n_rewrites = self.rewriter.n_rewrites() - before;
        self.report.count(pass.name(), n_rewrites, time);
        let run = PassReport { name: pass.name(), n_runs: 1, n_rewrites, time };
        if let Some(after_pass) = &mut self.options.after_pass {
            after_pass(&run, self.rewriter.graph());
        }
        // A pass does all that it can: it need not run again on the graph that it left.
        self.n_idle = if n_rewrites > 0 { 1 } else { self.n_idle + 1 };
        Ok(n_rewrites > 0)
    }

    fn check(&self) -> Result<(), Fault> {
        if self.options.verify {
            verify(self.rewriter.graph()).map_err(Fault::Verify)?;
        }
        Ok(())
    }
}
