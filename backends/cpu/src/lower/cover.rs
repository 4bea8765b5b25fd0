//! How tiles cover an output: how many vectors of channels and pixels each of them has.

use crate::Isa;
use crate::emit::as_imm;
use crate::isa::Dot;
use crate::kernels::{Call, Order, RowStep, Rows, Steps};
use crate::plan::Image;
use crate::tile::{CHANNELS, Operand, fits, fits_integer};

/// Vectors of channels that a tile has at most.
const MAX_VECTORS: usize = 8;

/// Tasks to have where an output is large enough.
const N_TASKS: usize = 32;

/// How many times as many bytes of weights are read in the time of those that another thread has just written.
const WEIGHTS: usize = 4;

/// An output's pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pixels {
    pub(super) h: usize,
    pub(super) w: usize,
    /// Whether all rows are one run of pixels, in everything that is read and written.
    pub(super) is_flat: bool,
}

/// The registers of a tile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Registers {
    n: usize,
    /// Those of a vector of channels.
    per_vector: usize,
    /// How bytes are multiplied, if they are.
    dot: Option<Dot>,
    /// Whether an element of the input can be a part of the multiplication.
    embeds: bool,
}

impl Registers {
    /// Of a tile of f32.
    pub(super) fn float(isa: Isa) -> Self {
        Registers { n: isa.registers(), per_vector: 1, dot: None, embeds: isa == Isa::Avx512 }
    }

    /// Of a tile of integers.
    pub(super) fn integer(isa: Isa) -> Self {
        let dot = isa.dot();
        Registers { n: dot.registers(), per_vector: CHANNELS / dot.lanes(), dot: Some(dot), embeds: false }
    }

    fn fit(self, n_pixels: usize, n_vectors: usize, operand: Operand) -> bool {
        match self.dot {
            Some(dot) => fits_integer(n_pixels, n_vectors * self.per_vector, dot),
            None => fits(n_pixels, n_vectors, self.n, operand),
        }
    }
}

/// Whether the rows of `w` pixels are one run.
pub(super) fn is_flat(h: usize, w: usize, steps: Steps) -> bool {
    h == 1 || steps.down == as_imm(w) * steps.right
}

/// The order of tasks that read weights of so many bytes, and such images: what is larger is divided among threads.
pub(super) fn order(weight_bytes: usize, x: &Image) -> Order {
    if weight_bytes > WEIGHTS * x.bytes(x.image) { Order::Channels } else { Order::Pixels }
}

/// The number of vectors of a tile, and the rows of tiles: the fastest by [`cost`].
pub(super) fn cover(
    registers: Registers,
    operand: Operand,
    n_vectors: usize,
    max_vectors: usize,
    pixels: Pixels,
) -> (usize, Rows) {
    let max = match operand {
        Operand::Broadcast => n_vectors.min(max_vectors).min(MAX_VECTORS),
        Operand::Lanes => 1,
    };
    let fitting = (1..=max.max(1)).filter(|&n| n == 1 || registers.fit(1, n, operand));
    let candidates = fitting.map(|n| (n, rows(registers, operand, n, pixels)));
    let total = |(n, rows): &(usize, Rows)| {
        let whole = (n_vectors / n) as f64 * cost_of_rows(registers, operand, *n, rows);
        let rest = n_vectors % n;
        whole + if rest == 0 { 0.0 } else { cost_of_rows(registers, operand, rest, rows) }
    };
    let best = candidates.min_by(|a, b| total(a).total_cmp(&total(b)));
    let (n, mut rows) = best.expect("there is at least one candidate");
    let n_tiles = n_vectors.div_ceil(n);
    rows.chunk = (rows.n * n_tiles).div_ceil(N_TASKS).clamp(1, rows.n);
    (n, rows)
}

fn rows(registers: Registers, operand: Operand, n_vectors: usize, pixels: Pixels) -> Rows {
    let max = (1..registers.n).rev().find(|&n| registers.fit(n, n_vectors, operand)).unwrap_or(1);
    let Pixels { h, w, is_flat } = pixels;
    if is_flat {
        // All pixels are one run.
        let (n, len) = divide(h * w, max);
        let last = h * w - len * (n - 1);
        return Rows {
            n,
            chunk: 1,
            step: RowStep::Right(len),
            calls: vec![Call { shape: (1, len), n: 1, column: 0 }],
            last_calls: vec![Call { shape: (1, last), n: 1, column: 0 }],
        };
    }
    // Some rows in a tile where they are short.
    let (n, height) = divide(h, (max / w).max(1));
    let last = h - height * (n - 1);
    Rows { n, chunk: 1, step: RowStep::Down(height), calls: calls(height, w, max), last_calls: calls(last, w, max) }
}

/// Tiles side by side, in a row of that height.
fn calls(height: usize, w: usize, max: usize) -> Vec<Call> {
    let (_, width) = divide(w, (max / height).max(1));
    let n = w / width;
    let mut calls = vec![Call { shape: (height, width), n, column: 0 }];
    if !w.is_multiple_of(width) {
        calls.push(Call { shape: (height, w % width), n: 1, column: n * width });
    }
    calls
}

/// The least number of parts of at most `max`, and the length of all but the last.
fn divide(n: usize, max: usize) -> (usize, usize) {
    let len = n.div_ceil(n.div_ceil(max));
    (n.div_ceil(len), len)
}

fn cost_of_rows(registers: Registers, operand: Operand, n_vectors: usize, rows: &Rows) -> f64 {
    let cost_of = |calls: &[Call]| -> f64 {
        calls.iter().map(|call| call.n as f64 * cost(registers, operand, call.shape.0 * call.shape.1, n_vectors)).sum()
    };
    (rows.n - 1) as f64 * cost_of(&rows.calls) + cost_of(&rows.last_calls)
}

/// Cycles of a tile for each term of its sums: two multiplications and two loads a cycle, five instructions, and four
/// cycles from a sum to the next.
pub(super) fn cost(registers: Registers, operand: Operand, n_pixels: usize, n_vectors: usize) -> f64 {
    let (pixels, vectors) = (n_pixels as f64, (n_vectors * registers.per_vector) as f64);
    let is_embedded = operand == Operand::Lanes || (registers.embeds && n_vectors == 1);
    let products = pixels * vectors;
    let n_loads = pixels + vectors;
    let n_instructions = products + vectors + if is_embedded { 0.0 } else { pixels };
    let latency = 4.0;
    if let Some(dot) = registers.dot.filter(|&dot| dot == Dot::Words) {
        // Three vector instructions a cycle, but for loads.
        let [product, input, weights] = dot.n_instructions().map(|n| n as f64);
        let n_instructions = product * products + input * pixels + weights * vectors;
        return (n_instructions / 3.0).max(latency);
    }
    (products / 2.0).max(n_loads / 2.0).max(n_instructions / 5.0).max(latency)
}
