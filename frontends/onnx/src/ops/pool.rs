//! Pooling.

use firebrick_ir::ops::{Binary, BinaryFn, Cast, Pool, PoolFn};
use firebrick_ir::{DType, Tensor, Value};

use super::windows::Windows;
use super::{NodeContext, Outputs, Stop};

/// MaxPool: the largest element of each window and, as a second output, its index in the whole input.
pub(super) fn max_pool(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let column_major = ctx.flag("storage_order", false)?;
    let x = ctx.input(0)?;
    let indices = ctx.is_used(1);
    let op = Pool { indices, ..read(ctx, x, PoolFn::Max)? };
    let dtype = ctx.ty(x).dtype;
    let is_pooled = dtype.is_float() || matches!(dtype, DType::I8 | DType::U8);
    let widened = if is_pooled { x } else { ctx.op("wide", Cast::to(DType::F32), &[x])? };
    let pooled =
        if indices { ctx.op_n(&["pool", "place"], op, &[widened])? } else { vec![ctx.op("pool", op, &[widened])?] };
    let largest = if is_pooled { pooled[0] } else { ctx.op("narrow", Cast::to(dtype), &[pooled[0]])? };
    let Some(&place) = pooled.get(1) else { return Ok(vec![largest.into()]) };
    let place = if column_major { by_columns(ctx, x, place)? } else { place };
    Ok(vec![largest.into(), in_whole(ctx, x, place)?.into()])
}

/// AveragePool: the mean of each window.
pub(super) fn average_pool(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let count_include_pad = ctx.flag("count_include_pad", false)?;
    let x = ctx.input(0)?;
    let op = Pool { count_include_pad, ..read(ctx, x, PoolFn::Average)? };
    Ok(vec![ctx.op("pool", op, &[x])?.into()])
}

/// GlobalAveragePool: the mean of each plane.
pub(super) fn global_average_pool(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    global(ctx, PoolFn::Average)
}

/// GlobalMaxPool: the largest element of each plane.
pub(super) fn global_max_pool(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    global(ctx, PoolFn::Max)
}

fn global(ctx: &mut NodeContext<'_, '_>, function: PoolFn) -> Outputs {
    let x = ctx.input(0)?;
    Ok(vec![planes(ctx, x, function)?.into()])
}

/// Each plane as one window.
pub(super) fn planes(ctx: &mut NodeContext<'_, '_>, x: Value, function: PoolFn) -> Result<Value, Stop> {
    let n = ctx.rank(x).saturating_sub(2);
    let sizes = (0..n).map(|i| Ok(usize::try_from(ctx.dim(x, i + 2)?).unwrap_or(usize::MAX)));
    let op = Pool {
        function,
        kernel: sizes.collect::<Result<_, Stop>>()?,
        strides: vec![1; n],
        pads: vec![0; n * 2],
        dilations: vec![1; n],
        ceil: false,
        count_include_pad: false,
        indices: false,
    };
    ctx.op("pool", op, &[x])
}

/// The attributes that all pools have.
pub(super) fn read(ctx: &mut NodeContext<'_, '_>, x: Value, function: PoolFn) -> Result<Pool, Stop> {
    let windows = Windows::read(ctx, None)?;
    let ceil = ctx.flag("ceil_mode", false)?;
    let pads = windows.pads(ctx, x)?;
    let Windows { kernel, strides, dilations, .. } = windows;
    Ok(Pool { function, kernel, strides, pads, dilations, ceil, count_include_pad: false, indices: false })
}

/// The place in a plane, counted column by column (`storage_order` 1), of a place counted row by row.
fn by_columns(ctx: &mut NodeContext<'_, '_>, x: Value, place: Value) -> Result<Value, Stop> {
    let &[_, _, height, width] = &ctx.dims(x)?[..] else {
        return Err(ctx.attribute_problem("storage_order", "`storage_order` 1 is for two spatial dimensions"));
    };
    let [height, width] = [height, width].map(|n| Tensor::scalar(i64::try_from(n).unwrap_or(i64::MAX)));
    let (height, width) = (ctx.constant("height", height)?, ctx.constant("width", width)?);
    let row = ctx.binary(BinaryFn::Div, place, width)?;
    let before = ctx.binary(BinaryFn::Mul, row, width)?;
    let column = ctx.binary(BinaryFn::Sub, place, before)?;
    let columns = ctx.binary(BinaryFn::Mul, column, height)?;
    ctx.binary(BinaryFn::Add, columns, row)
}

/// The index in the whole input of a place in a plane.
fn in_whole(ctx: &mut NodeContext<'_, '_>, x: Value, place: Value) -> Result<Value, Stop> {
    let dims = ctx.dims(x)?;
    let (outer, inner) = dims.split_at(2);
    let sizes: Vec<usize> = outer.iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
    let plane = inner.iter().copied().fold(1, u64::saturating_mul);
    let n_planes = outer.iter().copied().fold(1, u64::saturating_mul);
    if n_planes > 1 << 25 {
        return Err(ctx.problem(format!("{n_planes} planes are too many to count through")));
    }
    let offsets = (0..n_planes).map(|i| i64::try_from(i.saturating_mul(plane)).unwrap_or(i64::MAX)).collect();
    let shape: Vec<usize> = sizes.into_iter().chain(inner.iter().map(|_| 1)).collect();
    let offsets = Tensor::from_vec::<i64>(&shape, offsets).map_err(|error| ctx.problem(error.to_string()))?;
    let offsets = ctx.constant("offset", offsets)?;
    ctx.op("index", Binary(BinaryFn::Add), &[place, offsets])
}
