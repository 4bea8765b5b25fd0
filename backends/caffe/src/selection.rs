//! From ops to layers: backwards from the outputs, so that a layer can take in the ops that only it needs.

use std::collections::{HashMap, HashSet};

use firebrick_ir::{DType, Graph, NodeId, Op, Tensor, Value};

use crate::constants::known;
use crate::context::Context;
use crate::layer::{Blob, Layer};
use crate::{Reason, Refusal, ops, recombine};

/// What a node's results are as blobs, by port; `None` where nobody wants the result.
pub(crate) type Tops = Result<Vec<Option<Blob>>, Reason>;

/// The layers of a graph, and what blobs are the same.
pub(crate) struct Selection<'g> {
    pub(crate) graph: &'g Graph,
    /// Values that are known.
    pub(crate) known: HashMap<Value, Tensor>,
    /// Where each node is in the order of computation.
    pub(crate) order: HashMap<NodeId, usize>,
    /// The nodes that outputs depend on.
    pub(crate) live: HashSet<NodeId>,
    /// The graph's outputs.
    pub(crate) outputs: HashSet<Value>,
    /// Values that a layer, or the caller, reads.
    pub(crate) wanted: HashSet<Value>,
    /// Values that are another value.
    pub(crate) same: HashMap<Value, Value>,
    /// Values whose blob has the name of another value.
    pub(crate) renamed: HashMap<Value, Value>,
    /// The dimensions of the blobs that are no values.
    pub(crate) inner: Vec<Vec<u64>>,
    /// In the order of computation.
    pub(crate) layers: Vec<Layer>,
}

/// Finds the layers of a graph.
///
/// # Errors
/// Every op that can't be said in layers.
pub(crate) fn select(graph: &Graph) -> Result<Selection<'_>, Vec<Refusal>> {
    let schedule = graph.schedule();
    let mut selection = Selection {
        graph,
        known: known(graph),
        order: schedule.iter().enumerate().map(|(index, &id)| (id, index)).collect(),
        live: live(graph, &schedule),
        outputs: graph.outputs().into_iter().collect(),
        wanted: graph.outputs().into_iter().collect(),
        same: HashMap::new(),
        renamed: HashMap::new(),
        inner: Vec::new(),
        layers: Vec::new(),
    };
    let mut refusals = selection.check_sources();
    if refusals.is_empty() {
        let nodes = schedule.into_iter().rev().filter(|&id| id != graph.ret());
        let mut groups: Vec<Vec<Layer>> = Vec::new();
        for id in nodes {
            match selection.node(id) {
                Ok(layers) => groups.push(layers),
                Err(reason) => refusals.push(selection.refuse(id, reason)),
            }
        }
        selection.layers = groups.into_iter().rev().flatten().collect();
    }
    refusals.reverse();
    if refusals.is_empty() { Ok(selection) } else { Err(refusals) }
}

/// The nodes that outputs depend on.
fn live(graph: &Graph, schedule: &[NodeId]) -> HashSet<NodeId> {
    let mut live = HashSet::from([graph.ret()]);
    for &id in schedule.iter().rev() {
        if live.contains(&id) {
            live.extend(graph.operands(id).into_iter().map(|operand| operand.node));
        }
    }
    live
}

impl Selection<'_> {
    /// Inputs without a size or of other elements, and weights without values: they would fail everything behind them.
    /// And outputs that are no floats, even if a blob could have them.
    fn check_sources(&self) -> Vec<Refusal> {
        let is_missing = |id: &NodeId| {
            let Op::Const(constant) = &self.graph.node(*id).op else { return false };
            constant.tensor().is_none() && self.live.contains(id)
        };
        let mut missing: Vec<NodeId> = self.graph.nodes().map(|(id, _)| id).filter(is_missing).collect();
        missing.sort_by_key(|id| std::cmp::Reverse(self.order.get(id)));
        let missing = missing.into_iter().map(|id| self.refusal(id, Reason::MissingWeights));
        let refused = self.graph.inputs().iter().rev().filter_map(|&id| {
            let value = Value { node: id, port: 0 };
            let ty = self.graph.ty(value);
            let symbol = ty.shape.0.iter().find(|dim| dim.fixed().is_none());
            let reason = match (symbol, ty.dtype) {
                (Some(dim), _) => Reason::Symbolic(dim.to_string()),
                (None, DType::F32) if self.outputs.contains(&value) => {
                    Reason::unsupported("it is an input and an output, and a blob is one or the other")
                }
                (None, DType::F32) => return None,
                (None, dtype) => Reason::DType(dtype),
            };
            Some(self.refusal(id, reason))
        });
        let outputs = self.graph.outputs().into_iter().rev().filter_map(|output| {
            let dtype = self.graph.ty(output).dtype;
            let is_input = self.graph.inputs().contains(&output.node);
            (dtype != DType::F32 && !is_input).then(|| self.refusal(output.node, Reason::DType(dtype)))
        });
        outputs.chain(missing).chain(refused).collect()
    }

    /// The layers of a node, none if nobody wants its results.
    fn node(&mut self, id: NodeId) -> Result<Vec<Layer>, Reason> {
        let graph = self.graph;
        let node = graph.node(id);
        let results: Vec<Value> = (0..node.outputs.len()).map(|port| Value { node: id, port }).collect();
        let is_input = matches!(node.op, Op::Input(_));
        if !is_input && !results.iter().any(|result| self.wanted.contains(result)) {
            return Ok(Vec::new());
        }
        for &result in results.iter().filter(|result| self.wanted.contains(result)) {
            self.check(result)?;
        }
        let is_known = results.iter().all(|result| self.known.contains_key(result));
        let mut context = Context::new(self, id);
        let tops = if is_known {
            ops::constant(&mut context)
        } else {
            context.check_operands()?;
            match recombine::recombine(&mut context) {
                Some(top) => Ok(vec![Some(top)]),
                None => ops::translate(&mut context, &node.op),
            }
        }?;
        let layers = context.finish();
        Ok(self.bind(layers, &results, tops))
    }

    /// Blobs are floats of a known size. What pools and maxima say of positions is a float there too.
    fn check(&self, value: Value) -> Result<(), Reason> {
        let ty = self.graph.ty(value);
        let op = &self.graph.node(value.node).op;
        let is_position = matches!(op, Op::Pool(_) | Op::TopK(_)) && value.port == 1;
        if ty.dtype != DType::F32 && !is_position {
            return Err(Reason::DType(ty.dtype));
        }
        let Some(dims) = ty.shape.as_fixed() else { return Ok(()) };
        if dims.contains(&0) {
            return Err(Reason::Empty);
        }
        let count = dims.iter().try_fold(1u64, |count, &dim| count.checked_mul(dim));
        let fits = count.is_some_and(|count| i32::try_from(count).is_ok());
        if fits { Ok(()) } else { Err(Reason::TooLarge(dims)) }
    }

    /// Makes the blobs that a node's layers write its results.
    fn bind(&mut self, mut layers: Vec<Layer>, results: &[Value], tops: Vec<Option<Blob>>) -> Vec<Layer> {
        for (&result, top) in results.iter().zip(tops) {
            match top {
                Some(Blob::Inner(inner)) => {
                    let blobs = layers.iter_mut().flat_map(|layer| layer.bottoms.iter_mut().chain(&mut layer.tops));
                    blobs.filter(|blob| **blob == Blob::Inner(inner)).for_each(|blob| *blob = Blob::Value(result));
                }
                Some(Blob::Value(value)) if value != result => {
                    self.same.insert(result, value);
                    self.wanted.insert(value);
                }
                Some(Blob::Value(_)) | None => {}
            }
        }
        let written: HashSet<Blob> = layers.iter().flat_map(|layer| layer.tops.iter().copied()).collect();
        for blob in layers.iter().flat_map(|layer| &layer.bottoms).filter(|blob| !written.contains(blob)) {
            if let Blob::Value(value) = blob {
                self.wanted.insert(*value);
            }
        }
        layers
    }

    /// Says why a node can't be written, and looks for more of the kind before it.
    fn refuse(&mut self, id: NodeId, reason: Reason) -> Refusal {
        for operand in self.graph.operands(id) {
            if self.graph.ty(operand).dtype == DType::F32 && !self.known.contains_key(&operand) {
                self.wanted.insert(operand);
            }
        }
        self.refusal(id, reason)
    }

    fn refusal(&self, id: NodeId, reason: Reason) -> Refusal {
        let node = self.graph.node(id);
        let value = node.outputs.first().map(|output| output.name.clone()).unwrap_or_default();
        Refusal { value, op: node.op.mnemonic(), origin: node.origin.clone(), reason }
    }

    /// The value that a value is.
    pub(crate) fn resolve(&self, mut value: Value) -> Value {
        while let Some(&other) = self.same.get(&value) {
            value = other;
        }
        value
    }
}
