//! What is wrong with a model, and where.

use crate::common::{
    float, floats, given, graph, graph_of, imported, imported_with, int, ints, longs, model, named, node, of_type,
    string, value,
};
use firebrick_ir::Tensor;
use firebrick_onnx::{Definition, NoExternalData, Options};
use firebrick_schemas::onnx::{
    DataType, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto,
};
use insta::assert_snapshot;
use prost::Message;

fn net(nodes: Vec<NodeProto>) -> String {
    imported(&model(13, graph([value("x", "1 3 4 4")], [floats("w", &[2, 3, 1, 1], &[0.5; 6])], nodes)))
}

#[test]
fn operators() {
    let foreign = |op_type: &str| NodeProto { domain: Some("com.example".to_owned()), ..node(op_type, "x -> a", []) };
    assert_snapshot!(net(vec![
        named("first", node("Convv", "x w -> a", [])),
        node("Convv", "x w -> b", []),
        foreign("Blur"),
        node("RandomNormal", "-> c", []),
        node("HardSwish", "x -> y", []),
    ]));
}

#[test]
fn nodes() {
    assert_snapshot!(net(vec![
        named("conv1", node("Conv", "x w -> a", [ints("pads", &[1, 1])])),
        named("conv2", node("Conv", "x w -> b", [ints("pads", &[-1, 0, 0, 0])])),
        named("conv3", node("Conv", "x w -> c", [string("auto_pad", "SAME")])),
        named("conv4", node("Conv", "x w -> d", [int("padding", 1)])),
        named("conv5", node("Conv", "x -> e", [])),
        named("relu", node("Relu", "z -> f", [])),
        named("elu", node("Elu", "x -> g", [int("alpha", 1)])),
        named("concat", node("Concat", "x w -> h", [int("axis", 1)])),
        named("axis", node("Flatten", "x -> i", [int("axis", 5)])),
        named("twice", node("Relu", "x -> x", [])),
        named("after", node("Add", "a x -> y", [])), // not blamed for what conv1 lacks
    ]));
}

#[test]
fn graphs() {
    let cases = [
        // No node computes the output.
        graph([value("x", "2")], [], [node("Relu", "x -> z", [])]),
        // Nodes out of order, or in a circle.
        graph(
            [value("x", "2")],
            [],
            [node("Add", "x b -> a", []), node("Add", "a x -> b", []), node("Relu", "b -> y", [])],
        ),
        // Sizes.
        graph([value("x", "2 -3")], [], [node("Relu", "x -> y", [])]),
        graph([of_type(DataType::String, value("x", "2"))], [], [node("Relu", "x -> y", [])]),
        graph([value("x", "9000000000 9000000000 9000000000")], [], [node("Relu", "x -> y", [])]),
        // An output of another type than it says.
        GraphProto {
            output: vec![of_type(DataType::Int64, value("y", "2"))],
            ..graph([value("x", "2")], [], [node("Relu", "x -> y", [])])
        },
    ];
    let reports: Vec<String> = cases.into_iter().map(|graph| imported(&model(13, graph))).collect();
    assert_snapshot!(reports.join("\n\n"));
}

#[test]
fn tensors() {
    let weight = |change: fn(&mut TensorProto)| {
        let mut tensor = floats("w", &[2], &[1.0, 2.0]);
        change(&mut tensor);
        imported(&model(13, graph([value("x", "2")], [tensor], [node("Add", "x w -> y", [])])))
    };
    let external =
        |location: &str| StringStringEntryProto { key: Some("location".to_owned()), value: Some(location.to_owned()) };
    let reports = [
        weight(|tensor| tensor.raw_data = Some(vec![0; 7].into())),
        weight(|tensor| tensor.raw_data = None),
        weight(|tensor| tensor.dims = vec![-2]),
        weight(|tensor| tensor.dims = vec![i64::MAX, i64::MAX]),
        weight(|tensor| tensor.data_type = Some(99)),
        weight(|tensor| tensor.data_type = Some(DataType::Complex64.into())),
        weight(|tensor| {
            (tensor.raw_data, tensor.int32_data) = (None, vec![1, 300]);
            tensor.data_type = Some(DataType::Uint8.into());
        }),
    ];
    assert_snapshot!("tensors", reports.join("\n\n"));
    let reports: Vec<String> = ["../weights", "/etc/passwd", "C:\\weights", "weights"]
        .map(|location| {
            let tensor = TensorProto {
                raw_data: None,
                data_location: Some(1),
                external_data: vec![external(location)],
                ..floats("w", &[2], &[1.0, 2.0])
            };
            imported(&model(13, graph([value("x", "2")], [tensor], [node("Add", "x w -> y", [])])))
        })
        .into();
    assert_snapshot!("external_data", reports.join("\n\n"));
}

#[test]
fn models() {
    let graph = || graph([value("x", "2")], [], [node("Relu", "x -> y", [])]);
    let opset =
        |domain: &str, version: i64| OperatorSetIdProto { domain: Some(domain.to_owned()), version: Some(version) };
    let reports = [
        imported(&ModelProto { ir_version: Some(2), ..model(13, graph()) }),
        imported(&ModelProto { ir_version: Some(99), ..model(13, graph()) }),
        imported(&model(99, graph())),
        imported(&ModelProto { graph: None, ..model(13, graph()) }),
        imported(&ModelProto { opset_import: vec![opset("com.example", 1)], ..model(13, graph()) }),
        Definition::read("model.onnx", model(13, graph()).encode_to_vec()[..30].to_vec().into())
            .map_or_else(|report| report.render(false), |_| "read".to_owned()),
    ];
    assert_snapshot!(reports.join("\n\n"));
}

#[test]
fn options() {
    let model = model(13, graph([value("x", "N 3")], [], [node("Relu", "x -> y", [])]));
    let shape = |name: &str, dims: &[u64]| Options {
        input_shapes: vec![(name.to_owned(), dims.to_vec())],
        ..Options::default()
    };
    let reports = [
        imported_with(&model, &shape("z", &[1, 3]), &NoExternalData),
        imported_with(&model, &shape("x", &[1, 3, 1]), &NoExternalData),
        imported_with(&model, &given("x", Tensor::scalar(1f32)), &NoExternalData),
    ];
    assert_snapshot!(reports.join("\n\n"));
}

/// Functions that call themselves, and loops without end.
#[test]
fn no_end() {
    let function = FunctionProto {
        name: Some("Own".to_owned()),
        domain: Some("own".to_owned()),
        input: vec!["a".to_owned()],
        output: vec!["b".to_owned()],
        node: vec![NodeProto { domain: Some("own".to_owned()), ..node("Own", "a -> b", []) }],
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(13) }],
        ..FunctionProto::default()
    };
    let call = NodeProto { domain: Some("own".to_owned()), ..node("Own", "x -> y", []) };
    let recursive = ModelProto { functions: vec![function], ..model(13, graph([value("x", "2")], [], [call])) };
    let body = GraphProto {
        output: vec![value("go", ""), value("last", "2")],
        ..graph([value("i", ""), value("go", ""), value("last", "2")], [], [])
    };
    let r#loop = node("Loop", "_ _ x -> y", [graph_of("body", body)]);
    let endless = model(13, graph([value("x", "2")], [], [r#loop]));
    assert_snapshot!([imported(&recursive), imported(&endless)].join("\n\n"));
}

/// What has no use in a graph is ignored, and named where it could matter.
#[test]
fn ignored() {
    let mut model =
        model(13, graph([value("x", "2")], [longs("unused", &[1])], [node("Elu", "x -> y", [float("alpha", 2.0)])]));
    model.training_info.push(firebrick_schemas::onnx::TrainingInfoProto::default());
    assert_snapshot!(imported(&model));
}
