//! Products of quantized matrices: of constant columns by tiles, of computed ones term by term.

use firebrick_ir::ops::{QGemm, QMatMul, QType};
use firebrick_ir::{DType, NodeId, Value};

use super::conv::{Classes, Unit};
use super::cover::{Pixels, Registers, cover};
use super::planner::{Planner, stored};
use super::product::Product;
use super::q_sums::{self, Result as Quantization, Scaling, Sums};
use super::quantize::plain;
use super::{Lowered, broadcast, gemm, moves};
use crate::CompileError;
use crate::emit::as_imm;
use crate::kernels::{ByteMatrix, ByteProducts, Channels, Direct, Order, Packed, Steps};
use crate::plan::{Halo, Image, Size, View};
use crate::tile::{Arithmetic, CHANNELS, Level, Nest, Operand, QUAD};

pub(super) fn lower_gemm(planner: &mut Planner<'_>, id: NodeId, op: &QGemm) -> Result<Lowered, CompileError> {
    let (operands, y) = (planner.graph.operands(id), Value { node: id, port: 0 });
    let [m, n] = planner.dims(y)[..] else { return Ok(Lowered::NoKernel) };
    let k = planner.dims(operands[0]).iter().product::<usize>() / m;
    let product = Product { stack: 1, m, k, n };
    if !product.is_small() {
        return Ok(Lowered::NoKernel);
    }
    let result = op.y.map(|y| Quantization { y, clip: op.clip, rounding: op.rounding });
    let quantized = Quantized { node: id, x: op.x[0], product, result };
    let trans_a = op.op.trans_a;
    let rows = |planner: &mut Planner<'_>| {
        if trans_a { gemm::transposed(planner, y, operands[0], product) } else { planner.plain(operands[0]) }
    };
    if let Some(sums) = Sums::of(planner, &operands, n)? {
        let (down, right) = if op.op.trans_b { (1, k) } else { (n, 1) };
        let weights = sums.weights(|i| i / right % n);
        return quantized.push(planner, rows, &sums.scaling, |row, column| weights[row * down + column * right]);
    }
    let Some(scaling) = Scaling::of(planner, &operands, n)? else { return Ok(Lowered::NoKernel) };
    let (row, column) = if op.op.trans_b { (1, as_imm(k)) } else { (as_imm(n), 1) };
    let Some(channels) = quantized.channels(planner, &scaling) else { return Ok(Lowered::NoKernel) };
    let x = ByteMatrix { view: rows(planner)?, steps: Vec::new(), row: as_imm(k), column: 1 };
    let w = ByteMatrix { view: planner.plain(operands[1])?, steps: Vec::new(), row, column };
    quantized.push_computed(planner, [x, w], Vec::new(), channels)
}

pub(super) fn lower_matmul(planner: &mut Planner<'_>, id: NodeId, op: &QMatMul) -> Result<Lowered, CompileError> {
    let (operands, y) = (planner.graph.operands(id), Value { node: id, port: 0 });
    let dims = planner.dims(y);
    let (stack, matrix) = dims.split_at(dims.len() - 2);
    let (a, b) = (planner.dims(operands[0]), planner.dims(operands[1]));
    let (m, k, n) = (matrix[0], a[a.len() - 1], matrix[1]);
    // One second factor for all: the rows of all first ones are those of one matrix.
    let is_one = b[..b.len() - 2].iter().all(|&n| n == 1) && a[..] == [stack, &[m, k]].concat();
    let (stack, m) = if is_one { (&[][..], stack.iter().product::<usize>() * m) } else { (stack, m) };
    let product = Product { stack: stack.iter().product(), m, k, n };
    if !product.is_small() {
        return Ok(Lowered::NoKernel);
    }
    let result = op.y.map(|y| Quantization { y, clip: op.clip, rounding: op.rounding });
    let quantized = Quantized { node: id, x: op.x[0], product, result };
    if is_one && let Some(sums) = Sums::of(planner, &operands, n)? {
        let weights = sums.weights(|i| i % n);
        let rows = |planner: &mut Planner<'_>| planner.plain(operands[0]);
        return quantized.push(planner, rows, &sums.scaling, |row, column| weights[row * n + column]);
    }
    let Some(scaling) = Scaling::of(planner, &operands, n)? else { return Ok(Lowered::NoKernel) };
    let Some(channels) = quantized.channels(planner, &scaling) else { return Ok(Lowered::NoKernel) };
    let mut matrix = |value: Value, own: &[usize], row: usize| -> Result<ByteMatrix, CompileError> {
        let own = broadcast::padded(own, stack.len() + 2);
        let own = &own[own.len() - 2 - stack.len()..];
        let steps = moves::steps(own, 1).into_iter().zip(own.iter().zip(stack));
        let steps = steps.map(|(step, (own, n))| if own == n { step } else { 0 }).collect();
        Ok(ByteMatrix { view: planner.plain(value)?, steps, row: as_imm(row), column: 1 })
    };
    let matrices = [matrix(operands[0], &a, k)?, matrix(operands[1], &b, n)?];
    quantized.push_computed(planner, matrices, stack.to_vec(), channels)
}

/// A product of bytes, and what becomes of it.
#[derive(Clone, Copy)]
struct Quantized {
    node: NodeId,
    x: QType,
    product: Product,
    result: Option<Quantization>,
}

impl Quantized {
    fn y(&self) -> Value {
        Value { node: self.node, port: 0 }
    }

    /// The result's elements.
    fn dtype(&self) -> DType {
        self.result.map_or(DType::F32, |result| result.y.dtype)
    }

    /// By tiles, given the weights less their zero points by row and column.
    fn push(
        &self,
        planner: &mut Planner<'_>,
        rows: impl Fn(&mut Planner<'_>) -> Result<View, CompileError>,
        scaling: &Scaling,
        weight: impl Fn(usize, usize) -> i32,
    ) -> Result<Lowered, CompileError> {
        let Product { m, k, n, .. } = self.product;
        let zero = stored(self.x).zero;
        let correction =
            |column: usize| (0..k).fold(0i32, |sum, row| sum.wrapping_add(weight(row, column).wrapping_mul(-zero)));
        let corrections: Vec<i32> = (0..n).map(correction).collect();
        let result = self.result.map(Quantization::as_is);
        let Some((records, requantize)) = scaling.records(self.x, result, None, &corrections) else {
            return Ok(Lowered::NoKernel);
        };
        let plain = rows(planner)?;
        let x = self.quads(planner, plain)?;
        let view = planner.new_plain(self.y())?;
        let size = Size { n: m, c: n, h: 1, w: 1 };
        let image = Planner::image(self.dtype(), size, CHANNELS, Halo::default())?;
        // Rows are filled up to whole vectors, which is as they should be if they have whole ones.
        let y = if image.is_plain() { View { image, ..view } } else { planner.new_temporary(image) };
        let kernel = self.direct(planner, (x, y), weight, Arithmetic::Integer(requantize), records);
        let macs = planner.macs(self.node);
        planner.push_macs(self.y(), kernel, macs);
        if !image.is_plain() {
            planner.convert(self.y(), y, View { image: Image::plain(self.dtype(), size), ..view });
        }
        Ok(Lowered::Done)
    }

    /// Rows as tiles read them: u8, filled up to whole quads, with what is multiplied by 0.
    fn quads(&self, planner: &mut Planner<'_>, plain: View) -> Result<View, CompileError> {
        let Product { m, k, .. } = self.product;
        let size = Size { n: 1, c: 1, h: m, w: k };
        let from = View { image: Image::plain(plain.image.dtype, size), ..plain };
        if k.is_multiple_of(QUAD) && plain.image.dtype == DType::U8 {
            return Ok(from);
        }
        let rest = Halo { right: k.next_multiple_of(QUAD) - k, ..Halo::default() };
        let to = planner.new_temporary(Planner::image(DType::U8, size, 1, rest)?);
        planner.convert(self.y(), from, to);
        Ok(to)
    }

    fn direct(
        &self,
        planner: &mut Planner<'_>,
        (x, y): (View, View),
        weight: impl Fn(usize, usize) -> i32,
        arithmetic: Arithmetic,
        records: Vec<u32>,
    ) -> Direct {
        let Product { m, k, n, .. } = self.product;
        let operand = Operand::Broadcast;
        let total = n.div_ceil(CHANNELS);
        let pixels = Pixels { h: 1, w: m, is_flat: true };
        let (n_vectors, rows) = cover(Registers::integer(planner.isa), operand, total, usize::MAX, pixels);
        let n_quads = k.div_ceil(QUAD);
        let level = Level { n: u32::try_from(n_quads).expect("matrices are checked to be small"), step: 4 };
        let nest = Nest { start: 0, levels: vec![level] };
        let term = |row: usize, column: usize| if row < k && column < n { weight(row, column) } else { 0 };
        let mut packed = Vec::new();
        let mut classes = Classes::default();
        for first_vector in (0..total).step_by(n_vectors) {
            let n_vectors = n_vectors.min(total - first_vector);
            let columns = first_vector * CHANNELS..(first_vector + n_vectors) * CHANNELS;
            let quad = |quad: usize, column: usize| (0..QUAD).map(move |i| (quad * QUAD + i, column));
            let places = (0..n_quads).flat_map(|i| columns.clone().flat_map(move |column| quad(i, column)));
            let terms = places.map(|(row, column)| term(row, column)).collect();
            let n_passes = q_sums::pack(&mut packed, terms, planner.isa.dot());
            let unit = Unit { first_vector, n_vectors, channels: 0..k };
            classes.add(&unit, 0, vec![nest.clone(); n_passes], packed.len());
        }
        let start = planner.add_words(packed);
        classes.classes.iter_mut().for_each(|class| class.weights += start);
        let steps =
            |right: usize, vector: usize| Steps { image: 0, down: 0, right: as_imm(right), vector: as_imm(vector) };
        Direct {
            name: "gemm_u8i8".to_owned(),
            x,
            y,
            x_offset: 0,
            x_steps: steps(x.image.row, 0),
            y_steps: steps(y.image.bytes(y.image.image), y.image.bytes(CHANNELS)),
            n_images: 1,
            operand,
            residual: None,
            finish: Vec::new(),
            prefetch: 0,
            weights: Packed::Program,
            order: Order::Channels,
            classes: classes.classes,
            rows,
            bias: planner.add_words(records),
            arithmetic,
        }
    }

    /// What becomes of each column's sums; `None` if a factor is no number.
    fn channels(&self, planner: &mut Planner<'_>, scaling: &Scaling) -> Option<Channels> {
        let n = self.product.n;
        let of = scaling.channels(self.x, self.result, &vec![0; n])?;
        Some(Channels {
            zeros: planner.add_words((0..n).map(|column| scaling.zero(column).cast_unsigned())),
            summands: planner.add_words(of.summands.into_iter().map(i32::cast_unsigned)),
            factors: planner.add_weights(of.factors),
            reals: of.reals.map(|reals| planner.add_weights(reals)),
        })
    }

    /// Term by term.
    fn push_computed(
        &self,
        planner: &mut Planner<'_>,
        [x, w]: [ByteMatrix; 2],
        stack: Vec<usize>,
        channels: Channels,
    ) -> Result<Lowered, CompileError> {
        let Product { m, k, n, .. } = self.product;
        let y = planner.new_plain(self.y())?;
        let to = self.result.map(plain);
        let kernel = ByteProducts { x, x_zero: self.x.zero, w, y, stack, sizes: [m, k, n], channels, to };
        let macs = planner.macs(self.node);
        planner.push_macs(self.y(), kernel, macs);
        Ok(Lowered::Done)
    }
}
