//! Models made in memory, and what becomes of them.

use bytes::Bytes;
use firebrick_onnx::{Datum, Definition, ExternalData, Import, NoExternalData, Options, import};
use firebrick_schemas::onnx::{
    AttributeProto, AttributeType, DataType, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
use prost::Message;

/// A node: `node("Conv", "x w -> y", [ints("pads", &[1, 1, 1, 1])])`. An absent input is `_`.
pub(crate) fn node(op_type: &str, values: &str, attributes: impl IntoIterator<Item = AttributeProto>) -> NodeProto {
    let names = |text: &str| text.split_whitespace().map(|name| name.replace('_', "")).collect();
    let (input, output) = values.split_once("->").unwrap_or((values, ""));
    NodeProto {
        op_type: Some(op_type.to_owned()),
        input: names(input),
        output: names(output),
        attribute: attributes.into_iter().collect(),
        ..NodeProto::default()
    }
}

/// The node under a name.
pub(crate) fn named(name: &str, node: NodeProto) -> NodeProto {
    NodeProto { name: Some(name.to_owned()), ..node }
}

fn attribute(name: &str, kind: AttributeType) -> AttributeProto {
    AttributeProto { name: Some(name.to_owned()), r#type: Some(kind.into()), ..AttributeProto::default() }
}

pub(crate) fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { i: Some(i), ..attribute(name, AttributeType::Int) }
}

pub(crate) fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { ints: ints.to_vec(), ..attribute(name, AttributeType::Ints) }
}

pub(crate) fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto { f: Some(f), ..attribute(name, AttributeType::Float) }
}

pub(crate) fn string(name: &str, text: &str) -> AttributeProto {
    AttributeProto { s: Some(Bytes::copy_from_slice(text.as_bytes())), ..attribute(name, AttributeType::String) }
}

pub(crate) fn graph_of(name: &str, graph: GraphProto) -> AttributeProto {
    AttributeProto { g: Some(Box::new(graph)), ..attribute(name, AttributeType::Graph) }
}

/// A value of f32: `value("x", "N 3 8 8")`. A name is a symbol, `?` a size that nothing is said of.
pub(crate) fn value(name: &str, shape: &str) -> ValueInfoProto {
    let dim = |text: &str| match text.parse() {
        Ok(size) => Dimension { dim_value: Some(size), ..Dimension::default() },
        Err(_) if text == "?" => Dimension::default(),
        Err(_) => Dimension { dim_param: Some(text.to_owned()), ..Dimension::default() },
    };
    let shape = TensorShapeProto { dim: shape.split_whitespace().map(dim).collect() };
    let tensor = TensorTypeProto { elem_type: Some(DataType::Float.into()), shape: Some(Box::new(shape)) };
    let ty = TypeProto { tensor_type: Some(Box::new(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: Some(name.to_owned()), r#type: Some(Box::new(ty)), ..ValueInfoProto::default() }
}

/// The value with elements of another type.
pub(crate) fn of_type(data_type: DataType, mut value: ValueInfoProto) -> ValueInfoProto {
    if let Some(tensor) = value.r#type.as_mut().and_then(|ty| ty.tensor_type.as_mut()) {
        tensor.elem_type = Some(data_type.into());
    }
    value
}

/// A weight of f32 in `raw_data`.
pub(crate) fn floats(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: dims.to_vec(),
        data_type: Some(DataType::Float.into()),
        raw_data: Some(values.iter().flat_map(|x| x.to_le_bytes()).collect()),
        ..TensorProto::default()
    }
}

/// A weight of i64 in `int64_data`.
pub(crate) fn longs(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: vec![values.len() as i64],
        data_type: Some(DataType::Int64.into()),
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}

/// A graph of `x`, which gives `y`.
pub(crate) fn graph(
    inputs: impl IntoIterator<Item = ValueInfoProto>,
    weights: impl IntoIterator<Item = TensorProto>,
    nodes: impl IntoIterator<Item = NodeProto>,
) -> GraphProto {
    GraphProto {
        name: Some("net".to_owned()),
        input: inputs.into_iter().collect(),
        output: vec![value("y", "")],
        initializer: weights.into_iter().collect(),
        node: nodes.into_iter().collect(),
        ..GraphProto::default()
    }
}

/// A model of that opset.
pub(crate) fn model(opset: i64, graph: GraphProto) -> ModelProto {
    ModelProto {
        ir_version: Some(8),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(opset) }],
        graph: Some(Box::new(graph)),
        ..ModelProto::default()
    }
}

/// What becomes of a model: its graph, what it still needs, or what is wrong with it.
pub(crate) fn imported(model: &ModelProto) -> String {
    imported_with(model, &Options::default(), &NoExternalData)
}

pub(crate) fn imported_with(model: &ModelProto, options: &Options, files: &dyn ExternalData) -> String {
    let definition = Definition::read("model.onnx", model.encode_to_vec().into());
    match definition.and_then(|definition| import(&definition, options, files)) {
        Ok(Import::Graph(imported)) => {
            let notes = imported.notes.iter().map(|note| format!("{note}\n")).collect::<String>();
            format!("{notes}{}", imported.graph)
        }
        Ok(Import::Deferred(deferred)) => format!("needs {}\n", deferred.needs),
        Err(report) => report.render(false),
    }
}

/// Options with the value of one input.
pub(crate) fn given(name: &str, datum: impl Into<Datum>) -> Options {
    Options { input_values: vec![(name.to_owned(), datum.into())], ..Options::default() }
}
