//! Reductions of quantized values. The mean of planes is global average pooling.

use firebrick_ir::ops::{Pool, PoolFn, QReduce, QType, ReduceFn};
use firebrick_ir::{DType, NodeId, Value};

use super::Lowered;
use super::planner::Planner;
use super::q_pool::{self, MAX_WINDOW};
use super::q_sums::Result as Quantization;
use super::quantize::{dequantizing, is_finite, plain};
use super::reduce;
use crate::CompileError;
use crate::kernels::{DequantizeKernel, QuantizeKernel};
use crate::plan::Image;

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &QReduce) -> Result<Lowered, CompileError> {
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    let (Some(&x_type), Some(y_type)) = (op.x.first(), op.y) else { return Ok(Lowered::NoKernel) };
    let dims = planner.dims(x);
    let group: usize = op.op.axes.iter().map(|&axis| dims[axis]).product();
    if !is_finite(x_type) || !is_exact(op.op.function) || group > MAX_WINDOW {
        return Ok(Lowered::NoKernel);
    }
    let result = Quantization { y: y_type, clip: op.clip, rounding: op.rounding };
    let mut axes = op.op.axes.clone();
    axes.sort_unstable();
    if op.op.function == ReduceFn::Mean && op.op.keep_dims && axes == [2, 3] && dims.len() == 4 {
        return mean_of_planes(planner, id, [dims[2], dims[3]], x_type, result);
    }
    // As numbers, whose sums in f64 are exact.
    let from = planner.plain(x)?;
    let [numbers, reduced] = [x, y].map(|value| planner.new_temporary(Image::plain(DType::F32, planner.size(value))));
    planner.push(y, DequantizeKernel { x: from, y: numbers, from: dequantizing(x_type) });
    reduce::push(planner, y, &op.op, &dims, (numbers, reduced));
    let to = planner.new_plain(y)?;
    planner.push(y, QuantizeKernel { x: reduced, y: to, to: plain(result) });
    Ok(Lowered::Done)
}

/// Whether a function's result does not depend on the order of elements, of which there are not too many.
fn is_exact(function: ReduceFn) -> bool {
    match function {
        ReduceFn::L1 | ReduceFn::Max | ReduceFn::Mean | ReduceFn::Min | ReduceFn::Sum => true,
        ReduceFn::L2 | ReduceFn::LogSum | ReduceFn::LogSumExp | ReduceFn::Prod | ReduceFn::SumSquare => false,
    }
}

fn mean_of_planes(
    planner: &mut Planner<'_>,
    id: NodeId,
    size: [usize; 2],
    x: QType,
    result: Quantization,
) -> Result<Lowered, CompileError> {
    let pool = Pool {
        function: PoolFn::Average,
        kernel: size.to_vec(),
        strides: vec![1, 1],
        pads: vec![0; 4],
        dilations: vec![1, 1],
        ceil: false,
        count_include_pad: false,
        indices: false,
    };
    let mean = q_pool::mean(planner, x, result);
    q_pool::push(planner, id, &pool, mean)
}
