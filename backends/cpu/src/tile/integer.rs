//! Tiles of integers: bytes multiplied in fours, sums of i32, and what becomes of them.
//!
//! The input is u8, the weights are i8. A term of a sum is a quad: four channels of the input that lie side by side, with
//! four weights for each channel of the output. Zero points are in the bias.

use super::generate::sum_up_all;
use super::{Arithmetic, Level, Operand, Pointer, Reg, Tile, VectorAsm};
use crate::Isa;
use crate::isa::Dot;

/// Channels of a tile's vector.
pub(crate) const CHANNELS: usize = 16;

/// Bytes that are multiplied at once.
pub(crate) const QUAD: usize = 4;

/// What is done to finished sums. Numbers for it are in a record for each vector of channels, at the pointer of the bias:
/// summands of i32 first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Requantize {
    /// Bytes of a record.
    pub(crate) record: i32,
    /// In this order, in f32.
    pub(crate) steps: Vec<Step>,
    /// Whether the lowest byte of each number's bits is stored, or else all of it.
    pub(crate) stores_bytes: bool,
}

/// What is done to a vector of numbers. Places are in bytes from a record's beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// Times a number for each channel.
    MulChannels(i32),
    /// Plus a number for each channel.
    AddChannels(i32),
    /// The larger one of it and a number.
    Max(i32),
    /// The smaller one of it and a number.
    Min(i32),
    /// Plus a number.
    Add(i32),
    /// Less a number.
    Sub(i32),
    /// Times a number.
    Mul(i32),
    /// Divided by a number.
    Div(i32),
    /// The nearest integer, of two the one farther from 0. It is small.
    RoundAway,
}

/// What tiles of integers are written in, beside [`VectorAsm`]. All of it is exact, or rounded as single precision is.
pub(crate) trait IntegerAsm: VectorAsm {
    /// How it multiplies.
    fn how(&self) -> Dot;

    /// Prepares the registers of the input, of which this is the first, for a tile.
    fn begin(&mut self, _input: Reg) {}

    /// A quad of the input, for all lanes.
    fn load_quad(&mut self, reg: Reg, pointer: Pointer, disp: i32) {
        self.broadcast(reg, pointer, disp);
    }

    /// As many bytes of the input as a register has lanes, each as a quad of itself and zeros.
    fn load_bytes(&mut self, reg: Reg, pointer: Pointer, disp: i32);

    /// `sum += a quad of u8 · a quad of i8` in each lane, in i32. Registers are the first ones of [`Dot`]'s.
    fn dot(&mut self, sum: Reg, bytes: Reg, weights: Reg);

    /// The same where only the first of four is not 0, as [`load_bytes`](IntegerAsm::load_bytes) gives them.
    fn dot_first(&mut self, sum: Reg, bytes: Reg, weights: Reg) {
        self.dot(sum, bytes, weights);
    }

    /// Integers as numbers.
    fn convert(&mut self, reg: Reg);

    /// A step, with numbers at the pointer of the bias. It may use another register.
    fn step(&mut self, reg: Reg, step: Step, scratch: Reg);

    /// The lowest byte of each lane to memory. It may use another register.
    fn store_bytes(&mut self, pointer: Pointer, disp: i32, reg: Reg, scratch: Reg);
}

impl Step {
    /// The step for channels of which the first is so many bytes further in the records.
    fn of_channels(self, bytes: i32) -> Self {
        match self {
            Step::MulChannels(place) => Step::MulChannels(place + bytes),
            Step::AddChannels(place) => Step::AddChannels(place + bytes),
            Step::Max(_)
            | Step::Min(_)
            | Step::Add(_)
            | Step::Sub(_)
            | Step::Mul(_)
            | Step::Div(_)
            | Step::RoundAway => self,
        }
    }
}

/// Writes a tile of integers.
pub(crate) fn generate_integer<A: IntegerAsm>(tile: &Tile, requantize: &Requantize, asm: &mut A) {
    start(tile, requantize, asm);
    asm.begin(input(tile, asm));
    sum_up_all(tile, 0, steps, asm);
    finish(tile, requantize, asm);
}

/// Whether the sums of so many pixels, each of so many registers, fit into all of them.
pub(crate) fn fits_integer(n_pixels: usize, n_parts: usize, dot: Dot) -> bool {
    n_pixels * n_parts + n_parts * dot.weight_registers() + dot.input_registers() <= dot.registers()
}

/// Registers of all vectors.
fn n_parts<A: IntegerAsm>(tile: &Tile, asm: &A) -> usize {
    tile.n_vectors * (CHANNELS / asm.how().lanes())
}

fn sum<A: IntegerAsm>(tile: &Tile, pixel: usize, part: usize, asm: &A) -> Reg {
    reg(pixel * n_parts(tile, asm) + part)
}

fn weights<A: IntegerAsm>(tile: &Tile, part: usize, asm: &A) -> Reg {
    reg(tile.pixels.len() * n_parts(tile, asm) + part * asm.how().weight_registers())
}

fn input<A: IntegerAsm>(tile: &Tile, asm: &A) -> Reg {
    weights(tile, n_parts(tile, asm), asm)
}

fn reg(n: usize) -> Reg {
    Reg(u8::try_from(n).expect("tiles are made to fit the registers"))
}

fn narrow(n: usize) -> i32 {
    i32::try_from(n).expect("a tile is small")
}

/// A register's vector, and its first channel there.
fn place<A: IntegerAsm>(part: usize, asm: &A) -> (i32, i32) {
    let n = CHANNELS / asm.how().lanes();
    (narrow(part / n), narrow(part % n * asm.how().lanes()))
}

fn start<A: IntegerAsm>(tile: &Tile, requantize: &Requantize, asm: &mut A) {
    for part in 0..n_parts(tile, asm) {
        let first = sum(tile, 0, part, asm);
        let (vector, channel) = place(part, asm);
        asm.load(first, Pointer::Bias, vector * requantize.record + channel * 4);
        for pixel in 1..tile.pixels.len() {
            let other = sum(tile, pixel, part, asm);
            asm.copy(other, first);
        }
    }
}

fn steps<A: IntegerAsm>(tile: &Tile, level: Level, asm: &mut A) {
    let part_bytes = narrow(asm.how().lanes() * QUAD);
    let n_parts = n_parts(tile, asm);
    let input = input(tile, asm);
    let mut weight_disp = 0;
    for step in 0..level.n.cast_signed() {
        for n in 0..n_parts * asm.how().weight_registers() {
            let first = weights(tile, 0, asm);
            asm.load(Reg(first.0 + reg(n).0), Pointer::Weights, weight_disp);
            weight_disp += part_bytes;
        }
        for (i, pixel) in tile.pixels.iter().enumerate() {
            let disp = pixel.x + step * level.step;
            if tile.operand == Operand::Broadcast {
                asm.load_quad(input, Pointer::Input, disp);
            }
            for part in 0..n_parts {
                let (sum, weights) = (sum(tile, i, part, asm), weights(tile, part, asm));
                match tile.operand {
                    Operand::Lanes => {
                        asm.load_bytes(input, Pointer::Input, disp + place(part, asm).1);
                        asm.dot_first(sum, input, weights);
                    }
                    Operand::Broadcast => asm.dot(sum, input, weights),
                }
            }
        }
    }
    asm.advance(Pointer::Weights, weight_disp);
}

fn finish<A: IntegerAsm>(tile: &Tile, requantize: &Requantize, asm: &mut A) {
    // The weights are not needed any more.
    let scratch = weights(tile, 0, asm);
    let result_bytes = if requantize.stores_bytes { 1 } else { 4 };
    for (i, pixel) in tile.pixels.iter().enumerate() {
        for part in 0..n_parts(tile, asm) {
            let reg = sum(tile, i, part, asm);
            let (vector, channel) = place(part, asm);
            asm.convert(reg);
            for step in &requantize.steps {
                asm.step(reg, step.of_channels(vector * requantize.record + channel * 4), scratch);
            }
            let disp = pixel.y + vector * tile.y_step + channel * result_bytes;
            if requantize.stores_bytes {
                asm.store_bytes(Pointer::Output, disp, reg, scratch);
            } else {
                asm.store(Pointer::Output, disp, reg);
            }
        }
    }
}

impl Arithmetic {
    /// Bytes of the weights of a vector of channels, for each term.
    pub(crate) fn weight_bytes(&self, isa: Isa) -> usize {
        match self {
            Arithmetic::Float => isa.lanes() * size_of::<f32>(),
            Arithmetic::Integer(_) => CHANNELS * QUAD * isa.dot().weight_registers(),
        }
    }

    /// Bytes of what belongs to a vector of channels, where registers of f32 have so many bytes.
    pub(crate) fn record_bytes(&self, register_bytes: usize) -> i64 {
        match self {
            Arithmetic::Float => crate::emit::as_imm(register_bytes),
            Arithmetic::Integer(requantize) => requantize.record.into(),
        }
    }
}
