//! What a graph computes from constants alone.

use std::collections::HashMap;

use firebrick_ir::{Graph, Op, Tensor, Value};

/// Results with more elements are left to layers, unless a weight has them.
const MAX_ELEMENTS: u64 = 1 << 24;

/// Values that are known: constants, and what ops compute from them.
pub(crate) fn known(graph: &Graph) -> HashMap<Value, Tensor> {
    let mut known: HashMap<Value, Tensor> = HashMap::new();
    for id in graph.schedule() {
        let node = graph.node(id);
        if let Op::Const(constant) = &node.op {
            let value = Value { node: id, port: 0 };
            known.extend(constant.tensor().map(|tensor| (value, tensor.clone())));
            continue;
        }
        let operands = graph.operands(id);
        let tensors: Vec<&Tensor> = operands.iter().map_while(|value| known.get(value)).collect();
        let is_known = !tensors.is_empty() && tensors.len() == operands.len();
        let is_small =
            node.outputs.iter().all(|output| output.ty.shape.n_elements().is_some_and(|n| n <= MAX_ELEMENTS));
        if id == graph.ret() || !is_known || !is_small {
            continue;
        }
        // What has no value here has none anywhere: the op is left to its layer, or refused.
        if let Ok(results) = node.op.eval(&tensors) {
            known.extend(results.into_iter().enumerate().map(|(port, tensor)| (Value { node: id, port }, tensor)));
        }
    }
    known
}
