//! Building of random graphs: choices, operands, names.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Options, tensor};
use crate::ops::Const;
use crate::{DType, Dim, Family, Graph, Hints, Op, Origin, Shape, Tensor, Type, Value, slice_of};

/// The most elements of a value.
const MAX_ELEMENTS: u64 = 4096;

const NAMES: &[&str] = &["conv1", "fire2/squeeze1x1", "bn_1", "x:0", "a.b", "0", "-", "#"];

const ODD_NAMES: &[&str] = &[
    "",
    "a b",
    "quote\"d",
    "back\\slash",
    "new\nline",
    "a//b",
    "//",
    "%x",
    "größe",
    "日本",
    "e\u{301}",
    "\0",
    "\u{202e}",
    "'",
    "return",
    "\\N",
    "<b>&amp;</b>",
    "tab\t",
    "\u{1f525}",
    " ",
];

/// A graph that grows by choices. Each step has its own, so that leaving one out when a failure is made smaller does
/// not change the others; what runs out of choices takes the first of everything.
pub(super) struct Builder {
    graph: Graph,
    options: Options,
    choices: std::vec::IntoIter<u16>,
    values: Vec<Value>,
}

impl Builder {
    /// A graph without inputs.
    pub(super) fn new(options: Options, choices: Vec<u16>) -> Self {
        let mut builder =
            Builder { graph: Graph::new(""), options, choices: Vec::new().into_iter(), values: Vec::new() };
        builder.begin(choices);
        builder.graph.name = builder.name();
        builder
    }

    /// Starts a step.
    pub(super) fn begin(&mut self, choices: Vec<u16>) {
        self.choices = choices.into_iter();
    }

    /// A number below `n`; 0 if there is none.
    pub(super) fn below(&mut self, n: usize) -> usize {
        let choice = self.choices.next().unwrap_or(0);
        usize::from(choice).checked_rem(n).unwrap_or(0)
    }

    /// A number in a range.
    pub(super) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    pub(super) fn coin(&mut self) -> bool {
        self.below(2) == 1
    }

    /// One of several.
    pub(super) fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    pub(super) fn many(&mut self, n: usize, low: usize, high: usize) -> Vec<usize> {
        (0..n).map(|_| self.between(low, high)).collect()
    }

    /// The type of a value.
    pub(super) fn ty(&self, value: Value) -> Type {
        self.graph.ty(value).clone()
    }

    /// A value among those that suit.
    pub(super) fn pick(&mut self, suits: impl Fn(&Type) -> bool) -> Option<Value> {
        let suitable: Vec<Value> = self.values.iter().copied().filter(|&value| suits(self.graph.ty(value))).collect();
        // The latest first, so that graphs tend to be deep.
        let back = self.below(suitable.len().max(1));
        suitable.len().checked_sub(back + 1).map(|i| suitable[i])
    }

    /// A new graph input `[batch, channels, height, width]`, of fewer or more spatial dimensions now and then.
    pub(super) fn image(&mut self) -> Option<Value> {
        let n_spatial = self.of(&[2, 2, 2, 1, 3]);
        let batch =
            if self.options.symbolic && self.coin() { Dim::sym(self.of(&["N", "batch size"])) } else { 2.into() };
        let mut dims = vec![batch];
        dims.push((2 * self.between(1, 2) as u64).into());
        dims.extend((0..n_spatial).map(|_| Dim::from(self.between(1, 5) as u64)));
        let dtype = self.of(&[DType::F32, DType::F32, DType::F32, DType::F16]);
        self.input(Type::new(dtype, dims))
    }

    pub(super) fn input(&mut self, ty: Type) -> Option<Value> {
        let name = self.name();
        let name = self.graph.fresh_name(&name);
        let value = self.graph.input(name, ty).ok()?;
        self.values.push(value);
        Some(value)
    }

    /// A constant of random elements, or one of that type that is there already, or one that is missing.
    pub(super) fn weight(&mut self, dtype: DType, dims: &[usize]) -> Option<Value> {
        let seed = self.below(usize::from(u16::MAX)) as u64;
        let random = tensor(dtype, dims, seed)?;
        let ty = random.ty();
        let shared = self.below(4) == 1;
        let old = self.graph.nodes().filter(|(_, node)| matches!(node.op, Op::Const(_)) && node.outputs[0].ty == ty);
        let mut old: Vec<Value> = old.map(|(node, _)| Value { node, port: 0 }).collect();
        old.sort_by(|&a, &b| self.graph.value_name(a).cmp(self.graph.value_name(b)));
        if shared && let Some(&old) = old.first() {
            return Some(old);
        }
        let constant =
            if self.options.missing && self.below(16) == 1 { Const::missing(ty) } else { Const::new(random) };
        self.constant(constant)
    }

    /// A constant of these integers.
    pub(super) fn integers(&mut self, dims: &[usize], elements: Vec<i64>) -> Option<Value> {
        self.constant(Const::new(Tensor::from_vec(dims, elements).ok()?))
    }

    /// A constant of random f32 in 0.5..2.5.
    pub(super) fn positive(&mut self, dims: &[usize]) -> Option<Value> {
        let seed = self.below(usize::from(u16::MAX)) as u64;
        let random = tensor(DType::F32, dims, seed)?;
        let elements = random.values::<f32>().ok()?.iter().map(|x| x + 1.5).collect();
        self.constant(Const::new(Tensor::from_vec(dims, elements).ok()?))
    }

    /// The scale of a quantized value.
    pub(super) fn scale(&mut self) -> f32 {
        let powers = [1.0 / 16.0, 1.0 / 32.0, 1.0 / 64.0];
        if self.options.powers_of_two { self.of(&powers) } else { self.of(&[0.0207, 0.031, 0.0505, 0.0117]) }
    }

    /// The operands of the node that computes a value, if it is of the family `T`.
    pub(super) fn operands_of<T: Family>(&self, value: Value) -> Option<Vec<Value>> {
        T::of(&self.graph.node(value.node).op).map(|_| self.graph.operands(value.node))
    }

    pub(super) fn constant(&mut self, constant: Const) -> Option<Value> {
        let name = self.name();
        self.graph.value(constant, &[], self.graph.fresh_name(&name)).ok()
    }

    /// Adds a node, unless its operands do not fit or a result is too large. Its first result.
    pub(super) fn add(&mut self, op: impl Into<Op>, operands: &[Value]) -> Option<Value> {
        let op = op.into();
        let types: Vec<&Type> = operands.iter().map(|&value| self.graph.ty(value)).collect();
        let results = op.infer(&types).ok()?;
        let size = |dim: &Dim| dim.fixed().unwrap_or(super::SYMBOL_SIZE as u64);
        let n_elements = |shape: &Shape| shape.0.iter().try_fold(1u64, |n, dim| n.checked_mul(size(dim)));
        if results.iter().any(|ty| n_elements(&ty.shape).is_none_or(|n| n > MAX_ELEMENTS)) {
            return None;
        }
        let mut names: Vec<String> = Vec::new();
        for _ in &results {
            let mut name = self.name();
            while names.contains(&name) || self.graph.find(&name).is_some() || name.is_empty() {
                name = self.graph.fresh_name(&format!("{name}'"));
            }
            names.push(name);
        }
        let node = self.graph.add(op, operands, names).ok()?;
        if self.below(4) == 1 {
            let (kind, name) = (self.of(&["Convolution", "com.example::Conv", ""]), self.name());
            self.graph.set_origin(node, Some(Origin { kind: Arc::from(kind), name: Arc::from(name) }));
        }
        let ports = 0..self.graph.node(node).outputs.len();
        self.values.extend(ports.map(|port| Value { node, port }));
        Some(Value { node, port: 0 })
    }

    /// Where the next name starts from: not unique.
    fn name(&mut self) -> String {
        let odd = self.options.odd_names && self.below(3) == 1;
        self.of(if odd { ODD_NAMES } else { NAMES }).to_owned()
    }

    /// Makes outputs of most values that nothing reads, and of some that something does; some twice.
    pub(super) fn finish(mut self) -> Graph {
        let read: HashSet<Value> =
            self.values.iter().copied().filter(|&value| !self.graph.uses(value).is_empty()).collect();
        for value in std::mem::take(&mut self.values) {
            let chance = self.below(8);
            let n = if read.contains(&value) {
                usize::from(chance == 1)
            } else {
                [1, 0, 2].get(chance).copied().unwrap_or(1)
            };
            (0..n).for_each(|_| self.graph.output(value));
        }
        if self.options.hints {
            self.hint();
        }
        self.graph
    }

    /// Gives hints that can be followed: slices in place, regions of a node and, if there is one, its only reader.
    fn hint(&mut self) {
        for id in self.graph.schedule() {
            let node = self.graph.node(id);
            let [output] = node.outputs.as_slice() else { continue };
            let (name, hints) = (Arc::from(output.name.as_str()), node.hints.clone());
            let in_place = slice_of(&self.graph, id).is_some() && self.below(4) > 0;
            let region = if self.below(6) == 1 { Some(name) } else { hints.region };
            if let (Some(region), [(reader, _)]) = (&region, self.graph.uses(Value { node: id, port: 0 }).as_slice())
                && *reader != self.graph.ret()
            {
                self.graph.set_hints(*reader, Hints { in_place: false, region: Some(region.clone()) });
            }
            self.graph.set_hints(id, Hints { in_place, region });
        }
    }
}
