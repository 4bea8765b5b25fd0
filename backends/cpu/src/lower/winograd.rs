//! Which convolutions are computed by Winograd's algorithm, and how they are divided.

use std::ops::Range;

use super::conv::{Convolution, PREFETCH, Target, bytes};
use super::cover::{Registers, cost};
use super::numbers::Numbers;
use super::planner::Planner;
use crate::emit::as_imm;
use crate::kernels::{Order, Winograd, WinogradTiles};
use crate::plan::View;
use crate::tile::{FACTORS, OUTPUTS, Operand, SIDE, fits};
use crate::{Algorithms, Isa};

/// Bytes of transformed inputs that a task may have where weights are large, which are read again for each task.
const MAX_INPUT_BYTES: usize = 512 << 10;

/// Bytes of weights that are called large.
const LARGE: usize = 1 << 20;

/// Tasks to have at least.
const N_TASKS: usize = 6;

/// Bytes of weights that come from memory behind the caches in a cycle.
const BYTES_A_CYCLE: f64 = 6.0;

/// Cycles of a transform of a vector, of inputs or of outputs.
const TRANSFORM: f64 = 80.0;

/// The largest number of tiles, so that their numbers and places don't overflow.
const MAX_TILES: usize = 1 << 24;

/// Output channels whose weights are transformed together.
const AT_ONCE: usize = 4;

/// A number for each of them.
type Lanes = [f64; AT_ONCE];

/// Multiplying by it is many times faster than dividing by 6, and as good: weights are rounded to f32 in the end.
const SIXTH: f64 = 1.0 / 6.0;

/// How it is computed, with its cost in cycles.
struct Division {
    tiles: WinogradTiles,
    n_vectors: usize,
    n_blocks_of_vectors: usize,
    /// Whether weights come from behind the caches.
    streams: bool,
    cost: f64,
}

/// Products of one of the 36 places: of tiles × channels and channels × vectors.
struct Sizes {
    n_tiles: usize,
    n_channels: usize,
    n_vectors: usize,
}

impl Convolution {
    /// The kernel, if the algorithm is right for this convolution.
    pub(super) fn winograd(&self, planner: &mut Planner<'_>, x: View, target: &Target) -> Option<Winograd> {
        if planner.algorithms == Algorithms::Exact || !self.is_winograd(&x, target, planner.isa) {
            return None;
        }
        let division = self.division(planner.isa, &x, &target.view)?;
        let is_faster = division.cost < self.direct_cost(planner.isa, &target.view);
        if planner.algorithms == Algorithms::Fastest && !is_faster {
            return None;
        }
        let lanes = planner.isa.lanes();
        let factors = FACTORS.iter().flat_map(|&factor| std::iter::repeat_n(factor, lanes));
        let [top, left] = self.shape.pads;
        Some(Winograd {
            x,
            y: target.view,
            x_offset: -(top * bytes(x.image.row) + left * bytes(x.image.block)),
            residual: target.residual,
            finish: target.finish.clone(),
            tiles: division.tiles,
            n_channels: self.shape.per_group,
            n_vectors: division.n_vectors,
            n_all_vectors: self.shape.n_out.div_ceil(lanes),
            n_blocks_of_vectors: division.n_blocks_of_vectors,
            weights: self.add_transformed(planner, division.n_vectors * lanes),
            bias: planner.add_channels(&self.bias),
            order: if division.streams { Order::Channels } else { Order::Pixels },
            prefetch: if division.streams { PREFETCH } else { 0 },
            zeros: planner.add_weights(std::iter::repeat_n(0.0, division.n_vectors * lanes)),
            factors: planner.add_weights(factors),
        })
    }

    /// Adds `G g Gᵀ` of all weights, in the order in which they are read: for tiles of so many channels.
    fn add_transformed(&self, planner: &mut Planner<'_>, width: usize) -> usize {
        let (shape, weights) = (self.shape, self.weights.clone());
        let n_all = shape.n_out.next_multiple_of(planner.isa.lanes());
        planner.add_packed(SIDE * SIDE * shape.per_group * n_all, move |packed| {
            for (i, block) in packed.chunks_mut(SIDE * SIDE * shape.per_group * width).enumerate() {
                let outs = i * width..(i + 1) * width;
                transform(block, &weights, outs.start..outs.end.min(shape.n_out), shape.per_group);
            }
        })
    }

    /// Whether the algorithm can compute it.
    fn is_winograd(&self, x: &View, target: &Target, isa: Isa) -> bool {
        let shape = &self.shape;
        let (halo, from, to) = (x.image.halo, x.image.size, target.view.image.size);
        let [top, left] = shape.pads;
        let has = |before: i64, [first, last]: [usize; 2], n: usize, n_outputs: usize| {
            before <= as_imm(first) && as_imm(n_outputs + 2) - before <= as_imm(n + last)
        };
        let has_inputs = has(top, [halo.top, halo.bottom], from.h, to.h);
        let has_inputs = has_inputs && has(left, [halo.left, halo.right], from.w, to.w);
        shape.kernel == [3, 3]
            && shape.strides == [1, 1]
            && shape.dilations == [1, 1]
            && shape.group == 1
            && x.image.block == isa.lanes()
            && target.strides == [1, 1]
            && has_inputs
    }

    /// The fastest division of the work.
    fn division(&self, isa: Isa, x: &View, y: &View) -> Option<Division> {
        let size = y.image.size;
        let sizes = Sizes {
            n_tiles: size.n.checked_mul(size.h.div_ceil(OUTPUTS))?.checked_mul(size.w.div_ceil(OUTPUTS))?,
            n_channels: self.shape.per_group,
            n_vectors: self.shape.n_out.div_ceil(isa.lanes()),
        };
        if sizes.n_tiles > MAX_TILES {
            return None;
        }
        let candidates = (1..=isa.registers()).flat_map(|group| (1..=4).map(move |n_vectors| (group, n_vectors)));
        let fitting = candidates.filter(|&(group, n_vectors)| {
            group <= sizes.n_tiles
                && n_vectors <= sizes.n_vectors
                && fits(group, n_vectors, isa.registers(), Operand::Broadcast)
        });
        let (group, n_vectors) = fitting.min_by(|&a, &b| sizes.cost(isa, a).total_cmp(&sizes.cost(isa, b)))?;
        let group_bytes = SIDE * SIDE * group * x.image.n_blocks() * isa.lanes() * size_of::<f32>();
        let weight_bytes = SIDE * SIDE * sizes.n_channels * sizes.n_vectors * isa.lanes() * size_of::<f32>();
        let max_bytes = if weight_bytes > LARGE { MAX_INPUT_BYTES } else { 0 };
        let n_groups = (max_bytes / group_bytes).clamp(1, sizes.n_tiles.div_ceil(group));
        let last = |n: usize| (n - 1) % OUTPUTS + 1;
        let tiles = WinogradTiles {
            n_images: size.n,
            n_rows: size.h.div_ceil(OUTPUTS),
            n_columns: size.w.div_ceil(OUTPUTS),
            last_rows: last(size.h),
            last_columns: last(size.w),
            group,
            n_groups,
        };
        let n_blocks = sizes.n_vectors.div_ceil(n_vectors);
        let n_channel_tasks = N_TASKS.div_ceil(tiles.n_chunks()).min(n_blocks);
        let transforms = sizes.n_tiles * (x.image.n_blocks() * n_channel_tasks + sizes.n_vectors);
        let products = sizes.cost(isa, (group, n_vectors));
        let streaming = (weight_bytes * tiles.n_chunks()) as f64 / BYTES_A_CYCLE;
        let products = if weight_bytes > LARGE { products.max(streaming) } else { products };
        Some(Division {
            tiles,
            n_vectors,
            n_blocks_of_vectors: n_blocks.div_ceil(n_channel_tasks),
            streams: weight_bytes > LARGE,
            cost: products + transforms as f64 * TRANSFORM,
        })
    }

    /// Cycles that it takes directly, at what tiles reach.
    fn direct_cost(&self, isa: Isa, y: &View) -> f64 {
        let size = y.image.size;
        let n_products = 9 * self.shape.per_group * self.shape.n_out.div_ceil(isa.lanes());
        (size.n * size.h * size.w) as f64 * n_products as f64 / 1.8
    }
}

impl Sizes {
    /// Cycles of all products in such tiles.
    fn cost(&self, isa: Isa, (group, n_vectors): (usize, usize)) -> f64 {
        // Sums begin and are stored: a cycle each; the rest is the loop and the call.
        let of = |n_tiles: usize, n: usize| match n_tiles * n {
            0 => 0.0,
            n_sums => {
                self.n_channels as f64 * cost(Registers::float(isa), Operand::Broadcast, n_tiles, n)
                    + 2.0 * n_sums as f64
                    + 10.0
            }
        };
        let of_vectors = |n: usize| (self.n_tiles / group) as f64 * of(group, n) + of(self.n_tiles % group, n);
        let n_places = (SIDE * SIDE) as f64;
        n_places
            * ((self.n_vectors / n_vectors) as f64 * of_vectors(n_vectors) + of_vectors(self.n_vectors % n_vectors))
    }
}

/// `G g Gᵀ` of the weights of some output channels: `[36 places][channel][output]`.
fn transform(block: &mut [f32], weights: &Numbers, outs: Range<usize>, n_channels: usize) {
    let width = block.len() / (SIDE * SIDE * n_channels);
    for (i, first) in outs.clone().step_by(AT_ONCE).enumerate() {
        let n = AT_ONCE.min(outs.end - first);
        for channel in 0..n_channels {
            let mut taps = [[0.0; AT_ONCE]; 9];
            for lane in 0..n {
                let own = weights.run(((first + lane) * n_channels + channel) * 9, 9);
                taps.iter_mut().zip(own).for_each(|(tap, weight)| tap[lane] = f64::from(weight));
            }
            let columns: [[Lanes; SIDE]; 3] =
                std::array::from_fn(|column| along([taps[column], taps[3 + column], taps[6 + column]]));
            for row in 0..SIDE {
                let places = along(columns.map(|column| column[row]));
                for (column, place) in places.iter().enumerate() {
                    let at = ((row * SIDE + column) * n_channels + channel) * width + i * AT_ONCE;
                    block[at..][..n].iter_mut().zip(place).for_each(|(to, &weight)| *to = weight as f32);
                }
            }
        }
    }
}

/// G, whose rows are `[1, 0, 0] / 4`, `[-1, ∓1, -1] / 6`, `[1, ±2, 4] / 24` and `[0, 0, 1]`, times three weights.
fn along([a, b, c]: [Lanes; 3]) -> [Lanes; SIDE] {
    let mut sums = [[0.0; AT_ONCE]; SIDE];
    for lane in 0..AT_ONCE {
        let (a, b, c) = (a[lane], b[lane], c[lane]);
        let (outer, far) = ((a + c) * -SIXTH, (a / 4.0 + c) * SIXTH);
        let (near_b, far_b) = (b * SIXTH, b * SIXTH / 2.0);
        let of_lane = [a / 4.0, outer - near_b, outer + near_b, far + far_b, far - far_b, c];
        sums.iter_mut().zip(of_lane).for_each(|(sum, value)| sum[lane] = value);
    }
    sums
}
