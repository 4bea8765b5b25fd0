//! What a layer's translation works with: its bottoms and weights, and the graph to add ops to.

use std::collections::HashSet;

use firebrick_ir::ops::Const;
use firebrick_ir::{Dim, GraphError, NodeId, Op, Origin, Preprocess, Tensor, Type, Value, ops};
use firebrick_schemas::FieldPath;
use firebrick_schemas::caffe::{FillerParameter, LayerParameter, Phase};

use super::{LayerEntry, NumberFormat, Tops};
use crate::fillers::{Stream, fill};
use crate::net::Layer;
use crate::problem::{Problem, ProblemKind};
use crate::prune::Note;
use crate::translate::{LayerBlobs, Translation};
use crate::weights::Stored;

/// One layer's translation.
pub(crate) struct LayerContext<'t, 'a> {
    translation: &'t mut Translation<'a>,
    layer: &'a Layer,
    entry: &'static LayerEntry,
    bottoms: Vec<Value>,
    /// Values that this layer computed: they may become tops under the tops' names. Constants may not, so that a
    /// blob is always a value that is computed, even where it depends on nothing.
    computed: HashSet<Value>,
    /// The dimensions of the weight blobs that were asked for.
    blobs: Vec<Vec<u64>>,
    /// What its weights and its bias are rounded to.
    weight_formats: [NumberFormat; 2],
}

impl<'t, 'a> LayerContext<'t, 'a> {
    pub(crate) fn new(
        translation: &'t mut Translation<'a>,
        layer: &'a Layer,
        entry: &'static LayerEntry,
        bottoms: Vec<Value>,
    ) -> Self {
        LayerContext {
            translation,
            layer,
            entry,
            bottoms,
            computed: HashSet::new(),
            blobs: Vec::new(),
            weight_formats: [NumberFormat::Float; 2],
        }
    }

    /// Translates the layer. Each top is a value of its own, as Caffe's blobs are.
    pub(crate) fn run(mut self) -> Tops {
        self.check_fixed()?;
        let tops = (self.entry.translate)(&mut self)?;
        self.check_blob_count()?;
        if !self.blobs.is_empty() {
            let (layer, path) = (self.layer.name().to_owned(), self.layer.path.clone());
            let is_shared = (0..self.blobs.len()).any(|index| self.shared_name(index).is_some());
            let dims = std::mem::take(&mut self.blobs);
            self.translation.weight_blobs.push(LayerBlobs { layer, path, dims, is_shared });
        }
        tops.into_iter().map(|top| top.map(|value| self.own(value)).transpose()).collect()
    }

    /// All dimensions of a Caffe net are fixed but the number of detections, which only layers that pass a value on
    /// as it is can read.
    fn check_fixed(&self) -> Result<(), Problem> {
        let passes_on = ["Silence", "Split"].contains(&self.entry.kind);
        let is_symbolic = |&bottom: &Value| self.translation.graph.ty(bottom).shape.is_symbolic();
        match self.bottoms.iter().position(is_symbolic) {
            Some(index) if !passes_on => {
                let path = self.layer.path.clone().nth("bottom", index);
                Err(self.problem_at(path, "it reads detections, whose number is known only when the net runs"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The value under a name of its own: itself if this layer computed it, and no other top is it already.
    fn own(&mut self, value: Value) -> Result<Value, Problem> {
        if self.computed.remove(&value) { Ok(value) } else { self.identity(value) }
    }

    fn identity(&mut self, value: Value) -> Result<Value, Problem> {
        let value = self.op("copy", ops::Identity {}, &[value])?;
        self.computed.remove(&value);
        Ok(value)
    }

    /// The layer as the file has it.
    pub(crate) fn param(&self) -> &'a LayerParameter {
        &self.layer.param
    }

    /// The number of bottoms.
    pub(crate) fn n_bottoms(&self) -> usize {
        self.bottoms.len()
    }

    /// The number of tops.
    pub(crate) fn n_tops(&self) -> usize {
        self.layer.param.top.len()
    }

    /// A bottom; the entry's count says how many there are at least.
    pub(crate) fn bottom(&self, index: usize) -> Value {
        self.bottoms[index]
    }

    /// All bottoms.
    pub(crate) fn bottoms(&self) -> Vec<Value> {
        self.bottoms.clone()
    }

    /// The dimensions of a value, all of which are fixed: see `check_fixed`.
    pub(crate) fn dims(&self, value: Value) -> Vec<u64> {
        let dims = &self.translation.graph.ty(value).shape.0;
        dims.iter().map(|dim| dim.fixed().unwrap_or(0)).collect()
    }

    /// Adds an op with one result. `suffix` tells the layer's values apart; a top is renamed to its blob.
    pub(crate) fn op(&mut self, suffix: &str, op: impl Into<Op>, operands: &[Value]) -> Result<Value, Problem> {
        Ok(self.op_n(&[suffix], op, operands)?[0])
    }

    /// Adds an op with as many results as there are suffixes.
    pub(crate) fn op_n(
        &mut self,
        suffixes: &[&str],
        op: impl Into<Op>,
        operands: &[Value],
    ) -> Result<Vec<Value>, Problem> {
        let names: Vec<String> = suffixes.iter().map(|suffix| self.fresh_name(suffix)).collect();
        let node = self.translation.graph.add(op, operands, names).map_err(|source| self.graph_problem(source))?;
        self.set_origin(node);
        let values: Vec<Value> = (0..suffixes.len()).map(|port| Value { node, port }).collect();
        self.computed.extend(&values);
        Ok(values)
    }

    /// Adds an elementwise function of one operand.
    pub(crate) fn unary(&mut self, function: ops::UnaryFn, x: Value) -> Result<Value, Problem> {
        let op = Op::from(ops::Unary(function));
        self.op(op.mnemonic(), op.clone(), &[x])
    }

    /// Adds an elementwise function of two operands.
    pub(crate) fn binary(&mut self, function: ops::BinaryFn, a: Value, b: Value) -> Result<Value, Problem> {
        self.op(function.name(), ops::Binary(function), &[a, b])
    }

    /// Adds an elementwise function of an operand and a number.
    pub(crate) fn with_scalar(&mut self, function: ops::BinaryFn, a: Value, b: f32) -> Result<Value, Problem> {
        let b = self.constant(&format!("{}_by", function.name()), Tensor::scalar(b))?;
        self.binary(function, a, b)
    }

    /// Adds a constant.
    pub(crate) fn constant(&mut self, suffix: &str, tensor: Tensor) -> Result<Value, Problem> {
        self.add_constant(suffix, Const::new(tensor))
    }

    fn add_constant(&mut self, suffix: &str, constant: Const) -> Result<Value, Problem> {
        let name = self.fresh_name(suffix);
        let value = self.translation.graph.value(constant, &[], name).map_err(|source| self.graph_problem(source))?;
        self.set_origin(value.node);
        Ok(value)
    }

    /// Adds a constant of f32 elements.
    pub(crate) fn floats(&mut self, suffix: &str, dims: &[u64], values: Vec<f32>) -> Result<Value, Problem> {
        let dims = dims.iter().map(|&n| usize::try_from(n)).collect::<Result<Vec<_>, _>>();
        let tensor = dims.ok().and_then(|dims| Tensor::from_vec(&dims, values).ok());
        match tensor {
            Some(tensor) => self.constant(suffix, tensor),
            None => Err(self.problem("a constant is too large")),
        }
    }

    /// The layer's weight blob `index`, of the given shape: from the weights, shared with another layer if it has a
    /// name, drawn by the filler if weights are to be random, or without values if there are no weights at all.
    /// Blobs are asked for in order.
    pub(crate) fn weight(
        &mut self,
        index: usize,
        what: &str,
        dims: &[u64],
        filler: Option<&FillerParameter>,
    ) -> Result<Value, Problem> {
        self.weight_as(index, what, dims, filler, dims)
    }

    /// As [`LayerContext::weight`], but in the graph under other dimensions of the same product, as broadcasting
    /// needs them.
    pub(crate) fn weight_as(
        &mut self,
        index: usize,
        what: &str,
        dims: &[u64],
        filler: Option<&FillerParameter>,
        graph_dims: &[u64],
    ) -> Result<Value, Problem> {
        let value = self.float_weight(index, what, dims, filler, graph_dims)?;
        let format = self.weight_formats.get(index).copied().unwrap_or(NumberFormat::Float);
        format.apply(self, what, value)
    }

    /// Lets weights and bias be rounded when they are asked for.
    pub(super) fn round_weights(&mut self, formats: [NumberFormat; 2]) {
        self.weight_formats = formats;
    }

    /// Rounds the bottoms, and all that lies in their memory.
    pub(super) fn round_bottoms(&mut self, format: NumberFormat) -> Result<(), Problem> {
        if format == NumberFormat::Float {
            return Ok(());
        }
        for (index, name) in self.layer.param.bottom.iter().enumerate() {
            if let Some(value) = self.translation.round(name, format, self.layer, self.entry)? {
                self.bottoms[index] = value;
            }
        }
        Ok(())
    }

    /// A value, rounded: a version of a blob.
    pub(crate) fn rounded(&mut self, format: NumberFormat, value: Value) -> Result<Value, Problem> {
        format.apply(self, "in", value)
    }

    /// A value as a version of a blob that has its elements under the dimensions of `like`.
    pub(crate) fn copied(&mut self, value: Value, like: Value) -> Result<Value, Problem> {
        let dims = self.dims(like);
        if self.dims(value) == dims {
            return self.identity(value);
        }
        let shape = dims.iter().map(|&n| i64::try_from(n).unwrap_or(i64::MAX)).collect();
        self.op("copy", ops::Reshape { shape }, &[value])
    }

    fn float_weight(
        &mut self,
        index: usize,
        what: &str,
        dims: &[u64],
        filler: Option<&FillerParameter>,
        graph_dims: &[u64],
    ) -> Result<Value, Problem> {
        self.ask(index, dims);
        let shared = self.shared_name(index);
        if let Some(name) = &shared
            && let Some(&value) = self.translation.shared.get(name)
        {
            return self.as_shaped(value, index, what, graph_dims);
        }
        let constant = match self.weight_constant(index, what, dims, filler)? {
            Some(constant) => {
                let dims: Vec<usize> = graph_dims.iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
                constant.reshaped(&dims).map_err(|error| self.problem(error.to_string()))?
            }
            None => Const::missing(Type::f32(graph_dims)),
        };
        let value = self.add_constant(what, constant)?;
        if let Some(name) = shared {
            self.translation.shared.insert(name, value);
        }
        Ok(value)
    }

    /// The name under which blob `index` is shared with other layers, if it has one.
    fn shared_name(&self, index: usize) -> Option<String> {
        self.param().param.get(index).and_then(|spec| spec.name.clone()).filter(|name| !name.is_empty())
    }

    /// A weight's values, as weights are wherever a layer's own arithmetic needs them at once.
    /// `None` if there are no weights.
    pub(crate) fn weight_tensor(
        &mut self,
        index: usize,
        what: &str,
        dims: &[u64],
        filler: Option<&FillerParameter>,
    ) -> Result<Option<Tensor>, Problem> {
        let constant = self.weight_constant(index, what, dims, filler)?;
        Ok(constant.and_then(|constant| constant.tensor().cloned()))
    }

    /// Notes that a weight blob was asked for.
    fn ask(&mut self, index: usize, dims: &[u64]) {
        self.blobs.resize(self.blobs.len().max(index + 1), Vec::new());
        self.blobs[index] = dims.to_vec();
    }

    fn weight_constant(
        &mut self,
        index: usize,
        what: &str,
        dims: &[u64],
        filler: Option<&FillerParameter>,
    ) -> Result<Option<Const>, Problem> {
        self.ask(index, dims);
        let shared = self.shared_name(index);
        if let Some(constant) = shared.as_ref().and_then(|name| self.translation.shared_constants.get(name)).cloned() {
            return constant.map(|constant| self.constant_as_shaped(&constant, index, what, dims)).transpose();
        }
        let constant = self.own_weight(index, what, dims, filler)?;
        if let Some(name) = shared {
            self.translation.shared_constants.insert(name, constant.clone());
        }
        Ok(constant)
    }

    fn own_weight(
        &mut self,
        index: usize,
        what: &str,
        dims: &[u64],
        filler: Option<&FillerParameter>,
    ) -> Result<Option<Const>, Problem> {
        let n_numbers = dims.iter().copied().fold(1, u64::saturating_mul);
        let parameters = self.translation.parameters.entry(self.layer.name().to_owned()).or_default();
        *parameters = parameters.saturating_add(n_numbers);
        if let Some(seed) = self.translation.options.random_weights {
            // Caffe would fill with zeros, and the net would tell nothing apart.
            let has_no_filler = filler.is_none() && dims.len() > 1;
            let default = if has_no_filler { xavier() } else { FillerParameter::default() };
            self.translation.n_without_filler += usize::from(has_no_filler);
            let stream = Stream { seed, layer: self.layer.name(), index };
            let filled = fill(filler.unwrap_or(&default), dims, stream).map_err(|message| self.problem(message));
            return Ok(Some(Const::new(filled?)));
        }
        match self.stored()? {
            // The number of blobs is checked when the layer has asked for all of its own.
            Some(stored) if index >= stored.blobs.len() => Err(self.wrong_blob_count(&stored, self.blobs.len())),
            Some(stored) => stored.constant(self.layer.name(), index, what, dims).map(Some),
            None => Ok(None),
        }
    }

    /// The layer's blobs: in the weights file, or in the definition itself.
    fn stored(&self) -> Result<Option<Stored>, Problem> {
        if let Some(weights) = self.translation.weights {
            return match weights.layer(self.layer.name()) {
                Some(stored) => Ok(Some(stored.clone())),
                None => {
                    let (layer, kind) = (self.layer.name().to_owned(), self.layer.kind().to_owned());
                    let kind = ProblemKind::NoWeights { layer, kind, file: weights.file.clone() };
                    Err(Problem::new(kind, self.layer.path.clone().field("name")).help(
                        "layers and weights are matched by the layer's name; `--random-weights` runs a net without its own",
                    ))
                }
            };
        }
        let blobs = &self.layer.param.blobs;
        Ok((!blobs.is_empty()).then(|| Stored::new(blobs.clone(), self.layer.path.clone())))
    }

    /// Caffe refuses weights with more blobs than the layer has; a layer without any ignores them.
    fn check_blob_count(&self) -> Result<(), Problem> {
        if self.blobs.is_empty() || self.translation.options.random_weights.is_some() {
            return Ok(());
        }
        match self.stored() {
            Ok(Some(stored)) if stored.blobs.len() != self.blobs.len() => {
                Err(self.wrong_blob_count(&stored, self.blobs.len()))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn wrong_blob_count(&self, stored: &Stored, expected: usize) -> Problem {
        let (layer, kind, found) = (self.layer.name().to_owned(), self.layer.kind().to_owned(), stored.blobs.len());
        let kind = ProblemKind::WeightCount { layer, kind, expected, found };
        Problem::in_weights(kind, stored.path.clone())
            .help("`bias_term` and the like decide how many blobs a layer has: is this the net's own prototxt?")
    }

    /// A shared weight in the shape that this layer needs.
    fn as_shaped(&mut self, value: Value, index: usize, what: &str, dims: &[u64]) -> Result<Value, Problem> {
        let found = self.dims(value);
        if found == dims {
            return Ok(value);
        }
        let product = |dims: &[u64]| dims.iter().try_fold(1u64, |product, &dim| product.checked_mul(dim));
        if product(&found).is_some() && product(&found) == product(dims) {
            let shape = dims.iter().map(|&n| i64::try_from(n).unwrap_or(i64::MAX)).collect();
            return self.op(what, ops::Reshape { shape }, &[value]);
        }
        Err(self.shared_shape(index, what, dims, found))
    }

    /// The same of its values.
    fn constant_as_shaped(&self, constant: &Const, index: usize, what: &str, dims: &[u64]) -> Result<Const, Problem> {
        let sizes: Vec<usize> = dims.iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
        constant.reshaped(&sizes).map_err(|_| {
            let found = constant.tensor().map(|tensor| tensor.dims().iter().map(|&n| n as u64).collect());
            self.shared_shape(index, what, dims, found.unwrap_or_default())
        })
    }

    fn shared_shape(&self, index: usize, what: &str, expected: &[u64], found: Vec<u64>) -> Problem {
        let (layer, what) = (self.layer.name().to_owned(), what.to_owned());
        let kind = ProblemKind::WeightShape { layer, index, what, expected: expected.to_vec(), found };
        Problem::new(kind, self.layer.path.clone().nth("param", index))
            .help("layers that share a weight by name must agree in its shape")
    }

    /// Adds a graph input for top `index`.
    pub(crate) fn input(&mut self, index: usize, dims: &[u64]) -> Result<Value, Problem> {
        let name = self.translation.graph.fresh_name(&self.layer.param.top[index]);
        let ty = Type::new(firebrick_ir::DType::F32, dims.iter().map(|&n| Dim::Fixed(n)).collect::<Vec<_>>());
        let value = self.translation.graph.input(name, ty).map_err(|source| self.graph_problem(source))?;
        self.set_origin(value.node);
        self.computed.insert(value);
        Ok(value)
    }

    /// The shape that the caller's options give the input of that name, given the file's own.
    pub(crate) fn input_dims(&self, name: &str, own: Option<Vec<u64>>) -> Option<Vec<u64>> {
        let options = self.translation.options;
        if let Some((_, dims)) = options.input_shapes.iter().find(|(input, _)| input == name) {
            return Some(dims.clone());
        }
        let mut dims = own?;
        if let (Some(batch), Some(first)) = (options.batch, dims.first_mut()) {
            *first = batch;
        }
        Some(dims)
    }

    /// Says what is done to images before they are given to an input.
    pub(crate) fn set_preprocessing(&mut self, input: &str, preprocess: Preprocess) {
        self.translation.preprocessing.insert(input.to_owned(), preprocess);
    }

    /// A blob's values as its filler draws them, if the caller asked for random ones.
    pub(crate) fn drawn(
        &self,
        index: usize,
        filler: &FillerParameter,
        dims: &[u64],
    ) -> Result<Option<Tensor>, Problem> {
        let Some(seed) = self.translation.options.random_weights else { return Ok(None) };
        let stream = Stream { seed, layer: self.layer.name(), index };
        fill(filler, dims, stream).map(Some).map_err(|message| self.problem(message))
    }

    /// Refuses a top that is its own bottom, as Caffe does where a layer needs both at once.
    pub(crate) fn not_in_place(&self) -> Result<(), Problem> {
        let param = self.param();
        match (param.bottom.first(), param.top.first()) {
            (Some(bottom), Some(top)) if bottom == top => {
                let path = self.layer.path.clone().nth("top", 0);
                Err(self.problem_at(path, format!("a layer of type {} cannot work in place", self.layer.kind())))
            }
            (_, _) => Ok(()),
        }
    }

    /// Whether the layer is trained or run: its own `phase` if it has one, else the net's.
    pub(crate) fn phase(&self) -> Phase {
        if self.param().phase.is_some() { self.param().phase() } else { self.translation.options.state.phase }
    }

    /// Whether some layer reads the blob.
    pub(crate) fn is_read(&self, blob: &str) -> bool {
        self.translation.read.contains(blob)
    }

    /// Tells the user something.
    pub(crate) fn note(&mut self, message: impl Into<String>) {
        self.translation.notes.push(Note::new(message.into(), self.layer.path.clone()));
    }

    /// An axis, counted from the end if negative, of a value of that many dimensions. `field` names it in errors.
    pub(crate) fn axis(&self, field: &FieldPath, axis: i32, rank: usize) -> Result<usize, Problem> {
        let index = if axis < 0 { rank.checked_sub(axis.unsigned_abs() as usize) } else { usize::try_from(axis).ok() };
        match index {
            Some(index) if index < rank => Ok(index),
            Some(_) | None => {
                Err(self.problem_at(field.clone(), format!("axis {axis} is out of range for {rank} dimensions")))
            }
        }
    }

    /// A problem of this layer as a whole.
    pub(crate) fn problem(&self, message: impl Into<String>) -> Problem {
        self.problem_at(self.layer.path.clone(), message)
    }

    /// A problem with one of its fields.
    pub(crate) fn problem_at(&self, path: FieldPath, message: impl Into<String>) -> Problem {
        let (layer, message) = (self.layer.name().to_owned(), message.into());
        Problem::new(ProblemKind::Field { layer, message }, path)
    }

    /// The place of a field of one of the layer's parameter messages: `field("pooling_param", "stride")`.
    pub(crate) fn field(&self, param: &'static str, field: &'static str) -> FieldPath {
        self.layer.path.clone().field(param).field(field)
    }

    /// The problem that a layer type is known and cannot be supported.
    pub(crate) fn refused(&self, reason: impl Into<String>) -> Problem {
        let (layer, kind) = (self.layer.name().to_owned(), self.layer.kind().to_owned());
        let kind = ProblemKind::Refused { layer, kind, reason: reason.into() };
        Problem::new(kind, self.layer.path.clone().field("type"))
    }

    /// The problem that an input has no shape.
    pub(crate) fn no_input_shape(&self, index: usize) -> Problem {
        let name = self.layer.param.top[index].clone();
        let help = format!("give it: `--input {name}=1,3,227,227`");
        Problem::new(ProblemKind::InputShape(name), self.layer.path.clone().nth("top", index)).help(help)
    }

    fn graph_problem(&self, source: GraphError) -> Problem {
        let layer = self.layer.name().to_owned();
        Problem::new(ProblemKind::Graph { layer, source }, self.layer.path.clone())
    }

    fn fresh_name(&self, suffix: &str) -> String {
        self.translation.graph.fresh_name(&format!("{}/{suffix}", self.layer.name()))
    }

    fn set_origin(&mut self, node: NodeId) {
        let origin = Origin { kind: self.layer.kind().into(), name: self.layer.name().into() };
        self.translation.graph.set_origin(node, Some(origin));
    }
}

/// The filler that most nets use for their weights.
fn xavier() -> FillerParameter {
    FillerParameter { r#type: Some("xavier".to_owned()), ..FillerParameter::default() }
}
