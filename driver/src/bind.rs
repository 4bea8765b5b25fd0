//! Sizes in place of symbols.

use std::collections::HashMap;

use firebrick_ir::{Graph, GraphError, Op, Tensor, Value};

/// The same graph for inputs of these tensors' shapes: every dimension that they decide is a number.
pub(crate) fn bind(graph: &Graph, inputs: &HashMap<String, Tensor>) -> Result<Graph, GraphError> {
    let mut bound = Graph::new(graph.name.clone());
    let mut values: HashMap<Value, Value> = HashMap::new();
    for id in graph.schedule() {
        let node = graph.node(id);
        let operands: Vec<Value> = graph.operands(id).iter().map(|operand| values[operand]).collect();
        if id == graph.ret() {
            operands.into_iter().for_each(|value| bound.output(value));
            continue;
        }
        let name = node.outputs.first().map_or("", |output| output.name.as_str());
        let new = match (&node.op, inputs.get(name)) {
            (Op::Input(_), Some(tensor)) => bound.input(name, tensor.ty())?.node,
            (op, _) => bound.add(op.clone(), &operands, node.outputs.iter().map(|output| output.name.clone()))?,
        };
        for port in 0..node.outputs.len() {
            values.insert(Value { node: id, port }, Value { node: new, port });
        }
    }
    Ok(bound)
}
