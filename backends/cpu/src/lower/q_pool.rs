//! Pooling of quantized values.

use firebrick_ir::ops::{Pool, PoolFn, QPool, QType};
use firebrick_ir::{NodeId, Value};

use super::Lowered;
use super::planner::{Planner, stored};
use super::pool::{Axis, MAX_WINDOWS};
use super::q_sums::Result as Quantization;
use super::quantize::{in_blocks, is_finite};
use crate::CompileError;
use crate::kernels::{BytePool, BytePoolFn};

/// Elements of a window whose sums are exact in f64: f32 that are up to 255 times as large as each other.
pub(super) const MAX_WINDOW: usize = 1 << 20;

/// The maximum of bytes, in blocks.
pub(super) fn lower_max(planner: &mut Planner<'_>, id: NodeId, op: &Pool) -> Result<Lowered, CompileError> {
    if op.function != PoolFn::Max || op.indices {
        return Ok(Lowered::NoKernel);
    }
    push(planner, id, op, BytePoolFn::Max)
}

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &QPool) -> Result<Lowered, CompileError> {
    let n_elements = op.op.kernel.iter().fold(1usize, |n, &k| n.saturating_mul(k));
    if op.op.function != PoolFn::Average || n_elements > MAX_WINDOW {
        return Ok(Lowered::NoKernel);
    }
    let (Some(&x), Some(y)) = (op.x.first(), op.y) else { return Ok(Lowered::NoKernel) };
    if !is_finite(x) {
        return Ok(Lowered::NoKernel);
    }
    let mean = mean(planner, x, Quantization { y, clip: op.clip, rounding: op.rounding });
    push(planner, id, &op.op, mean)
}

/// How windows of bytes are averaged, whose numbers are finite.
pub(super) fn mean(planner: &mut Planner<'_>, x: QType, result: Quantization) -> BytePoolFn {
    let to = in_blocks(result);
    let numbers = (0..=u8::MAX).map(|byte| f64::from(stored(x).real(byte.into())));
    let words = numbers.flat_map(|number| {
        let [a, b, c, d, e, f, g, h] = number.to_ne_bytes();
        [[a, b, c, d], [e, f, g, h]].map(u32::from_ne_bytes)
    });
    let table = planner.add_words(words.collect::<Vec<_>>());
    BytePoolFn::Mean { table, to }
}

/// Adds the step of a pool.
pub(super) fn push(
    planner: &mut Planner<'_>,
    id: NodeId,
    op: &Pool,
    function: BytePoolFn,
) -> Result<Lowered, CompileError> {
    if planner.dims(Value { node: id, port: 0 }).iter().skip(2).any(|&n| n > MAX_WINDOWS) {
        return Ok(Lowered::NoKernel);
    }
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    if !matches!(op.kernel.len(), 1 | 2) {
        return Ok(Lowered::NoKernel);
    }
    let (from, to) = (planner.blocked(x)?, planner.new_blocked(y)?);
    let axes = Axis::of_planes(op, &from.image, &to.image);
    let [Some(rows), Some(columns)] = axes.map(|axis| axis.windows_of(planner, op.count_include_pad, 1)) else {
        return Err(CompileError::Memory);
    };
    planner.push(y, BytePool { function, x: from, y: to, rows, columns });
    Ok(Lowered::Done)
}
