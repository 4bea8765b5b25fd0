//! `firebrick optimize`

use std::collections::BTreeSet;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use firebrick::ir::Graph;
use firebrick::ir::dot::dot;
use firebrick::passes::{Level, Options, PASSES, PassReport, Report};

use crate::Failure;
use crate::display::{count, line, remark, table};
use crate::level_arg::level;
use crate::model_args::{InputArg, ModelArgs, shapes};

/// Rewrite a model's graph, and show what it becomes
#[derive(Debug, Args)]
pub(crate) struct OptimizeArgs {
    #[command(flatten)]
    model: ModelArgs,

    /// The shape of an input, where the model has none or another is wanted; may be repeated
    #[arg(long, value_name = "NAME=SHAPE")]
    input: Vec<InputArg>,

    /// How much is rewritten, and what for
    #[arg(short = 'O', value_name = "LEVEL", default_value = "2", value_parser = level())]
    optimization: Level,

    /// What to print of the result
    #[arg(long, value_enum, default_value_t = Emit::Ir)]
    emit: Emit,

    /// Print the graph on stderr after each run of this pass, or of any (`all`), that changed it
    #[arg(long, value_name = "PASS", value_parser = pass(), hide_possible_values = true)]
    print_after: Option<String>,

    /// Make that many rewrites at most, of all passes together: to find the one that goes wrong
    #[arg(long, value_name = "N")]
    stop_after: Option<u64>,

    /// Print on stderr how often each pass ran, what it did, and how long it took
    #[arg(long)]
    timings: bool,

    /// Check all invariants of the graph after each pass
    #[arg(long)]
    verify: bool,
}

/// What to print of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Emit {
    /// The graph in Firebrick's text form.
    Ir,
    /// The graph for Graphviz.
    Dot,
    /// Nothing.
    None,
}

/// The names of all passes, and `all`.
fn pass() -> PossibleValuesParser {
    PossibleValuesParser::new(PASSES.iter().map(|pass| pass.name()).chain(["all"]))
}

/// Runs the command.
pub(crate) fn optimize(args: &OptimizeArgs) -> Result<(), Failure> {
    let mut model = args.model.open(shapes(&args.input, "optimize")?, None)?;
    model.graph()?;
    let mut printed = BTreeSet::new();
    let mut print = |run: &PassReport, graph: &Graph| {
        let is_wanted = args.print_after.as_deref().is_some_and(|name| name == "all" || name == run.name);
        if is_wanted && run.n_rewrites > 0 {
            printed.insert(run.name);
            anstream::eprintln!("// after {}: {}", run.name, rewrites(run.n_rewrites));
            anstream::eprintln!("{graph}");
        }
    };
    let options = Options {
        stop_after: args.stop_after,
        verify: args.verify || Options::default().verify,
        after_pass: Some(&mut print),
    };
    let report = model.optimize(args.optimization, options)?;
    if let Some(name) = args.print_after.as_deref().filter(|_| printed.is_empty()) {
        let who = if name == "all" { "no pass" } else { name };
        remark(&format!("{who} changed {}", if name == "all" { "anything" } else { "nothing" }));
    }
    if !report.settled {
        remark("some passes went on changing each other's results, and were stopped; the graph is right");
    }
    if args.timings {
        anstream::eprintln!("{}", timings(&report));
    }
    match args.emit {
        Emit::Ir => line(model.graph()?.to_string().trim_end()),
        Emit::Dot => line(dot(model.graph()?).trim_end()),
        Emit::None => Ok(()),
    }
}

fn rewrites(n: u64) -> String {
    if n == 1 { "1 rewrite".to_owned() } else { format!("{} rewrites", count(n)) }
}

fn timings(report: &Report) -> String {
    let row = |name: &str, n_runs: u64, n_rewrites: u64, time: std::time::Duration| {
        vec![name.to_owned(), count(n_runs), count(n_rewrites), format!("{:.3}", time.as_secs_f64() * 1e3)]
    };
    let passes = report.passes.iter().map(|pass| row(pass.name, pass.n_runs, pass.n_rewrites, pass.time));
    let n_runs = report.passes.iter().map(|pass| pass.n_runs).sum();
    let total = row("total", n_runs, report.n_rewrites(), report.time());
    table(&["pass", "runs", "rewrites", "ms"], &[1, 2, 3], passes.chain([total]))
}
