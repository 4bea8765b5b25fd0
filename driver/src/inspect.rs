//! What a model consists of, layer by layer, in numbers.

use std::collections::{HashMap, HashSet};
use std::fmt;

use firebrick_cpu::{Isa, Program};
use firebrick_ir::{Dim, Graph, NodeId, Op, Type, Value, verify};
use firebrick_passes::{Level, Options};
use serde::Serialize;

use crate::{Error, Model};

/// A model in numbers. Multiply-accumulates and bytes are those of one item of the batch.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// The network's name; may be empty.
    pub name: String,
    /// The items in a batch: the first dimension, if all inputs agree in it, else 1.
    pub batch: u64,
    /// The graph's inputs.
    pub inputs: Vec<ValueRow>,
    /// The graph's outputs.
    pub outputs: Vec<ValueRow>,
    /// The source's layers, in the order of computation.
    pub layers: Vec<LayerRow>,
    /// Numbers in weights.
    pub parameters: u64,
    /// Multiply-accumulate operations of convolutions and products of matrices, padding included, biases not.
    pub macs: u64,
    /// Bytes of all layers' results.
    pub activation_bytes: u64,
    /// Whether the weights' values are there.
    pub has_weights: bool,
    /// The values of the graph at [`Level::O2`] that the reference evaluator computes in a compiled model, since there is
    /// no native kernel for their ops. `None` if that was not asked for ([`Inspection::with_kernels`]) or is not known: there
    /// are no weights, or a size is open.
    pub no_kernel: Option<Vec<EvaluatedRow>>,
}

/// A value that the reference evaluator computes in a compiled model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvaluatedRow {
    /// Its name.
    pub value: String,
    /// The op of the graph that computes it: `top_k`.
    pub op: &'static str,
}

/// A named value and its type.
#[derive(Debug, Clone, Serialize)]
pub struct ValueRow {
    /// Its name.
    pub name: String,
    /// The type of its elements.
    pub dtype: String,
    /// Its dimensions.
    pub shape: Vec<Size>,
}

/// A dimension: a number, or the name of one that is not known yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Size {
    /// That many elements.
    Fixed(u64),
    /// A symbol.
    Symbolic(String),
}

impl From<&Dim> for Size {
    fn from(dim: &Dim) -> Self {
        match dim {
            Dim::Fixed(n) => Size::Fixed(*n),
            Dim::Sym(name) => Size::Symbolic(name.to_string()),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Size::Fixed(n) => write!(f, "{n}"),
            Size::Symbolic(name) => f.write_str(name),
        }
    }
}

/// A layer of the source.
#[derive(Debug, Clone, Serialize)]
pub struct LayerRow {
    /// Its name.
    pub name: String,
    /// Its type in the source: `Convolution`.
    pub kind: String,
    /// Its results.
    pub outputs: Vec<ValueRow>,
    /// Numbers in its weights.
    pub parameters: u64,
    /// Multiply-accumulate operations.
    pub macs: u64,
    /// Bytes of its results.
    pub activation_bytes: u64,
}

/// A layer's nodes.
struct Group {
    kind: String,
    name: String,
    nodes: Vec<NodeId>,
    members: HashSet<NodeId>,
}

impl Inspection {
    /// Counts what the model consists of.
    ///
    /// # Errors
    /// If what the model becomes depends on its inputs, as [`Model::graph`] says.
    pub fn of(model: &Model) -> Result<Self, Error> {
        let graph = model.graph()?;
        let batch = batch(model);
        let layers: Vec<LayerRow> = groups(graph).iter().map(|group| group.row(model, graph, batch)).collect();
        let sum = |of: fn(&LayerRow) -> u64| layers.iter().map(of).fold(0, u64::saturating_add);
        Ok(Inspection {
            name: graph.name.clone(),
            batch,
            inputs: model.inputs().into_iter().map(|input| value_row(&input.name, &input.ty)).collect(),
            outputs: model.outputs()?.iter().map(|(name, ty)| value_row(name, ty)).collect(),
            parameters: model.parameters().values().copied().fold(0, u64::saturating_add),
            macs: sum(|layer| layer.macs),
            activation_bytes: sum(|layer| layer.activation_bytes),
            layers,
            has_weights: model.has_weights(),
            no_kernel: None,
        })
    }

    /// The same, with what has no native kernel on this machine. For that the model is optimised and planned, which
    /// takes as long as a good part of compiling it.
    #[must_use]
    pub fn with_kernels(self, model: &Model) -> Self {
        Inspection { no_kernel: no_kernel(model), ..self }
    }
}

/// What the backend's lowering leaves to the reference evaluator on this machine.
fn no_kernel(model: &Model) -> Option<Vec<EvaluatedRow>> {
    if !model.has_weights() {
        return None;
    }
    let mut model = model.clone();
    model.optimize(Level::O2, Options::default()).ok()?;
    let found = Program::without_kernel(verify(model.graph().ok()?).ok()?, Isa::detect()).ok()?;
    Some(found.into_iter().map(|(value, op)| EvaluatedRow { value, op }).collect())
}

/// The first dimension that all inputs have in common.
fn batch(model: &Model) -> u64 {
    let firsts: Vec<Option<u64>> =
        model.inputs().iter().map(|input| input.ty.shape.0.first().and_then(Dim::fixed)).collect();
    match firsts[..] {
        [Some(first), ..] if first > 0 && firsts.iter().all(|&dim| dim == Some(first)) => first,
        _ => 1,
    }
}

/// The nodes of each layer, in the order of the layers' first nodes; constants do not count.
fn groups(graph: &Graph) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut by_origin: HashMap<(String, String), usize> = HashMap::new();
    for id in graph.schedule() {
        let node = graph.node(id);
        if matches!(node.op, Op::Const(_) | Op::Return(_)) {
            continue;
        }
        let (kind, name) = match &node.origin {
            Some(origin) => (origin.kind.to_string(), origin.name.to_string()),
            None => (node.op.mnemonic().to_owned(), node.outputs.first().map_or_else(String::new, |o| o.name.clone())),
        };
        let index = *by_origin.entry((kind.clone(), name.clone())).or_insert_with(|| {
            groups.push(Group { kind, name, nodes: Vec::new(), members: HashSet::new() });
            groups.len() - 1
        });
        groups[index].nodes.push(id);
        groups[index].members.insert(id);
    }
    groups
}

impl Group {
    fn row(&self, model: &Model, graph: &Graph, batch: u64) -> LayerRow {
        let outputs: Vec<Value> = self.nodes.iter().flat_map(|&id| self.results(graph, id)).collect();
        let bytes = outputs.iter().filter_map(|&value| graph.ty(value).n_bytes()).fold(0, u64::saturating_add);
        let macs = self.nodes.iter().map(|&id| macs(graph, id)).fold(0, u64::saturating_add);
        LayerRow {
            name: self.name.clone(),
            kind: self.kind.clone(),
            outputs: outputs.iter().map(|&value| value_row(graph.value_name(value), graph.ty(value))).collect(),
            parameters: model.parameters().get(&self.name).copied().unwrap_or(0),
            macs: macs / batch,
            activation_bytes: bytes / batch,
        }
    }

    /// A node's results that leave the layer: read by another one, or by none.
    fn results(&self, graph: &Graph, id: NodeId) -> Vec<Value> {
        let values = (0..graph.node(id).outputs.len()).map(|port| Value { node: id, port });
        let leaves = |value: &Value| {
            let uses = graph.uses(*value);
            uses.is_empty() || uses.iter().any(|(user, _)| !self.members.contains(user))
        };
        values.filter(leaves).collect()
    }
}

fn macs(graph: &Graph, id: NodeId) -> u64 {
    let operands = graph.operands(id);
    let operand_types: Vec<&Type> = operands.iter().map(|&value| graph.ty(value)).collect();
    let results: Vec<Type> = graph.node(id).outputs.iter().map(|output| output.ty.clone()).collect();
    graph.node(id).op.macs(&operand_types, &results)
}

fn value_row(name: &str, ty: &Type) -> ValueRow {
    ValueRow { name: name.to_owned(), dtype: ty.dtype.to_string(), shape: ty.shape.0.iter().map(Size::from).collect() }
}
