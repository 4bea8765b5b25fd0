//! Elementwise functions of elements of any type.

use firebrick_ir::Value;

use super::broadcast::padded;
use super::planner::Planner;
use super::{Lowered, moves};
use crate::CompileError;
use crate::kernels::{Elements, Function, Strided};

/// Adds the step that computes the plain value `y` of operands that are broadcast to it.
pub(super) fn push(
    planner: &mut Planner<'_>,
    y: Value,
    function: Function,
    operands: &[Value],
) -> Result<Lowered, CompileError> {
    let dims = planner.dims(y);
    let mut strided = Vec::new();
    for &operand in operands {
        let own = padded(&planner.dims(operand), dims.len());
        let steps = moves::steps(&own, planner.dtype(operand).size());
        let steps =
            steps.into_iter().zip(own.iter().zip(&dims)).map(|(step, (own, n))| if own == n { step } else { 0 });
        strided.push(Strided { steps: steps.collect(), view: planner.plain(operand)? });
    }
    let (sizes, operands) = merged(&dims, strided);
    let view = planner.new_plain(y)?;
    planner.push(y, Elements { function, operands, y: view, sizes });
    Ok(Lowered::Done)
}

/// The same with dimensions made one that continue each other in all operands.
fn merged(dims: &[usize], mut operands: Vec<Strided>) -> (Vec<usize>, Vec<Strided>) {
    let steps: Vec<Vec<i64>> = operands.iter_mut().map(|operand| std::mem::take(&mut operand.steps)).collect();
    let mut sizes: Vec<usize> = Vec::new();
    for (dim, &n) in dims.iter().enumerate().filter(|(_, n)| **n != 1) {
        let extent = i64::try_from(n).unwrap_or(i64::MAX);
        let continues = !sizes.is_empty()
            && operands.iter().zip(&steps).all(|(operand, steps)| {
                operand.steps.last().is_some_and(|outer| Some(*outer) == steps[dim].checked_mul(extent))
            });
        match sizes.last_mut() {
            Some(last) if continues => *last *= n,
            Some(_) | None => sizes.push(n),
        }
        for (operand, steps) in operands.iter_mut().zip(&steps) {
            if continues {
                operand.steps.pop();
            }
            operand.steps.push(steps[dim]);
        }
    }
    if sizes.is_empty() {
        sizes.push(1);
        operands.iter_mut().for_each(|operand| operand.steps.push(0));
    }
    (sizes, operands)
}
