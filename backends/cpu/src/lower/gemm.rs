//! Products of a matrix and constant weights: rows are pixels, columns are channels.

use firebrick_ir::ops::{Epilogue, FusedGemm, Gemm};
use firebrick_ir::{DType, NodeId, Value};

use super::Lowered;
use super::cover::{Pixels, cover};
use super::epilogue::{Parts, Tiles};
use super::planner::Planner;
use crate::CompileError;
use crate::emit::as_imm;
use crate::kernels::{Class, Direct, Relayout, Steps};
use crate::plan::{Halo, Image, Size, View};
use crate::tile::{Level, Nest, Operand};

/// Elements of a matrix beyond which displacements might not fit 32 bits.
const MAX_ELEMENTS: usize = 1 << 28;

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Gemm) -> Result<Lowered, CompileError> {
    lower_with(planner, id, op, &planner.graph.operands(id), (&Epilogue::default(), &[]))
}

pub(super) fn lower_fused(planner: &mut Planner<'_>, id: NodeId, op: &FusedGemm) -> Result<Lowered, CompileError> {
    let all = planner.graph.operands(id);
    let (operands, others) = op.split(&all);
    lower_with(planner, id, &op.op, operands, (&op.epilogue, others))
}

fn lower_with(
    planner: &mut Planner<'_>,
    id: NodeId,
    op: &Gemm,
    operands: &[Value],
    (epilogue, others): (&Epilogue, &[Value]),
) -> Result<Lowered, CompileError> {
    let (x, y) = (operands[0], Value { node: id, port: 0 });
    let ([m, n], k) = match planner.dims(y)[..] {
        [m, n] => ([m, n], planner.dims(x).iter().product::<usize>() / m),
        _ => return Ok(Lowered::NoKernel),
    };
    let is_small = |rows: usize| rows.saturating_mul(k.max(n)) < MAX_ELEMENTS;
    if op.trans_a || !planner.is_all_f32(id) || !is_small(m) || !is_small(n) {
        return Ok(Lowered::NoKernel);
    }
    let Some(weights) = planner.constant(operands[1])? else { return Ok(Lowered::NoKernel) };
    let Some(bias) = bias(planner, operands.get(2).copied(), n)? else { return Ok(Lowered::NoKernel) };
    // The result's rows may be filled up, so that only what follows can add another value.
    let Some(parts) = Parts::of(planner, epilogue, others, y, Tiles::Unary)? else { return Ok(Lowered::NoKernel) };

    let from = planner.plain(x)?;
    let image = Planner::image(DType::F32, Size { n: m, c: n, h: 1, w: 1 }, planner.isa.lanes(), Halo::default())?;
    // Rows are filled up to whole vectors, which is as they should be if they have whole ones.
    let to = if image.is_plain() { View { image, ..planner.new_plain(y)? } } else { planner.new_temporary(image) };
    let weight = |row: usize, column: usize| {
        let at = if op.trans_b { column * k + row } else { row * n + column };
        if column < n { weights[at] } else { 0.0 }
    };
    let kernel = Direct { finish: parts.finish.clone(), ..direct(planner, from, to, [m, n, k], &weight, &bias) };
    planner.push(y, kernel);
    if !image.is_plain() {
        let plain = View { image: Image::plain(DType::F32, image.size), ..planner.new_plain(y)? };
        planner.push(y, Relayout { x: to, y: plain });
    }
    let view = planner.plain(y)?;
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

fn direct(
    planner: &mut Planner<'_>,
    x: View,
    y: View,
    [m, n, k]: [usize; 3],
    weight: &dyn Fn(usize, usize) -> f32,
    bias: &[f32],
) -> Direct {
    let lanes = planner.isa.lanes();
    let bytes = |n: usize| as_imm(n * size_of::<f32>());
    let total = n.div_ceil(lanes);
    let x_steps = Steps { image: 0, down: 0, right: bytes(k), vector: 0 };
    let y_steps = Steps { image: 0, down: 0, right: bytes(total * lanes), vector: bytes(lanes) };
    let pixels = Pixels { h: 1, w: m, is_flat: true };
    let (n_vectors, rows) = cover(planner.isa, Operand::Broadcast, total, usize::MAX, pixels);
    let level = Level { n: u32::try_from(k).expect("matrices are checked to be small"), step: 4 };
    let nests = vec![Nest { start: 0, levels: vec![level] }];

    let mut packed = Vec::with_capacity(total * lanes * k);
    let mut classes: Vec<Class> = Vec::new();
    for (first, count) in [(0, total / n_vectors), (total / n_vectors * n_vectors, usize::from(total % n_vectors > 0))]
    {
        let width = n_vectors.min(total - first);
        if count > 0 {
            let weights = packed.len();
            classes.push(Class {
                first_vector: first,
                n_tiles: count,
                n_vectors: width,
                nests: nests.clone(),
                x_start: 0,
                x_step: 0,
                weights,
            });
        }
        for tile in 0..count {
            let start = (first + tile * width) * lanes;
            for row in 0..k {
                packed.extend((start..start + width * lanes).map(|column| weight(row, column)));
            }
        }
    }
    let start = planner.add_weights(packed);
    classes.iter_mut().for_each(|class| class.weights += start);
    Direct {
        name: "gemm",
        x,
        y,
        x_offset: 0,
        x_steps,
        y_steps,
        n_images: 1,
        operand: Operand::Broadcast,
        residual: None,
        finish: Vec::new(),
        classes,
        rows,
        bias: planner.add_channels(bias),
    }
}
