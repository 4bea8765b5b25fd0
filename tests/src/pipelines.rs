//! Graphs after a pipeline.

use std::collections::{BTreeMap, HashMap};

use firebrick::ir::{Evaluator, Graph, Tensor, verify};
use firebrick::passes::{Level, Options, Report, optimize};

/// The levels that change something.
pub const LEVELS: [Level; 3] = [Level::O1, Level::O2, Level::Export];

/// The graph after the pipeline of a level, which is verified after every pass, and what was done.
///
/// # Errors
/// If a pass fails, or the pipeline changes its own result.
pub fn optimized(graph: &Graph, level: Level) -> Result<(Graph, Report), String> {
    let mut graph = graph.clone();
    let options = Options { verify: true, ..Options::default() };
    let report = optimize(&mut graph, level, options).map_err(|error| error.to_string())?;
    let mut twice = graph.clone();
    let again = optimize(&mut twice, level, Options::default()).map_err(|error| error.to_string())?;
    if again.n_rewrites() == 0 && report.settled {
        return Ok((graph, report));
    }
    let at_work: Vec<_> = again.passes.iter().filter(|pass| pass.n_rewrites > 0).map(|pass| pass.name).collect();
    Err(format!("-O{level} does not settle; a second run has work for {at_work:?}:\n{graph}\nbecomes\n{twice}"))
}

/// All values that the graph computes from these inputs, by name; the graph's outputs are among them.
///
/// # Errors
/// If the graph is not valid, or can't be evaluated.
pub fn evaluated(graph: &Graph, inputs: &HashMap<String, Tensor>) -> Result<BTreeMap<String, Tensor>, String> {
    let verified = verify(graph).map_err(|errors| format!("{errors:?}"))?;
    let mut values = BTreeMap::new();
    let observe = &mut |value, tensor: &Tensor| {
        values.insert(graph.value_name(value).to_owned(), tensor.clone());
    };
    Evaluator::new(verified).run_observed(inputs, observe).map_err(|error| error.to_string())?;
    Ok(values)
}
