//! Models as text, and checks through it.

use std::fmt::Write;

use firebrick_ir::{text, verify};
use firebrick_onnx_writer::{Opset, Options, export};
use firebrick_schemas::onnx::{
    AttributeProto, AttributeType, DataType, ModelProto, NodeProto, TensorProto, ValueInfoProto,
};

/// Writes the graph that the text says, for each of the operator sets. The models are the snapshot `name`; one that is
/// as the one before it is not repeated.
#[track_caller]
pub(crate) fn check(name: &str, opsets: &[i64], graph: &str) {
    let mut shown = String::new();
    let mut last = String::new();
    for &version in opsets {
        let opset = Opset::new(version).expect("it is between the ends");
        let text = written(graph, &Options { opset, ..Options::default() });
        let body = if text == last { "as above\n" } else { &text };
        writeln!(shown, "-- operator set {version}\n{body}").expect("a string takes everything");
        last = text;
    }
    keep(name, &shown);
}

/// The text is the snapshot `name`, among those of all files.
#[track_caller]
pub(crate) fn keep(name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => "snapshots",
        omit_expression => true,
        prepend_module_to_snapshot => false,
    }, { insta::assert_snapshot!(name, text) });
}

/// The model, or why there is none.
pub(crate) fn written(graph: &str, options: &Options) -> String {
    let graph = text::parse(graph, &()).unwrap_or_else(|error| panic!("{error}"));
    let verified = verify(&graph).unwrap_or_else(|errors| panic!("{errors:?}"));
    match export(verified, options) {
        Ok(exported) => model(&exported.proto),
        Err(refusals) => refusals.iter().map(|refusal| format!("refused: {refusal}\n")).collect(),
    }
}

/// A model, an operator a line.
pub(crate) fn model(model: &ModelProto) -> String {
    let mut out = String::new();
    let graph = model.graph.as_deref().expect("a model has a graph");
    for value in &graph.input {
        writeln!(out, "input {}", info(value)).expect("a string takes everything");
    }
    for tensor in &graph.initializer {
        writeln!(out, "{} = {}", tensor.name(), elements(tensor)).expect("a string takes everything");
    }
    for node in &graph.node {
        writeln!(out, "{}", operator(node)).expect("a string takes everything");
    }
    for value in &graph.output {
        writeln!(out, "output {}", info(value)).expect("a string takes everything");
    }
    out
}

fn info(value: &ValueInfoProto) -> String {
    let tensor = value.r#type.as_ref().and_then(|ty| ty.tensor_type.as_ref()).expect("it is a tensor");
    let dims = tensor.shape.iter().flat_map(|shape| &shape.dim);
    let dims = dims.map(|dim| dim.dim_param.clone().unwrap_or_else(|| dim.dim_value().to_string()));
    format!("{}: {}[{}]", value.name(), data_type(tensor.elem_type()), dims.collect::<Vec<_>>().join(", "))
}

fn data_type(number: i32) -> String {
    DataType::try_from(number).map_or_else(|_| number.to_string(), |ty| ty.as_str().to_lowercase())
}

fn elements(tensor: &TensorProto) -> String {
    let dims = tensor.dims.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let ty = format!("{}[{dims}]", data_type(tensor.data_type()));
    let bytes = tensor.raw_data();
    if !tensor.external_data.is_empty() {
        let entries = tensor.external_data.iter().map(|entry| format!("{}={}", entry.key(), entry.value()));
        return format!("{ty} in {}", entries.collect::<Vec<_>>().join(" "));
    }
    let values: Vec<String> = match tensor.data_type() {
        ty if ty == DataType::Float as i32 => {
            bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b).to_string()).collect()
        }
        ty if ty == DataType::Int64 as i32 => {
            bytes.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b).to_string()).collect()
        }
        _ => vec![format!("{} bytes", bytes.len())],
    };
    if values.len() > 16 { ty } else { format!("{ty} {}", values.join(" ")) }
}

fn operator(node: &NodeProto) -> String {
    let attrs: String = node.attribute.iter().map(|attr| format!(" {}={}", attr.name(), value(attr))).collect();
    format!("{} = {}({}){attrs}", node.output.join(", "), node.op_type(), node.input.join(", "))
}

fn value(attr: &AttributeProto) -> String {
    match attr.r#type() {
        AttributeType::Int => attr.i().to_string(),
        AttributeType::Float => attr.f().to_string(),
        AttributeType::String => String::from_utf8_lossy(attr.s()).into_owned(),
        AttributeType::Ints => format!("{:?}", attr.ints),
        AttributeType::Undefined | AttributeType::Tensor | AttributeType::Graph | AttributeType::SparseTensor => {
            "?".into()
        }
        AttributeType::Floats => format!("{:?}", attr.floats),
        AttributeType::Strings => {
            attr.strings.iter().map(|text| String::from_utf8_lossy(text)).collect::<Vec<_>>().join(",")
        }
        AttributeType::TypeProto | AttributeType::Tensors => "?".into(),
        AttributeType::Graphs | AttributeType::SparseTensors | AttributeType::TypeProtos => "?".into(),
    }
}
