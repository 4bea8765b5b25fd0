//! The one generator of tiles.

use super::{Finish, Level, Nest, Operand, Pointer, Reg, Tile, VectorAsm};

/// Writes some steps of an innermost loop.
pub(super) type Steps<A> = fn(&Tile, Level, &mut A);

/// Steps of the innermost loop that are written out.
const MAX_UNROLL: u32 = 8;

/// Bytes of a line of the cache.
const LINE_BYTES: i32 = 64;

/// Writes the tile: sums start from the bias, everything is added up, results are stored.
pub(crate) fn generate<A: VectorAsm>(tile: &Tile, asm: &mut A) {
    generate_inside(tile, 0, asm);
}

/// As [`generate`], inside of so many loops. Returns by how many bytes the input pointer has moved after it.
pub(super) fn generate_inside<A: VectorAsm>(tile: &Tile, depth: usize, asm: &mut A) -> i32 {
    start(tile, asm);
    let moved = sum_up_all(tile, depth, steps, asm);
    finish(tile, asm);
    moved
}

/// Writes the loops of all nests, inside of so many loops. Returns by how many bytes the input pointer has moved.
pub(super) fn sum_up_all<A: VectorAsm>(tile: &Tile, depth: usize, steps: Steps<A>, asm: &mut A) -> i32 {
    let mut at = 0;
    for nest in &tile.nests {
        asm.advance(Pointer::Input, nest.start - at);
        at = nest.start + sum_up(tile, nest, (depth, steps), asm);
    }
    at
}

/// Where things are in registers: sums first, then a vector of weights for each vector of channels, then the input.
fn sum(tile: &Tile, pixel: usize, vector: usize) -> Reg {
    reg(pixel * tile.n_vectors + vector)
}

fn weights(tile: &Tile, vector: usize) -> Reg {
    reg(tile.pixels.len() * tile.n_vectors + vector)
}

fn input(tile: &Tile) -> Reg {
    weights(tile, tile.n_vectors)
}

fn reg(n: usize) -> Reg {
    Reg(u8::try_from(n).expect("tiles are made to fit the registers"))
}

fn start<A: VectorAsm>(tile: &Tile, asm: &mut A) {
    for vector in 0..tile.n_vectors {
        asm.load(sum(tile, 0, vector), Pointer::Bias, bytes(tile, vector));
        for pixel in 1..tile.pixels.len() {
            asm.copy(sum(tile, pixel, vector), sum(tile, 0, vector));
        }
    }
}

/// The offset of a vector among vectors that lie one behind the other.
fn bytes(tile: &Tile, vector: usize) -> i32 {
    i32::try_from(vector).expect("a tile has few vectors") * tile.vector_bytes
}

/// Writes the loops of a nest; returns by how many bytes the input pointer has moved after it.
fn sum_up<A: VectorAsm>(tile: &Tile, nest: &Nest, (depth, steps): (usize, Steps<A>), asm: &mut A) -> i32 {
    let levels: Vec<Level> = nest.levels.iter().copied().filter(|level| level.n > 1).collect();
    match levels.split_last() {
        Some((&innermost, outer)) => loops(tile, outer, innermost, (depth, steps), asm),
        None => {
            steps(tile, Level { n: 1, step: 0 }, asm);
            0
        }
    }
}

fn loops<A: VectorAsm>(
    tile: &Tile,
    outer: &[Level],
    innermost: Level,
    (depth, steps): (usize, Steps<A>),
    asm: &mut A,
) -> i32 {
    let Some((level, inner)) = outer.split_first() else {
        return innermost_loop(tile, innermost, (depth, steps), asm);
    };
    asm.counted(depth, level.n, &mut |asm| {
        let moved = loops(tile, inner, innermost, (depth + 1, steps), asm);
        asm.advance(Pointer::Input, level.step - moved);
    });
    total(*level)
}

fn innermost_loop<A: VectorAsm>(tile: &Tile, level: Level, (depth, steps): (usize, Steps<A>), asm: &mut A) -> i32 {
    let unroll = (1..=MAX_UNROLL.min(level.n)).rev().find(|n| level.n.is_multiple_of(*n)).unwrap_or(1);
    let written = Level { n: unroll, step: level.step };
    if unroll == level.n {
        steps(tile, written, asm);
        return 0;
    }
    asm.counted(depth, level.n / unroll, &mut |asm| {
        steps(tile, written, asm);
        asm.advance(Pointer::Input, total(written));
    });
    total(level)
}

/// Bytes that all steps of a loop move. Tiles whose displacements don't fit 32 bits aren't made.
fn total(level: Level) -> i32 {
    level.step.wrapping_mul(level.n.cast_signed())
}

/// Some steps written out: for each a vector of weights per vector of channels, then every pixel.
fn steps<A: VectorAsm>(tile: &Tile, level: Level, asm: &mut A) {
    let mut weight_disp = 0;
    for step in 0..level.n.cast_signed() {
        for vector in 0..tile.n_vectors {
            asm.load(weights(tile, vector), Pointer::Weights, weight_disp);
            if tile.prefetch > 0 && weight_disp % LINE_BYTES == 0 {
                asm.prefetch(Pointer::Weights, weight_disp + tile.prefetch);
            }
            weight_disp += tile.vector_bytes;
        }
        for (i, pixel) in tile.pixels.iter().enumerate() {
            multiply(tile, i, pixel.x + step * level.step, asm);
        }
    }
    asm.advance(Pointer::Weights, weight_disp);
}

fn multiply<A: VectorAsm>(tile: &Tile, pixel: usize, disp: i32, asm: &mut A) {
    match tile.operand {
        Operand::Lanes => asm.fma_load(sum(tile, pixel, 0), weights(tile, 0), Pointer::Input, disp),
        Operand::Broadcast if tile.n_vectors == 1 && asm.embeds_broadcast() => {
            asm.fma_broadcast(sum(tile, pixel, 0), weights(tile, 0), Pointer::Input, disp);
        }
        Operand::Broadcast => {
            asm.broadcast(input(tile), Pointer::Input, disp);
            for vector in 0..tile.n_vectors {
                asm.fma(sum(tile, pixel, vector), weights(tile, vector), input(tile));
            }
        }
    }
}

fn finish<A: VectorAsm>(tile: &Tile, asm: &mut A) {
    // The weights are not needed any more.
    let zero = weights(tile, 0);
    if tile.finish.contains(&Finish::Relu) {
        asm.zero(zero);
    }
    for (i, pixel) in tile.pixels.iter().enumerate() {
        for vector in 0..tile.n_vectors {
            let n = i32::try_from(vector).expect("a tile has few vectors");
            let sum = sum(tile, i, vector);
            for step in &tile.finish {
                match step {
                    Finish::Add => asm.add_load(sum, Pointer::Residual, pixel.residual + n * tile.residual_step),
                    Finish::Relu => asm.max(sum, zero, sum),
                }
            }
            asm.store(Pointer::Output, pixel.y + n * tile.y_step, sum);
        }
    }
}
