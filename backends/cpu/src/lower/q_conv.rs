//! Convolutions of quantized values.

use firebrick_ir::ops::QConv;
use firebrick_ir::{DType, NodeId, Value};

use super::Lowered;
use super::conv::{self, Classes, FEW_CHANNELS, Segment, Shape, Unit};
use super::cover::{Pixels, Registers, cover, is_flat, order};
use super::planner::{Planner, stored};
use super::q_sums::{self, Result as Quantization, Sums};
use crate::CompileError;
use crate::emit::as_imm;
use crate::kernels::{Copy, Direct, Packed, Steps};
use crate::plan::{Halo, Image, View};
use crate::tile::{Arithmetic, CHANNELS, Level, Nest, Operand, QUAD};

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &QConv) -> Result<Lowered, CompileError> {
    let (operands, y) = (planner.graph.operands(id), Value { node: id, port: 0 });
    let x = operands[0];
    let Some(shape) = Shape::of(&op.op, &planner.dims(operands[1])) else { return Ok(Lowered::NoKernel) };
    let Some(sums) = Sums::of(planner, &operands, shape.n_out)? else { return Ok(Lowered::NoKernel) };
    let is_addressable = [x, y].iter().all(|&value| conv::is_addressable(planner, value, planner.halo(value)));
    if !is_addressable || shape.n_classes(CHANNELS) > conv::MAX_CLASSES {
        return Ok(Lowered::NoKernel);
    }
    let per_out = planner.dims(operands[1])[1..].iter().product::<usize>();
    let weights = sums.weights(|i| i / per_out);
    let zero = stored(op.x[0]).zero;
    let corrections = q_sums::corrections(&weights, per_out, zero);
    let quantization = op.y.map(|y| Quantization { y, clip: op.clip, rounding: op.rounding });
    let then = planner.requantized(y);
    let Some((records, requantize)) =
        sums.scaling.records(op.x[0], quantization, then.map(|(from, next, _)| (from, next)), &corrections)
    else {
        return Ok(Lowered::NoKernel);
    };
    let needed = Halo { fill: zero as u8, ..conv::halo(&op.op.pads).unwrap_or_default() };
    let from = source(planner, x, &shape, needed)?;
    let to = match then {
        Some((_, _, (whole, first_channel))) => planner.part(y, whole, first_channel)?,
        None if op.y.is_some() => planner.new_blocked(y)?,
        None => planner.new_temporary(Planner::image(DType::F32, planner.size(y), CHANNELS, Halo::default())?),
    };
    let name = conv::kernel_name(if shape.is_depthwise() { "depthwise_u8i8" } else { "conv_u8i8" }, &shape);
    let kernel =
        direct(planner, (name, &shape, &weights), from, (to, [1, 1]), (Arithmetic::Integer(requantize), records));
    let macs = planner.macs(id);
    planner.push_macs(y, kernel, macs);
    if op.y.is_none() {
        let plain = planner.new_plain(y)?;
        planner.convert(y, to, plain);
    }
    Ok(Lowered::Done)
}

/// The input with a halo, of its zero point: plain images of few channels as quads, others in blocks.
pub(super) fn source(planner: &mut Planner<'_>, x: Value, shape: &Shape, needed: Halo) -> Result<View, CompileError> {
    let is_quads = !shape.is_depthwise() && !planner.is_blocked(x) && planner.size(x).c <= FEW_CHANNELS;
    let view = if is_quads { planner.blocks_of(x, QUAD)? } else { planner.blocked(x)? };
    if needed.is_none() || view.image.halo.fill == needed.fill {
        return Ok(view);
    }
    // Another reader has another zero point.
    let image = Planner::image(DType::U8, planner.size(x), view.image.block, needed)?;
    let own = planner.new_view(x, image);
    planner.push(x, Copy { x: view, y: own });
    Ok(own)
}

/// The kernel, with weights packed in the order in which tiles read them. Results lie some rows and pixels apart.
pub(super) fn direct(
    planner: &mut Planner<'_>,
    (name, shape, weights): (String, &Shape, &[i32]),
    x: View,
    (y, apart): (View, [usize; 2]),
    (arithmetic, records): (Arithmetic, Vec<u32>),
) -> Direct {
    let operand = if shape.is_depthwise() { Operand::Lanes } else { Operand::Broadcast };
    let (x_steps, y_steps) = (Steps::of(&x.image), Steps::of(&y.image));
    let [down, right] = apart.map(as_imm);
    let y_steps = Steps { down: down * y_steps.down, right: right * y_steps.right, ..y_steps };
    let (h, w) = (y.image.size.h, y.image.size.w);
    // Without a second window, a stride has no limit, and no meaning.
    let [down, right] =
        [(h, shape.strides[0]), (w, shape.strides[1])].map(|(n, stride)| if n == 1 { 0 } else { as_imm(stride) });
    let x_steps = Steps { down: down * x_steps.down, right: right * x_steps.right, ..x_steps };
    let pixels = Pixels { h, w, is_flat: [x_steps, y_steps].into_iter().all(|steps| is_flat(h, w, steps)) };
    let n_vectors = shape.n_out.div_ceil(CHANNELS);
    let registers = Registers::integer(planner.isa);
    let (n_vectors, rows) = cover(registers, operand, n_vectors, shape.max_vectors(CHANNELS), pixels);
    let mut packed = Vec::new();
    let mut classes = Classes::default();
    for unit in shape.units(CHANNELS, n_vectors) {
        let segments = conv::segments(&unit.channels, x.image.block, operand);
        let first_block = segments.first().map_or(0, |segment| segment.first / x.image.block);
        let nests: Vec<Nest> =
            segments.iter().map(|segment| nest(segment, &x.image, shape, first_block, operand)).collect();
        let n_passes =
            q_sums::pack(&mut packed, terms(shape, weights, &unit, &segments, x.image.block), planner.isa.dot());
        let nests = std::iter::repeat_n(nests, n_passes).flatten().collect();
        classes.add(&unit, as_imm(x.image.bytes(first_block * x.image.plane)), nests, packed.len());
    }
    let order = order(packed.len() * size_of::<u32>(), &x.image);
    let start = planner.add_words(packed);
    classes.classes.iter_mut().for_each(|class| class.weights += start);
    let [top, left] = shape.pads;
    Direct {
        name,
        x,
        y,
        x_offset: -(top * as_imm(x.image.row) + left * as_imm(x.image.block)),
        x_steps,
        y_steps,
        n_images: y.image.size.n,
        operand,
        residual: None,
        finish: Vec::new(),
        prefetch: 0,
        weights: Packed::Program,
        order,
        classes: classes.classes,
        rows,
        bias: planner.add_words(records),
        arithmetic,
    }
}

/// The quads of a segment's blocks: the first, and how many.
fn quads(segment: &Segment, block: usize) -> (usize, usize) {
    let first = segment.first % block;
    let quad = first / QUAD;
    (quad, (first + segment.per_block).div_ceil(QUAD) - quad)
}

/// The nest of loops over a segment, from the beginning of the block of the tile's first channel on.
fn nest(segment: &Segment, image: &Image, shape: &Shape, first_block: usize, operand: Operand) -> Nest {
    let Image { block, plane, row, .. } = *image;
    let (quad, n_quads) = if operand == Operand::Lanes { (0, 1) } else { quads(segment, block) };
    // Without a second element, a step has no limit, and no meaning.
    let level = |n: usize, step: usize, unit: usize| Level {
        n: narrow(n).cast_unsigned(),
        step: if n == 1 { 0 } else { narrow(step * unit) },
    };
    let levels = [
        level(segment.n_blocks, plane, 1),
        level(shape.kernel[0], shape.dilations[0], row),
        level(shape.kernel[1], shape.dilations[1], block),
        level(n_quads, QUAD, 1),
    ];
    Nest { start: narrow((segment.first / block - first_block) * plane + quad * QUAD), levels: merged(&levels) }
}

/// Loops without those of one round; of two that walk through one run, there is one.
fn merged(levels: &[Level]) -> Vec<Level> {
    let mut merged: Vec<Level> = Vec::new();
    for level in levels.iter().rev().filter(|level| level.n > 1) {
        match merged.last_mut() {
            Some(inner) if i64::from(inner.step) * i64::from(inner.n) == i64::from(level.step) => inner.n *= level.n,
            Some(_) | None => merged.push(*level),
        }
    }
    merged.reverse();
    merged
}

/// A tile's weights in the order in which it reads them, in fours.
fn terms(shape: &Shape, weights: &[i32], unit: &Unit, segments: &[Segment], block: usize) -> Vec<i32> {
    let outs = unit.first_vector * CHANNELS..(unit.first_vector + unit.n_vectors) * CHANNELS;
    let n_taps = shape.kernel[0] * shape.kernel[1];
    let weight = |o: usize, channel: usize, tap: usize| {
        if o < shape.n_out { shape.weight(weights, o, channel, tap) } else { 0 }
    };
    let mut terms = Vec::new();
    for segment in segments {
        let (quad, n_quads) = quads(segment, block);
        for in_segment in 0..segment.n_blocks {
            let first = (segment.first / block + in_segment) * block;
            for tap in 0..n_taps {
                if shape.is_depthwise() {
                    terms.extend(outs.clone().flat_map(|o| [weight(o, o, tap), 0, 0, 0]));
                    continue;
                }
                for quad in quad..quad + n_quads {
                    let channel = first + quad * QUAD;
                    let quad = |o: usize| (channel..channel + QUAD).map(move |channel| (o, channel));
                    terms.extend(outs.clone().flat_map(quad).map(|(o, channel)| weight(o, channel, tap)));
                }
            }
        }
    }
    terms
}

/// A displacement within an image.
fn narrow(n: usize) -> i32 {
    i32::try_from(n).expect("images are checked to be small enough for 32 bits")
}
