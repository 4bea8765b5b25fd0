//! Convolutions.

use std::ops::Range;

use firebrick_ir::ops::{Conv, Epilogue};
use firebrick_ir::{NodeId, Value};

use super::cover::{Pixels, Registers, cover, is_flat, order};
use super::epilogue::{Parts, Tiles};
use super::numbers::Numbers;
use super::planner::Planner;
use super::{Lowered, conv_rows};
use crate::CompileError;
use crate::emit::as_imm;
use crate::kernels::{Class, Direct, Kernel, Packed, Steps};
use crate::plan::{Halo, Image, Size, View};
use crate::tile::{Arithmetic, Finish, Level, Nest, Operand};

/// With so few channels or less, an input that lies there plain is read as it is: a block would be mostly empty.
pub(super) const FEW_CHANNELS: usize = 4;

/// Bytes of an image beyond which displacements might not fit 32 bits.
const MAX_IMAGE_BYTES: usize = 1 << 30;

/// Padding beyond which there is no kernel: a halo is stored.
pub(super) const MAX_PAD: usize = 1 << 12;

/// Pixels with so many or less, weights are mostly read for the first time, from a cache that is far away.
const FEW_PIXELS: usize = 400;

/// How far ahead weights are asked for then, in bytes.
pub(super) const PREFETCH: i32 = 2048;

/// Runs of output channels that may differ in how they are computed: each has code of its own.
pub(super) const MAX_CLASSES: usize = 128;

/// A convolution of two dimensions; of one, the other is 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Output channels.
    pub(super) n_out: usize,
    /// Input channels of a group.
    pub(super) per_group: usize,
    pub(super) group: usize,
    pub(super) kernel: [usize; 2],
    pub(super) strides: [usize; 2],
    pub(super) dilations: [usize; 2],
    /// Above and on the left; negative where the first window begins inside.
    pub(super) pads: [i64; 2],
}

/// The padding as a halo; `None` if there is no kernel for a convolution of so many dimensions, or with so much of it.
pub(super) fn halo(pads: &[usize]) -> Option<Halo> {
    match *pads {
        _ if pads.iter().any(|&pad| pad > MAX_PAD) => None,
        [left, right] => Some(Halo { left, right, ..Halo::default() }),
        [top, left, bottom, right] => Some(Halo { top, left, bottom, right, fill: 0 }),
        _ => None,
    }
}

/// Output channels that are computed together, and what they read.
pub(super) struct Unit {
    pub(super) first_vector: usize,
    pub(super) n_vectors: usize,
    pub(super) channels: Range<usize>,
}

/// Channels of the input that are summed in a nest of loops: from a first one on, some of each of some blocks.
pub(super) struct Segment {
    pub(super) first: usize,
    pub(super) n_blocks: usize,
    pub(super) per_block: usize,
}

/// A convolution for which there is a kernel, with its weights.
pub(super) struct Convolution {
    /// What its kernel is called: `conv_f32_3x3s1`.
    pub(super) name: String,
    pub(super) shape: Shape,
    pub(super) x: Value,
    pub(super) weights: Numbers,
    pub(super) bias: Vec<f32>,
}

/// Where a convolution's results go, and what is done to them.
pub(super) struct Target {
    /// The value that they belong to.
    pub(super) value: Value,
    pub(super) view: View,
    /// Rows and pixels of the view from a result to the next.
    pub(super) strides: [usize; 2],
    pub(super) finish: Vec<Finish>,
    pub(super) residual: Option<View>,
}

pub(super) fn lower(
    planner: &mut Planner<'_>,
    id: NodeId,
    op: &Conv,
    operands: &[Value],
    (epilogue, others): (&Epilogue, &[Value]),
) -> Result<Lowered, CompileError> {
    let y = Value { node: id, port: 0 };
    if !planner.is_all_f32(id) {
        return Ok(Lowered::NoKernel);
    }
    let Some(convolution) = Convolution::of(planner, op, operands, y)? else {
        return conv_rows::lower(planner, y, op, operands, (epilogue, others));
    };
    let Some(parts) = Parts::of(planner, epilogue, others, y, Tiles::All) else { return Ok(Lowered::NoKernel) };
    let residual = parts.residual.map(|value| planner.blocked(value)).transpose()?;
    let view = planner.new_blocked(y)?;
    convolution.push(planner, Target { value: y, view, strides: [1, 1], finish: parts.finish.clone(), residual })?;
    parts.push_rest(planner, y, view)?;
    Ok(Lowered::Done)
}

impl Convolution {
    /// The convolution of these operands, which are f32, for the value `y`; `None` if there is no kernel for it.
    pub(super) fn of(
        planner: &Planner<'_>,
        op: &Conv,
        operands: &[Value],
        y: Value,
    ) -> Result<Option<Self>, CompileError> {
        let Some(shape) = Shape::of(op, &planner.dims(operands[1])) else { return Ok(None) };
        let Some(weights) = planner.numbers(operands[1])? else { return Ok(None) };
        let bias = match operands.get(2) {
            Some(&bias) => planner.constant(bias)?,
            None => Some(vec![0.0; shape.n_out]),
        };
        let Some(bias) = bias else { return Ok(None) };
        let x = operands[0];
        let is_addressable = is_addressable(planner, x, planner.halo(x)) && is_addressable(planner, y, planner.halo(y));
        let is_addressable = is_addressable && shape.n_classes(planner.isa.lanes()) <= MAX_CLASSES;
        let name = kernel_name(if shape.is_depthwise() { "depthwise_f32" } else { "conv_f32" }, &shape);
        Ok(is_addressable.then_some(Convolution { name, shape, x, weights, bias }))
    }

    /// Output channels.
    pub(super) fn n_out(&self) -> usize {
        self.shape.n_out
    }

    /// Adds the steps of the convolution.
    pub(super) fn push(&self, planner: &mut Planner<'_>, target: Target) -> Result<(), CompileError> {
        let (value, macs) = (target.value, self.shape.macs(target.view.image.size));
        let kernel = self.kernel(planner, target)?;
        planner.push_macs(value, kernel, macs);
        Ok(())
    }

    /// What computes it, when its input is there as that reads it.
    pub(super) fn kernel(&self, planner: &mut Planner<'_>, target: Target) -> Result<Kernel, CompileError> {
        let Convolution { shape, x, .. } = self;
        let is_read_plain = !shape.is_depthwise() && !planner.is_blocked(*x) && planner.size(*x).c <= FEW_CHANNELS;
        let from = if is_read_plain { planner.padded(*x)? } else { planner.blocked(*x)? };
        Ok(match self.winograd(planner, from, &target) {
            Some(kernel) => kernel.into(),
            None => self.direct(planner, from, target).into(),
        })
    }
}

/// Whether an image of the value with a halo is small enough for displacements of 32 bits.
pub(super) fn is_addressable(planner: &Planner<'_>, value: Value, halo: Halo) -> bool {
    let size = planner.size(value);
    let channels = size.c.next_multiple_of(planner.isa.lanes());
    let rows = size.h.saturating_add(halo.top).saturating_add(halo.bottom);
    let columns = size.w.saturating_add(halo.left).saturating_add(halo.right);
    channels.saturating_mul(rows).saturating_mul(columns) < MAX_IMAGE_BYTES / size_of::<f32>()
}

impl Shape {
    pub(super) fn of(op: &Conv, weight_dims: &[usize]) -> Option<Self> {
        let n_spatial = weight_dims.len().checked_sub(2)?;
        halo(&op.pads)?;
        let two = |numbers: &[usize], one: usize| match *numbers {
            [w] => Some([one, w]),
            [h, w] => Some([h, w]),
            _ => None,
        };
        Some(Shape {
            n_out: weight_dims[0],
            per_group: weight_dims[1],
            group: op.group,
            kernel: two(&weight_dims[2..], 1)?,
            strides: two(&op.strides, 1)?,
            dilations: two(&op.dilations, 1)?,
            pads: two(op.pads.get(..n_spatial)?, 0)?.map(as_imm),
        })
    }

    /// The multiplications of the convolution, whose result has this size.
    pub(super) fn macs(&self, Size { n, h, w, .. }: Size) -> u64 {
        let Shape { n_out, per_group, kernel: [kernel_h, kernel_w], .. } = self;
        [n, h, w, *n_out, *per_group, *kernel_h, *kernel_w]
            .iter()
            .fold(1, |macs: u64, &n| macs.saturating_mul(n as u64))
    }

    pub(super) fn is_depthwise(&self) -> bool {
        self.per_group == 1 && self.n_out == self.group && self.group > 1
    }

    fn outs_per_group(&self) -> usize {
        self.n_out / self.group
    }

    /// The channels of the input that output `o` reads.
    fn channels_of(&self, o: usize) -> Range<usize> {
        let first = o / self.outs_per_group() * self.per_group;
        first..first + self.per_group
    }

    /// The weight that output `o` has for channel `c` of the input: 0 outside of its group.
    pub(super) fn weight<T: Copy + Default>(&self, weights: &[T], o: usize, c: usize, tap: usize) -> T {
        let first = o / self.outs_per_group() * self.per_group;
        match c.checked_sub(first) {
            Some(own) if own < self.per_group => {
                let n_taps = self.kernel[0] * self.kernel[1];
                weights[(o * self.per_group + own) * n_taps + tap]
            }
            Some(_) | None => T::default(),
        }
    }

    /// The output's vectors in tiles of up to `n_vectors`. Each tile sums the channels of all groups that it is in.
    pub(super) fn units(&self, lanes: usize, n_vectors: usize) -> Vec<Unit> {
        let total = self.n_out.div_ceil(lanes);
        let vectors_per_group = self.outs_per_group() / lanes;
        let mut units = Vec::new();
        let mut first_vector = 0;
        while first_vector < total {
            let left = if self.group > 1 && self.is_aligned(lanes) {
                vectors_per_group - first_vector % vectors_per_group
            } else {
                total - first_vector
            };
            let n_vectors = n_vectors.min(left);
            let outs = first_vector * lanes..((first_vector + n_vectors) * lanes).min(self.n_out);
            let groups = outs.start / self.outs_per_group()..(outs.end - 1) / self.outs_per_group() + 1;
            units.push(Unit {
                first_vector,
                n_vectors,
                channels: groups.start * self.per_group..groups.end * self.per_group,
            });
            first_vector += n_vectors;
        }
        units
    }

    /// Whether each group's outputs are whole vectors.
    fn is_aligned(&self, lanes: usize) -> bool {
        self.outs_per_group().is_multiple_of(lanes)
    }

    /// Runs of vectors that read alike: from the same place in a block, as much, and as far from each other.
    pub(super) fn n_classes(&self, lanes: usize) -> usize {
        let mut n_classes = 0;
        let mut last: Option<(Range<usize>, Option<usize>)> = None;
        for unit in self.units(lanes, 1) {
            let Range { start, end } = unit.channels;
            let step = last.as_ref().map(|(channels, _)| start.wrapping_sub(channels.start));
            let continues = last.as_ref().is_some_and(|(channels, last_step)| {
                channels.len() == end - start
                    && channels.start % lanes == start % lanes
                    && (last_step.is_none() || *last_step == step)
            });
            n_classes += usize::from(!continues);
            last = Some((start..end, step.filter(|_| continues)));
        }
        n_classes
    }

    /// Vectors that a tile may have without computing for other groups.
    pub(super) fn max_vectors(&self, lanes: usize) -> usize {
        if self.group == 1 {
            usize::MAX
        } else if self.is_aligned(lanes) {
            self.outs_per_group() / lanes
        } else {
            1
        }
    }
}

impl Convolution {
    /// The kernel, with weights packed in the order in which tiles read them.
    fn direct(&self, planner: &mut Planner<'_>, x: View, target: Target) -> Direct {
        let Convolution { shape, bias, .. } = self;
        let (y, lanes) = (target.view, planner.isa.lanes());
        let operand = if shape.is_depthwise() { Operand::Lanes } else { Operand::Broadcast };
        let y_steps = Steps::of(&y.image);
        let [down, right] = target.strides.map(as_imm);
        let y_steps = Steps { down: down * y_steps.down, right: right * y_steps.right, ..y_steps };
        let x_steps = Steps::of(&x.image);
        let (h, w) = (y.image.size.h, y.image.size.w);
        // Without a second window, a stride has no limit, and no meaning.
        let [down, right] =
            [(h, shape.strides[0]), (w, shape.strides[1])].map(|(n, stride)| if n == 1 { 0 } else { as_imm(stride) });
        let x_steps = Steps { down: down * x_steps.down, right: right * x_steps.right, ..x_steps };
        let all_steps = [Some(x_steps), Some(y_steps), target.residual.map(|view| Steps::of(&view.image))];
        let is_flat = all_steps.into_iter().flatten().all(|steps| is_flat(h, w, steps));
        let n_vectors = shape.n_out.div_ceil(lanes);
        let pixels = Pixels { h, w, is_flat };
        let (n_vectors, rows) =
            cover(Registers::float(planner.isa), operand, n_vectors, shape.max_vectors(lanes), pixels);
        let mut tiles = Vec::new();
        let mut n_packed = 0;
        let mut classes = Classes::default();
        for unit in shape.units(lanes, n_vectors) {
            let segments = segments(&unit.channels, x.image.block, operand);
            n_packed += n_words(shape, &unit, &segments, lanes);
            let first_block = segments.first().map_or(0, |segment| segment.first / x.image.block);
            let nests = segments.iter().map(|segment| nest(segment, &x.image, shape, first_block)).collect();
            classes.add(&unit, bytes(first_block * x.image.plane), nests, n_packed);
            tiles.push((unit, segments));
        }
        let order = order(n_packed * size_of::<f32>(), &x.image);
        let (own, weights) = (*shape, self.weights.clone());
        let start = planner.add_packed(n_packed, move |mut packed| {
            for (unit, segments) in &tiles {
                let n = n_words(&own, unit, segments, lanes);
                pack(packed.split_off_mut(..n).unwrap_or_default(), &own, &weights, unit, segments, lanes);
            }
        });
        classes.classes.iter_mut().for_each(|class| class.weights += start);
        let [top, left] = shape.pads;
        Direct {
            name: self.name.clone(),
            x,
            y,
            x_offset: -(top * bytes(x.image.row) + left * bytes(x.image.block)),
            x_steps,
            y_steps,
            n_images: y.image.size.n,
            operand,
            prefetch: if h * w <= FEW_PIXELS { PREFETCH } else { 0 },
            residual: target.residual,
            finish: target.finish,
            weights: Packed::Program,
            order,
            classes: classes.classes,
            rows,
            bias: planner.add_channels(bias),
            arithmetic: Arithmetic::Float,
        }
    }
}

/// `conv_f32_3x3s1`
pub(super) fn kernel_name(family: &str, shape: &Shape) -> String {
    let ([h, w], [down, right]) = (shape.kernel, shape.strides);
    let strides = if down == right { format!("s{down}") } else { format!("s{down}x{right}") };
    let dilations = if shape.dilations == [1, 1] { "" } else { "_dilated" };
    format!("{family}_{h}x{w}{strides}{dilations}")
}

/// Channels in the order in which they are summed: the rest of a block, whole blocks, the beginning of a block.
pub(super) fn segments(channels: &Range<usize>, block: usize, operand: Operand) -> Vec<Segment> {
    if operand == Operand::Lanes {
        // The lanes of a vector are the channels of a block.
        return vec![Segment { first: channels.start / block * block, n_blocks: 1, per_block: 1 }];
    }
    let mut segments = Vec::new();
    let mut first = channels.start;
    while first < channels.end {
        let in_block = (block - first % block).min(channels.end - first);
        let n_blocks = if in_block == block { (channels.end - first) / block } else { 1 };
        segments.push(Segment { first, n_blocks, per_block: in_block });
        first += n_blocks * in_block;
    }
    segments
}

/// The nest of loops over a segment, from the beginning of the block of the tile's first channel on.
fn nest(segment: &Segment, image: &Image, shape: &Shape, first_block: usize) -> Nest {
    let Image { block, plane, row, .. } = *image;
    let place = (segment.first / block - first_block) * plane + segment.first % block;
    // Without a second element, a step has no limit, and no meaning.
    let level = |n: usize, step: usize, unit: usize| Level {
        n: narrow(n).cast_unsigned(),
        step: if n == 1 { 0 } else { narrow(step * unit * size_of::<f32>()) },
    };
    Nest {
        start: narrow(place * size_of::<f32>()),
        levels: vec![
            level(segment.n_blocks, plane, 1),
            level(shape.kernel[0], shape.dilations[0], row),
            level(shape.kernel[1], shape.dilations[1], block),
            level(segment.per_block, 1, 1),
        ],
    }
}

/// Numbers that a tile's weights take.
fn n_words(shape: &Shape, unit: &Unit, segments: &[Segment], lanes: usize) -> usize {
    let n_channels: usize = segments.iter().map(|segment| segment.n_blocks * segment.per_block).sum();
    n_channels * shape.kernel[0] * shape.kernel[1] * unit.n_vectors * lanes
}

/// Writes a tile's weights, those of a block of channels at a time.
fn pack(packed: &mut [f32], shape: &Shape, weights: &Numbers, unit: &Unit, segments: &[Segment], lanes: usize) {
    let width = unit.n_vectors * lanes;
    let n_taps = shape.kernel[0] * shape.kernel[1];
    let blocks = segments.iter().flat_map(|segment| {
        let first = move |block: usize| segment.first + block * segment.per_block;
        (0..segment.n_blocks).map(move |block| first(block)..first(block) + segment.per_block)
    });
    let mut rest = packed;
    for channels in blocks {
        let block = rest.split_off_mut(..channels.len() * n_taps * width).unwrap_or_default();
        for (i, o) in (unit.first_vector * lanes..shape.n_out).take(width).enumerate() {
            // The lanes of a depthwise convolution are its channels.
            let channels = if shape.is_depthwise() { o..o + 1 } else { channels.clone() };
            let own = shape.channels_of(o);
            let read = own.start.max(channels.start)..own.end.min(channels.end);
            for channel in read {
                let taps = weights.run((o * shape.per_group + channel - own.start) * n_taps, n_taps);
                let places = block.iter_mut().skip((channel - channels.start) * width + i);
                for (place, weight) in places.step_by(channels.len() * width).zip(taps) {
                    *place = weight;
                }
            }
        }
    }
}

/// Classes as they are found: tiles that are alike, one after another.
#[derive(Default)]
pub(super) struct Classes {
    /// Where the next tile's weights begin.
    first_weight: usize,
    pub(super) classes: Vec<Class>,
}

impl Classes {
    pub(super) fn add(&mut self, unit: &Unit, x_start: i64, nests: Vec<Nest>, end_weight: usize) {
        let weights = std::mem::replace(&mut self.first_weight, end_weight);
        if let Some(last) = self.classes.last_mut()
            && last.n_vectors == unit.n_vectors
            && last.nests == nests
        {
            let end = last.x_start + as_imm(last.n_tiles) * last.x_step;
            if last.n_tiles == 1 {
                last.x_step = x_start - last.x_start;
            }
            if last.n_tiles == 1 || end == x_start {
                last.n_tiles += 1;
                return;
            }
        }
        let (first_vector, n_vectors) = (unit.first_vector, unit.n_vectors);
        self.classes.push(Class { first_vector, n_tiles: 1, n_vectors, nests, x_start, x_step: 0, weights });
    }
}

pub(super) fn bytes(n_elements: usize) -> i64 {
    as_imm(n_elements * size_of::<f32>())
}

/// A displacement within an image.
fn narrow(n: usize) -> i32 {
    i32::try_from(n).expect("images are checked to be small enough for 32 bits")
}
