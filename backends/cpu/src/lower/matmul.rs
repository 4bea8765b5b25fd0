//! Products of stacks of matrices.

use firebrick_ir::{NodeId, Value};

use super::planner::Planner;
use super::product::{Left, Product, Right};
use super::{Lowered, broadcast, moves};
use crate::CompileError;
use crate::emit::as_imm;
use crate::plan::View;

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId) -> Result<Lowered, CompileError> {
    let [a, b] = planner.graph.operands(id)[..] else { return Ok(Lowered::NoKernel) };
    let y = Value { node: id, port: 0 };
    let dims = planner.dims(y);
    let (stack, matrix) = dims.split_at(dims.len() - 2);
    let n_matrices: usize = stack.iter().product();
    let k = planner.dims(a).last().copied().unwrap_or(1);
    let product = Product { stack: n_matrices, m: matrix[0], k, n: matrix[1] };
    // One second factor for all: the rows of all first ones are those of one matrix.
    let b_dims = planner.dims(b);
    let is_one =
        b_dims[..b_dims.len() - 2].iter().all(|&n| n == 1) && planner.dims(a)[..] == [stack, &[product.m, k]].concat();
    let product = if is_one { Product { stack: 1, m: n_matrices * product.m, ..product } } else { product };
    if !planner.is_all_f32(id) || !product.is_small() {
        return Ok(Lowered::NoKernel);
    }
    let bias = vec![0.0; product.n];
    let row_and_column = moves::steps(&[k, product.n], size_of::<f32>());
    if is_one && let Some(numbers) = planner.numbers(b)? {
        let left = Left { view: planner.plain(a)?, step: 0 };
        let right = Right::Constant { numbers, row: product.n, column: 1 };
        product.push(planner, y, (left, right), &bias, Vec::new())?;
        return Ok(Lowered::Done);
    }
    let (left, right) = if is_one {
        ((planner.plain(a)?, 0), (planner.plain(b)?, 0))
    } else {
        (stacked(planner, y, a, stack)?, stacked(planner, y, b, stack)?)
    };
    let left = Left { view: left.0, step: left.1 };
    let right = Right::Computed { view: right.0, matrix: right.1, row: row_and_column[0], column: row_and_column[1] };
    product.push(planner, y, (left, right), &bias, Vec::new())?;
    Ok(Lowered::Done)
}

/// An operand's matrices with the bytes from one to the next; copied if they are repeated in part.
fn stacked(planner: &mut Planner<'_>, y: Value, x: Value, stack: &[usize]) -> Result<(View, i64), CompileError> {
    let dims = planner.dims(x);
    let (own, matrix) = dims.split_at(dims.len() - 2);
    let size: usize = matrix.iter().product();
    if own.iter().all(|&n| n == 1) {
        return Ok((planner.plain(x)?, 0));
    }
    let whole = [stack, matrix].concat();
    let ones = stack.iter().take_while(|&&n| n == 1).count();
    let is_whole = own.iter().rev().eq(stack.iter().rev().take(own.len())) && ones >= stack.len() - own.len();
    let view = if is_whole { planner.plain(x)? } else { broadcast::copy(planner, y, x, &whole)? };
    Ok((view, as_imm(size * size_of::<f32>())))
}
