//! `firebrick bench --profile`: where the time of a run goes.

use firebrick::{Profile, StepTimes};
use serde::Serialize;

use crate::display::{count, table};

/// A multiplication and an addition.
const FLOPS_PER_MAC: f64 = 2.0;

/// A profile as JSON.
#[derive(Debug, Serialize)]
pub(super) struct Written {
    runs: usize,
    /// Of all threads together.
    peak_gflops: f64,
    steps: Vec<WrittenStep>,
}

#[derive(Debug, Serialize)]
struct WrittenStep {
    layer: String,
    kernel: String,
    fastest_ms: f64,
    median_ms: f64,
    macs: u64,
    gflops: Option<f64>,
    share_of_peak: Option<f64>,
    evaluated: bool,
}

impl Written {
    pub(super) fn of(profile: &Profile) -> Self {
        let step = |step: &StepTimes| WrittenStep {
            layer: step.value.clone(),
            kernel: step.kernel.clone(),
            fastest_ms: step.fastest.as_secs_f64() * 1e3,
            median_ms: step.median.as_secs_f64() * 1e3,
            macs: step.macs,
            gflops: profile.share_of_peak(step).map(|share| share * gflops(profile.peak)),
            share_of_peak: profile.share_of_peak(step),
            evaluated: step.is_evaluated,
        };
        Written {
            runs: profile.n_runs,
            peak_gflops: gflops(profile.peak),
            steps: profile.steps.iter().map(step).collect(),
        }
    }

    /// A row a step, and what the columns mean.
    pub(super) fn text(&self, n_threads: usize) -> String {
        let total: f64 = self.steps.iter().map(|step| step.fastest_ms).sum();
        let percent = |share: f64| format!("{:.0}%", share * 1e2);
        let row = |step: &WrittenStep| {
            let evaluated = if step.evaluated { " (no kernel)" } else { "" };
            vec![
                step.layer.clone(),
                format!("{}{evaluated}", step.kernel),
                format!("{:.3}", step.fastest_ms),
                if total > 0.0 { percent(step.fastest_ms / total) } else { String::new() },
                if step.macs > 0 { count(step.macs) } else { String::new() },
                step.gflops.map_or(String::new(), |gflops| format!("{gflops:.1}")),
                step.share_of_peak.map_or(String::new(), percent),
            ]
        };
        let headings = ["layer", "kernel", "ms", "of run", "MACs", "GFLOP/s", "of peak"];
        let rows = table(&headings, &[2, 3, 4, 5, 6], self.steps.iter().map(row));
        let (runs, peak) = (self.runs, self.peak_gflops);
        let threads = if n_threads == 1 { "1 thread".to_owned() } else { format!("{n_threads} threads") };
        format!(
            "{rows}\n\nsteps       {total:.3} ms together, each at its fastest of {runs} runs\n\
             peak        {peak:.1} GFLOP/s on {threads}, measured now"
        )
    }
}

fn gflops(macs_per_second: f64) -> f64 {
    macs_per_second * FLOPS_PER_MAC / 1e9
}
