//! `firebrick passes`

use clap::{Args, ValueEnum};
use firebrick::passes::{Level, PASSES, Step, pipeline};
use serde::Serialize;

use crate::Failure;
use crate::display::{json, line, markdown, table};

/// List the passes that rewrite a graph, and the pipelines that they run in
#[derive(Debug, Args)]
pub(crate) struct PassesArgs {
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How to print the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables.
    Text,
    /// The same as JSON.
    Json,
    /// Tables in Markdown, as in docs/passes.md.
    Markdown,
}

#[derive(Serialize)]
struct Lists {
    passes: Vec<PassRow>,
    pipelines: Vec<Pipeline>,
}

#[derive(Serialize)]
struct PassRow {
    pass: &'static str,
    does: &'static str,
    precision: &'static str,
}

#[derive(Serialize)]
struct Pipeline {
    level: &'static str,
    purpose: &'static str,
    /// The passes of a step are run in turn until none changes anything.
    steps: Vec<Vec<&'static str>>,
}

/// Runs the command.
pub(crate) fn passes(args: &PassesArgs) -> Result<(), Failure> {
    let row = |pass: &&'static dyn firebrick::passes::Pass| PassRow {
        pass: pass.name(),
        does: pass.description(),
        precision: pass.precision().name(),
    };
    let steps =
        |level| pipeline(level).iter().map(|step: &Step| step.passes().iter().map(|pass| pass.name()).collect());
    let lists = Lists {
        passes: PASSES.iter().map(row).collect(),
        pipelines: Level::ALL
            .iter()
            .map(|&(level, name, purpose)| Pipeline { level: name, purpose, steps: steps(level).collect() })
            .collect(),
    };
    match args.format {
        Format::Json => json(&lists),
        Format::Text => line(&render(&lists, "", table)),
        Format::Markdown => line(&render(&lists, "## ", |headings, _, rows| markdown(headings, rows))),
    }
}

/// The tables under their titles, drawn by `table`.
fn render(lists: &Lists, mark: &str, table: impl Fn(&[&str], &[usize], Vec<Vec<String>>) -> String) -> String {
    let passes =
        lists.passes.iter().map(|row| vec![row.pass.to_owned(), row.does.to_owned(), row.precision.to_owned()]);
    let mut text = format!("{mark}Passes\n\n{}", table(&["pass", "what it does", "results"], &[], passes.collect()));
    for pipeline in lists.pipelines.iter().filter(|pipeline| !pipeline.steps.is_empty()) {
        let steps = pipeline.steps.iter().zip(1u64..);
        let rows = steps.map(|(step, number)| vec![number.to_string(), step.join(", ")]).collect();
        let title = format!("-O{}: {}", pipeline.level, pipeline.purpose);
        text.push_str(&format!("\n\n{mark}{title}\n\n{}", table(&["step", "passes"], &[], rows)));
    }
    text
}
