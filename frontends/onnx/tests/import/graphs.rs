//! Models and the graphs that they become.

use crate::common::{
    float, floats, given, graph, graph_of, imported, imported_with, int, ints, longs, model, named, node, of_type,
    string, value,
};
use firebrick_ir::Tensor;
use firebrick_onnx::{NoExternalData, Options};
use firebrick_schemas::onnx::{
    DataType, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
};
use insta::assert_snapshot;

/// What a model of one input, `x`, becomes.
fn net(opset: i64, shape: &str, weights: Vec<TensorProto>, nodes: Vec<NodeProto>) -> String {
    imported(&model(opset, graph([value("x", shape)], weights, nodes)))
}

#[test]
fn a_network() {
    let weights = vec![floats("w", &[4, 3, 3, 3], &[0.5; 108]), floats("b", &[4], &[1.0, 2.0, 3.0, 4.0])];
    let nodes = vec![
        named("conv1", node("Conv", "x w b -> conv", [ints("pads", &[1, 1, 1, 1]), ints("strides", &[2, 2])])),
        node("Relu", "conv -> relu", []),
        node("MaxPool", "relu -> pool", [ints("kernel_shape", &[2, 2]), int("ceil_mode", 1)]),
        node("GlobalAveragePool", "pool -> mean", []),
        node("Flatten", "mean -> flat", []),
        node("Dropout", "flat -> kept mask", []),
        node("Softmax", "kept -> y", []),
    ];
    assert_snapshot!(net(13, "N 3 9 9", weights, nodes));
}

/// Weights listed as inputs, Dropout with a mask that nobody reads, Softmax without an axis, no names.
#[test]
fn as_in_opset_3() {
    let mut graph = graph(
        [value("x", "1 2 4 4"), value("w", "2 2 1 1")],
        [floats("w", &[2, 2, 1, 1], &[1.0, 2.0, 3.0, 4.0])],
        [
            node("Conv", "x w -> conv", [string("auto_pad", "SAME_UPPER")]),
            node("Dropout", "conv -> kept mask", [int("is_test", 1), float("ratio", 0.5)]),
            node("Softmax", "kept -> y", []),
        ],
    );
    graph.node[0].attribute[0].r#type = None;
    assert_snapshot!(imported(&ModelProto { ir_version: Some(3), ..model(3, graph) }));
}

#[test]
fn broadcasting_before_opset_7() {
    let weights = vec![floats("b", &[3], &[1.0, 2.0, 3.0])];
    assert_snapshot!(net(6, "1 3 2 2", weights, vec![node("Add", "x b -> y", [int("broadcast", 1), int("axis", 1)])]));
}

/// The shape that Reshape needs is computed of the input's, and only its batch is a symbol.
#[test]
fn shapes_are_folded() {
    let weights = vec![longs("one", &[1]), longs("minus", &[-1])];
    let nodes = || {
        vec![
            node("Shape", "x -> dims", [int("start", 1)]),
            node("Slice", "dims one minus -> inner", []),
            node("ReduceProd", "inner -> n", [int("keepdims", 1)]),
            node("Concat", "minus n -> shape", [int("axis", 0)]),
            node("Reshape", "x shape -> y", []),
        ]
    };
    assert_snapshot!("folded", net(18, "2 3 4 5", weights.clone(), nodes()));
    assert_snapshot!("deferred", net(18, "2 H 4 5", weights, nodes()));
}

#[test]
fn values_that_decide_a_shape() {
    let shape = of_type(DataType::Int64, value("shape", "2"));
    let model = model(13, graph([value("x", "2 3"), shape], [], [node("Reshape", "x shape -> y", [])]));
    assert_snapshot!("needs", imported(&model));
    let options = given("shape", Tensor::from_vec(&[2], vec![3i64, -1]).expect("two elements"));
    assert_snapshot!("given", imported_with(&model, &options, &NoExternalData));
}

#[test]
fn options() {
    let model = model(13, graph([value("x", "N 3 ? 8")], [], [node("Relu", "x -> y", [])]));
    assert_snapshot!("symbols", imported(&model));
    let batch = Options { batch: Some(4), ..Options::default() };
    assert_snapshot!("batch", imported_with(&model, &batch, &NoExternalData));
    let shape = Options { input_shapes: vec![("x".to_owned(), vec![1, 3, 8, 8])], ..Options::default() };
    assert_snapshot!("shape", imported_with(&model, &shape, &NoExternalData));
}

#[test]
fn a_branch_that_is_taken() {
    let branch = |bias: f32, name: &str| GraphProto {
        output: vec![value(name, "")],
        ..graph([], [floats("c", &[1], &[bias])], [node("Add", &format!("x c -> {name}"), [])])
    };
    let truth = TensorProto { data_type: Some(DataType::Bool.into()), int32_data: vec![0], ..longs("truth", &[0]) };
    let truth = TensorProto { int64_data: Vec::new(), ..truth };
    let r#if = node(
        "If",
        "truth -> y",
        [graph_of("then_branch", branch(1.0, "a")), graph_of("else_branch", branch(2.0, "b"))],
    );
    assert_snapshot!(net(13, "2", vec![truth], vec![named("choice", r#if)]));
}

#[test]
fn a_function_of_the_models_own() {
    let mut scale = node("Elu", "a -> b", [float("alpha", 1.0)]);
    scale.attribute[0].ref_attr_name = Some("slope".to_owned());
    let function = FunctionProto {
        name: Some("Twice".to_owned()),
        domain: Some("own".to_owned()),
        input: vec!["a".to_owned()],
        output: vec!["c".to_owned()],
        attribute: vec!["slope".to_owned()],
        node: vec![scale, node("Add", "b b -> c", [])],
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(13) }],
        ..FunctionProto::default()
    };
    let call =
        NodeProto { domain: Some("own".to_owned()), ..named("call", node("Twice", "x -> y", [float("slope", 0.25)])) };
    let model = ModelProto { functions: vec![function], ..model(13, graph([value("x", "2")], [], [call])) };
    assert_snapshot!(imported(&model));
}

#[test]
fn lists_and_loops() {
    let nodes = vec![
        node("SplitToSequence", "x -> parts", [int("axis", 0)]),
        node("SequenceAt", "parts zero -> first", []),
        node("SequenceErase", "parts zero -> rest", []),
        node("SequenceInsert", "rest first -> turned", []),
        node("ConcatFromSequence", "turned -> y", [int("axis", 0)]),
    ];
    let zero = TensorProto { dims: Vec::new(), ..longs("zero", &[0]) };
    assert_snapshot!("lists", net(13, "2 3", vec![zero.clone()], nodes));

    let body = GraphProto {
        output: vec![of_type(DataType::Bool, value("go", "")), value("next", "2")],
        ..graph(
            [of_type(DataType::Int64, value("i", "")), of_type(DataType::Bool, value("go", "")), value("last", "2")],
            [],
            [node("Add", "last x -> next", [])],
        )
    };
    let count = TensorProto { dims: Vec::new(), ..longs("count", &[2]) };
    let r#loop = named("sum", node("Loop", "count _ x -> y", [graph_of("body", body)]));
    assert_snapshot!("loop", net(13, "2", vec![count], vec![r#loop]));
}
