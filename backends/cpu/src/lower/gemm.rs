//! Products of two matrices.

use firebrick_ir::ops::{BinaryFn, Epilogue, Gemm};
use firebrick_ir::{NodeId, Value};

use super::epilogue::{Parts, Tiles};
use super::planner::Planner;
use super::product::{Left, Product, Right};
use super::{Lowered, moves};
use crate::CompileError;
use crate::emit::as_imm;
use crate::kernels::{Axis, Move, Origin, Way};
use crate::plan::{Image, Size, View};

pub(super) fn lower(
    planner: &mut Planner<'_>,
    id: NodeId,
    op: &Gemm,
    operands: &[Value],
    (epilogue, others): (&Epilogue, &[Value]),
) -> Result<Lowered, CompileError> {
    let (a, b, y) = (operands[0], operands[1], Value { node: id, port: 0 });
    let [m, n] = planner.dims(y)[..] else { return Ok(Lowered::NoKernel) };
    let product = Product { stack: 1, m, k: planner.dims(a).iter().product::<usize>() / m, n };
    if !planner.is_all_f32(id) || !product.is_small() {
        return Ok(Lowered::NoKernel);
    }
    let bias = bias(planner, operands.get(2).copied(), n)?;
    // What is no number for each column is added before anything else is done; and the result's rows may be filled up,
    // so that only what follows can add another value.
    let tiles = if bias.is_some() { Tiles::Unary } else { Tiles::None };
    let Some(mut parts) = Parts::of(planner, epilogue, others, y, tiles) else { return Ok(Lowered::NoKernel) };
    if let (None, Some(&added)) = (&bias, operands.get(2)) {
        parts.begin_with(BinaryFn::Add, added);
    }
    let bias = bias.unwrap_or_else(|| vec![0.0; n]);
    let view = if op.trans_a { transposed(planner, y, a, product)? } else { planner.plain(a)? };
    let left = Left { view, step: 0 };
    let finish = parts.finish.clone();
    let view = if let Some(numbers) = planner.numbers(b)? {
        let (row, column) = if op.trans_b { (1, product.k) } else { (n, 1) };
        product.push(planner, y, (left, Right::Constant { numbers, row, column }), &bias, finish)?
    } else {
        let steps = moves::steps(&planner.dims(b), size_of::<f32>());
        let (row, column) = if op.trans_b { (steps[1], steps[0]) } else { (steps[0], steps[1]) };
        let right = Right::Computed { view: planner.plain(b)?, matrix: 0, row, column };
        product.push(planner, y, (left, right), &bias, finish)?
    };
    parts.push_rest(planner, y, view)?;
    Ok(Lowered::Done)
}

/// A number for each column; `None` if what is added is no constant of that kind.
fn bias(planner: &Planner<'_>, value: Option<Value>, n: usize) -> Result<Option<Vec<f32>>, CompileError> {
    let Some(value) = value else { return Ok(Some(vec![0.0; n])) };
    let Some(elements) = planner.constant(value)? else { return Ok(None) };
    let is_row = planner.dims(value).last() == Some(&n) && elements.len() == n;
    Ok(match elements[..] {
        [number] => Some(vec![number; n]),
        _ if is_row => Some(elements),
        _ => None,
    })
}

/// A copy of the first factor with its rows where columns are.
pub(super) fn transposed(
    planner: &mut Planner<'_>,
    y: Value,
    a: Value,
    product: Product,
) -> Result<View, CompileError> {
    let Product { m, k, .. } = product;
    let from = planner.plain(a)?;
    let dtype = planner.dtype(a);
    let to = planner.new_temporary(Image::plain(dtype, Size { n: 1, c: 1, h: m, w: k }));
    let bytes = |n: usize| as_imm(n * dtype.size());
    let axes = [Axis { n: m, x: Way::Step(bytes(1)), y: bytes(k) }, Axis { n: k, x: Way::Step(bytes(m)), y: bytes(1) }];
    planner.push(y, Move::new("transpose", (Origin::View(from), 0), to, dtype.size(), axes));
    Ok(to)
}
