//! Tiles: the innermost code of convolutions and products of matrices, made for one shape each.
//!
//! A tile keeps the sums of some pixels × some vectors of channels in registers while it walks over everything that is
//! summed. What a tile does is a [`Tile`]; [`generate`] writes it through a [`VectorAsm`], of which there is one for
//! each way of making code.

mod asm;
mod clif;
mod clif_integer;
mod generate;
mod integer;
mod pool;
mod winograd;

pub(crate) use asm::{Pointer, Reg, VectorAsm};
pub(crate) use clif::ClifAsm;
use generate::generate;
use integer::generate_integer;
pub(crate) use integer::{CHANNELS, IntegerAsm, QUAD, Requantize, Step, fits_integer};
pub(crate) use pool::PoolRow;
pub(crate) use winograd::{FACTORS, InputTransform, OUTPUTS, OutputTransform, Products, SIDE};

/// Innermost code: a function of the [`Pointer`]s.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Routine {
    Tile(Tile),
    PoolRow(PoolRow),
    WinogradInput(InputTransform),
    WinogradProducts(Products),
    WinogradOutput(OutputTransform),
}

impl Routine {
    /// Writes it.
    pub(crate) fn generate<A: IntegerAsm>(&self, asm: &mut A) {
        match self {
            Routine::Tile(tile) => match &tile.arithmetic {
                Arithmetic::Float => generate(tile, asm),
                Arithmetic::Integer(requantize) => generate_integer(tile, requantize, asm),
            },
            Routine::PoolRow(row) => row.generate(asm),
            Routine::WinogradInput(transform) => transform.generate(asm),
            Routine::WinogradProducts(products) => products.generate(asm),
            Routine::WinogradOutput(transform) => transform.generate(asm),
        }
    }

    /// How large it is, for symbols.
    pub(crate) fn shape(&self) -> String {
        let [n, m] = match self {
            Routine::Tile(tile) | Routine::WinogradProducts(Products { tile, .. }) => {
                [tile.pixels.len(), tile.n_vectors]
            }
            Routine::PoolRow(row) => row.kernel,
            Routine::WinogradInput(InputTransform { rows, columns, .. })
            | Routine::WinogradOutput(OutputTransform { rows, columns, .. }) => [*rows, *columns],
        };
        format!("{n}x{m}")
    }
}

/// What is done to finished sums, before they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Finish {
    /// Adds what is at the residual's pointer.
    Add,
    /// max(x, 0); NaN stays NaN
    Relu,
}

/// How an element of the input meets the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operand {
    /// One element is multiplied with whole vectors of weights: all channels of the output read it.
    Broadcast,
    /// A vector of channels is multiplied with a vector of weights, lane by lane: each channel by itself.
    Lanes,
}

/// One pixel of the output: distances in bytes from the tile's pointers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Pixel {
    /// The first element of the input that it reads.
    pub(crate) x: i32,
    /// Where the result goes.
    pub(crate) y: i32,
    /// What is added to it, if anything is.
    pub(crate) residual: i32,
}

/// A loop over the input: how often, and by how many bytes the input moves each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Level {
    pub(crate) n: u32,
    pub(crate) step: i32,
}

/// A nest of loops over elements of the input, outermost first. Weights are read one after another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Nest {
    /// Where it starts: bytes from the input pointer.
    pub(crate) start: i32,
    pub(crate) levels: Vec<Level>,
}

/// What a tile computes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Tile {
    pub(crate) pixels: Vec<Pixel>,
    /// Vectors of output channels.
    pub(crate) n_vectors: usize,
    /// Bytes between an output's vectors.
    pub(crate) y_step: i32,
    /// Bytes between the vectors of what is added.
    pub(crate) residual_step: i32,
    /// Bytes of a vector.
    pub(crate) vector_bytes: i32,
    pub(crate) operand: Operand,
    /// Bytes by which weights are asked for before they are read; 0 for not at all.
    pub(crate) prefetch: i32,
    /// Everything that is summed, in the order of the weights.
    pub(crate) nests: Vec<Nest>,
    /// In this order.
    pub(crate) finish: Vec<Finish>,
    pub(crate) arithmetic: Arithmetic,
}

/// What a tile's numbers are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Arithmetic {
    /// f32.
    Float,
    /// Bytes, summed in i32. A vector is [`CHANNELS`] channels then, however many lanes registers have.
    Integer(Requantize),
}

/// Whether the sums of so many pixels and vectors fit into so many registers, with what else a tile holds in them.
pub(crate) fn fits(n_pixels: usize, n_vectors: usize, n_registers: usize, operand: Operand) -> bool {
    // The vectors of weights, and the element of the input unless it is read as a part of the multiplication.
    let embedded = operand == Operand::Lanes || (n_registers == 32 && n_vectors == 1);
    n_pixels * n_vectors + n_vectors + usize::from(!embedded) <= n_registers
}
