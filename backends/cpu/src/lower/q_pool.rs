//! Pooling of quantized values.

use firebrick_ir::ops::{Pool, PoolFn, QPool, QReduce, QType, ReduceFn};
use firebrick_ir::{NodeId, Value};

use super::Lowered;
use super::planner::{Planner, stored};
use super::pool::{Axis, MAX_WINDOWS};
use super::q_sums::Result as Quantization;
use super::quantize::{in_blocks, is_finite};
use crate::CompileError;
use crate::kernels::{BytePool, BytePoolFn};

/// Elements of a window whose sums are exact in f64: f32 that are up to 255 times as large as each other.
const MAX_WINDOW: usize = 1 << 20;

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
    match mean(planner, op.x.first().copied(), op.y, |y| Quantization { y, clip: op.clip, rounding: op.rounding }) {
        Some(mean) => push(planner, id, &op.op, mean),
        None => Ok(Lowered::NoKernel),
    }
}

/// The mean of planes.
pub(super) fn lower_reduce(planner: &mut Planner<'_>, id: NodeId, op: &QReduce) -> Result<Lowered, CompileError> {
    let dims = planner.dims(planner.graph.operands(id)[0]);
    let mut axes = op.op.axes.clone();
    axes.sort_unstable();
    let &[_, _, h, w] = &dims[..] else { return Ok(Lowered::NoKernel) };
    let is_mean_of_planes = op.op.function == ReduceFn::Mean && op.op.keep_dims && axes == [2, 3];
    if !is_mean_of_planes || h.saturating_mul(w) > MAX_WINDOW {
        return Ok(Lowered::NoKernel);
    }
    let pool = Pool {
        function: PoolFn::Average,
        kernel: vec![h, w],
        strides: vec![1, 1],
        pads: vec![0; 4],
        dilations: vec![1, 1],
        ceil: false,
        count_include_pad: false,
        indices: false,
    };
    match mean(planner, op.x.first().copied(), op.y, |y| Quantization { y, clip: op.clip, rounding: op.rounding }) {
        Some(mean) => push(planner, id, &pool, mean),
        None => Ok(Lowered::NoKernel),
    }
}

fn mean(
    planner: &mut Planner<'_>,
    x: Option<QType>,
    y: Option<QType>,
    quantization: impl Fn(QType) -> Quantization,
) -> Option<BytePoolFn> {
    let x = x.filter(|&x| is_finite(x))?;
    let to = in_blocks(quantization(y?));
    let numbers = (0..=u8::MAX).map(|byte| f64::from(stored(x).real(byte.into())));
    let words = numbers.flat_map(|number| {
        let [a, b, c, d, e, f, g, h] = number.to_ne_bytes();
        [[a, b, c, d], [e, f, g, h]].map(u32::from_ne_bytes)
    });
    let table = planner.add_words(words.collect::<Vec<_>>());
    Some(BytePoolFn::Mean { table, to })
}

fn push(planner: &mut Planner<'_>, id: NodeId, op: &Pool, function: BytePoolFn) -> Result<Lowered, CompileError> {
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
