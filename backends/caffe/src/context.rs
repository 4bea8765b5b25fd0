//! What a node's translation works with: its operands, and the layers it adds.

use firebrick_ir::{Dim, Graph, NodeId, Op, Tensor, Value};
use firebrick_schemas::caffe::LayerParameter;

use crate::layer::{Blob, Layer, Weight};
use crate::selection::Selection;
use crate::{Kind, Reason};

/// One node's translation.
pub(crate) struct Context<'s, 'g> {
    pub(crate) selection: &'s mut Selection<'g>,
    pub(crate) node: NodeId,
    operands: Vec<Value>,
    layers: Vec<Layer>,
}

impl<'s, 'g> Context<'s, 'g> {
    pub(crate) fn new(selection: &'s mut Selection<'g>, node: NodeId) -> Self {
        let operands = selection.graph.operands(node);
        Context { selection, node, operands, layers: Vec::new() }
    }

    /// The layers that were added, in order.
    pub(crate) fn finish(self) -> Vec<Layer> {
        self.layers
    }

    /// How many layers were added.
    pub(crate) fn n_layers(&self) -> usize {
        self.layers.len()
    }

    /// Takes the layers behind the first so many back.
    pub(crate) fn forget_after(&mut self, n_layers: usize) {
        self.layers.truncate(n_layers);
    }

    pub(crate) fn graph(&self) -> &'g Graph {
        self.selection.graph
    }

    /// Detections, whose number is not known, can only be passed on.
    pub(crate) fn check_operands(&self) -> Result<(), Reason> {
        let passes_on = matches!(self.graph().node(self.node).op, Op::Identity(_));
        let is_symbolic = |&value: &Value| self.graph().ty(value).shape.is_symbolic();
        if !passes_on && self.operands.iter().any(is_symbolic) { Err(Reason::Detections) } else { Ok(()) }
    }

    /// The node's operands.
    pub(crate) fn operands(&self) -> &[Value] {
        &self.operands
    }

    /// An operand; the op's arity says how many there are.
    pub(crate) fn operand(&self, slot: usize) -> Value {
        self.operands[slot]
    }

    /// An operand as a blob.
    pub(crate) fn blob(&self, slot: usize) -> Blob {
        Blob::Value(self.operands[slot])
    }

    /// The node's result of that port.
    pub(crate) fn result(&self, port: usize) -> Value {
        Value { node: self.node, port }
    }

    /// Whether some layer reads the result.
    pub(crate) fn is_wanted(&self, port: usize) -> bool {
        self.selection.wanted.contains(&self.result(port))
    }

    /// The dimensions of a blob, all of which are fixed: see `check_operands`.
    pub(crate) fn dims(&self, blob: Blob) -> Vec<u64> {
        match blob {
            Blob::Value(value) => {
                self.graph().ty(value).shape.0.iter().map(|dim| Dim::fixed(dim).unwrap_or(0)).collect()
            }
            Blob::Inner(inner) => self.selection.inner[inner].clone(),
        }
    }

    /// The dimensions of the node's result of that port.
    pub(crate) fn result_dims(&self, port: usize) -> Vec<u64> {
        self.dims(Blob::Value(self.result(port)))
    }

    /// What a value is, if it is known.
    pub(crate) fn known(&self, value: Value) -> Option<&Tensor> {
        self.selection.known.get(&value)
    }

    /// The only element of a value that is known.
    pub(crate) fn scalar(&self, value: Value) -> Option<f32> {
        self.known(value).and_then(single)
    }

    /// A value as a weight. `what` names it in errors.
    pub(crate) fn weight(&self, value: Value, what: &'static str) -> Result<Weight, Reason> {
        let tensor = self.known(value).ok_or(Reason::NotConstant(what))?;
        Ok(Weight { tensor: tensor.clone(), source: Some(value) })
    }

    /// The op and the operands of a value, if a node of the same layer computes it. Ops of other layers are not taken
    /// in, since their values have names of their own.
    pub(crate) fn inner(&self, value: Value) -> Option<(&'g Op, Vec<Value>)> {
        let graph = self.graph();
        let (node, own) = (graph.node(value.node), graph.node(self.node));
        let is_inner = node.origin == own.origin && !self.selection.outputs.contains(&value);
        let is_computed = !matches!(node.op, Op::Input(_)) && !self.selection.known.contains_key(&value);
        (is_inner && is_computed).then(|| (&node.op, graph.operands(value.node)))
    }

    /// Adds a layer with one top of those dimensions.
    pub(crate) fn layer(&mut self, kind: Kind, param: LayerParameter, bottoms: &[Blob], dims: &[u64]) -> Blob {
        self.weighted(kind, param, bottoms, Vec::new(), dims)
    }

    /// As [`Context::layer`], with weights.
    pub(crate) fn weighted(
        &mut self,
        kind: Kind,
        param: LayerParameter,
        bottoms: &[Blob],
        weights: Vec<Weight>,
        dims: &[u64],
    ) -> Blob {
        let top = self.new_blob(dims);
        self.push(kind, param, bottoms, weights, vec![top]);
        top
    }

    /// Adds a layer that writes the given blobs.
    pub(crate) fn push(
        &mut self,
        kind: Kind,
        param: LayerParameter,
        bottoms: &[Blob],
        weights: Vec<Weight>,
        tops: Vec<Blob>,
    ) {
        self.layers.push(Layer { kind, param, bottoms: bottoms.to_vec(), tops, weights, node: self.node });
    }

    /// A blob that only this node's layers need, unless it becomes a result.
    pub(crate) fn new_blob(&mut self, dims: &[u64]) -> Blob {
        self.selection.inner.push(dims.to_vec());
        Blob::Inner(self.selection.inner.len() - 1)
    }
}

/// The only element of a tensor of floats.
pub(crate) fn single(tensor: &Tensor) -> Option<f32> {
    match tensor.values::<f32>().ok()?.as_ref() {
        [value] => Some(*value),
        [..] => None,
    }
}
