//! Values that are constant, computed while a model is imported.

use std::collections::{BTreeSet, HashMap, HashSet};

use firebrick_ir::{EvalError, Graph, Op, Tensor, Type, Value};

/// Bytes that all values computed while a model is opened may take, and how many more for each byte of the constants
/// that they are computed from: enough for everything that decides a shape, and in proportion to the model's size.
const OPENING: [u64; 2] = [16 << 20, 16];

/// The same when inputs are known: enough for a network whose last steps depend on what the first ones find.
const RUNNING: [u64; 2] = [2 << 30, 16];

/// Values that were computed. No node may be removed from the graph while it is in use.
#[derive(Debug)]
pub(crate) struct Folder {
    known: HashMap<Value, Tensor>,
    memory: Memory,
}

/// Bytes that computed values take.
#[derive(Debug)]
struct Memory {
    live: u64,
    /// Bytes that they may take.
    limit: u64,
    /// Bytes that they may take more for each of a constant's.
    per_byte: u64,
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
    /// Without any values; `knows_inputs` if the model's inputs are constants of the graph.
    pub(crate) fn new(knows_inputs: bool) -> Self {
        let [limit, per_byte] = if knows_inputs { RUNNING } else { OPENING };
        Folder { known: HashMap::new(), memory: Memory { live: 0, limit, per_byte } }
    }

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
            self.memory.take(op, &tensors)?;
            let results = op.eval(&tensors)?;
            for (port, tensor) in results.into_iter().enumerate() {
                self.known.insert(Value { node: value.node, port }, tensor);
            }
        }
        self.known.get(&root).cloned().ok_or(EvalError::MissingWeights)
    }
}

impl Memory {
    /// Counts the results of an op; a constant is there already, and lets others take more.
    fn take(&mut self, op: &Op, operands: &[&Tensor]) -> Result<(), EvalError> {
        if let Op::Const(constant) = op {
            let given = constant.tensor().map_or(0, |tensor| tensor.bytes().len() as u64);
            self.limit = self.limit.saturating_add(given.saturating_mul(self.per_byte));
            return Ok(());
        }
        let types: Vec<Type> = operands.iter().map(|tensor| tensor.ty()).collect();
        let results = op.infer(&types.iter().collect::<Vec<_>>())?;
        let needed = results.iter().filter_map(Type::n_bytes).fold(0, u64::saturating_add);
        let (live, limit) = (self.live, self.limit);
        if live.saturating_add(needed) > limit {
            return Err(EvalError::Memory { needed, live, limit });
        }
        self.live = live.saturating_add(needed);
        Ok(())
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
