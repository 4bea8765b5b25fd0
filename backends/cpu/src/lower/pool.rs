//! Pooling.

use std::ops::Range;

use firebrick_ir::ops::{Pool, PoolFn};
use firebrick_ir::{DType, NodeId, Value};

use super::planner::Planner;
use super::{Lowered, q_pool};
use crate::kernels::{Inside, PoolKernel, Windows};
use crate::plan::{Image, Size, View};
use crate::tile::PoolRow;
use crate::{CompileError, Isa};

/// Windows along a dimension beyond which there is no kernel: where each begins and ends is stored.
pub(super) const MAX_WINDOWS: usize = 1 << 20;

/// A pool along one dimension.
pub(super) struct Axis {
    kernel: usize,
    stride: usize,
    dilation: usize,
    /// Padding before and behind.
    pads: [usize; 2],
    input: usize,
    output: usize,
    /// Elements of memory from one to the next.
    step: usize,
}

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Pool) -> Result<Lowered, CompileError> {
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    let n_spatial = op.kernel.len();
    if matches!(planner.dtype(x), DType::U8 | DType::I8) {
        return q_pool::lower_max(planner, id, op);
    }
    let is_long = planner.dims(y).iter().skip(2).any(|&n| n > MAX_WINDOWS);
    if op.indices || !planner.is_all_f32(id) || !matches!(n_spatial, 1..=3) || is_long {
        return Ok(Lowered::NoKernel);
    }
    let (from, to) = if n_spatial == 3 { volumes(planner, x, y)? } else { views(planner, x, y)? };
    let [rows, columns] = Axis::of_planes(op, &from.image, &to.image);
    let counts_padding = op.count_include_pad;
    let axes = [rows, columns];
    let [Some(rows), Some(columns)] = axes.each_ref().map(|axis| axis.windows(planner, counts_padding)) else {
        return Err(CompileError::Memory);
    };
    let (input, output) = (from.image.size.c, to.image.size.c);
    let depth = (n_spatial == 3).then(|| Axis::of(op, 0, input, output, from.image.plane));
    let depth = match depth.map(|axis| axis.windows(planner, counts_padding)) {
        Some(None) => return Err(CompileError::Memory),
        Some(windows) => windows,
        None => None,
    };
    let inside = if op.function == PoolFn::Max && depth.is_none() { inside(planner, &axes, &from, &to) } else { None };
    planner.push(y, PoolKernel { function: op.function, x: from, y: to, depth, rows, columns, inside });
    Ok(Lowered::Done)
}

/// The windows of a row that are inside of the input, if there is a routine for them.
fn inside(planner: &mut Planner<'_>, [rows, columns]: &[Axis; 2], x: &View, y: &View) -> Option<Inside> {
    let lanes = planner.isa.lanes();
    let has_routine = match planner.isa {
        Isa::Avx512 | Isa::AvxVnni | Isa::Avx2 => x.image.block == lanes && y.image.block == lanes,
        Isa::Clif => false,
    };
    let is_dense = rows.dilation == 1 && columns.dilation == 1 && PoolRow::fits(columns.kernel);
    let bytes = |n: usize| i32::try_from(n.checked_mul(size_of::<f32>())?).ok();
    // Everything that a call reads is less than this away.
    bytes(x.image.row.checked_mul(rows.kernel.checked_add(1)?)?)?;
    if !has_routine || !is_dense {
        return None;
    }
    let range = columns.inside()?;
    let start = range.start * columns.stride - columns.pads[0];
    let lowest = planner.add_weights(std::iter::repeat_n(-f32::MAX, lanes));
    Some(Inside {
        x_start: i64::from(bytes(start * x.image.block)?),
        windows: PoolRow {
            n_windows: range.len(),
            kernel: [rows.kernel, columns.kernel],
            // Without a second window, a stride has no limit, and no meaning.
            stride: if range.len() == 1 { 1 } else { columns.stride },
            down: bytes(x.image.row)?,
            right: bytes(x.image.block)?,
            y: bytes(y.image.block)?,
        },
        columns: range,
        lowest,
    })
}

/// The mean of whole planes.
pub(super) fn mean_of_planes(planner: &mut Planner<'_>, x: Value, y: Value) -> Result<(), CompileError> {
    let (from, to) = views(planner, x, y)?;
    let size = from.image.size;
    let whole = |input: usize, step: usize| Axis {
        kernel: input,
        stride: 1,
        dilation: 1,
        pads: [0; 2],
        input,
        output: 1,
        step,
    };
    let axes = [whole(size.h, from.image.row), whole(size.w, from.image.block)];
    let [Some(rows), Some(columns)] = axes.map(|axis| axis.windows(planner, false)) else {
        return Err(CompileError::Memory);
    };
    planner.push(y, PoolKernel { function: PoolFn::Average, x: from, y: to, depth: None, rows, columns, inside: None });
    Ok(())
}

/// Operand and result in the layout that the operand has.
fn views(planner: &mut Planner<'_>, x: Value, y: Value) -> Result<(View, View), CompileError> {
    if planner.is_blocked(x) {
        Ok((planner.blocked(x)?, planner.new_blocked(y)?))
    } else {
        Ok((planner.plain(x)?, planner.new_plain(y)?))
    }
}

/// Operand and result as plain images, whose channels are the planes of one channel.
fn volumes(planner: &mut Planner<'_>, x: Value, y: Value) -> Result<(View, View), CompileError> {
    let image =
        |dims: &[usize]| Image::plain(DType::F32, Size { n: dims[0] * dims[1], c: dims[2], h: dims[3], w: dims[4] });
    let [from, to] = [x, y].map(|value| image(&planner.dims(value)));
    let (x, y) = (planner.plain(x)?, planner.new_plain(y)?);
    Ok((View { image: from, ..x }, View { image: to, ..y }))
}

impl Axis {
    /// The windows that padding has no part of; `None` if there is no such.
    fn inside(&self) -> Option<Range<usize>> {
        let [before, _] = self.pads;
        let last = before.checked_add(self.input)?.checked_sub(self.kernel)? / self.stride;
        let range = before.div_ceil(self.stride)..(last + 1).min(self.output);
        (!range.is_empty()).then_some(range)
    }

    /// A pool's dimension, with its sizes, and elements of memory from one to the next.
    fn of(op: &Pool, i: usize, input: usize, output: usize, step: usize) -> Self {
        Axis {
            kernel: op.kernel[i],
            stride: op.strides[i],
            dilation: op.dilations[i],
            pads: [op.pads[i], op.pads[op.kernel.len() + i]],
            input,
            output,
            step,
        }
    }

    /// A pool's last two dimensions; of one, the other is 1.
    pub(super) fn of_planes(op: &Pool, x: &Image, y: &Image) -> [Self; 2] {
        let n_spatial = op.kernel.len();
        let columns = Axis::of(op, n_spatial - 1, x.size.w, y.size.w, x.block);
        let rows = match n_spatial.checked_sub(2) {
            Some(i) => Axis::of(op, i, x.size.h, y.size.h, x.row),
            None => Axis { kernel: 1, stride: 1, dilation: 1, pads: [0; 2], input: 1, output: 1, step: x.row },
        };
        [rows, columns]
    }

    /// The table of windows; `None` if a plane is too large for it.
    fn windows(&self, planner: &mut Planner<'_>, counts_padding: bool) -> Option<Windows> {
        self.windows_of(planner, counts_padding, size_of::<f32>())
    }

    /// As [`windows`](Axis::windows), of elements of so many bytes.
    pub(super) fn windows_of(
        &self,
        planner: &mut Planner<'_>,
        counts_padding: bool,
        element: usize,
    ) -> Option<Windows> {
        let bytes = |n: usize| n.checked_mul(element);
        let mut table = Vec::new();
        for o in 0..self.output {
            let at = o * self.stride; // counted from the beginning of the padding
            let taps_before = |limit: usize| limit.saturating_sub(at).div_ceil(self.dilation).min(self.kernel);
            let [before, behind] = self.pads;
            let first = taps_before(before);
            let n_real = taps_before(before.saturating_add(self.input)).saturating_sub(first);
            let n_counted = if counts_padding {
                taps_before(before.saturating_add(self.input).saturating_add(behind))
            } else {
                n_real
            };
            let start = if n_real == 0 { 0 } else { at + first * self.dilation - before };
            let start = u32::try_from(bytes(start.checked_mul(self.step)?)?).ok()?;
            let n_real = u32::try_from(n_real).ok()?;
            // A mean of nothing is 0 by any number.
            table.extend([f32::from_bits(start), f32::from_bits(n_real), n_counted.max(1) as f32]);
        }
        // Without a second element, a dilation has no limit, and no meaning.
        let dilation = if self.kernel == 1 { 0 } else { self.dilation };
        let step = i64::try_from(bytes(dilation.checked_mul(self.step)?)?).ok()?;
        Some(Windows { table: planner.add_weights(table), step })
    }
}
