//! What lowering works with: where values lie so far, and the steps so far.

use std::collections::HashMap;

use firebrick_ir::ops::QType;
use firebrick_ir::{DType, Dim, Graph, NodeId, Op, Tensor, Type, Value};

use super::concat::Slices;
use super::numbers::Numbers;
use super::q_sums::Result as Quantization;
use super::{detection_output, halos};
use crate::kernels::{ClearHalo, Copy, Kernel, Map, Place, Relayout};
use crate::plan::{Buffer, BufferId, Halo, Image, Plan, Size, Slot, Step, View, Weights};
use crate::tile::CHANNELS;
use crate::{Algorithms, CompileError, Isa, Options};

/// Bytes that a value may have: more can't be had, and fewer can be counted without overflow.
const MAX_BYTES: u64 = 1 << 40;

/// A plan as it grows.
pub(super) struct Planner<'g> {
    pub(super) graph: &'g Graph,
    pub(super) isa: Isa,
    pub(super) algorithms: Algorithms,
    /// Where values lie: the form that was computed, then copies in other layouts.
    forms: HashMap<Value, Vec<View>>,
    /// How much of a halo a value's convolutions read.
    halos: HashMap<Value, Halo>,
    slices: Slices,
    steps: Vec<Step>,
    buffers: Vec<Buffer>,
    weights: Weights,
    constants: Vec<(Slot, Tensor)>,
    /// Where the number of detections is.
    counts: HashMap<Value, BufferId>,
}

impl<'g> Planner<'g> {
    /// A plan with the graph's inputs in it.
    pub(super) fn new(graph: &'g Graph, options: Options) -> Result<Self, CompileError> {
        let mut planner = Planner {
            graph,
            isa: options.isa,
            algorithms: options.algorithms,
            forms: HashMap::new(),
            halos: HashMap::new(),
            slices: Slices::default(),
            steps: Vec::new(),
            buffers: Vec::new(),
            weights: Weights::default(),
            constants: Vec::new(),
            counts: HashMap::new(),
        };
        planner.check_sizes()?;
        planner.slices = Slices::of(graph, options.isa);
        planner.halos = halos::of(graph, &planner.slices);
        for &input in graph.inputs() {
            planner.new_plain(Value { node: input, port: 0 })?;
        }
        Ok(planner)
    }

    fn check_sizes(&self) -> Result<(), CompileError> {
        for (node, port) in
            self.graph.nodes().flat_map(|(id, node)| (0..node.outputs.len()).map(move |port| (id, port)))
        {
            let value = Value { node, port };
            let ty = self.graph.ty(value);
            // Detections are counted when the program runs.
            let counted = detection_output::capacity(self.graph, value);
            let mut dims = ty.shape.0.iter().map(|dim| dim.fixed().or(counted.map(|n| n as u64)));
            let n_bytes = dims.try_fold(ty.dtype.size() as u64, |n, dim| Some(n.saturating_mul(dim?)));
            let Some(n_bytes) = n_bytes else {
                return Err(CompileError::Symbolic { name: self.graph.value_name(value).to_owned(), ty: ty.clone() });
            };
            if n_bytes > MAX_BYTES {
                return Err(CompileError::Memory);
            }
        }
        Ok(())
    }

    /// The finished plan.
    pub(super) fn finish(mut self) -> Result<Plan, CompileError> {
        let outputs = self.graph.outputs().into_iter().map(|value| self.slot(value)).collect::<Result<Vec<_>, _>>()?;
        let inputs = self.graph.inputs().iter().map(|&node| self.slot(Value { node, port: 0 }));
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        let mut plan = Plan {
            isa: self.isa,
            steps: self.steps,
            buffers: self.buffers,
            arena_bytes: 0,
            scratch_bytes: 0,
            weights: self.weights,
            inputs,
            outputs,
            constants: self.constants,
        };
        plan.allocate().ok_or(CompileError::Memory)?;
        Ok(plan)
    }

    fn slot(&mut self, value: Value) -> Result<Slot, CompileError> {
        Ok(Slot { name: self.graph.value_name(value).to_owned(), place: self.place(value)? })
    }

    /// A value as the evaluator reads it.
    pub(super) fn place(&mut self, value: Value) -> Result<Place, CompileError> {
        let count = self.counts.get(&value).copied();
        Ok(Place { view: self.plain(value)?, dims: self.dims(value), count })
    }

    /// Says that the number of detections is there.
    pub(super) fn set_count(&mut self, value: Value, count: BufferId) {
        self.counts.insert(value, count);
    }

    /// A value's dimensions, all of which are known, but for detections: of these, as many as there may be.
    pub(super) fn dims(&self, value: Value) -> Vec<usize> {
        let dims = self.graph.ty(value).shape.0.iter();
        let known = dims.map(|dim| match dim {
            Dim::Fixed(n) => usize::try_from(*n).ok(),
            Dim::Sym(_) => detection_output::capacity(self.graph, value),
        });
        known.map(|n| n.expect("sizes are checked first")).collect()
    }

    /// The sizes of a value's images.
    pub(super) fn size(&self, value: Value) -> Size {
        Size::of(&self.dims(value))
    }

    /// A value's images, row-major.
    pub(super) fn plain_image(&self, value: Value) -> Image {
        Image::plain(self.dtype(value), self.size(value))
    }

    /// The type of a value's elements.
    pub(super) fn dtype(&self, value: Value) -> DType {
        self.graph.ty(value).dtype
    }

    /// Whether a value's elements are f32.
    pub(super) fn is_f32(&self, value: Value) -> bool {
        self.dtype(value) == DType::F32
    }

    /// Whether all operands and results of a node are f32.
    pub(super) fn is_all_f32(&self, id: NodeId) -> bool {
        self.graph.operands(id).into_iter().chain(self.results(id)).all(|value| self.is_f32(value))
    }

    /// A node's results.
    pub(super) fn results(&self, id: NodeId) -> Vec<Value> {
        (0..self.graph.node(id).outputs.len()).map(|port| Value { node: id, port }).collect()
    }

    /// Whether a node reads or makes a value without elements.
    pub(super) fn has_empty_value(&self, id: NodeId) -> bool {
        self.graph.operands(id).into_iter().chain(self.results(id)).any(|value| self.dims(value).contains(&0))
    }

    /// A copy of the elements of an f32 constant.
    pub(super) fn constant(&self, value: Value) -> Result<Option<Vec<f32>>, CompileError> {
        Ok(self.numbers(value)?.map(|numbers| numbers.to_vec()))
    }

    /// The elements of an f32 constant.
    pub(super) fn numbers(&self, value: Value) -> Result<Option<Numbers>, CompileError> {
        if let Op::Const(constant) = &self.graph.node(value.node).op
            && constant.tensor().is_none()
        {
            return Err(CompileError::MissingWeights(self.graph.value_name(value).to_owned()));
        }
        Ok(self.graph.as_const(value).and_then(Numbers::of))
    }

    /// Adds a step that computes `value`.
    pub(super) fn push(&mut self, value: Value, kernel: impl Into<Kernel>) {
        self.push_macs(value, kernel, 0);
    }

    /// Adds a step that computes `value` by so many multiplications with an addition.
    pub(super) fn push_macs(&mut self, value: Value, kernel: impl Into<Kernel>, macs: u64) {
        let value = self.graph.value_name(value).to_owned();
        self.steps.push(Step { value, kernel: kernel.into(), macs });
    }

    /// The multiplications that a node's op asks for.
    pub(super) fn macs(&self, id: NodeId) -> u64 {
        let types = |values: Vec<Value>| values.into_iter().map(|value| self.graph.ty(value)).collect::<Vec<_>>();
        let results: Vec<Type> = types(self.results(id)).into_iter().cloned().collect();
        self.graph.node(id).op.macs(&types(self.graph.operands(id)), &results)
    }

    /// The step that computes `x` by a chain of functions, if nothing but one op reads that.
    fn chain(&self, x: Value) -> Option<usize> {
        let name = self.graph.value_name(x);
        let last = self.steps.iter().rposition(|step| step.value == name)?;
        let is_chain = matches!(self.steps[last].kernel, Kernel::Map(_)) && self.graph.uses(x).len() == 1;
        is_chain.then_some(last)
    }

    /// Whether functions of `x` may be added to those that compute it.
    pub(super) fn is_chain(&self, x: Value) -> bool {
        self.chain(x).is_some()
    }

    /// Adds a chain of functions of `x`: behind the chain that computes `x`, if nothing else reads that.
    pub(super) fn push_map(&mut self, x: Value, y: Value, map: Map) {
        let fits = |&i: &usize| matches!(&self.steps[i].kernel, Kernel::Map(before) if before.y == map.x);
        let before = self.chain(x).filter(fits).map(|i| self.steps.remove(i).kernel);
        let Some(Kernel::Map(before)) = before else { return self.push(y, map) };
        self.forms.remove(&x);
        let ops = before.ops.into_iter().chain(map.ops).collect();
        self.push(y, Map { x: before.x, y: map.y, ops });
    }

    /// Adds numbers to the weights, from a line of the cache on. Returns the first one's index.
    pub(super) fn add_weights(&mut self, numbers: impl IntoIterator<Item = f32>) -> usize {
        self.add_words(numbers.into_iter().map(f32::to_bits))
    }

    /// As [`add_weights`](Planner::add_weights), for words of any meaning.
    pub(super) fn add_words(&mut self, words: impl IntoIterator<Item = u32>) -> usize {
        self.weights.add_words(words.into_iter().collect())
    }

    /// Adds so many numbers, which are written when the program is compiled, over zeros. Returns the first one's index.
    pub(super) fn add_packed(&mut self, n: usize, pack: impl FnOnce(&mut [f32]) + Send + Sync + 'static) -> usize {
        self.weights.add(n, move |words| pack(bytemuck::cast_slice_mut(words)))
    }

    /// Adds numbers to the weights, filled up with zeros to whole vectors.
    pub(super) fn add_channels(&mut self, numbers: &[f32]) -> usize {
        let n = numbers.len().next_multiple_of(self.isa.lanes());
        self.add_weights(numbers.iter().copied().chain(std::iter::repeat_n(0.0, n - numbers.len())))
    }

    /// Images in memory, if they are not too large.
    pub(super) fn image(dtype: DType, size: Size, block: usize, halo: Halo) -> Result<Image, CompileError> {
        Image::new(dtype, size, block, halo).ok_or(CompileError::Memory)
    }

    /// A view of all of a new buffer.
    pub(super) fn new_temporary(&mut self, image: Image) -> View {
        self.buffers.push(Buffer { len: image.n_bytes(), start: 0 });
        View { buffer: BufferId(self.buffers.len() - 1), start: 0, image }
    }

    /// A view of all of a new buffer, whose halo is cleared for `value`.
    pub(super) fn new_view(&mut self, value: Value, image: Image) -> View {
        let view = self.new_temporary(image);
        if !image.halo.is_none() {
            self.push(value, ClearHalo { view });
        }
        view
    }

    /// Where a kernel that writes plain images or values is to put its result.
    pub(super) fn new_plain(&mut self, value: Value) -> Result<View, CompileError> {
        let view = self.new_view(value, self.plain_image(value));
        self.add_form(value, view);
        Ok(view)
    }

    /// Where a kernel that writes images in blocks is to put its result: into a part of a concatenation if the value is
    /// one, with the halo that its readers need.
    pub(super) fn new_blocked(&mut self, value: Value) -> Result<View, CompileError> {
        let view = match self.slices.get(value) {
            Some((whole, first_channel)) => {
                let whole = self.whole(whole)?;
                part_of(&whole, first_channel, self.size(value).c)
            }
            None => self.whole(value)?,
        };
        self.add_form(value, view);
        Ok(view)
    }

    /// A value in blocks that has a buffer of its own. That of a concatenation is there when its first part is written.
    pub(super) fn whole(&mut self, value: Value) -> Result<View, CompileError> {
        let block = self.block(value);
        let blocked = |view: &&View| view.image.block == block;
        if let Some(&view) = self.forms.get(&value).and_then(|forms| forms.iter().find(blocked)) {
            return Ok(view);
        }
        let halo = self.halo(value);
        let view = self.new_view(value, Self::image(self.stored(value), self.size(value), block, halo)?);
        if self.slices.is_whole(value) {
            self.add_form(value, view);
        }
        Ok(view)
    }

    /// Says that a value lies there too.
    pub(super) fn add_form(&mut self, value: Value, view: View) {
        let forms = self.forms.entry(value).or_default();
        if !forms.contains(&view) {
            forms.push(view);
        }
    }

    /// If a value is not needed itself but for a concatenation that brings it to another scale: as what it is read there,
    /// what becomes of it, and where: the whole, and the first channel.
    pub(super) fn requantized(&self, value: Value) -> Option<(QType, Quantization, (Value, usize))> {
        self.slices.requantized(value)
    }

    /// A part of a concatenation, from that channel on, of the size of `value`.
    pub(super) fn part(&mut self, value: Value, whole: Value, first_channel: usize) -> Result<View, CompileError> {
        let whole = self.whole(whole)?;
        Ok(part_of(&whole, first_channel, self.size(value).c))
    }

    /// All places where a value lies.
    pub(super) fn forms(&self, value: Value) -> Vec<View> {
        self.forms.get(&value).cloned().unwrap_or_default()
    }

    /// How much of a halo a value's convolutions read.
    pub(super) fn halo(&self, value: Value) -> Halo {
        self.halos.get(&value).copied().unwrap_or_default()
    }

    /// Whether a value is a concatenation whose parts may be computed where they belong.
    pub(super) fn is_concat_of_blocks(&self, value: Value) -> bool {
        self.slices.is_whole(value)
    }

    /// Whether a value lies there in blocks.
    pub(super) fn is_blocked(&self, value: Value) -> bool {
        self.forms.get(&value).is_some_and(|forms| forms.iter().any(|view| view.image.block == self.block(value)))
    }

    /// A value as plain elements, converted if it isn't there.
    pub(super) fn plain(&mut self, value: Value) -> Result<View, CompileError> {
        if let Some(view) =
            self.forms(value).into_iter().find(|view| view.image.is_plain() && view.image.dtype == self.dtype(value))
        {
            // One pixel of many channels may have been computed in blocks.
            return Ok(View { image: self.plain_image(value), ..view });
        }
        let Some(&from) = self.forms(value).first() else {
            return self.plain_constant(value);
        };
        let view = self.new_plain(value)?;
        self.convert(value, from, view);
        Ok(view)
    }

    fn plain_constant(&mut self, value: Value) -> Result<View, CompileError> {
        let name = self.graph.value_name(value).to_owned();
        let tensor = self.graph.as_const(value).cloned().ok_or(CompileError::MissingWeights(name.clone()))?;
        let view = self.new_plain(value)?;
        let place = Place { view, dims: tensor.dims().to_vec(), count: None };
        self.constants.push((Slot { name, place }, tensor));
        Ok(view)
    }

    /// A value in blocks with its halo, converted if it isn't there.
    pub(super) fn blocked(&mut self, value: Value) -> Result<View, CompileError> {
        let block = self.block(value);
        if let Some(view) = self.forms(value).into_iter().find(|view| view.image.block == block) {
            return Ok(view);
        }
        let from = self.plain(value)?;
        let view = self.new_blocked(value)?;
        self.convert(value, from, view);
        Ok(view)
    }

    /// A value as plain images with its halo, copied if it isn't there.
    pub(super) fn padded(&mut self, value: Value) -> Result<View, CompileError> {
        let halo = self.halo(value);
        let fits = |view: &View| view.image.block == 1 && view.image.halo == halo;
        if let Some(view) = self.forms(value).into_iter().find(fits) {
            return Ok(view);
        }
        let from = self.plain(value)?;
        let view = self.new_view(value, Self::image(self.dtype(value), self.size(value), 1, halo)?);
        self.add_form(value, view);
        self.convert(value, from, view);
        Ok(view)
    }

    /// A value in blocks of that many channels with its halo, converted if it isn't there.
    pub(super) fn blocks_of(&mut self, value: Value, block: usize) -> Result<View, CompileError> {
        if let Some(view) = self.forms(value).into_iter().find(|view| view.image.block == block) {
            return Ok(view);
        }
        let from = self.plain(value)?;
        let view = self.new_blocks_of(value, block)?;
        self.convert(value, from, view);
        Ok(view)
    }

    /// Where a kernel that writes such blocks is to put its result.
    pub(super) fn new_blocks_of(&mut self, value: Value, block: usize) -> Result<View, CompileError> {
        let image = Self::image(self.stored(value), self.size(value), block, self.halo(value))?;
        let view = self.new_view(value, image);
        self.add_form(value, view);
        Ok(view)
    }

    /// Channels of a block of a value's.
    pub(super) fn block(&self, value: Value) -> usize {
        if matches!(self.dtype(value), DType::U8 | DType::I8) { CHANNELS } else { self.isa.lanes() }
    }

    /// The elements of a value's blocks: i8 are stored as u8, 128 more, since that is what is multiplied with weights.
    pub(super) fn stored(&self, value: Value) -> DType {
        if self.dtype(value) == DType::I8 { DType::U8 } else { self.dtype(value) }
    }

    /// Copies a value into another layout.
    pub(super) fn convert(&mut self, value: Value, x: View, y: View) {
        if x.image.block == y.image.block && x.image.dtype == y.image.dtype {
            self.push(value, Copy { x, y });
        } else {
            self.push(value, Relayout { x, y });
        }
    }
}

/// What the bytes of blocks stand for.
pub(super) fn stored(q: QType) -> QType {
    if q.dtype == DType::I8 { QType { dtype: DType::U8, zero: q.zero + I8_TO_U8, ..q } } else { q }
}

/// What is added to i8 in blocks.
pub(super) const I8_TO_U8: i32 = 128;

/// Some channels of a view, from one on that begins a block.
pub(super) fn part_of(whole: &View, first_channel: usize, n_channels: usize) -> View {
    let start = whole.start + first_channel / whole.image.block * whole.image.plane;
    let size = Size { c: n_channels, ..whole.image.size };
    View { start, image: Image { size, ..whole.image }, ..*whole }
}
