//! Operators on numbers: what they are composed of.

use crate::common::{floats, graph, imported, int, ints, longs, model, named, node, of_type, string, value};
use firebrick_schemas::onnx::{DataType, NodeProto, TensorProto};
use insta::assert_snapshot;

/// What a model of one input, `x`, becomes.
fn net(opset: i64, shape: &str, weights: Vec<TensorProto>, nodes: Vec<NodeProto>) -> String {
    imported(&model(opset, graph([value("x", shape)], weights, nodes)))
}

/// What one node on `x` of another type becomes.
fn of(data_type: DataType, node: NodeProto) -> String {
    imported(&model(21, graph([of_type(data_type, value("x", "2 3"))], [], [node])))
}

/// A weight of u8.
fn bytes(name: &str, dims: &[i64], values: &[u8]) -> TensorProto {
    TensorProto {
        data_type: Some(DataType::Uint8.into()),
        raw_data: Some(values.to_vec().into()),
        ..floats(name, dims, &[])
    }
}

#[test]
fn integers() {
    let nodes = ["Abs", "Sign", "BitwiseNot", "ReduceMean", "ReduceL1"];
    let printed = nodes.map(|op_type| of(DataType::Int32, node(op_type, "x -> y", [])));
    assert_snapshot!(printed.join("\n"));
}

#[test]
fn narrow_floats_are_normalised_as_f32() {
    let weights = [("scale", "3"), ("bias", "3")].map(|(name, shape)| of_type(DataType::Float16, value(name, shape)));
    let x = of_type(DataType::Float16, value("x", "N 3 4"));
    let inputs = [x].into_iter().chain(weights);
    let node = node("InstanceNormalization", "x scale bias -> y", []);
    assert_snapshot!(imported(&model(6, graph(inputs, [], [node]))));
}

#[test]
fn powers_of_other_types() {
    let weights = vec![longs("b", &[2, 3])];
    assert_snapshot!(net(15, "3 2", weights, vec![node("Pow", "x b -> y", [])]));
}

#[test]
fn quantized() {
    let weights = vec![
        floats("step", &[], &[0.5]),
        bytes("zero", &[], &[128]),
        bytes("w", &[2, 1, 1, 1], &[3, 4]),
        floats("steps", &[2], &[0.25, 0.5]),
        bytes("zeros", &[2], &[1, 2]),
    ];
    let nodes = vec![
        node("QuantizeLinear", "x step zero -> q", []),
        named("conv", node("QLinearConv", "q step zero w steps zeros step zero -> c", [])),
        node("DequantizeLinear", "c step zero -> y", []),
    ];
    assert_snapshot!(net(13, "N 1 2 2", weights, nodes));
}

#[test]
fn attention() {
    let heads = || [int("q_num_heads", 2), int("kv_num_heads", 1), int("is_causal", 1)];
    let inputs = [value("x", "1 2 8"), value("k", "1 3 4"), value("v", "1 3 4")];
    assert_snapshot!(imported(&model(24, graph(inputs, [], [named("att", node("Attention", "x k v -> y", heads()))]))));
}

#[test]
fn losses() {
    let inputs = [value("x", "N 3"), of_type(DataType::Int64, value("t", "N"))];
    let node = node("SoftmaxCrossEntropyLoss", "x t -> y", [int("ignore_index", -1)]);
    assert_snapshot!(imported(&model(13, graph(inputs, [], [node]))));
}

#[test]
fn what_does_not_fit() {
    let weights = vec![floats("w", &[4], &[1.0; 4]), longs("three", &[3])];
    assert_snapshot!(net(
        21,
        "1 4 2 2",
        weights,
        vec![
            named("groups", node("GroupNormalization", "x w w -> a", [int("num_groups", 3)])),
            named("axes", node("ReduceSum", "x three three -> b", [])),
            named("axis", node("ArgMax", "x -> c", [int("axis", 4)])),
            named("again", node("ReduceMax", "x three -> d", [ints("axes", &[1])])),
            named("shift", node("BitShift", "x x -> e", [string("direction", "UP")])),
            named("and", node("And", "x x -> f", [])),
            named("norm", node("LpNormalization", "x -> g", [int("p", 3)])),
            named("quantize", node("QuantizeLinear", "x w -> h", [int("axis", -5)])),
            named("sizes", node("MatMul", "x w -> i", [])),
            named("last", node("Relu", "x -> y", [])),
        ]
    ));
}

/// What would be constants as large as a file says, or as many nodes, is refused.
#[test]
fn sizes_without_a_bound() {
    let long = [value("x", "1 4000000000 2")];
    assert_snapshot!(imported(&model(13, graph(long, [], [node("Hardmax", "x -> y", [int("axis", 1)])]))));
    let heads = [int("q_num_heads", 1), int("kv_num_heads", 1), string("update_rule", "linear")];
    let nodes = [node("LinearAttention", "x x x -> y", heads)];
    assert_snapshot!("steps", imported(&model(27, graph([value("x", "1 4000000000 2")], [], nodes))));
}
