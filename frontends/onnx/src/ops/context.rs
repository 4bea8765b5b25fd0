//! What a node's translation works with: its inputs and attributes, and the graph to add ops to.

use std::collections::HashSet;

use firebrick_ir::{Dim, GraphError, NodeId, Op, Origin, Tensor, Type, Value, ops};
use firebrick_schemas::onnx::{GraphProto, NodeProto};

use super::attributes::Attributes;
use super::{Item, OpEntry, Outputs, Stop, node_name};
use crate::Needs;
use crate::fold::Unfolded;
use crate::problem::{At, Problem, ProblemKind};
use crate::translate::Translation;

/// One node's translation.
pub(crate) struct NodeContext<'t, 'a> {
    pub(super) translation: &'t mut Translation<'a>,
    pub(super) attributes: Attributes<'a>,
    node: &'a NodeProto,
    name: String,
    at: At,
    opset: i64,
    inputs: Vec<Item>,
    /// Values that this node computed: they may become its outputs, under their names.
    computed: HashSet<Value>,
}

impl<'t, 'a> NodeContext<'t, 'a> {
    pub(crate) fn new(
        translation: &'t mut Translation<'a>,
        node: &'a NodeProto,
        at: At,
        opset: i64,
        inputs: Vec<Item>,
    ) -> Self {
        let attributes = Attributes::new(node, |attribute| translation.resolve(attribute));
        let name = translation.graph_name(&node_name(node));
        NodeContext { translation, attributes, node, name, at, opset, inputs, computed: HashSet::new() }
    }

    /// Translates the node. Each output is a value of its own.
    pub(crate) fn run(mut self, entry: &OpEntry) -> Outputs {
        self.check_counts(entry)?;
        let outputs = (entry.translate)(&mut self)?;
        if let Some(name) = self.attributes.unread() {
            let message = format!("attribute `{name}` is none that {} has in opset {}", entry.op_type, self.opset);
            return Err(self.attribute_problem(name, message));
        }
        if let Some(index) = (outputs.len()..self.node.output.len()).find(|&index| self.is_used(index)) {
            return Err(self.problem(format!("it has no output {index} (`{}`)", self.node.output[index])));
        }
        outputs.into_iter().map(|item| self.own(item)).collect()
    }

    fn check_counts(&self, entry: &OpEntry) -> Result<(), Stop> {
        let counts =
            [("input", entry.inputs, self.node.input.len()), ("output", entry.outputs, self.node.output.len())];
        for (noun, count, found) in counts {
            if !count.admits(found) {
                return Err(self.problem(format!("{} takes {}, but has {found}", entry.op_type, count.of(noun))));
            }
        }
        Ok(())
    }

    /// The item under a name of its own: itself if this node computed it, and no other output is it already.
    fn own(&mut self, item: Item) -> Result<Item, Stop> {
        let Item::Tensor(value) = item else { return Ok(item) };
        if self.computed.remove(&value) {
            return Ok(item);
        }
        let copy = self.op("copy", ops::Identity {}, &[value])?;
        self.computed.remove(&copy);
        Ok(copy.into())
    }

    /// The opset of the node's domain.
    pub(crate) fn opset(&self) -> i64 {
        self.opset
    }

    /// The number of inputs, absent ones in the middle included.
    pub(crate) fn n_inputs(&self) -> usize {
        self.inputs.len()
    }

    /// The number of outputs.
    pub(crate) fn n_outputs(&self) -> usize {
        self.node.output.len()
    }

    /// Whether somebody reads output `index`.
    pub(crate) fn is_used(&self, index: usize) -> bool {
        self.node.output.get(index).is_some_and(|name| self.translation.is_read(name))
    }

    /// An input, whatever it is.
    pub(crate) fn item(&self, index: usize) -> Item {
        self.inputs.get(index).cloned().unwrap_or(Item::Absent)
    }

    /// An input that must be there.
    pub(crate) fn input(&self, index: usize) -> Result<Value, Stop> {
        self.optional(index).ok_or_else(|| self.problem(format!("input {index} is missing")))
    }

    /// An input that may be absent.
    pub(crate) fn optional(&self, index: usize) -> Option<Value> {
        self.inputs.get(index).and_then(Item::tensor)
    }

    /// All inputs, of which none may be absent.
    pub(crate) fn all_inputs(&self) -> Result<Vec<Value>, Stop> {
        (0..self.inputs.len()).map(|index| self.input(index)).collect()
    }

    /// A value's type.
    pub(crate) fn ty(&self, value: Value) -> Type {
        self.translation.graph.ty(value).clone()
    }

    /// A value's number of dimensions.
    pub(crate) fn rank(&self, value: Value) -> usize {
        self.translation.graph.ty(value).shape.rank()
    }

    /// A value's dimensions, of which none may be a symbol.
    pub(crate) fn dims(&self, value: Value) -> Result<Vec<u64>, Stop> {
        self.translation.graph.ty(value).shape.as_fixed().ok_or(Stop::Needs(Needs::shapes()))
    }

    /// One of a value's dimensions, which may not be a symbol.
    pub(crate) fn dim(&self, value: Value, index: usize) -> Result<u64, Stop> {
        match self.translation.graph.ty(value).shape.0.get(index) {
            Some(Dim::Fixed(size)) => Ok(*size),
            Some(Dim::Sym(_)) => Err(Stop::Needs(Needs::shapes())),
            None => {
                Err(self.problem(format!("it takes {} dimensions or more, but has {}", index + 1, self.rank(value))))
            }
        }
    }

    /// A value's elements, which must be constant: they decide what the node becomes. If they depend on inputs, the
    /// import is deferred until these are known.
    pub(crate) fn constant_value(&mut self, value: Value) -> Result<Tensor, Stop> {
        let Translation { folder, graph, .. } = &mut *self.translation;
        folder.fold(graph, value).map_err(|unfolded| match unfolded {
            Unfolded::Inputs(values) => Stop::Needs(Needs { shapes: false, values }),
            Unfolded::Eval(source) => {
                let kind = ProblemKind::Fold { node: node_name(self.node), source };
                Problem::new(kind, self.at.clone()).into()
            }
        })
    }

    /// A value's elements if they are constant.
    pub(crate) fn known_value(&mut self, value: Value) -> Option<Tensor> {
        let Translation { folder, graph, .. } = &mut *self.translation;
        folder.fold(graph, value).ok()
    }

    /// The elements of a value of integers, which must be constant.
    pub(crate) fn constant_ints(&mut self, value: Value) -> Result<Vec<i64>, Stop> {
        let tensor = self.constant_value(value)?;
        let wide = Op::from(ops::Cast::to(firebrick_ir::DType::I64)).eval(&[&tensor]);
        let wide = wide.ok().filter(|_| !tensor.dtype().is_float()).and_then(|mut wide| wide.pop());
        let ints = wide.and_then(|wide| wide.values::<i64>().ok().map(std::borrow::Cow::into_owned));
        ints.ok_or_else(|| self.problem(format!("it needs integers, but is given {}", tensor.ty())))
    }

    /// The elements of a value of floating-point numbers, which must be constant.
    pub(crate) fn constant_floats(&mut self, value: Value) -> Result<Vec<f32>, Stop> {
        let tensor = self.constant_value(value)?;
        let single = Op::from(ops::Cast::to(firebrick_ir::DType::F32)).eval(&[&tensor]);
        let single = single.ok().and_then(|mut single| single.pop());
        let floats = single.and_then(|single| single.values::<f32>().ok().map(std::borrow::Cow::into_owned));
        floats.ok_or_else(|| self.problem(format!("it needs numbers, but is given {}", tensor.ty())))
    }

    /// Adds an op with one result. `suffix` tells the node's values apart; an output is renamed to ONNX's name.
    pub(crate) fn op(&mut self, suffix: &str, op: impl Into<Op>, operands: &[Value]) -> Result<Value, Stop> {
        let node = self.add(&[suffix], op.into(), operands)?;
        Ok(Value { node, port: 0 })
    }

    /// Adds an op with as many results as there are suffixes.
    pub(crate) fn op_n(
        &mut self,
        suffixes: &[&str],
        op: impl Into<Op>,
        operands: &[Value],
    ) -> Result<Vec<Value>, Stop> {
        let node = self.add(suffixes, op.into(), operands)?;
        Ok((0..suffixes.len()).map(|port| Value { node, port }).collect())
    }

    fn add(&mut self, suffixes: &[&str], op: Op, operands: &[Value]) -> Result<NodeId, Stop> {
        let names: Vec<String> = suffixes.iter().map(|suffix| self.fresh_name(suffix)).collect();
        let added = self.translation.graph.add(op, operands, names);
        let node = added.map_err(|source| self.graph_stop(source, operands))?;
        self.set_origin(node);
        self.computed.extend((0..suffixes.len()).map(|port| Value { node, port }));
        Ok(node)
    }

    /// Where a dimension is a symbol, operands that don't fit may fit when it is known.
    fn graph_stop(&self, source: GraphError, operands: &[Value]) -> Stop {
        let symbolic = operands.iter().any(|&value| self.translation.graph.ty(value).shape.is_symbolic());
        if symbolic && matches!(source, GraphError::Infer { .. }) {
            return Stop::Needs(Needs::shapes());
        }
        Problem::new(ProblemKind::Graph { node: node_name(self.node), source }, self.at.clone()).into()
    }

    /// Adds an elementwise function of one operand.
    pub(crate) fn unary(&mut self, function: ops::UnaryFn, x: Value) -> Result<Value, Stop> {
        let op = Op::from(ops::Unary(function));
        self.op(op.mnemonic(), op.clone(), &[x])
    }

    /// Adds an elementwise function of two operands.
    pub(crate) fn binary(&mut self, function: ops::BinaryFn, a: Value, b: Value) -> Result<Value, Stop> {
        self.op(function.name(), ops::Binary(function), &[a, b])
    }

    /// Adds an elementwise function of an operand and a number, which gets the operand's element type.
    pub(crate) fn with_scalar(&mut self, function: ops::BinaryFn, a: Value, b: f32) -> Result<Value, Stop> {
        let b = self.scalar_like(a, &format!("{}_by", function.name()), b)?;
        self.binary(function, a, b)
    }

    /// Adds a constant without dimensions, of a value's element type.
    pub(crate) fn scalar_like(&mut self, value: Value, suffix: &str, number: f32) -> Result<Value, Stop> {
        let dtype = self.ty(value).dtype;
        let cast = Op::from(ops::Cast::to(dtype)).eval(&[&Tensor::scalar(number)]).ok().and_then(|mut cast| cast.pop());
        match cast {
            Some(tensor) => self.constant(suffix, tensor),
            None => Err(self.problem(format!("there is no {number} of type {dtype}"))),
        }
    }

    /// Adds a constant without dimensions, an integer of a value's element type, in which it wraps.
    pub(crate) fn integer_like(&mut self, value: Value, suffix: &str, number: i64) -> Result<Value, Stop> {
        let dtype = self.ty(value).dtype;
        let cast = Op::from(ops::Cast::to(dtype)).eval(&[&Tensor::scalar(number)]).ok().and_then(|mut cast| cast.pop());
        match cast {
            Some(tensor) => self.constant(suffix, tensor),
            None => Err(self.problem(format!("there is no {number} of type {dtype}"))),
        }
    }

    /// Adds a constant.
    pub(crate) fn constant(&mut self, suffix: &str, tensor: Tensor) -> Result<Value, Stop> {
        let name = self.fresh_name(suffix);
        let value = self.translation.graph.constant(name, tensor).map_err(|source| self.graph_stop(source, &[]))?;
        self.set_origin(value.node);
        self.computed.insert(value);
        Ok(value)
    }

    /// Adds the numbers 0, 1, 2 and so on, as many as a dimension has: along `axis` of `rank` dimensions.
    pub(crate) fn places(&mut self, size: u64, axis: usize, rank: usize) -> Result<Value, Stop> {
        let limit: i64 = 1 << 24; // a graph holds them as a constant
        let size = i64::try_from(size).ok().filter(|&size| size <= limit);
        let size = size.ok_or_else(|| self.problem(format!("it is supported for {limit} elements at most")))?;
        let mut dims = vec![1; rank];
        dims[axis] = size as usize;
        match Tensor::from_vec(&dims, (0..size).collect()) {
            Ok(tensor) => self.constant("places", tensor),
            Err(error) => Err(self.problem(error.to_string())),
        }
    }

    /// Adds a constant of one dimension.
    pub(crate) fn constant_i64(&mut self, suffix: &str, elements: Vec<i64>) -> Result<Value, Stop> {
        match Tensor::from_vec(&[elements.len()], elements) {
            Ok(tensor) => self.constant(suffix, tensor),
            Err(error) => Err(self.problem(error.to_string())),
        }
    }

    /// Adds the same elements under other dimensions, if they are others. As in the op, 0 keeps a dimension and -1 is
    /// what is left.
    pub(crate) fn reshape(&mut self, suffix: &str, x: Value, shape: &[i64]) -> Result<Value, Stop> {
        let same =
            |(dim, &size): (&Dim, &i64)| size == 0 || dim.fixed().is_some_and(|dim| i64::try_from(dim) == Ok(size));
        let dims = &self.translation.graph.ty(x).shape.0;
        if dims.len() == shape.len() && dims.iter().zip(shape).all(same) {
            return Ok(x);
        }
        self.op(suffix, ops::Reshape { shape: shape.to_vec() }, &[x])
    }

    /// Remembers a constant that is a weight in the model, so that it counts as a parameter.
    pub(crate) fn is_weight(&mut self, value: Value) {
        // The output gets ONNX's name when the node is done.
        let name = self.node.output.first().map_or("", String::as_str);
        if self.translation.graph.as_const(value).is_some() {
            self.translation.weights.insert(self.translation.graph_name(name));
        }
    }

    /// A dimension's index, counted from the end if negative, of `rank`; `what` names it in errors.
    pub(crate) fn axis(&self, what: &str, axis: i64, rank: usize) -> Result<usize, Stop> {
        let from_start = if axis < 0 { axis.saturating_add(i64::try_from(rank).unwrap_or(i64::MAX)) } else { axis };
        match usize::try_from(from_start) {
            Ok(index) if index < rank => Ok(index),
            Ok(_) | Err(_) => Err(self.problem(format!("`{what}` has {axis}, which is no index of {rank} dimensions"))),
        }
    }

    /// Several dimensions' indices, each of which may occur once.
    pub(crate) fn axes(&self, what: &str, axes: &[i64], rank: usize) -> Result<Vec<usize>, Stop> {
        let indices = axes.iter().map(|&axis| self.axis(what, axis, rank)).collect::<Result<Vec<_>, _>>()?;
        let twice = (0..indices.len()).find(|&i| indices[..i].contains(&indices[i]));
        match twice {
            Some(i) => Err(self.problem(format!("`{what}` has {} twice", axes[i]))),
            None => Ok(indices),
        }
    }

    /// Numbers that count something, as `usize`.
    pub(crate) fn sizes(&self, what: &str, numbers: &[i64]) -> Result<Vec<usize>, Stop> {
        let sizes = numbers.iter().map(|&n| usize::try_from(n));
        sizes.collect::<Result<_, _>>().map_err(|_| self.problem(format!("`{what}` is {numbers:?}")))
    }

    /// Inlines the nodes of a graph that is an attribute: a branch, or a step of a loop, whose number is `step`.
    pub(super) fn body(
        &mut self,
        proto: &'a GraphProto,
        attribute: &str,
        step: Option<usize>,
        inputs: Vec<Item>,
    ) -> Outputs {
        let (mut name, at) = (node_name(self.node), self.at.attribute(attribute));
        if let Some(step) = step {
            name = format!("{name}/{step}");
        }
        if inputs.len() > proto.input.len() {
            let message = format!("the graph takes {} inputs, and is given {}", proto.input.len(), inputs.len());
            return Err(self.attribute_problem(attribute, message));
        }
        self.translation.branch(proto, &name, inputs, &at)
    }

    /// A problem of this node as a whole.
    pub(crate) fn problem(&self, message: impl Into<String>) -> Stop {
        let kind = ProblemKind::Node { node: node_name(self.node), message: message.into() };
        Problem::new(kind, self.at.clone()).into()
    }

    /// A problem with one of its attributes.
    pub(crate) fn attribute_problem(&self, attribute: &str, message: impl Into<String>) -> Stop {
        let kind = ProblemKind::Node { node: node_name(self.node), message: message.into() };
        Problem::new(kind, self.at.attribute(attribute)).into()
    }

    /// The place of one of its attributes.
    pub(super) fn attribute_at(&self, attribute: &str) -> At {
        self.at.attribute(attribute)
    }

    fn fresh_name(&self, suffix: &str) -> String {
        self.translation.graph.fresh_name(&format!("{}/{suffix}", self.name))
    }

    fn set_origin(&mut self, node: NodeId) {
        let origin = Origin { kind: self.node.op_type().into(), name: self.name.as_str().into() };
        self.translation.graph.set_origin(node, Some(origin));
    }
}
