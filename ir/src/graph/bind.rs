//! Sizes in place of symbols.

use std::collections::HashMap;

use super::{Graph, GraphError, Value};
use crate::{Op, Tensor};

impl Graph {
    /// The same graph for inputs of these tensors' shapes: every dimension that they decide is a number. An input that
    /// has no tensor here stays as it is. Names, origins and hints are kept.
    ///
    /// # Errors
    /// If an op can't take the sizes.
    pub fn bind(&self, inputs: &HashMap<String, Tensor>) -> Result<Graph, GraphError> {
        let mut bound = Graph::new(self.name.clone());
        let mut values: HashMap<Value, Value> = HashMap::new();
        for &node in self.inputs() {
            let old = Value { node, port: 0 };
            let name = self.value_name(old);
            let ty = inputs.get(name).map_or_else(|| self.ty(old).clone(), Tensor::ty);
            let new = bound.input(name, ty)?;
            bound.set_origin(new.node, self.node(node).origin.clone());
            values.insert(old, new);
        }
        for id in self.schedule() {
            let node = self.node(id);
            let operands: Vec<Value> = self.operands(id).iter().map(|operand| values[operand]).collect();
            if let Op::Input(_) = node.op {
                continue;
            }
            if let Op::Return(_) = node.op {
                operands.into_iter().for_each(|value| bound.output(value));
                continue;
            }
            let names = node.outputs.iter().map(|output| output.name.clone());
            let new = bound.add(node.op.clone(), &operands, names)?;
            bound.set_origin(new, node.origin.clone());
            bound.set_hints(new, node.hints.clone());
            let ports = 0..node.outputs.len();
            values.extend(ports.map(|port| (Value { node: id, port }, Value { node: new, port })));
        }
        Ok(bound)
    }
}
