//! Normalisation with known statistics, in the order of its definition.

use firebrick_ir::ops::{BatchNorm, BinaryFn};
use firebrick_ir::{NodeId, Value};

use super::planner::Planner;
use super::{Lowered, unary};
use crate::CompileError;
use crate::kernels::{MapOp, Other};

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &BatchNorm) -> Result<Lowered, CompileError> {
    let operands = planner.graph.operands(id);
    let x = operands[0];
    if !planner.is_all_f32(id) || !matches!(planner.dims(x).len(), 3 | 4) {
        return Ok(Lowered::NoKernel);
    }
    let mut statistics = Vec::new();
    for &operand in &operands[1..] {
        statistics.extend(planner.constant(operand)?);
    }
    let [scale, bias, mean, variance] = &statistics[..] else { return Ok(Lowered::NoKernel) };
    let factor = |(&scale, &variance): (&f32, &f32)| {
        (f64::from(scale) / (f64::from(variance) + f64::from(op.epsilon)).sqrt()) as f32
    };
    let factors: Vec<f32> = scale.iter().zip(variance).map(factor).collect();
    // Taking the mean away first keeps the digits that a difference of large numbers would lose.
    let chain = [(BinaryFn::Sub, mean), (BinaryFn::Mul, &factors), (BinaryFn::Add, bias)];
    let ops = chain.map(|(function, numbers)| MapOp::Binary {
        function,
        other: Other::Channels(planner.add_channels(numbers)),
        is_second: false,
    });
    unary::map(planner, x, Value { node: id, port: 0 }, ops.to_vec())?;
    Ok(Lowered::Done)
}
