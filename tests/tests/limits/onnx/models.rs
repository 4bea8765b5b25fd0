//! Small ONNX models, message by message.

use firebrick_schemas::onnx::{
    AttributeProto, AttributeType, DataType, Dimension, FunctionProto, GraphProto, ModelProto, NodeProto,
    OperatorSetIdProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
use prost::Message;

/// A model of one graph.
pub(crate) fn model(graph: GraphProto) -> ModelProto {
    let opset = OperatorSetIdProto { domain: None, version: Some(17) };
    ModelProto { ir_version: Some(8), opset_import: vec![opset], graph: Some(Box::new(graph)), ..ModelProto::default() }
}

/// A graph with one output, `y`, whose type is not said.
pub(crate) fn graph(inputs: Vec<ValueInfoProto>, weights: Vec<TensorProto>, nodes: Vec<NodeProto>) -> GraphProto {
    let output = ValueInfoProto { name: Some("y".to_owned()), ..ValueInfoProto::default() };
    GraphProto {
        name: Some("g".to_owned()),
        node: nodes,
        initializer: weights,
        input: inputs,
        output: vec![output],
        ..GraphProto::default()
    }
}

/// A node: `"Conv"`, `"x w"`, `"y"`.
pub(crate) fn node(kind: &str, inputs: &str, outputs: &str, attributes: Vec<AttributeProto>) -> NodeProto {
    // `_` stands for an operand that is left out.
    let names = |text: &str| text.split_whitespace().map(|name| name.trim_matches('_').to_owned()).collect();
    NodeProto {
        op_type: Some(kind.to_owned()),
        input: names(inputs),
        output: names(outputs),
        attribute: attributes,
        ..NodeProto::default()
    }
}

fn attribute(name: &str, kind: AttributeType) -> AttributeProto {
    AttributeProto { name: Some(name.to_owned()), r#type: Some(kind.into()), ..AttributeProto::default() }
}

pub(crate) fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto { ints: values.to_vec(), ..attribute(name, AttributeType::Ints) }
}

pub(crate) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: Some(value), ..attribute(name, AttributeType::Int) }
}

pub(crate) fn string(name: &str, value: &str) -> AttributeProto {
    AttributeProto { s: Some(value.as_bytes().to_vec().into()), ..attribute(name, AttributeType::String) }
}

pub(crate) fn subgraph(name: &str, graph: GraphProto) -> AttributeProto {
    AttributeProto { g: Some(Box::new(graph)), ..attribute(name, AttributeType::Graph) }
}

/// An input of floats.
pub(crate) fn input(name: &str, dims: &[i64]) -> ValueInfoProto {
    typed(name, DataType::Float, dims)
}

pub(crate) fn typed(name: &str, kind: DataType, dims: &[i64]) -> ValueInfoProto {
    let dim = dims.iter().map(|&n| Dimension { dim_value: Some(n), ..Dimension::default() }).collect();
    let tensor = TensorTypeProto { elem_type: Some(kind.into()), shape: Some(Box::new(TensorShapeProto { dim })) };
    let ty = TypeProto { tensor_type: Some(Box::new(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: Some(name.to_owned()), r#type: Some(Box::new(ty)), ..ValueInfoProto::default() }
}

/// A weight of floats, 0.5 everywhere.
pub(crate) fn weight(name: &str, dims: &[i64]) -> TensorProto {
    let n = dims.iter().product::<i64>().unsigned_abs() as usize;
    let raw = 0.5f32.to_le_bytes().repeat(n);
    TensorProto {
        name: Some(name.to_owned()),
        dims: dims.to_vec(),
        data_type: Some(DataType::Float.into()),
        raw_data: Some(raw.into()),
        ..TensorProto::default()
    }
}

/// A weight of integers, in the field of its type.
pub(crate) fn numbers(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: vec![values.len() as i64],
        data_type: Some(DataType::Int64.into()),
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}

/// A number, in the field of its type.
pub(crate) fn number(name: &str, value: i64) -> TensorProto {
    TensorProto { dims: Vec::new(), ..numbers(name, &[value]) }
}

/// A weight of bytes, 1 everywhere, one for each element.
pub(crate) fn bytes(name: &str, kind: DataType, dims: &[i64]) -> TensorProto {
    let n = dims.iter().product::<i64>().unsigned_abs() as usize;
    TensorProto { data_type: Some(kind.into()), raw_data: Some(vec![1; n].into()), ..weight(name, dims) }
}

/// A function of the model's own, of one operand `a` and one result `b`.
pub(crate) fn function(name: &str, nodes: Vec<NodeProto>) -> FunctionProto {
    FunctionProto {
        name: Some(name.to_owned()),
        domain: Some("own".to_owned()),
        input: vec!["a".to_owned()],
        output: vec!["b".to_owned()],
        node: nodes,
        opset_import: model(GraphProto::default()).opset_import,
        ..FunctionProto::default()
    }
}

/// A node that calls one.
pub(crate) fn call(name: &str, inputs: &str, outputs: &str) -> NodeProto {
    NodeProto { domain: Some("own".to_owned()), ..node(name, inputs, outputs, Vec::new()) }
}

/// A model with functions of its own.
pub(crate) fn with_functions(graph: GraphProto, functions: Vec<FunctionProto>) -> ModelProto {
    let mut model = model(graph);
    model.opset_import.push(OperatorSetIdProto { domain: Some("own".to_owned()), version: Some(1) });
    model.functions = functions;
    model
}

pub(crate) fn encoded(model: &ModelProto) -> Vec<u8> {
    model.encode_to_vec()
}

/// Models of every family, whole.
pub(crate) fn fixtures() -> Vec<(&'static str, ModelProto)> {
    vec![
        ("classifier", model(classifier())),
        ("shapes", model(shapes())),
        ("windows", model(windows())),
        ("indices", model(indices())),
        ("quantized", model(quantized())),
        ("recurrent", model(recurrent())),
        ("branches", model(branches())),
        ("loop", model(counted_loop(4))),
        ("lists", model(lists())),
        (
            "functions",
            with_functions(
                graph(vec![input("x", &[2, 3])], vec![], vec![call("f", "x", "y")]),
                vec![
                    function("f", vec![call("g", "a", "t"), node("Relu", "t", "b", vec![])]),
                    function("g", vec![node("Neg", "a", "b", vec![])]),
                ],
            ),
        ),
    ]
}

fn classifier() -> GraphProto {
    let weights = vec![
        weight("w", &[4, 3, 3, 3]),
        weight("b", &[4]),
        weight("scale", &[4]),
        weight("f", &[5, 16]),
        numbers("shape", &[0, -1]),
    ];
    let nodes = vec![
        node("Conv", "x w b", "c", vec![ints("pads", &[1, 1, 1, 1]), ints("strides", &[2, 2]), int("group", 1)]),
        node("BatchNormalization", "c scale b b scale", "n", vec![]),
        node("Relu", "n", "r", vec![]),
        node("MaxPool", "r", "p", vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2]), int("ceil_mode", 1)]),
        node("Reshape", "p shape", "v", vec![]),
        node("Gemm", "v f", "g", vec![int("transB", 1)]),
        node("Softmax", "g", "y", vec![int("axis", 1)]),
    ];
    graph(vec![input("x", &[1, 3, 8, 8])], weights, nodes)
}

/// A shape computed on the way, as exporters write it.
fn shapes() -> GraphProto {
    let weights =
        vec![numbers("zero", &[0]), numbers("rest", &[-1, 4]), numbers("axes", &[0]), numbers("large", &[2, 1, 3, 4])];
    let nodes = vec![
        node("Shape", "x", "s", vec![]),
        node("Gather", "s zero", "n", vec![int("axis", 0)]),
        node("Concat", "n rest", "shape", vec![int("axis", 0)]),
        node("Reshape", "x shape", "t", vec![]),
        node("Unsqueeze", "t axes", "u", vec![]),
        node("Expand", "u large", "e", vec![]),
        node("Transpose", "e", "p", vec![ints("perm", &[3, 1, 2, 0])]),
        node("ReduceMean", "p", "y", vec![ints("axes", &[1, 2]), int("keepdims", 0)]),
    ];
    graph(vec![input("x", &[2, 3, 4])], weights, nodes)
}

fn windows() -> GraphProto {
    let weights = vec![
        numbers("pads", &[0, 0, 1, 1, 0, 0, 1, 1]),
        numbers("sizes", &[1, 2, 9, 9]),
        weight("w", &[2, 1, 3, 3]),
        numbers("starts", &[1]),
        numbers("ends", &[7]),
        numbers("axes", &[2]),
        numbers("steps", &[2]),
        numbers("repeats", &[1, 1, 2, 1]),
    ];
    let nodes = vec![
        node("Pad", "x pads", "p", vec![string("mode", "constant")]),
        node("Resize", "p _ _ sizes", "r", vec![string("mode", "nearest")]),
        node(
            "ConvTranspose",
            "r w",
            "t",
            vec![int("group", 2), ints("output_padding", &[0, 0]), ints("dilations", &[1, 1])],
        ),
        node("AveragePool", "t", "a", vec![ints("kernel_shape", &[3, 3]), ints("pads", &[1, 1, 1, 1])]),
        node("Slice", "a starts ends axes steps", "s", vec![]),
        node("Tile", "s repeats", "z", vec![]),
        node("LRN", "z", "l", vec![int("size", 3)]),
        node("DepthToSpace", "d", "y", vec![int("blocksize", 2)]),
        node("Concat", "l l", "d", vec![int("axis", 1)]),
    ];
    // The last two are the wrong way round in the list above: nodes are in the order of computation.
    let mut nodes = nodes;
    let last = nodes.len() - 1;
    nodes.swap(last - 1, last);
    graph(vec![input("x", &[1, 2, 4, 4])], weights, nodes)
}

fn indices() -> GraphProto {
    let weights = vec![
        numbers("k", &[2]),
        numbers("depth", &[6]),
        number("axis", 1),
        weight("values", &[2]),
        numbers("split", &[1, 1]),
    ];
    let nodes = vec![
        node("TopK", "x k", "v i", vec![int("axis", -1)]),
        node("OneHot", "i depth values", "o", vec![int("axis", -1)]),
        node("CumSum", "o axis", "c", vec![]),
        node("Split", "c split", "a b", vec![int("axis", 1)]),
        node("ArgMax", "a", "m", vec![int("axis", 2)]),
        node("Cast", "m", "f", vec![int("to", 1)]),
        node("Einsum", "b b", "e", vec![string("equation", "abc,abc->ab")]),
        node("ReduceSum", "f", "s", vec![int("keepdims", 0)]),
        node("Add", "e s", "y", vec![]),
    ];
    graph(vec![input("x", &[2, 4])], weights, nodes)
}

fn quantized() -> GraphProto {
    let scale = |name: &str| TensorProto { dims: vec![], ..weight(name, &[1]) };
    let zero = |name: &str| TensorProto { dims: vec![], ..bytes(name, DataType::Uint8, &[1]) };
    let weights = vec![scale("s"), zero("z"), bytes("w", DataType::Uint8, &[2, 1, 3, 3])];
    let nodes = vec![
        node("QuantizeLinear", "x s z", "q", vec![]),
        node("QLinearConv", "q s z w s z s z", "c", vec![ints("strides", &[1, 1])]),
        node("DequantizeLinear", "c s z", "y", vec![]),
    ];
    graph(vec![input("x", &[1, 1, 5, 5])], weights, nodes)
}

fn recurrent() -> GraphProto {
    let weights = vec![weight("w", &[1, 8, 3]), weight("r", &[1, 8, 2]), weight("b", &[1, 16]), numbers("axes", &[1])];
    let nodes = vec![
        node("LSTM", "x w r b", "h _ _", vec![int("hidden_size", 2)]),
        node("Squeeze", "h axes", "s", vec![]),
        node("Identity", "s", "y", vec![]),
    ];
    graph(vec![input("x", &[4, 1, 3])], weights, nodes)
}

fn branches() -> GraphProto {
    let condition = bytes("condition", DataType::Bool, &[1]);
    let condition = TensorProto { dims: vec![], ..condition };
    let branch = |kind: &str| graph(vec![], vec![], vec![node(kind, "x", "y", vec![])]);
    let attributes = vec![subgraph("then_branch", branch("Relu")), subgraph("else_branch", branch("Neg"))];
    graph(vec![input("x", &[2])], vec![condition], vec![node("If", "condition", "y", attributes)])
}

/// A loop of so many steps, each of which adds one to a value.
pub(crate) fn counted_loop(steps: i64) -> GraphProto {
    let condition = TensorProto { dims: vec![], ..bytes("condition", DataType::Bool, &[1]) };
    let body = GraphProto {
        name: Some("body".to_owned()),
        node: vec![node("Add", "a x", "b", vec![]), node("Identity", "go", "on", vec![])],
        input: vec![typed("step", DataType::Int64, &[]), typed("go", DataType::Bool, &[]), input("a", &[2])],
        output: vec![typed("on", DataType::Bool, &[]), input("b", &[2])],
        ..GraphProto::default()
    };
    let nodes = vec![node("Loop", "steps condition x", "y", vec![subgraph("body", body)])];
    graph(vec![input("x", &[2])], vec![number("steps", steps), condition], nodes)
}

fn lists() -> GraphProto {
    let weights = vec![number("one", 1), numbers("split", &[1, 2])];
    let nodes =
        vec![node("SplitToSequence", "x split", "l", vec![int("axis", 0)]), node("SequenceAt", "l one", "y", vec![])];
    graph(vec![input("x", &[3, 2])], weights, nodes)
}
