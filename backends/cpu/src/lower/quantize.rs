//! Quantization and its inverse, with one scale.

use firebrick_ir::ops::{Dequantize, QSoftmax, QType, Quantize};
use firebrick_ir::{DType, NodeId, Op, Value};

use super::Lowered;
use super::conv::FEW_CHANNELS;
use super::planner::{Planner, stored};
use super::q_sums::Result as Quantization;
use crate::CompileError;
use crate::kernels::{DequantizeKernel, Dequantizing, QSoftmaxKernel, QuantizeKernel, Quantizing};
use crate::plan::{Image, Size};
use crate::tile::QUAD;

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Quantize) -> Result<Lowered, CompileError> {
    let operands = planner.graph.operands(id);
    let (x, y) = (operands[0], Value { node: id, port: 0 });
    let Some(q) = qtype(planner, &operands, op.dtype)? else { return Ok(Lowered::NoKernel) };
    if !planner.is_f32(x) {
        return Ok(Lowered::NoKernel);
    }
    let result = Quantization { y: q, clip: None, rounding: op.rounding };
    let from = planner.plain(x)?;
    // What only convolutions of a few channels read is not needed in another form.
    let is_quads = planner.dims(y).len() == 4 && planner.size(y).c <= FEW_CHANNELS;
    let is_read_so = planner.graph.uses(y).iter().all(|&(reader, _)| reads_quads(&planner.graph.node(reader).op));
    let (to, quantizing) = if is_quads && is_read_so {
        (planner.new_blocks_of(y, QUAD)?, in_blocks(result))
    } else {
        (planner.new_plain(y)?, plain(result))
    };
    planner.push(y, QuantizeKernel { x: from, y: to, to: quantizing });
    Ok(Lowered::Done)
}

fn reads_quads(op: &Op) -> bool {
    matches!(op, Op::QConv(conv) if conv.op.group == 1)
}

pub(super) fn lower_inverse(planner: &mut Planner<'_>, id: NodeId, _: &Dequantize) -> Result<Lowered, CompileError> {
    let operands = planner.graph.operands(id);
    let (x, y) = (operands[0], Value { node: id, port: 0 });
    let Some(q) = qtype(planner, &operands, planner.dtype(x))? else { return Ok(Lowered::NoKernel) };
    if !planner.is_f32(y) {
        return Ok(Lowered::NoKernel);
    }
    let from = dequantizing(q);
    let (x, to) = (planner.plain(x)?, planner.new_plain(y)?);
    planner.push(y, DequantizeKernel { x, y: to, from });
    Ok(Lowered::Done)
}

pub(super) fn lower_softmax(planner: &mut Planner<'_>, id: NodeId, op: &QSoftmax) -> Result<Lowered, CompileError> {
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    let (Some(from), Some(to)) = (op.x.first().copied(), op.y) else { return Ok(Lowered::NoKernel) };
    let dims = planner.dims(x);
    let axis = op.op.axis;
    let sizes = [dims[..axis].iter().product(), dims[axis], dims[axis + 1..].iter().product()];
    if !is_finite(from) {
        return Ok(Lowered::NoKernel);
    }
    let numbers: Vec<f32> = (0..=u8::MAX).map(|byte| stored(from).real(byte.into())).collect();
    let table = planner.add_weights(numbers);
    let shift = if from.dtype == DType::I8 { super::planner::I8_TO_U8 } else { 0 };
    let image = Image::plain(DType::F64, Size::of(&dims));
    let (view, result) = (planner.plain(x)?, planner.new_plain(y)?);
    let scratch = planner.new_temporary(image);
    let to = plain(Quantization { y: to, clip: op.clip, rounding: op.rounding });
    planner.push(y, QSoftmaxKernel { x: view, y: result, sizes, table, shift: shift.into(), scratch, to });
    Ok(Lowered::Done)
}

/// Whether all numbers that it stands for are finite.
pub(super) fn is_finite(q: QType) -> bool {
    q.limits().into_iter().all(|limit| q.real(limit).is_finite())
}

/// How bytes of plain values, or of blocks as they are stored, become numbers.
pub(super) fn dequantizing(q: QType) -> Dequantizing {
    Dequantizing { scale: q.scale, zero: q.zero, is_signed: q.dtype == DType::I8 }
}

/// How numbers become integers of plain values.
pub(super) fn plain(Quantization { y, clip, rounding }: Quantization) -> Quantizing {
    Quantizing { scale: y.scale, zero: y.zero, limits: clip.unwrap_or_else(|| y.limits()), rounding }
}

/// How numbers become bytes of blocks.
pub(super) fn in_blocks(result: Quantization) -> Quantizing {
    let (y, limits) = result.stored();
    Quantizing { scale: y.scale, zero: y.zero, limits, rounding: result.rounding }
}

/// What the integers of u8 or i8 stand for, by the constant scale and zero point behind a first operand; `None` if there
/// are several, or they are no such numbers.
fn qtype(planner: &Planner<'_>, operands: &[Value], dtype: DType) -> Result<Option<QType>, CompileError> {
    if !matches!(dtype, DType::U8 | DType::I8) {
        return Ok(None);
    }
    let Some(scales) = planner.constant(operands[1])? else { return Ok(None) };
    let zeros = match operands.get(2) {
        Some(&zero) => super::q_sums::bytes(planner, zero)?,
        None => Some(vec![0]),
    };
    let (&[scale], Some(&[zero])) = (&scales[..], zeros.as_deref()) else { return Ok(None) };
    let q = QType { dtype, scale, zero };
    Ok((scale.is_finite() && scale > 0.0 && is_finite(q)).then_some(q))
}
