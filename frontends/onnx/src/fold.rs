//! Values that are constant, computed while a model is imported.

use std::collections::{BTreeSet, HashMap, HashSet};

use firebrick_ir::{EvalError, Graph, Op, Tensor, Type, Value};

/// Bytes that all values computed while importing may take: enough for everything that decides a shape, and for a
/// network whose last steps depend on what the first ones find.
const MAX_BYTES: u64 = 2 << 30;

/// Values that were computed. No node may be removed from the graph while it is in use.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    known: HashMap<Value, Tensor>,
    bytes: u64,
}

/// Why a value could not be computed.
#[derive(Debug)]
pub(crate) enum Unfolded {
    /// It depends on these inputs.
    Inputs(BTreeSet<String>),
    /// It has no result.
    Eval(EvalError),
}

impl Folder {
    /// The elements of a value.
    pub(crate) fn fold(&mut self, graph: &Graph, value: Value) -> Result<Tensor, Unfolded> {
        if let Some(tensor) = graph.as_const(value) {
            return Ok(tensor.clone());
        }
        if let Some(tensor) = self.known.get(&value) {
            return Ok(tensor.clone());
        }
        let inputs = inputs_of(graph, value);
        if !inputs.is_empty() {
            return Err(Unfolded::Inputs(inputs));
        }
        self.compute(graph, value).map_err(Unfolded::Eval)
    }

    fn compute(&mut self, graph: &Graph, root: Value) -> Result<Tensor, EvalError> {
        let mut stack = vec![(root, false)];
        while let Some((value, operands_done)) = stack.pop() {
            if self.known.contains_key(&value) {
                continue;
            }
            let operands = graph.operands(value.node);
            if !operands_done {
                stack.push((value, true));
                stack.extend(operands.into_iter().rev().map(|operand| (operand, false)));
                continue;
            }
            let tensors: Vec<&Tensor> = operands.iter().filter_map(|operand| self.known.get(operand)).collect();
            let op = &graph.node(value.node).op;
            self.bytes = check_memory(op, &tensors, self.bytes)?;
            let results = op.eval(&tensors)?;
            for (port, tensor) in results.into_iter().enumerate() {
                self.known.insert(Value { node: value.node, port }, tensor);
            }
        }
        self.known.get(&root).cloned().ok_or(EvalError::MissingWeights)
    }
}

/// The bytes in use with the results of an op.
fn check_memory(op: &Op, operands: &[&Tensor], live: u64) -> Result<u64, EvalError> {
    if matches!(op, Op::Const(_)) {
        return Ok(live);
    }
    let types: Vec<Type> = operands.iter().map(|tensor| tensor.ty()).collect();
    let results = op.infer(&types.iter().collect::<Vec<_>>())?;
    let needed = results.iter().filter_map(Type::n_bytes).fold(0, u64::saturating_add);
    match live.saturating_add(needed) {
        total if total <= MAX_BYTES => Ok(total),
        _ => Err(EvalError::Memory { needed, live, limit: MAX_BYTES }),
    }
}

/// The graph's inputs that a value depends on.
pub(crate) fn inputs_of(graph: &Graph, value: Value) -> BTreeSet<String> {
    let mut inputs = BTreeSet::new();
    let mut seen = HashSet::from([value.node]);
    let mut stack = vec![value.node];
    while let Some(id) = stack.pop() {
        let node = graph.node(id);
        if let (Op::Input(_), Some(output)) = (&node.op, node.outputs.first()) {
            inputs.insert(output.name.clone());
        }
        stack.extend(graph.operands(id).into_iter().map(|operand| operand.node).filter(|&node| seen.insert(node)));
    }
    inputs
}
