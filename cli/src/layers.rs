//! `firebrick layers`

use clap::{Args, ValueEnum};
use firebrick::ir::Op;
use firebrick::onnx::{OpEntry, op_types};
use firebrick::{layer_types, training_layers};
use serde::Serialize;

use crate::Failure;
use crate::display::{json, line, markdown, table};

/// List the layer types and operators that can be imported, and the ops of Firebrick's graph
#[derive(Debug, Args)]
pub(crate) struct LayersArgs {
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
    /// Tables in Markdown, as in docs/layers.md.
    Markdown,
}

#[derive(Serialize)]
struct Lists {
    layers: Vec<Layer>,
    training_layers: Vec<Layer>,
    onnx: Vec<Operator>,
    ops: Vec<Family>,
}

#[derive(Serialize)]
struct Layer {
    layer: &'static str,
    fork: &'static str,
    becomes: &'static str,
}

#[derive(Serialize)]
struct Operator {
    operator: String,
    since: i64,
    becomes: &'static str,
}

#[derive(Serialize)]
struct Family {
    family: &'static str,
    spellings: &'static [&'static str],
}

/// Runs the command.
pub(crate) fn layers(args: &LayersArgs) -> Result<(), Failure> {
    let lists = Lists {
        layers: layer_types()
            .iter()
            .map(|entry| Layer { layer: entry.kind, fork: entry.fork.name(), becomes: entry.becomes })
            .collect(),
        training_layers: training_layers().map(|(layer, becomes)| Layer { layer, fork: "", becomes }).collect(),
        onnx: op_types().iter().map(operator).collect(),
        ops: Op::FAMILIES.iter().map(|&(family, spellings)| Family { family, spellings }).collect(),
    };
    match args.format {
        Format::Json => json(&lists),
        Format::Text => line(&render(&lists, "", table)),
        Format::Markdown => line(&render(&lists, "## ", |headings, _, rows| markdown(headings, rows))),
    }
}

fn operator(entry: &OpEntry) -> Operator {
    let OpEntry { op_type, domain, since, becomes, .. } = *entry;
    let operator = if domain.is_empty() { op_type.to_owned() } else { format!("{domain}.{op_type}") };
    Operator { operator, since, becomes }
}

/// The four tables under their titles, drawn by `table`.
fn render(lists: &Lists, mark: &str, table: impl Fn(&[&str], &[usize], Vec<Vec<String>>) -> String) -> String {
    let layers = lists.layers.iter().map(|l| vec![l.layer.to_owned(), l.fork.to_owned(), l.becomes.to_owned()]);
    let training = lists.training_layers.iter().map(|l| vec![l.layer.to_owned(), l.becomes.to_owned()]);
    let onnx = lists.onnx.iter().map(|op| vec![op.operator.clone(), op.since.to_string(), op.becomes.to_owned()]);
    let ops = lists.ops.iter().map(|op| vec![op.family.to_owned(), op.spellings.join(" ")]);
    [
        format!("{mark}Caffe layers\n\n{}", table(&["layer", "fork", "becomes"], &[], layers.collect())),
        format!("{mark}Training layers\n\n{}", table(&["layer", "replaced by"], &[], training.collect())),
        format!("{mark}ONNX operators\n\n{}", table(&["operator", "opset", "becomes"], &[1], onnx.collect())),
        format!("{mark}Ops of the graph\n\n{}", table(&["family", "spellings"], &[], ops.collect())),
    ]
    .join("\n\n")
}
