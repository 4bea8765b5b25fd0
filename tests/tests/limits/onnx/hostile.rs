//! Models made to do harm: each is refused for what it is, or is nothing but a model.

use firebrick_schemas::onnx::{DataType, GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto};

use super::Folder;
use super::models::{
    bytes, call, counted_loop, encoded, function, graph, input, int, ints, model, node, number, numbers, string,
    subgraph, typed, weight, with_functions,
};
use crate::turn;

/// A model that is to be refused, with something that is to be said of it, or that may be opened.
fn check(what: &str, model: &ModelProto, expected: Option<&str>) {
    let folder = Folder::new();
    let bytes = encoded(model);
    folder.survives(&bytes).unwrap_or_else(|problem| panic!("{what}: {problem}"));
    let Some(expected) = expected else { return };
    match folder.error(&bytes) {
        Some(error) => assert!(error.contains(expected), "{what}: {error}"),
        None => panic!("{what}: was opened"),
    }
}

/// One node of `x`, of that shape.
fn one(dims: &[i64], weights: Vec<TensorProto>, node: NodeProto) -> ModelProto {
    model(graph(vec![input("x", dims)], weights, vec![node]))
}

#[test]
fn structure() {
    let _turn = turn();
    let x = || vec![input("x", &[2])];
    let of = |nodes| model(graph(x(), vec![], nodes));
    check("a cycle", &of(vec![node("Add", "x y", "z", vec![]), node("Relu", "z", "y", vec![])]), Some("`y`"));
    check("a node that reads itself", &of(vec![node("Add", "x y", "y", vec![])]), Some("`y`"));
    check("an operand that nothing computes", &of(vec![node("Relu", "nothing", "y", vec![])]), Some("`nothing`"));
    check("an output that nothing computes", &of(vec![node("Relu", "x", "z", vec![])]), Some("`y`"));
    check("no operands", &of(vec![node("Add", "", "y", vec![])]), Some("Add"));
    check("too many operands", &of(vec![node("Relu", "x x x", "y", vec![])]), Some("Relu"));
    check("no results", &of(vec![node("Relu", "x", "", vec![])]), Some("error"));
    check(
        "a value computed twice",
        &of(vec![node("Relu", "x", "y", vec![]), node("Neg", "x", "y", vec![])]),
        Some("`y`"),
    );
    check("an operator of no name", &of(vec![node("", "x", "y", vec![])]), Some("error"));
    check("an unknown operator", &of(vec![node("Explode", "x", "y", vec![])]), Some("Explode"));
    check("an unknown attribute", &of(vec![node("Relu", "x", "y", vec![int("volume", 11)])]), Some("volume"));
    check(
        "an attribute of another kind",
        &of(vec![node("Softmax", "x", "y", vec![string("axis", "1")])]),
        Some("axis"),
    );
    check("no graph", &ModelProto { graph: None, ..of(vec![]) }, Some("error"));
    check("no opset", &ModelProto { opset_import: vec![], ..of(vec![node("Relu", "x", "y", vec![])]) }, None);
    check("empty", &ModelProto::default(), Some("error"));
}

#[test]
fn shapes() {
    let _turn = turn();
    let relu = || node("Relu", "x", "y", vec![]);
    check("a negative dimension", &one(&[-5, 2], vec![], relu()), Some("error"));
    check("dimensions that overflow", &one(&[1 << 40, 1 << 40], vec![], relu()), Some("error"));
    check("dimensions of more than memory", &one(&[1 << 61], vec![], relu()), Some("error"));
    let gathered = node("Concat", "x x x x x x x x", "y", vec![int("axis", 0)]);
    check("a sum that overflows", &one(&[1 << 58, 0], vec![], gathered), None);
    let reshape = |shape: &[i64]| one(&[2, 3], vec![numbers("s", shape)], node("Reshape", "x s", "y", vec![]));
    for shape in [&[-1, -1][..], &[7], &[-2, 3], &[i64::MAX, i64::MAX], &[0, 0, 0], &[i64::MIN], &[-1, 0, 4]] {
        check(&format!("a reshape to {shape:?}"), &reshape(shape), Some("error"));
    }
    let expand = |shape: &[i64]| one(&[1], vec![numbers("s", shape)], node("Expand", "x s", "y", vec![]));
    check("an expansion beyond memory", &expand(&[1 << 40, 1 << 40]), Some("error"));
    let tile = |n: i64| one(&[2], vec![numbers("n", &[n])], node("Tile", "x n", "y", vec![]));
    check("a repetition beyond memory", &tile(1 << 62), Some("error"));
    check("a negative repetition", &tile(-1), Some("error"));
    let range =
        one(&[2], vec![number("a", 0), number("b", i64::MAX), number("c", 1)], node("Range", "a b c", "y", vec![]));
    check("a range beyond memory", &range, Some("error"));
    let of_shape = one(&[2], vec![numbers("s", &[1 << 20, 1 << 20])], node("ConstantOfShape", "s", "y", vec![]));
    check("a constant beyond memory", &of_shape, None);
}

/// Values that would have to be computed to open the model, of more than its size justifies.
#[test]
fn memory() {
    let _turn = turn();
    for n in [1 << 24, 1 << 28, 1 << 40] {
        let weights = vec![numbers("n", &[n])];
        let nodes = vec![
            node("ConstantOfShape", "n", "zeros", vec![]),
            node("ReduceSum", "zeros", "sum", vec![]),
            node("Cast", "sum", "size", vec![int("to", 7)]),
            node("Reshape", "x size", "y", vec![]),
        ];
        check(
            &format!("a shape computed from {n} numbers"),
            &model(graph(vec![input("x", &[2])], weights, nodes)),
            Some("error"),
        );
    }
    for n in [1 << 24, 1 << 40, i64::MAX] {
        let sparse = SparseTensorProto {
            values: Some(Box::new(weight("w", &[1]))),
            indices: Some(Box::new(numbers("", &[0]))),
            dims: vec![n],
        };
        let mut model = one(&[2], vec![], node("Add", "x w", "y", vec![]));
        if let Some(graph) = model.graph.as_mut() {
            graph.sparse_initializer.push(sparse);
        }
        check(&format!("one element of a sparse tensor of {n}"), &model, Some("error"));
    }
    let dropout = |n: i64| one(&[n], vec![], node("Dropout", "x", "z y", vec![]));
    check("a mask of a billion elements", &dropout(1 << 30), Some("error"));
}

#[test]
fn windows() {
    let _turn = turn();
    const HUGE: i64 = 1 << 62;
    let pool = |attributes| one(&[1, 1, 4, 4], vec![], node("MaxPool", "x", "y", attributes));
    for kernel in [HUGE, i64::MAX, 0, -1] {
        check(&format!("a window of {kernel}"), &pool(vec![ints("kernel_shape", &[kernel, kernel])]), Some("error"));
    }
    let with = |name, values: [i64; 2]| pool(vec![ints("kernel_shape", &[2, 2]), ints(name, &values)]);
    for stride in [0, -1, i64::MIN] {
        check(&format!("a stride of {stride}"), &with("strides", [stride, 1]), Some("error"));
    }
    check("a dilation beyond the image", &with("dilations", [HUGE, 1]), Some("error"));
    let pads = |pad: i64| pool(vec![ints("kernel_shape", &[2, 2]), ints("pads", &[pad; 4])]);
    for pad in [HUGE, i64::MAX, i64::MIN] {
        check(&format!("a padding of {pad}"), &pads(pad), Some("error"));
    }
    let padded = |pads: &[i64]| one(&[2, 2], vec![numbers("p", pads)], node("Pad", "x p", "y", vec![]));
    check("padding beyond memory", &padded(&[0, 0, 1 << 40, 1 << 40]), Some("error"));
    check("padding that overflows", &padded(&[0, 0, i64::MAX, i64::MAX]), Some("error"));
    check("padding that cuts all off", &padded(&[-5, 0, 0, 0]), Some("error"));
    let conv = |group: i64| {
        one(&[1, 4, 4, 4], vec![weight("w", &[4, 4, 1, 1])], node("Conv", "x w", "y", vec![int("group", group)]))
    };
    for group in [0, -1, 3, i64::MAX] {
        check(&format!("{group} groups"), &conv(group), Some("error"));
    }
    let resize = |sizes: &[i64]| one(&[1, 1, 2, 2], vec![numbers("s", sizes)], node("Resize", "x _ _ s", "y", vec![]));
    check("a resize beyond memory", &resize(&[1, 1, HUGE, HUGE]), Some("error"));
    check("a resize to less than nothing", &resize(&[1, 1, -1, 2]), Some("error"));
}

#[test]
fn weights() {
    let _turn = turn();
    let add = || node("Add", "x w", "y", vec![]);
    let of = |weight: TensorProto| one(&[2], vec![weight], add());
    let dims = |dims: &[i64]| TensorProto { dims: dims.to_vec(), ..weight("w", &[2]) };
    for wrong in [&[3][..], &[1], &[-2], &[i64::MAX], &[1 << 32, 1 << 32], &[2, 0], &[]] {
        check(&format!("two elements of shape {wrong:?}"), &of(dims(wrong)), Some("`w`"));
    }
    for kind in [0, 8, 14, 99, -1] {
        let weight = TensorProto { data_type: Some(kind), ..weight("w", &[2]) };
        check(&format!("elements of type {kind}"), &of(weight), Some("error"));
    }
    let odd = TensorProto { raw_data: Some(vec![0; 7].into()), ..weight("w", &[2]) };
    check("seven bytes", &of(odd), Some("`w`"));
    check("no elements", &of(TensorProto { raw_data: None, ..weight("w", &[2]) }), Some("`w`"));
    let two = TensorProto { int64_data: vec![1, 2], ..weight("w", &[2]) };
    check("elements in a field of another type", &of(TensorProto { raw_data: None, ..two }), Some("`w`"));
    let mut twice = of(weight("w", &[2]));
    if let Some(graph) = twice.graph.as_mut() {
        graph.initializer.push(weight("w", &[2]));
    }
    check("a weight given twice", &twice, Some("`w`"));
    check("weights of another type than their operand", &of(bytes("w", DataType::Int8, &[2])), Some("error"));
}

#[test]
fn functions() {
    let _turn = turn();
    let calls = |name: &str| graph(vec![input("x", &[2])], vec![], vec![call(name, "x", "y")]);
    let itself = with_functions(calls("f"), vec![function("f", vec![call("f", "a", "b")])]);
    check("a function that calls itself", &itself, Some("error"));
    let each_other = vec![function("f", vec![call("g", "a", "b")]), function("g", vec![call("f", "a", "b")])];
    check("functions that call each other", &with_functions(calls("f"), each_other), Some("error"));
    // Each calls the next twice: two to that power of nodes.
    let level = |n: usize| {
        let next = format!("f{}", n + 1);
        function(&format!("f{n}"), vec![call(&next, "a", "t"), call(&next, "t", "b")])
    };
    let mut levels: Vec<_> = (0..40).map(level).collect();
    levels.push(function("f40", vec![node("Relu", "a", "b", vec![])]));
    check("functions that double each other", &with_functions(calls("f0"), levels), Some("error"));
    let deep = (0..5000).map(|n| function(&format!("f{n}"), vec![call(&format!("f{}", n + 1), "a", "b")]));
    let deep = deep.chain([function("f5000", vec![node("Relu", "a", "b", vec![])])]).collect();
    check("functions within functions", &with_functions(calls("f0"), deep), None);
    check("a function that is not there", &with_functions(calls("f"), vec![]), Some("error"));
}

#[test]
fn subgraphs() {
    let _turn = turn();
    for steps in [1 << 20, 1 << 40, i64::MAX, -1, 0] {
        check(&format!("a loop of {steps} steps"), &model(counted_loop(steps)), None);
    }
    let condition = || TensorProto { dims: vec![], ..bytes("c", DataType::Bool, &[1]) };
    let nested = (0..90).fold(graph(vec![], vec![], vec![node("Relu", "x", "y", vec![])]), |inner, _| {
        let attributes = vec![subgraph("then_branch", inner.clone()), subgraph("else_branch", GraphProto::default())];
        graph(vec![], vec![condition()], vec![node("If", "c", "y", attributes)])
    });
    check("branches within branches", &model(GraphProto { input: vec![input("x", &[2])], ..nested }), None);
    let open =
        graph(vec![typed("c", DataType::Bool, &[]), input("x", &[2])], vec![], vec![node("If", "c", "y", vec![])]);
    check("an If without branches", &model(open), Some("error"));
}

/// Tens of thousands of nodes, one behind the other: no recursion, and no time that grows with their square.
#[test]
fn long_chains() {
    let _turn = turn();
    const LENGTH: usize = 5_000;
    let name = |n: usize| if n == LENGTH { "y".to_owned() } else { format!("v{n}") };
    let step = |n: usize| node("Relu", &name(n), &name(n + 1), vec![]);
    let mut nodes = vec![node("Relu", "x", "v0", vec![])];
    nodes.extend((0..LENGTH).map(step));
    check("a long chain", &model(graph(vec![input("x", &[2])], vec![], nodes)), None);
}
