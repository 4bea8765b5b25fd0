//! Convolutions of 3×3 by Winograd's algorithm.
//!
//! A task transforms the inputs of a run of tiles into scratch memory. Then, for some vectors of output channels after
//! the other and a group of tiles after the other, it multiplies and transforms back. What lies between stays in the
//! caches that way.

use std::fmt;

use cranelift_codegen::ir::Value;
use cranelift_module::{FuncId, Module};

use super::direct::{Order, Steps};
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::{BufferId, View};
use crate::tile::{
    Arithmetic, Finish, InputTransform, Level, Nest, OUTPUTS, Operand, OutputTransform, Pixel, Products, Routine, SIDE,
    Tile,
};

/// The tiles of all images, one run of them, row by row, and how they are computed together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WinogradTiles {
    pub(crate) n_images: usize,
    pub(crate) n_rows: usize,
    pub(crate) n_columns: usize,
    /// Outputs that the tiles of the last row and of the last column have.
    pub(crate) last_rows: usize,
    pub(crate) last_columns: usize,
    /// Tiles that are multiplied together.
    pub(crate) group: usize,
    /// Groups whose inputs are transformed together.
    pub(crate) n_groups: usize,
}

impl WinogradTiles {
    /// All of them.
    pub(crate) fn n(&self) -> usize {
        self.n_images * self.n_rows * self.n_columns
    }

    /// Runs of groups.
    pub(crate) fn n_chunks(&self) -> usize {
        self.n().div_ceil(self.group * self.n_groups)
    }
}

/// A convolution of 3×3, stride 1.
#[derive(Debug)]
pub(crate) struct Winograd {
    pub(crate) x: View,
    pub(crate) y: View,
    /// From the input's first pixel to the first that is read, which may be in the halo.
    pub(crate) x_offset: i64,
    pub(crate) residual: Option<View>,
    /// What is done to the results, in this order.
    pub(crate) finish: Vec<Finish>,
    pub(crate) tiles: WinogradTiles,
    /// Input channels.
    pub(crate) n_channels: usize,
    /// Vectors of output channels that are computed together, and all of them.
    pub(crate) n_vectors: usize,
    pub(crate) n_all_vectors: usize,
    /// Times as many vectors that a task computes.
    pub(crate) n_blocks_of_vectors: usize,
    /// Transformed weights: `[block of vectors][36 places][channel][vector]`, an element of the program's.
    pub(crate) weights: usize,
    /// A number for each output channel.
    pub(crate) bias: usize,
    /// Zeros for the vectors that are computed together.
    pub(crate) zeros: usize,
    pub(crate) order: Order,
    /// As [`Tile::prefetch`].
    pub(crate) prefetch: i32,
    /// What transforms multiply by.
    pub(crate) factors: usize,
}

/// Functions for tiles that are whole, or cut below, each for those that are whole, or cut on the right.
type Variants = [[FuncId; 2]; 2];

/// Functions for some vectors of output channels.
struct OfVectors {
    /// Products of a whole group, and of the last one.
    products: [FuncId; 2],
    output: Variants,
}

impl Winograd {
    pub(super) fn name(&self) -> &'static str {
        "conv_f32_3x3s1_wino4"
    }

    /// Tiles of the input × vectors of channels that are multiplied together: `14x2`.
    pub(super) fn tile_shape(&self) -> String {
        format!("{}x{}", self.tiles.group, self.n_vectors)
    }

    /// What a part of it is called.
    fn symbol(&self, part: &str) -> String {
        format!("{}_{part}", self.name())
    }

    fn n_blocks(&self) -> usize {
        self.n_all_vectors.div_ceil(self.n_vectors)
    }

    fn n_channel_tasks(&self) -> usize {
        self.n_blocks().div_ceil(self.n_blocks_of_vectors)
    }

    pub(super) fn n_tasks(&self) -> usize {
        self.n_channel_tasks() * self.tiles.n_chunks()
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        std::iter::once(self.x.buffer).chain(self.residual.map(|view| view.buffer)).collect()
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.y.buffer]
    }

    /// Transformed inputs of a task, then products of a group.
    pub(super) fn scratch_bytes(&self) -> usize {
        self.tiles.n_groups * SIDE * SIDE * self.input_place() + SIDE * SIDE * self.product_place()
    }

    fn vector_bytes(&self) -> usize {
        self.x.image.block * size_of::<f32>()
    }

    /// Bytes of one of the 36 places of a group's inputs: an odd number of vectors, so that the places of a tile don't
    /// all lie in the same sets of a cache.
    fn input_place(&self) -> usize {
        ((self.x.image.n_blocks() * self.tiles.group) | 1) * self.vector_bytes()
    }

    /// The same of its products.
    fn product_place(&self) -> usize {
        ((self.n_vectors * self.tiles.group) | 1) * self.vector_bytes()
    }

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let input = self.variants(code, "input", &|rows, columns| self.input(rows, columns))?;
        let whole = self.of_vectors(code, self.n_vectors)?;
        let n_rest = self.n_all_vectors % self.n_vectors;
        let rest = if n_rest == 0 { None } else { Some(self.of_vectors(code, n_rest)?) };

        let (n_channel_tasks, n_chunks) = (self.n_channel_tasks(), self.tiles.n_chunks());
        let [channel_task, chunk] = match self.order {
            Order::Channels => code.split(task, [n_channel_tasks, n_chunks]),
            Order::Pixels => {
                let [chunk, channel_task] = code.split(task, [n_chunks, n_channel_tasks]);
                [channel_task, chunk]
            }
        };
        let n_tiles = self.tiles.group * self.tiles.n_groups;
        let first = code.scaled(chunk, as_imm(n_tiles));
        self.emit_groups(code, first, &mut |code, [group, first, n]| {
            let inputs = code.scratch(0);
            let inputs = code.at(inputs, group, as_imm(SIDE * SIDE * self.input_place()));
            self.emit_input(code, &input, [inputs, first, n]);
        });
        let begin = code.scaled(channel_task, as_imm(self.n_blocks_of_vectors));
        let end = code.offset(begin, as_imm(self.n_blocks_of_vectors));
        let n_blocks = code.int(self.n_blocks());
        let end = code.min(end, n_blocks);
        code.range(begin, end, &mut |code, block| {
            self.emit_groups(code, first, &mut |code, [group, first, n]| {
                let at = [block, group, first, n];
                match &rest {
                    None => self.emit_block(code, &whole, at),
                    Some(rest) => code.if_below(
                        block,
                        self.n_blocks() - 1,
                        &mut |code| self.emit_block(code, &whole, at),
                        &mut |code| self.emit_block(code, rest, at),
                    ),
                }
            });
        });
        Ok(())
    }

    /// Writes the body for each group from the tile `first` on: its number, its first tile, and how many it has.
    fn emit_groups<M: Module>(
        &self,
        code: &mut Code<'_, M>,
        first: Value,
        body: &mut dyn FnMut(&mut Code<'_, M>, [Value; 3]),
    ) {
        let n_tiles = code.int(self.tiles.n());
        code.repeat(self.tiles.n_groups, &mut |code, group| {
            let first = code.at(first, group, as_imm(self.tiles.group));
            // Behind the last tile, there is a group of none.
            let first = code.min(first, n_tiles);
            let left = code.sub(n_tiles, first);
            let whole = code.int(self.tiles.group);
            let n = code.min(left, whole);
            body(code, [group, first, n]);
        });
    }

    fn emit_input<M: Module>(&self, code: &mut Code<'_, M>, input: &Variants, [inputs, first, n]: [Value; 3]) {
        let zero = code.int(0);
        let steps = Steps::of(&self.x.image);
        code.range(zero, n, &mut |code, i| {
            let tile = code.add(first, i);
            let x = code.first(&self.x);
            let x = code.offset(x, self.x_offset);
            let (x, place) = self.at_tile(code, x, steps, tile);
            let factors = code.weight(self.factors);
            let to = code.at(inputs, i, as_imm(self.vector_bytes()));
            self.emit_variant(code, input, place, [x, factors, factors, to, to]);
        });
    }

    /// Some vectors of channels of a group.
    fn emit_block<M: Module>(
        &self,
        code: &mut Code<'_, M>,
        functions: &OfVectors,
        [block, group, first, n]: [Value; 4],
    ) {
        let vector_bytes = as_imm(self.vector_bytes());
        let n_vectors = as_imm(self.n_vectors);
        let inputs = code.scratch(0);
        let inputs = code.at(inputs, group, as_imm(SIDE * SIDE * self.input_place()));
        let products = code.scratch(as_imm(self.tiles.n_groups * SIDE * SIDE * self.input_place()));
        let weights = code.weight(self.weights);
        let weights = code.at(weights, block, as_imm(SIDE * SIDE * self.n_channels) * n_vectors * vector_bytes);
        let zeros = code.weight(self.zeros);
        let arguments = [inputs, weights, zeros, products, products];
        self.emit_products(code, functions.products, n, arguments);

        let bias = code.weight(self.bias);
        let bias = code.at(bias, block, n_vectors * vector_bytes);
        let zero = code.int(0);
        code.range(zero, n, &mut |code, i| {
            let tile = code.add(first, i);
            let at = |code: &mut Code<'_, M>, view: &View| {
                let steps = Steps::of(&view.image);
                let first = code.first(view);
                let (at, place) = self.at_tile(code, first, steps, tile);
                (code.at(at, block, n_vectors * steps.vector), place)
            };
            let (y, place) = at(code, &self.y);
            let residual = self.residual.map_or(y, |view| at(code, &view).0);
            let products = code.at(products, i, vector_bytes);
            let factors = code.weight(self.factors);
            self.emit_variant(code, &functions.output, place, [products, factors, bias, y, residual]);
        });
    }

    fn emit_products<M: Module>(
        &self,
        code: &mut Code<'_, M>,
        [whole, last]: [FuncId; 2],
        n: Value,
        arguments: [Value; 5],
    ) {
        let group = self.tiles.group;
        let call_whole = &mut |code: &mut Code<'_, M>| {
            code.call(whole, &arguments);
        };
        if self.tiles.n().is_multiple_of(group) && self.tiles.n_chunks() * self.tiles.n_groups * group == self.tiles.n()
        {
            return call_whole(code);
        }
        let is_some = |code: &mut Code<'_, M>| {
            let one = code.int(1);
            code.min(n, one)
        };
        code.if_below(
            n,
            group,
            &mut |code| {
                let some = is_some(code);
                code.if_below(some, 1, &mut |_| (), &mut |code| {
                    code.call(last, &arguments);
                });
            },
            call_whole,
        );
    }

    /// Where a tile begins in an image of these steps, and its row and column.
    fn at_tile<M: Module>(
        &self,
        code: &mut Code<'_, M>,
        base: Value,
        steps: Steps,
        tile: Value,
    ) -> (Value, [Value; 2]) {
        let WinogradTiles { n_images, n_rows, n_columns, .. } = self.tiles;
        let [image, row, column] = code.split(tile, [n_images, n_rows, n_columns]);
        let at = code.at(base, image, steps.image);
        let at = code.at(at, row, as_imm(OUTPUTS) * steps.down);
        let at = code.at(at, column, as_imm(OUTPUTS) * steps.right);
        (at, [row, column])
    }

    fn emit_variant<M: Module>(
        &self,
        code: &mut Code<'_, M>,
        variants: &Variants,
        [row, column]: [Value; 2],
        arguments: [Value; 5],
    ) {
        let WinogradTiles { n_rows, n_columns, .. } = self.tiles;
        let call = |code: &mut Code<'_, M>, [whole, cut]: [FuncId; 2]| {
            if whole == cut {
                code.call(whole, &arguments);
                return;
            }
            let call = |function: FuncId| {
                move |code: &mut Code<'_, M>| {
                    code.call(function, &arguments);
                }
            };
            code.if_below(column, n_columns - 1, &mut call(whole), &mut call(cut));
        };
        let [whole, cut] = *variants;
        if whole == cut {
            call(code, whole);
        } else {
            code.if_below(row, n_rows - 1, &mut |code| call(code, whole), &mut |code| call(code, cut));
        }
    }

    /// A function for each number of outputs that tiles have.
    fn variants<M: Module>(
        &self,
        code: &mut Code<'_, M>,
        what: &str,
        routine: &dyn Fn(usize, usize) -> Routine,
    ) -> Result<Variants, CompileError> {
        let WinogradTiles { last_rows, last_columns, .. } = self.tiles;
        let of_rows = |code: &mut Code<'_, M>, rows: usize| -> Result<[FuncId; 2], CompileError> {
            let name = self.symbol(what);
            Ok([code.routine(&name, &routine(rows, OUTPUTS))?, code.routine(&name, &routine(rows, last_columns))?])
        };
        Ok([of_rows(code, OUTPUTS)?, of_rows(code, last_rows)?])
    }

    fn of_vectors<M: Module>(&self, code: &mut Code<'_, M>, n_vectors: usize) -> Result<OfVectors, CompileError> {
        let WinogradTiles { group, .. } = self.tiles;
        let n_last = match self.tiles.n() % group {
            0 => group,
            n => n,
        };
        let products =
            [group, n_last].map(|n_pixels| code.routine(&self.symbol("products"), &self.products(n_pixels, n_vectors)));
        let [whole, last] = products;
        let output = self.variants(code, "output", &|rows, columns| self.output(rows, columns, n_vectors))?;
        Ok(OfVectors { products: [whole?, last?], output })
    }

    fn input(&self, rows: usize, columns: usize) -> Routine {
        let steps = Steps::of(&self.x.image);
        Routine::WinogradInput(InputTransform {
            rows: rows + SIDE - OUTPUTS,
            columns: columns + SIDE - OUTPUTS,
            n_blocks: narrow(self.x.image.n_blocks()).cast_unsigned(),
            vector_bytes: narrow(self.vector_bytes()),
            down: step(steps.down),
            right: step(steps.right),
            block: step(steps.vector),
            place: narrow(self.input_place()),
            to_block: narrow(self.tiles.group * self.vector_bytes()),
        })
    }

    fn products(&self, n_tiles: usize, n_vectors: usize) -> Routine {
        let vector_bytes = self.vector_bytes();
        let of_group = narrow(self.tiles.group * vector_bytes);
        let block = self.x.image.block;
        let (n_blocks, n_rest) = (self.n_channels / block, self.n_channels % block);
        let level = |n: usize, step: i32| Level { n: narrow(n).cast_unsigned(), step };
        let channels = |n: usize| level(n, narrow(size_of::<f32>()));
        let mut nests = Vec::new();
        if n_blocks > 0 {
            nests.push(Nest { start: 0, levels: vec![level(n_blocks, of_group), channels(block)] });
        }
        if n_rest > 0 {
            nests.push(Nest { start: narrow(n_blocks) * of_group, levels: vec![channels(n_rest)] });
        }
        let pixel = |i: usize| {
            let at = narrow(i * vector_bytes);
            Pixel { x: at, y: at, residual: 0 }
        };
        Routine::WinogradProducts(Products {
            tile: Tile {
                pixels: (0..n_tiles).map(pixel).collect(),
                n_vectors,
                y_step: of_group,
                residual_step: 0,
                vector_bytes: narrow(vector_bytes),
                operand: Operand::Broadcast,
                prefetch: self.prefetch,
                nests,
                finish: Vec::new(),
                arithmetic: Arithmetic::Float,
            },
            x: narrow(self.input_place()),
            y: narrow(self.product_place()),
        })
    }

    fn output(&self, rows: usize, columns: usize, n_vectors: usize) -> Routine {
        let steps = |view: &View| {
            let steps = Steps::of(&view.image);
            [step(steps.down), step(steps.right), step(steps.vector)]
        };
        Routine::WinogradOutput(OutputTransform {
            rows,
            columns,
            n_vectors: narrow(n_vectors).cast_unsigned(),
            vector_bytes: narrow(self.vector_bytes()),
            place: narrow(self.product_place()),
            from_vector: narrow(self.tiles.group * self.vector_bytes()),
            y: steps(&self.y),
            residual: self.residual.as_ref().map_or([0; 3], steps),
            finish: self.finish.clone(),
        })
    }
}

/// A displacement. Those of kernels are checked when they are made.
fn step(n: i64) -> i32 {
    i32::try_from(n).expect("a kernel's displacements fit 32 bits")
}

fn narrow(n: usize) -> i32 {
    i32::try_from(n).expect("a kernel's displacements fit 32 bits")
}

impl fmt::Display for Winograd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> {}", self.name(), self.x, self.y)?;
        for step in &self.finish {
            match (step, &self.residual) {
                (Finish::Add, Some(view)) => write!(f, " add({view})")?,
                (Finish::Add, None) => (),
                (Finish::Relu, _) => f.write_str(" relu")?,
            }
        }
        write!(f, " tiles {}x{}", self.tiles.group, self.n_vectors)
    }
}
