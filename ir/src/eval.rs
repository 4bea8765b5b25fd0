//! The reference evaluator: runs a graph node by node with each op's own definition.
//!
//! It is what constant folding uses and what every backend is tested against, so it is plain rather than fast: sums
//! of products are accumulated in f64, so that their error is that of the other side in any comparison.

use std::collections::HashMap;

use thiserror::Error;

use crate::{DType, Dim, Graph, InferError, NodeId, Op, Tensor, TensorError, Type, Value, Verified};

/// Why a graph or an op could not be evaluated.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum EvalError {
    /// No tensor was given for a graph input.
    #[error("input `{name}` ({ty}) was not given")]
    MissingInput {
        /// The input.
        name: String,
        /// Its type.
        ty: Type,
    },
    /// A tensor was given for something that is no graph input.
    #[error("there is no input named `{name}`; the inputs are: {inputs}")]
    UnknownInput {
        /// The name given.
        name: String,
        /// The graph's inputs, in words.
        inputs: String,
    },
    /// The tensor given for an input is of another type.
    #[error("input `{name}` should be {expected}, but is {found}")]
    InputType {
        /// The input.
        name: String,
        /// Its type.
        expected: Type,
        /// The tensor's type.
        found: Type,
    },
    /// A constant that the model's files gave no elements for.
    #[error("it has no values: the model was opened without weights")]
    MissingWeights,
    /// An op that has no evaluation for that element type.
    #[error("no evaluation for elements of type {0}")]
    DType(DType),
    /// Values that have no result, as an index out of bounds.
    #[error("{0}")]
    Domain(String),
    /// More memory than the evaluator was allowed.
    #[error("it needs {needed} bytes while {live} are in use, and the limit is {limit}")]
    Memory {
        /// Bytes that the results take.
        needed: u64,
        /// Bytes in use already.
        live: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// The operands do not fit.
    #[error(transparent)]
    Infer(#[from] InferError),
    /// An op's result was not what it said.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// An error with the value whose computation met it.
    #[error("`{name}` ({op}): {source}")]
    At {
        /// The node's first result.
        name: String,
        /// The op's spelling.
        op: &'static str,
        /// What happened.
        source: Box<EvalError>,
    },
}

/// Runs a graph.
#[derive(Debug, Clone, Copy)]
pub struct Evaluator<'g> {
    graph: Verified<'g>,
    memory_limit: u64,
}

/// What a run holds: the values still needed, and how many readers each has left.
struct Live<'a> {
    values: HashMap<Value, Tensor>,
    readers: HashMap<Value, usize>,
    bytes: u64,
    observe: &'a mut dyn FnMut(Value, &Tensor),
}

impl<'g> Evaluator<'g> {
    /// The memory that values may take at once unless said otherwise: 4 GiB.
    pub const DEFAULT_MEMORY_LIMIT: u64 = 4 << 30;

    /// An evaluator of the graph.
    pub fn new(graph: Verified<'g>) -> Self {
        Evaluator { graph, memory_limit: Self::DEFAULT_MEMORY_LIMIT }
    }

    /// Lets the computed values take that many bytes at once.
    #[must_use]
    pub fn with_memory_limit(self, bytes: u64) -> Self {
        Evaluator { memory_limit: bytes, ..self }
    }

    /// The graph's outputs for the given inputs, by name.
    ///
    /// # Errors
    /// If an input is missing, unknown or of another type, a weight has no values, or a node can't be evaluated.
    pub fn run(&self, inputs: &HashMap<String, Tensor>) -> Result<Vec<Tensor>, EvalError> {
        self.run_observed(inputs, &mut |_, _| ())
    }

    /// As [`Evaluator::run`]; `observe` sees every value as it is computed, used by an output or not. Values are
    /// dropped when their last reader has run.
    ///
    /// # Errors
    /// As [`Evaluator::run`].
    pub fn run_observed(
        &self,
        inputs: &HashMap<String, Tensor>,
        observe: &mut dyn FnMut(Value, &Tensor),
    ) -> Result<Vec<Tensor>, EvalError> {
        let graph = self.graph.graph();
        let declared = graph.inputs().iter().map(|&id| &graph.node(id).outputs[0]);
        check_inputs(declared.map(|output| (output.name.as_str(), &output.ty)), inputs)?;
        let mut live = Live { values: HashMap::new(), readers: HashMap::new(), bytes: 0, observe };
        for (id, node) in graph.nodes() {
            for port in 0..node.outputs.len() {
                let value = Value { node: id, port };
                live.readers.insert(value, graph.uses(value).len());
            }
        }
        for id in graph.schedule() {
            self.step(id, inputs, &mut live).map_err(|source| {
                let node = graph.node(id);
                let name = node.outputs.first().map_or_else(String::new, |output| output.name.clone());
                EvalError::At { name, op: node.op.mnemonic(), source: Box::new(source) }
            })?;
        }
        let outputs = graph.outputs().into_iter();
        outputs.map(|value| live.values.get(&value).cloned().ok_or(EvalError::MissingWeights)).collect()
    }

    fn step(&self, id: NodeId, inputs: &HashMap<String, Tensor>, live: &mut Live<'_>) -> Result<(), EvalError> {
        let graph = self.graph.graph();
        let node = graph.node(id);
        let operands = graph.operands(id);
        let results = if let Op::Input(_) = node.op {
            inputs.get(&node.outputs[0].name).cloned().into_iter().collect()
        } else if let Op::Const(constant) = &node.op {
            // Without weights: an error only if somebody reads it.
            constant.tensor().cloned().into_iter().collect()
        } else if let Op::Return(_) = node.op {
            return Ok(());
        } else {
            let tensors = operands
                .iter()
                .map(|value| live.values.get(value).ok_or(EvalError::MissingWeights))
                .collect::<Result<Vec<_>, _>>()?;
            self.check_memory(&node.op, &tensors, live.bytes)?;
            node.op.eval(&tensors)?
        };
        let computed = !matches!(node.op, Op::Input(_) | Op::Const(_));
        live.release(graph, &operands);
        for (port, tensor) in results.into_iter().enumerate() {
            let value = Value { node: id, port };
            (live.observe)(value, &tensor);
            if live.readers.get(&value).is_some_and(|&n| n > 0) {
                live.bytes += if computed { tensor.bytes().len() as u64 } else { 0 };
                live.values.insert(value, tensor);
            }
        }
        Ok(())
    }

    fn check_memory(&self, op: &Op, operands: &[&Tensor], live: u64) -> Result<(), EvalError> {
        let types: Vec<Type> = operands.iter().map(|tensor| tensor.ty()).collect();
        let results = op.infer(&types.iter().collect::<Vec<_>>())?;
        let needed = results.iter().filter_map(Type::n_bytes).fold(0, u64::saturating_add);
        if needed.saturating_add(live) > self.memory_limit {
            return Err(EvalError::Memory { needed, live, limit: self.memory_limit });
        }
        Ok(())
    }
}

impl Live<'_> {
    /// Counts one reader of each operand off, and drops those that have none left.
    fn release(&mut self, graph: &Graph, operands: &[Value]) {
        for value in operands {
            let Some(readers) = self.readers.get_mut(value) else { continue };
            *readers = readers.saturating_sub(1);
            if *readers == 0
                && let Some(tensor) = self.values.remove(value)
                && !matches!(graph.node(value.node).op, Op::Input(_) | Op::Const(_))
            {
                self.bytes = self.bytes.saturating_sub(tensor.bytes().len() as u64);
            }
        }
    }
}

/// Checks that there is a tensor for each input, of its type, and none besides. Equal symbols are to be of equal sizes.
///
/// # Errors
/// If one is missing, unknown or of another type.
pub fn check_inputs<'a>(
    declared: impl IntoIterator<Item = (&'a str, &'a Type)>,
    tensors: &HashMap<String, Tensor>,
) -> Result<(), EvalError> {
    let declared: Vec<(&str, &Type)> = declared.into_iter().collect();
    let mut unknown: Vec<_> = tensors.keys().filter(|name| !declared.iter().any(|(known, _)| known == name)).collect();
    unknown.sort_unstable();
    if let Some(name) = unknown.first() {
        let inputs = declared.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        return Err(EvalError::UnknownInput { name: (*name).clone(), inputs });
    }
    let mut symbols: HashMap<&str, u64> = HashMap::new();
    for (name, expected) in declared {
        let Some(tensor) = tensors.get(name) else {
            return Err(EvalError::MissingInput { name: name.to_owned(), ty: expected.clone() });
        };
        let found = tensor.ty();
        let same_rank = expected.shape.rank() == found.shape.rank();
        let fits = expected.shape.0.iter().zip(tensor.dims()).all(|(dim, &n)| match dim {
            Dim::Fixed(size) => *size == n as u64,
            Dim::Sym(name) => *symbols.entry(name).or_insert(n as u64) == n as u64,
        });
        if expected.dtype != found.dtype || !same_rank || !fits {
            return Err(EvalError::InputType { name: name.to_owned(), expected: expected.clone(), found });
        }
    }
    Ok(())
}
