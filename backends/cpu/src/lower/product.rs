//! Products of matrices, of constant columns and of computed ones.

use firebrick_ir::{DType, Value};

use super::cover::{Pixels, Registers, cover};
use super::numbers::Numbers;
use super::planner::Planner;
use crate::CompileError;
use crate::emit::as_imm;
use crate::kernels::{Axis, Class, Direct, Move, Order, Origin, Packed, Relayout, Steps, Way};
use crate::plan::{Halo, Image, Size, View};
use crate::tile::{Arithmetic, Finish, Level, Nest, Operand};

/// Elements of a matrix beyond which displacements might not fit 32 bits.
const MAX_ELEMENTS: usize = 1 << 28;

/// Rows of a constant matrix that are packed together, so that what is read and written stays in the nearest cache
/// whichever of rows and columns lie side by side.
const ROWS_AT_ONCE: usize = 16;

/// A stack of products of `m` rows and `n` columns, of `k` terms each: rows are pixels, columns are channels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product {
    pub(super) stack: usize,
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) n: usize,
}

/// The first factor: rows that lie one behind the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    pub(super) view: View,
    /// Bytes from a matrix of the stack to the next.
    pub(super) step: i64,
}

/// The second factor.
pub(super) enum Right {
    /// Numbers, with how many of them it is from a row and a column to the next.
    Constant { numbers: Numbers, row: usize, column: usize },
    /// In memory, with the bytes from a matrix, a row and a column to the next.
    Computed { view: View, matrix: i64, row: i64, column: i64 },
}

impl Product {
    /// Whether its matrices can be addressed.
    pub(super) fn is_small(self) -> bool {
        let small = |rows: usize, columns: usize| rows.saturating_mul(columns) < MAX_ELEMENTS;
        let n = self.n.saturating_add(64);
        small(self.m, self.k) && small(self.m, n) && small(self.k, n)
    }

    /// Adds the steps that compute it to the plain value `y`, with a number added to each column.
    pub(super) fn push(
        self,
        planner: &mut Planner<'_>,
        y: Value,
        (left, right): (Left, Right),
        bias: &[f32],
        finish: Vec<Finish>,
    ) -> Result<View, CompileError> {
        let size = Size { n: self.stack * self.m, c: self.n, h: 1, w: 1 };
        let image = Planner::image(DType::F32, size, planner.isa.lanes(), Halo::default())?;
        let view = planner.new_plain(y)?;
        // Rows are filled up to whole vectors, which is as they should be if they have whole ones.
        let to = if image.is_plain() { View { image, ..view } } else { planner.new_temporary(image) };
        let kernel = self.direct(planner, y, (left, right), to, bias)?;
        let macs = [self.stack, self.m, self.k, self.n].iter().fold(1, |macs: u64, &n| macs.saturating_mul(n as u64));
        planner.push_macs(y, Direct { finish, ..kernel }, macs);
        if !image.is_plain() {
            planner.push(y, Relayout { x: to, y: View { image: Image::plain(DType::F32, size), ..view } });
        }
        Ok(view)
    }

    fn direct(
        self,
        planner: &mut Planner<'_>,
        value: Value,
        (left, right): (Left, Right),
        y: View,
        bias: &[f32],
    ) -> Result<Direct, CompileError> {
        let Product { stack, m, k, n } = self;
        let lanes = planner.isa.lanes();
        let total = n.div_ceil(lanes);
        let x_steps = Steps { image: left.step, down: 0, right: bytes(k), vector: 0 };
        let row = bytes(total * lanes);
        let y_steps = Steps { image: as_imm(m) * row, down: 0, right: row, vector: bytes(lanes) };
        let pixels = Pixels { h: 1, w: m, is_flat: true };
        let (n_vectors, rows) = cover(Registers::float(planner.isa), Operand::Broadcast, total, usize::MAX, pixels);
        let mut classes = self.classes(total, n_vectors, lanes);
        let weights = match right {
            Right::Constant { numbers, row, column } => {
                let start = self.pack(planner, &classes, numbers, [row, column]);
                classes.iter_mut().for_each(|class| class.weights += start);
                Packed::Program
            }
            Right::Computed { view, matrix, row, column } => {
                let image = Planner::image(
                    DType::F32,
                    Size { n: if matrix == 0 { 1 } else { stack }, c: 1, h: 1, w: total * lanes * k },
                    1,
                    Halo::default(),
                )?;
                let packed = planner.new_temporary(image);
                self.pack_computed(planner, value, &classes, (view, [matrix, row, column]), packed);
                Packed::Computed { view: packed, image: if matrix == 0 { 0 } else { bytes(image.image) } }
            }
        };
        Ok(Direct {
            name: "gemm_f32".to_owned(),
            x: left.view,
            y,
            x_offset: 0,
            x_steps,
            y_steps,
            n_images: stack,
            operand: Operand::Broadcast,
            prefetch: 0,
            residual: None,
            finish: Vec::new(),
            weights,
            order: Order::Channels,
            classes,
            rows,
            bias: planner.add_channels(bias),
            arithmetic: Arithmetic::Float,
        })
    }

    /// Tiles of `n_vectors`, then one of what is left. Each one's weights are a row of its columns for each term.
    fn classes(self, total: usize, n_vectors: usize, lanes: usize) -> Vec<Class> {
        let level = Level { n: u32::try_from(self.k).expect("matrices are checked to be small"), step: 4 };
        let nests = vec![Nest { start: 0, levels: vec![level] }];
        let whole = total / n_vectors;
        let of = |first_vector: usize, n_tiles: usize, n_vectors: usize| Class {
            first_vector,
            n_tiles,
            n_vectors,
            nests: nests.clone(),
            x_start: 0,
            x_step: 0,
            weights: first_vector * lanes * self.k,
        };
        let parts = [of(0, whole, n_vectors), of(whole * n_vectors, 1, total - whole * n_vectors)];
        parts.into_iter().filter(|class| class.n_tiles > 0 && class.n_vectors > 0).collect()
    }

    /// Constant weights among the program's: the first one's index.
    fn pack(self, planner: &mut Planner<'_>, classes: &[Class], numbers: Numbers, [row, column]: [usize; 2]) -> usize {
        let lanes = planner.isa.lanes();
        let tiles = |class: &Class| {
            let (first, width) = (class.first_vector * lanes, class.n_vectors * lanes);
            (0..class.n_tiles).map(move |tile| (first + tile * width, width))
        };
        let tiles: Vec<(usize, usize)> = classes.iter().flat_map(tiles).collect();
        let n_columns: usize = tiles.iter().map(|(_, width)| width).sum();
        planner.add_packed(n_columns * self.k, move |mut packed| {
            for (first, width) in tiles {
                let tile = packed.split_off_mut(..width * self.k).unwrap_or_default();
                for (i, rows) in tile.chunks_mut(width * ROWS_AT_ONCE).enumerate() {
                    for to in 0..width.min(self.n - first) {
                        for (j, place) in rows.iter_mut().skip(to).step_by(width).enumerate() {
                            *place = numbers.get((i * ROWS_AT_ONCE + j) * row + (first + to) * column);
                        }
                    }
                }
            }
        })
    }

    /// The steps that pack computed weights. What fills the last vector up has no meaning.
    fn pack_computed(
        self,
        planner: &mut Planner<'_>,
        value: Value,
        classes: &[Class],
        (from, [matrix, row, column]): (View, [i64; 3]),
        to: View,
    ) {
        let lanes = planner.isa.lanes();
        let n_matrices = if matrix == 0 { 1 } else { self.stack };
        for class in classes {
            let width = class.n_vectors * lanes;
            let first = class.first_vector * lanes;
            let n_whole = ((self.n - first) / width).min(class.n_tiles);
            let rest = if n_whole < class.n_tiles { self.n - first - n_whole * width } else { 0 };
            for (n_tiles, start, n_columns) in [(n_whole, first, width), (1, first + n_whole * width, rest)] {
                if n_tiles == 0 || n_columns == 0 {
                    continue;
                }
                let tile = bytes(width * self.k);
                let axes = [
                    Axis { n: n_matrices, x: Way::Step(matrix), y: bytes(to.image.image) },
                    Axis { n: n_tiles, x: Way::Step(as_imm(width) * column), y: tile },
                    Axis { n: self.k, x: Way::Step(row), y: bytes(width) },
                    Axis { n: n_columns, x: Way::Step(column), y: bytes(1) },
                ];
                let origin = (Origin::View(from), as_imm(start) * column);
                let kernel = Move::new("pack", origin, to, size_of::<f32>(), axes);
                planner.push(value, kernel.written_from(bytes(start * self.k)));
            }
        }
    }
}

fn bytes(n_elements: usize) -> i64 {
    as_imm(n_elements * size_of::<f32>())
}
