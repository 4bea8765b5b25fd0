//! `firebrick inspect`

use clap::{Args, ValueEnum};
use firebrick::{Inspection, LayerRow, ValueRow};

use crate::Failure;
use crate::display::{count, json, line, shape, table};
use crate::model_args::{InputArg, ModelArgs, shapes};

/// Show a model's inputs, outputs and layers, with shapes, parameters and work; weights are not needed
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    model: ModelArgs,

    /// The shape of an input, where the model has none or another is wanted; may be repeated
    #[arg(long, value_name = "NAME=SHAPE")]
    input: Vec<InputArg>,

    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What to print of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table.
    Text,
    /// The same as JSON.
    Json,
    /// The graph in Firebrick's text form.
    Ir,
    /// The graph for Graphviz.
    Dot,
}

/// Runs the command.
pub(crate) fn inspect(args: &InspectArgs) -> Result<(), Failure> {
    let model = args.model.open(shapes(&args.input, "inspect")?, None)?;
    match args.format {
        Format::Text => line(&text(&Inspection::of(&model)?)),
        Format::Json => json(&Inspection::of(&model)?),
        Format::Ir => line(model.graph()?.to_string().trim_end()),
        Format::Dot => line(firebrick::ir::dot::dot(model.graph()?).trim_end()),
    }
}

fn text(inspection: &Inspection) -> String {
    let values = |what: &str, rows: &[ValueRow]| {
        rows.iter()
            .map(|row| format!("{what:<8}{}  {} {}\n", row.name, row.dtype, shape(&row.shape)))
            .collect::<String>()
    };
    let mut text = String::new();
    if !inspection.name.is_empty() {
        text.push_str(&format!("model   {}\n", inspection.name));
    }
    text.push_str(&values("input", &inspection.inputs));
    text.push_str(&values("output", &inspection.outputs));
    text.push('\n');
    let headings = ["layer", "type", "output", "parameters", "MACs", "activation bytes"];
    text.push_str(&table(&headings, &[3, 4, 5], inspection.layers.iter().map(layer_row)));
    text.push_str(&format!(
        "\n\ntotal: {} layers, {} parameters, {} MACs, {} activation bytes\n",
        inspection.layers.len(),
        count(inspection.parameters),
        count(inspection.macs),
        count(inspection.activation_bytes)
    ));
    if inspection.batch > 1 {
        text.push_str(&format!("MACs and bytes are for one item of the batch of {}\n", inspection.batch));
    }
    if !inspection.has_weights {
        text.push_str("opened without weights\n");
    }
    text.trim_end().to_owned()
}

fn layer_row(layer: &LayerRow) -> Vec<String> {
    let shapes: Vec<String> = layer.outputs.iter().map(|output| shape(&output.shape)).collect();
    vec![
        layer.name.clone(),
        layer.kind.clone(),
        summary(&shapes),
        count(layer.parameters),
        count(layer.macs),
        count(layer.activation_bytes),
    ]
}

/// Equal shapes once, with their number.
fn summary(shapes: &[String]) -> String {
    match shapes {
        [first, rest @ ..] if !rest.is_empty() && rest.iter().all(|shape| shape == first) => {
            format!("{} of {first}", shapes.len())
        }
        _ => shapes.join(", "),
    }
}
