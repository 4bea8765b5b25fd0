//! Models cut off, with changed bytes, with numbers out of all proportion.

use firebrick::OpenOptions;
use firebrick_schemas::onnx::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};
use proptest::prelude::*;

use super::models::{encoded, fixtures};
use super::{BOUNDS, Folder};
use crate::mutations::check;
use crate::{survive, turn};

/// Numbers at the edges of what fields hold, and beyond.
const NUMBERS: &[i64] = &[
    i64::MAX,
    i64::MIN,
    1 << 62,
    -(1 << 62),
    i32::MAX as i64,
    i32::MIN as i64,
    u32::MAX as i64,
    65536,
    1000,
    2,
    1,
    0,
    -1,
    -3,
];

/// Whole, every fixture is a model; otherwise its mutations would test little.
#[test]
fn fixtures_are_models() {
    let _turn = turn();
    let folder = Folder::new();
    for (name, model) in fixtures() {
        if let Some(error) = folder.error(&encoded(&model)) {
            panic!("{name}: {error}");
        }
    }
}

#[test]
fn cut_off() {
    let _turn = turn();
    let folder = Folder::new();
    for (name, model) in fixtures() {
        let bytes = encoded(&model);
        // One at every length, the others at some.
        let step = if name == "shapes" { 1 } else { 7 };
        for length in (0..bytes.len()).step_by(step) {
            folder.survives(&bytes[..length]).unwrap_or_else(|what| panic!("{name}, {length} bytes: {what}"));
        }
    }
}

#[test]
fn other_bytes() {
    let _turn = turn();
    let folder = Folder::new();
    let fixtures: Vec<Vec<u8>> = fixtures().iter().map(|(_, model)| encoded(model)).collect();
    let change = (any::<prop::sample::Index>(), any::<u8>());
    let mutation = (0..fixtures.len(), prop::collection::vec(change, 1..5));
    check(1000, mutation, |(fixture, changes)| {
        let mut bytes = fixtures[fixture].clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        folder.survives(&bytes)
    });
}

/// Every number of every model: dimensions, attributes, shapes, numbers of elements, versions.
#[test]
fn other_numbers() {
    let _turn = turn();
    let folder = Folder::new();
    for (name, model) in fixtures() {
        let n_numbers = numbers(&mut model.clone()).len();
        for index in 0..n_numbers {
            for &number in NUMBERS {
                let mut model = model.clone();
                if let Some(found) = numbers(&mut model).get_mut(index) {
                    **found = number;
                }
                let survived = folder.survives(&encoded(&model));
                survived.unwrap_or_else(|what| panic!("{name}, number {index} is {number}: {what}"));
            }
        }
    }
}

/// Every name of every model, instead of each other: cycles, operands of other kinds, values computed twice or never.
#[test]
fn other_names() {
    let _turn = turn();
    let folder = Folder::new();
    for (name, model) in fixtures() {
        let n_names = names(&mut model.clone()).len();
        let pairs = (0..n_names).flat_map(|at| (0..=n_names).map(move |from| (at, from)));
        // Some of the pairs of the longer ones.
        for (at, from) in pairs.step_by(1 + n_names / 12) {
            let mut model = model.clone();
            let mut names = names(&mut model);
            let other = names.get(from).map(|name| (**name).clone()).unwrap_or_default();
            if let Some(found) = names.get_mut(at) {
                **found = other.clone();
            }
            let survived = folder.survives(&encoded(&model));
            survived.unwrap_or_else(|what| panic!("{name}, name {at} is {other:?}: {what}"));
        }
    }
}

/// Nodes left out, and each turned into each other kind that the fixtures have.
#[test]
fn other_nodes() {
    let _turn = turn();
    let folder = Folder::new();
    let fixtures = fixtures();
    let nodes = |model: &ModelProto| model.graph.as_ref().map(|graph| graph.node.clone()).unwrap_or_default();
    let kinds: Vec<String> =
        fixtures.iter().flat_map(|(_, model)| nodes(model)).filter_map(|node| node.op_type).collect();
    for (name, model) in &fixtures {
        for index in 0..nodes(model).len() {
            for kind in kinds.iter().map(Some).chain([None]) {
                let mut model = model.clone();
                let Some(graph) = model.graph.as_mut() else { continue };
                match kind {
                    Some(kind) => graph.node[index].op_type = Some(kind.clone()),
                    None => drop(graph.node.remove(index)),
                }
                let survived = folder.survives(&encoded(&model));
                survived.unwrap_or_else(|what| panic!("{name}, node {index} is {kind:?}: {what}"));
            }
        }
    }
}

/// Shapes that the caller gives, beyond reason.
#[test]
fn other_input_shapes() {
    let _turn = turn();
    let folder = Folder::new();
    for (name, model) in fixtures() {
        let path = folder.write("model.onnx", &encoded(&model));
        for dims in [vec![], vec![0], vec![u64::MAX; 4], vec![1 << 40, 3, 8, 8], vec![1; 40], vec![1, 3, 0, 8]] {
            let options = OpenOptions { input_shapes: vec![("x".to_owned(), dims.clone())], ..OpenOptions::default() };
            survive(&[&path], &options, BOUNDS).unwrap_or_else(|what| panic!("{name}, {dims:?}: {what}"));
        }
    }
}

/// Every number that a model has as a 64-bit integer.
fn numbers(model: &mut ModelProto) -> Vec<&mut i64> {
    let mut numbers: Vec<&mut i64> = model.ir_version.iter_mut().collect();
    numbers.extend(model.opset_import.iter_mut().filter_map(|opset| opset.version.as_mut()));
    numbers.extend(model.graph.as_mut().map(|graph| of_graph(graph)).unwrap_or_default());
    numbers.extend(model.functions.iter_mut().flat_map(|function| &mut function.node).flat_map(of_node));
    numbers
}

fn of_graph(graph: &mut GraphProto) -> Vec<&mut i64> {
    let nodes = graph.node.iter_mut().flat_map(of_node);
    let weights = graph.initializer.iter_mut().flat_map(of_tensor);
    let values = graph.input.iter_mut().chain(&mut graph.output).flat_map(of_value);
    nodes.chain(weights).chain(values).collect()
}

fn of_node(node: &mut NodeProto) -> Vec<&mut i64> {
    node.attribute.iter_mut().flat_map(of_attribute).collect()
}

fn of_attribute(attribute: &mut AttributeProto) -> Vec<&mut i64> {
    let AttributeProto { i, ints, t, g, .. } = attribute;
    let tensor = t.as_mut().map(|tensor| of_tensor(tensor)).unwrap_or_default();
    let graph = g.as_mut().map(|graph| of_graph(graph)).unwrap_or_default();
    i.iter_mut().chain(ints).chain(tensor).chain(graph).collect()
}

fn of_tensor(tensor: &mut TensorProto) -> Vec<&mut i64> {
    tensor.dims.iter_mut().chain(&mut tensor.int64_data).collect()
}

fn of_value(value: &mut ValueInfoProto) -> Vec<&mut i64> {
    let shape = value.r#type.as_mut().and_then(|ty| ty.tensor_type.as_mut()).and_then(|tensor| tensor.shape.as_mut());
    let dims = shape.map(|shape| shape.dim.iter_mut()).into_iter().flatten();
    dims.filter_map(|dim| dim.dim_value.as_mut()).collect()
}

/// Every name of a value.
fn names(model: &mut ModelProto) -> Vec<&mut String> {
    let functions = model.functions.iter_mut().flat_map(|function| {
        let nodes = function.node.iter_mut().flat_map(|node| node.input.iter_mut().chain(&mut node.output));
        nodes.chain(&mut function.input).chain(&mut function.output)
    });
    let graph = model.graph.as_mut().map(|graph| names_of_graph(graph)).unwrap_or_default();
    graph.into_iter().chain(functions).collect()
}

fn names_of_graph(graph: &mut GraphProto) -> Vec<&mut String> {
    let nodes = graph.node.iter_mut().flat_map(|node| {
        let subgraphs = node.attribute.iter_mut().filter_map(|attribute| attribute.g.as_mut());
        let inner: Vec<&mut String> = subgraphs.flat_map(|graph| names_of_graph(graph)).collect();
        node.input.iter_mut().chain(&mut node.output).chain(inner)
    });
    let weights = graph.initializer.iter_mut().filter_map(|tensor| tensor.name.as_mut());
    let values = graph.input.iter_mut().chain(&mut graph.output).filter_map(|value| value.name.as_mut());
    nodes.chain(weights).chain(values).collect()
}
