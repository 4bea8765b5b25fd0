//! Convolutions and products of matrices: tiles over all outputs.

use std::fmt;

use cranelift_codegen::ir::Value;
use cranelift_module::{FuncId, Module};

use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::{BufferId, Image, View};
use crate::tile::{Arithmetic, Finish, Nest, Operand, Pixel, Routine, Tile};

/// Vectors of output channels that are computed alike: tiles one behind the other, with equal steps between what they
/// read. All steps are in bytes.
#[derive(Debug)]
pub(crate) struct Class {
    /// The first vector of channels of its first tile.
    pub(crate) first_vector: usize,
    pub(crate) n_tiles: usize,
    pub(crate) n_vectors: usize,
    /// What a tile sums, from the tile's input on.
    pub(crate) nests: Vec<Nest>,
    /// From the image's beginning to the first tile's input.
    pub(crate) x_start: i64,
    pub(crate) x_step: i64,
    /// The first tile's weights: an element of the operation's.
    pub(crate) weights: usize,
}

/// Where packed weights are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Packed {
    /// Among the program's.
    Program,
    /// In memory, where steps before have put them; with the bytes from those of an image to those of the next.
    Computed { view: View, image: i64 },
}

/// Which of an image's tasks follow one another. Those of a thread mostly do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Those of the same pixels: a thread reads the rows that it has written before.
    Pixels,
    /// Those of the same channels: a thread reads its part of the weights, and all of the input.
    Channels,
}

/// Bytes from one output to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steps {
    pub(crate) image: i64,
    /// To the pixel below.
    pub(crate) down: i64,
    /// To the pixel on the right.
    pub(crate) right: i64,
    /// To the next vector of channels.
    pub(crate) vector: i64,
}

/// Calls of one tile in a row of tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call {
    /// Pixels that a tile covers: rows and columns.
    pub(crate) shape: (usize, usize),
    /// How many tiles.
    pub(crate) n: usize,
    /// The first tile's first column.
    pub(crate) column: usize,
}

/// How pixels of the output are covered: rows of tiles.
#[derive(Debug)]
pub(crate) struct Rows {
    /// Rows of tiles, the last one, which may differ, among them.
    pub(crate) n: usize,
    /// Rows of a task.
    pub(crate) chunk: usize,
    /// From one row of tiles to the next: rows of pixels, or pixels where all rows are one run of them.
    pub(crate) step: RowStep,
    pub(crate) calls: Vec<Call>,
    pub(crate) last_calls: Vec<Call>,
}

/// A step from one row of tiles to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RowStep {
    /// So many rows of pixels.
    Down(usize),
    /// So many pixels.
    Right(usize),
}

impl RowStep {
    fn bytes(self, steps: Steps) -> i64 {
        match self {
            RowStep::Down(n) => as_imm(n) * steps.down,
            RowStep::Right(n) => as_imm(n) * steps.right,
        }
    }
}

/// A convolution or a product of matrices.
#[derive(Debug)]
pub(crate) struct Direct {
    /// What it computes: `conv_f32_3x3s1`.
    pub(crate) name: String,
    pub(crate) x: View,
    pub(crate) y: View,
    /// From the input's first pixel to the first that is read, which may be in the halo.
    pub(crate) x_offset: i64,
    /// From what one output pixel reads to what the next one does.
    pub(crate) x_steps: Steps,
    pub(crate) y_steps: Steps,
    pub(crate) n_images: usize,
    pub(crate) operand: Operand,
    /// As [`Tile::prefetch`].
    pub(crate) prefetch: i32,
    /// What is added to the results, an image like that of the output, if anything is.
    pub(crate) residual: Option<View>,
    /// What is done to the results, in this order.
    pub(crate) finish: Vec<Finish>,
    pub(crate) weights: Packed,
    pub(crate) order: Order,
    pub(crate) classes: Vec<Class>,
    pub(crate) rows: Rows,
    /// A number for each output channel, or their records: a word of the program's weights.
    pub(crate) bias: usize,
    pub(crate) arithmetic: Arithmetic,
}

impl Direct {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn n_chunks(&self) -> usize {
        self.rows.n.div_ceil(self.rows.chunk)
    }

    fn n_channel_tiles(&self) -> usize {
        self.classes.iter().map(|class| class.n_tiles).sum()
    }

    pub(super) fn n_tasks(&self) -> usize {
        self.n_images * self.n_channel_tiles() * self.n_chunks()
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        let weights = match self.weights {
            Packed::Program => None,
            Packed::Computed { view, .. } => Some(view.buffer),
        };
        let others = self.residual.map(|view| view.buffer).into_iter().chain(weights);
        std::iter::once(self.x.buffer).chain(others).collect()
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.y.buffer]
    }

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let tiles = self.tiles(code)?;
        let [n_channel_tiles, n_chunks] = [self.n_channel_tiles(), self.n_chunks()];
        let [image, channel_tile, chunk] = match self.order {
            Order::Channels => code.split(task, [self.n_images, n_channel_tiles, n_chunks]),
            Order::Pixels => {
                let [image, chunk, channel_tile] = code.split(task, [self.n_images, n_chunks, n_channel_tiles]);
                [image, channel_tile, chunk]
            }
        };
        let x = code.first(&self.x);
        let x = code.offset(x, self.x_offset);
        let x = code.at(x, image, self.x_steps.image);
        let y = code.first(&self.y);
        let y = code.at(y, image, self.y_steps.image);
        let weights = match &self.weights {
            Packed::Program => code.weight(0),
            Packed::Computed { view, image: step } => {
                let first = code.first(view);
                code.at(first, image, *step)
            }
        };
        // Where nothing is added, nothing is read there.
        let residual = match &self.residual {
            Some(view) => {
                let first = code.first(view);
                code.at(first, image, self.residual_steps().image)
            }
            None => y,
        };
        self.emit_class(code, &tiles, 0, 0, At { x, weights, y, residual, channel_tile, chunk });
        Ok(())
    }

    /// The tiles of every class: those of its rows, then those of the last one.
    fn tiles<M: Module>(&self, code: &mut Code<'_, M>) -> Result<Vec<[Vec<FuncId>; 2]>, CompileError> {
        let of = |code: &mut Code<'_, M>, class: &Class, calls: &[Call]| -> Result<Vec<FuncId>, CompileError> {
            let routine = |call: &Call| Routine::Tile(self.tile(class, call.shape, code.vector_bytes()));
            let routines: Vec<Routine> = calls.iter().map(routine).collect();
            routines.iter().map(|routine| code.routine(&self.name, routine)).collect()
        };
        let classes = self.classes.iter();
        classes.map(|class| Ok([of(code, class, &self.rows.calls)?, of(code, class, &self.rows.last_calls)?])).collect()
    }

    /// Pixels × vectors of its tiles, those of most outputs first: `14x2`.
    pub(super) fn tile_shapes(&self) -> Vec<String> {
        let mut shapes: Vec<String> = Vec::new();
        for class in &self.classes {
            for call in self.rows.calls.iter().chain(&self.rows.last_calls) {
                let (h, w) = call.shape;
                let shape = format!("{}x{}", h * w, class.n_vectors);
                if !shapes.contains(&shape) {
                    shapes.push(shape);
                }
            }
        }
        shapes
    }

    fn tile(&self, class: &Class, (n_rows, n_columns): (usize, usize), vector_bytes: usize) -> Tile {
        let residual = self.residual_steps();
        let pixel = |row: usize, column: usize| Pixel {
            x: narrow(as_imm(row) * self.x_steps.down + as_imm(column) * self.x_steps.right),
            y: narrow(as_imm(row) * self.y_steps.down + as_imm(column) * self.y_steps.right),
            residual: narrow(as_imm(row) * residual.down + as_imm(column) * residual.right),
        };
        Tile {
            pixels: (0..n_rows).flat_map(|row| (0..n_columns).map(move |column| pixel(row, column))).collect(),
            n_vectors: class.n_vectors,
            y_step: narrow(self.y_steps.vector),
            residual_step: narrow(residual.vector),
            vector_bytes: narrow(as_imm(vector_bytes)),
            operand: self.operand,
            prefetch: self.prefetch,
            nests: class.nests.clone(),
            finish: self.finish.clone(),
            arithmetic: self.arithmetic.clone(),
        }
    }

    /// The code of the class that the tile of channels belongs to: `index`, or one behind it.
    fn emit_class<M: Module>(
        &self,
        code: &mut Code<'_, M>,
        tiles: &[[Vec<FuncId>; 2]],
        index: usize,
        n_before: usize,
        at: At,
    ) {
        let class = &self.classes[index];
        let n_until = n_before + class.n_tiles;
        if index + 1 == self.classes.len() {
            return self.emit_rows(code, &tiles[index], class, n_before, at);
        }
        code.if_below(
            at.channel_tile,
            n_until,
            &mut |code| self.emit_rows(code, &tiles[index], class, n_before, at),
            &mut |code| self.emit_class(code, tiles, index + 1, n_until, at),
        );
    }

    fn emit_rows<M: Module>(
        &self,
        code: &mut Code<'_, M>,
        tiles: &[Vec<FuncId>; 2],
        class: &Class,
        n_before: usize,
        At { x, weights, y, residual, channel_tile, chunk }: At,
    ) {
        let weight_bytes = self.arithmetic.weight_bytes(code.isa());
        let record_bytes = self.arithmetic.record_bytes(code.vector_bytes());
        let tile = code.offset(channel_tile, -as_imm(n_before));
        // The class's first tile, and as many further.
        let of_tile = |code: &mut Code<'_, M>, base: Value, start: i64, step: i64| {
            let first = code.offset(base, start);
            code.at(first, tile, step)
        };
        let x = of_tile(code, x, class.x_start, class.x_step);
        let weights = code.offset(weights, as_imm(class.weights * size_of::<f32>()));
        let weights = of_tile(code, weights, 0, as_imm(class.weights_per_tile(weight_bytes)));
        let of_vectors = |code: &mut Code<'_, M>, base: Value, step: i64| {
            of_tile(code, base, as_imm(class.first_vector) * step, as_imm(class.n_vectors) * step)
        };
        let bias = code.weight(self.bias);
        let bias = of_vectors(code, bias, record_bytes);
        let y = of_vectors(code, y, self.y_steps.vector);
        let residual = of_vectors(code, residual, self.residual_steps().vector);

        let rows = &self.rows;
        let first = code.scaled(chunk, as_imm(rows.chunk));
        let end = code.offset(first, as_imm(rows.chunk));
        let n = code.int(rows.n);
        let end = code.min(end, n);
        code.range(first, end, &mut |code, row| {
            let x = code.at(x, row, rows.step.bytes(self.x_steps));
            let y = code.at(y, row, rows.step.bytes(self.y_steps));
            let residual = code.at(residual, row, rows.step.bytes(self.residual_steps()));
            let arguments = [x, weights, bias, y, residual];
            if rows.calls == rows.last_calls {
                return self.emit_calls(code, &rows.calls, &tiles[0], arguments);
            }
            code.if_below(
                row,
                rows.n - 1,
                &mut |code| self.emit_calls(code, &rows.calls, &tiles[0], arguments),
                &mut |code| self.emit_calls(code, &rows.last_calls, &tiles[1], arguments),
            );
        });
    }

    fn emit_calls<M: Module>(
        &self,
        code: &mut Code<'_, M>,
        calls: &[Call],
        tiles: &[FuncId],
        [x, weights, bias, y, residual]: [Value; 5],
    ) {
        let steps = [self.x_steps, self.y_steps, self.residual_steps()].map(|steps| steps.right);
        for (call, &tile) in calls.iter().zip(tiles) {
            let starts =
                [(x, 0), (y, 1), (residual, 2)].map(|(base, i)| code.offset(base, as_imm(call.column) * steps[i]));
            code.repeat(call.n, &mut |code, i| {
                let n_columns = as_imm(call.shape.1);
                let [x, y, residual] = [0, 1, 2].map(|operand| code.at(starts[operand], i, n_columns * steps[operand]));
                code.call(tile, &[x, weights, bias, y, residual]);
            });
        }
    }

    /// As `y_steps`, of what is added.
    fn residual_steps(&self) -> Steps {
        self.residual.map_or(self.y_steps, |view| Steps::of(&view.image))
    }
}

/// Where a task's tiles begin, and which they are.
#[derive(Clone, Copy)]
struct At {
    x: Value,
    weights: Value,
    y: Value,
    residual: Value,
    channel_tile: Value,
    chunk: Value,
}

impl Steps {
    /// From one pixel of an image to the next.
    pub(crate) fn of(image: &Image) -> Self {
        let bytes = |n_elements: usize| as_imm(image.bytes(n_elements));
        let Image { block, row, plane, image: per_image, .. } = *image;
        Steps { image: bytes(per_image), down: bytes(row), right: bytes(block), vector: bytes(plane) }
    }
}

impl Class {
    /// Bytes of the weights of a tile, where those of a vector of channels have so many.
    fn weights_per_tile(&self, vector_bytes: usize) -> usize {
        let terms = |nest: &Nest| nest.levels.iter().map(|level| level.n as usize).product::<usize>();
        self.nests.iter().map(terms).sum::<usize>() * self.n_vectors * vector_bytes
    }
}

/// A displacement. Those of kernels are checked when they are made.
fn narrow(n: i64) -> i32 {
    i32::try_from(n).expect("a kernel's displacements fit 32 bits")
}

impl fmt::Display for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> {}", self.name, self.x, self.y)?;
        for step in &self.finish {
            match (step, &self.residual) {
                (Finish::Add, Some(view)) => write!(f, " add({view})")?,
                (Finish::Add, None) => (),
                (Finish::Relu, _) => f.write_str(" relu")?,
            }
        }
        write!(f, " tiles {}", self.tile_shapes().join(" "))
    }
}
