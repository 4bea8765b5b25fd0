//! `firebrick inspect`

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use firebrick::{EvaluatedRow, Inspection, LayerRow, ValueRow};

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
        Format::Text => line(&text(&Inspection::of(&model)?.with_kernels(&model))),
        Format::Json => json(&Inspection::of(&model)?.with_kernels(&model)),
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
    if let Some(no_kernel) = &inspection.no_kernel {
        text.push_str(&kernels(no_kernel));
    }
    text.trim_end().to_owned()
}

/// Which ops the reference evaluator computes when the model is compiled, and for which values.
fn kernels(no_kernel: &[EvaluatedRow]) -> String {
    if no_kernel.is_empty() {
        return "every op has a native kernel at -O2".to_owned();
    }
    let mut ops: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in no_kernel {
        ops.entry(row.op).or_default().push(&row.value);
    }
    let row = |(op, values): (&&str, &Vec<&str>)| format!("  {op}: {}\n", values.join(", "));
    let rows: String = ops.iter().map(row).collect();
    format!("no native kernel at -O2 for {} values, which the reference evaluator computes:\n{rows}", no_kernel.len())
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
