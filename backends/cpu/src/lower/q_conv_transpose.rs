//! Transposed convolutions of quantized values: a convolution for each phase, as those of numbers.

use firebrick_ir::ops::QConvTranspose;
use firebrick_ir::{DType, NodeId, Value};

use super::Lowered;
use super::conv::{MAX_CLASSES, is_addressable, kernel_name};
use super::conv_transpose::{Form, Lines, fill};
use super::planner::{Planner, stored};
use super::q_conv::{direct, source};
use super::q_sums::{self, Channels, Result as Quantization, Sums};
use crate::CompileError;
use crate::plan::Halo;
use crate::tile::{Arithmetic, CHANNELS};

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &QConvTranspose) -> Result<Lowered, CompileError> {
    let (operands, y) = (planner.graph.operands(id), Value { node: id, port: 0 });
    let x = operands[0];
    let Some(lines) = Lines::in_graph(planner.graph, id, &op.op) else { return Ok(Lowered::NoKernel) };
    let Some(halo) = lines.halo() else { return Ok(Lowered::NoKernel) };
    let form = Form { op: &op.op, dims: planner.dims(operands[1]) };
    let n_out = form.n_out();
    let Some(sums) = Sums::of(planner, &operands, n_out)? else { return Ok(Lowered::NoKernel) };
    let any = form.convolution([1, 1]);
    let is_addressable = [x, y].iter().all(|&value| is_addressable(planner, value, planner.halo(value)));
    let result = op.y.map(|y| Quantization { y, clip: op.clip, rounding: op.rounding });
    let channels = sums.scaling.channels(op.x[0], result, &vec![0; n_out]);
    let Some(channels) = channels.filter(|_| is_addressable && any.n_classes(CHANNELS) <= MAX_CLASSES) else {
        return Ok(Lowered::NoKernel);
    };
    let zero = stored(op.x[0]).zero;
    let from = source(planner, x, &any, Halo { fill: zero as u8, ..halo })?;
    let to = match op.y {
        Some(_) => planner.new_blocked(y)?,
        None => planner.new_temporary(Planner::image(DType::F32, planner.size(y), CHANNELS, Halo::default())?),
    };
    let weights = sums.weights(|i| form.channel(i));
    for phases in lines.phases() {
        let (view, apart) = (Form::view(to, phases), form.strides());
        let own = form.weights(&weights, phases);
        if own.is_empty() {
            let untouched = planner.add_words(untouched(&channels, result));
            planner.push(y, fill(untouched, view, apart));
            continue;
        }
        let shape = form.shape(phases);
        let corrections = q_sums::corrections(&own, own.len() / n_out, zero);
        let (records, requantize) = channels.corrected(&corrections).records(result, None);
        let name = kernel_name("conv_transpose_u8i8", &shape);
        let arithmetic = (Arithmetic::Integer(requantize), records);
        let kernel = direct(planner, (name, &shape, &own), from, (view, apart), arithmetic);
        planner.push_macs(y, kernel, shape.macs(view.image.size));
    }
    if op.y.is_none() {
        let plain = planner.new_plain(y)?;
        planner.convert(y, to, plain);
    }
    Ok(Lowered::Done)
}

/// What results that no tap meets are, for each channel: nothing but the bias.
fn untouched(channels: &Channels, result: Option<Quantization>) -> Vec<u32> {
    let quotients = channels.summands.iter().zip(&channels.factors).enumerate().map(|(o, (&sum, factor))| {
        let product = sum as f32 * factor;
        channels.reals.as_ref().map_or(product, |reals| product + reals[o])
    });
    let n_padded = channels.factors.len().next_multiple_of(CHANNELS);
    let quotients = quotients.chain(std::iter::repeat(0.0)).take(n_padded);
    let Some(result) = result else { return quotients.map(f32::to_bits).collect() };
    let (y, limits) = result.stored();
    let bytes: Vec<u8> = quotients.map(|quotient| y.integer(quotient, result.rounding, limits) as u8).collect();
    bytes.chunks_exact(4).map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]])).collect()
}
