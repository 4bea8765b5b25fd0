//! Where the time of a run goes.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::{Error, Session};

/// How long each step of a program takes, beside what the machine can do.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Runs that were timed.
    pub n_runs: usize,
    /// Multiplications of f32 with an addition that the machine does a second, on all threads of the session together,
    /// where nothing has to wait: measured between the runs.
    pub peak: f64,
    /// What a run does, in order.
    pub steps: Vec<StepTimes>,
}

/// A step of a program, and how long it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct StepTimes {
    /// The value that it computes, or a part of it.
    pub value: String,
    /// What computes it: see [`StepInfo::kernel`](firebrick_cpu::StepInfo::kernel).
    pub kernel: String,
    /// Multiplications with an addition that the op's definition asks for, however the kernel computes them.
    pub macs: u64,
    /// Whether the reference evaluator computes it, as there is no kernel.
    pub is_evaluated: bool,
    /// In the run in which the step was fastest.
    pub fastest: Duration,
    /// In half of the runs, the step took no longer.
    pub median: Duration,
}

impl Profile {
    /// The sum of the steps' fastest times.
    pub fn total(&self) -> Duration {
        self.steps.iter().map(|step| step.fastest).sum()
    }

    /// How much of the peak a step reaches when it is fastest, if it multiplies anything: 1 is all. It may be more where
    /// a kernel needs fewer multiplications than the op's definition has.
    pub fn share_of_peak(&self, step: &StepTimes) -> Option<f64> {
        let seconds = step.fastest.as_secs_f64();
        (step.macs > 0 && seconds > 0.0 && self.peak > 0.0).then(|| step.macs as f64 / seconds / self.peak)
    }
}

impl Session {
    /// Runs so often, and times every step. Runs without a profile are not slowed down by there being one.
    ///
    /// # Errors
    /// If an op has no result, or the code that measures the machine's peak can't be made.
    pub fn profile(&mut self, n_runs: NonZeroUsize) -> Result<Profile, Error> {
        let context = self.context_mut()?;
        let mut peak = context.measure_peak()?;
        let runs = (0..n_runs.get()).map(|_| context.run_timed()).collect::<Result<Vec<_>, _>>()?;
        peak = peak.max(context.measure_peak()?);
        let steps = context.program().steps().enumerate().map(|(index, step)| {
            let mut times: Vec<Duration> = runs.iter().filter_map(|run| run.get(index).copied()).collect();
            times.sort_unstable();
            StepTimes {
                value: step.value.to_owned(),
                kernel: step.kernel,
                macs: step.macs,
                is_evaluated: step.is_evaluated,
                fastest: times.first().copied().unwrap_or_default(),
                median: times.get(times.len() / 2).copied().unwrap_or_default(),
            }
        });
        Ok(Profile { n_runs: runs.len(), peak, steps: steps.collect() })
    }
}
