//! A batch of any size.

use std::collections::HashMap;

use firebrick_ir::{Dim, Graph, GraphError, Op, Output, Type, Value};

use crate::{Error, Model};

/// What the first dimension is called.
const SYMBOL: &str = "N";

/// The model with a symbol for the first dimension of every input that has one.
///
/// # Errors
/// If the model has that number somewhere else too.
pub(super) fn symbolic(model: &Model) -> Result<Model, Error> {
    let rebuilt = rebuild(model.graph()?, &mut |graph, input| {
        let mut ty = input.ty.clone();
        if let Some(first) = ty.shape.0.first_mut() {
            *first = Dim::sym(SYMBOL);
        }
        graph.input(input.name.as_str(), ty)
    });
    match rebuilt {
        Ok(graph) => Ok(model.with_graph(graph)),
        Err((node, error)) => {
            let message = format!("the batch can't be symbolic, as `{node}` is for a certain size: {error}");
            Err(Error::Request(message))
        }
    }
}

/// The model with 1 for every symbol, so that work can be counted; the model itself if it has none.
///
/// # Errors
/// If it can't be.
pub(super) fn with_batch_of_one(model: &Model) -> Result<Model, Error> {
    let graph = model.graph()?;
    if !model.inputs().iter().any(|input| input.ty.shape.is_symbolic()) {
        return Ok(model.clone());
    }
    let rebuilt = rebuild(graph, &mut |graph, input| {
        let dims = input.ty.shape.0.iter().map(|dim| Dim::Fixed(dim.fixed().unwrap_or(1)));
        graph.input(input.name.as_str(), Type::new(input.ty.dtype, dims.collect::<Vec<_>>()))
    });
    let graph = rebuilt.map_err(|(node, error)| Error::Fault(format!("`{node}`: {error}")))?;
    Ok(model.with_graph(graph))
}

/// A copy of the graph with other inputs: `input` adds what stands for one.
///
/// # Errors
/// The first node that does not fit, with the reason.
pub(super) fn rebuild(
    graph: &Graph,
    input: &mut dyn FnMut(&mut Graph, &Output) -> Result<Value, GraphError>,
) -> Result<Graph, (String, GraphError)> {
    let mut copy = Graph::new(graph.name.as_str());
    let mut values: HashMap<Value, Value> = HashMap::new();
    for &id in graph.inputs() {
        let output = &graph.node(id).outputs[0];
        let value = input(&mut copy, output).map_err(|error| (output.name.clone(), error))?;
        values.insert(Value { node: id, port: 0 }, value);
    }
    for id in graph.schedule() {
        let node = graph.node(id);
        if matches!(node.op, Op::Input(_)) || id == graph.ret() {
            continue;
        }
        let operands: Vec<Value> = graph.operands(id).iter().map(|operand| values[operand]).collect();
        let names = node.outputs.iter().map(|output| output.name.as_str());
        let name = || node.outputs.first().map_or_else(String::new, |output| output.name.clone());
        let added = copy.add(node.op.clone(), &operands, names).map_err(|error| (name(), error))?;
        copy.set_origin(added, node.origin.clone());
        for port in 0..node.outputs.len() {
            values.insert(Value { node: id, port }, Value { node: added, port });
        }
    }
    for output in graph.outputs() {
        copy.output(values[&output]);
    }
    Ok(copy)
}
