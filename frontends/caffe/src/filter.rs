//! Which layers belong to the net, by phase, level and stage: `NetStateRule`.

use firebrick_schemas::caffe::{NetStateRule, Phase};

use crate::net::{Layer, Net};
use crate::problem::{Problem, ProblemKind};

/// The state that a net's rules are judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Whether the net is trained or run.
    pub phase: Phase,
    /// A number that rules bound.
    pub level: i32,
    /// Words that rules ask for or exclude.
    pub stages: Vec<String>,
}

impl Default for State {
    /// A net that is run, at level 0, without stages.
    fn default() -> Self {
        State { phase: Phase::Test, level: 0, stages: Vec::new() }
    }
}

/// Keeps the layers that belong to a net in that state.
pub(crate) fn filter(net: &mut Net, state: &State) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    for layer in std::mem::take(&mut net.layers) {
        match belongs(&layer, state) {
            Ok(true) => net.layers.push(layer),
            Ok(false) => {
                let why = "its rules leave it out: see `--phase`, `--stage`, `--level`";
                net.leave_out(&layer, why);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// A layer belongs if it has no rules, if one of its include rules holds, or if none of its exclude rules does.
fn belongs(layer: &Layer, state: &State) -> Result<bool, Problem> {
    let (include, exclude) = (&layer.param.include, &layer.param.exclude);
    if !include.is_empty() && !exclude.is_empty() {
        let message = "it has both `include` and `exclude` rules, and Caffe accepts only one kind".to_owned();
        let kind = ProblemKind::Field { layer: layer.name().to_owned(), message };
        return Err(Problem::new(kind, layer.path.clone().nth("exclude", 0)).help("remove one of the two"));
    }
    // `phase` itself is what Caffe writes into a saved net, not a rule.
    Ok(if include.is_empty() {
        !exclude.iter().any(|rule| holds(rule, state))
    } else {
        include.iter().any(|rule| holds(rule, state))
    })
}

fn holds(rule: &NetStateRule, state: &State) -> bool {
    let NetStateRule { phase, min_level, max_level, stage, not_stage } = rule;
    (phase.is_none() || rule.phase() == state.phase)
        && min_level.is_none_or(|min| state.level >= min)
        && max_level.is_none_or(|max| state.level <= max)
        && stage.iter().all(|stage| state.stages.contains(stage))
        && !not_stage.iter().any(|stage| state.stages.contains(stage))
}
