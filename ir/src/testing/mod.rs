//! Random graphs for property tests: valid ones of every op family, with shared readers, several outputs, dead nodes,
//! odd names, weights that are missing, symbolic batches, hints and origins. Small enough to be evaluated by the hundred.

mod build;
mod fused;
mod indexed;
mod integers;
mod networks;
mod qdq;
mod quantized;
mod steps;

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};

use self::build::Builder;
use self::networks::NETWORK_STEPS;
use self::qdq::QDQ_STEPS;
use self::steps::{STEPS, Step};
use crate::{DType, Dim, Graph, Tensor, Type, text};

/// What a symbolic dimension is in [`inputs`].
const SYMBOL_SIZE: usize = 2;

/// What the graphs of a strategy may contain.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// At most that many steps. Most of them add one op, with the constants that it needs.
    pub max_steps: usize,
    /// Whether names need quotes and escapes now and then.
    pub odd_names: bool,
    /// Whether some constants have no elements. A graph that reads one can't be evaluated.
    pub missing: bool,
    /// Whether the first dimension of some inputs is symbolic.
    pub symbolic: bool,
    /// Whether some nodes have hints.
    pub hints: bool,
    /// Whether the scales of quantized networks are powers of two, with which arithmetic on numbers is exact.
    pub powers_of_two: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { max_steps: 16, odd_names: true, missing: true, symbolic: true, hints: true, powers_of_two: false }
    }
}

/// Valid graphs of all kinds.
pub fn graphs() -> impl Strategy<Value = Graph> {
    graphs_with(Options::default())
}

/// Valid graphs of the given kinds.
pub fn graphs_with(options: Options) -> impl Strategy<Value = Graph> {
    grown(options, STEPS, |builder| {
        builder.image();
    })
}

/// Networks of convolutions as they are met in practice, and as frontends write them: branches that meet in
/// concatenations and sums, shared readers, activations, scales in all spellings, copies, transposes there and back,
/// constants of constants, outputs in the middle. All of f32, and no function in them jumps or makes rounding errors
/// much larger, so that rewritten graphs may be compared within a tolerance.
pub fn networks() -> impl Strategy<Value = Graph> {
    let options = Options { missing: false, hints: false, ..Options::default() };
    grown(options, NETWORK_STEPS, |builder| {
        let batch = if builder.coin() { Dim::sym("N") } else { 2.into() };
        let mut dims = vec![batch, (builder.between(1, 4) as u64).into()];
        dims.extend(builder.many(2, 3, 7).into_iter().map(|n| Dim::from(n as u64)));
        builder.input(Type::new(DType::F32, dims));
    })
}

/// Quantized networks as exporters write them: what is dequantized, computed and quantized again, with activations,
/// bypasses, concatenations and movement between, equal scales and different ones, second readers, numbers that stay
/// numbers, outputs in the middle.
pub fn quantized_networks(options: Options) -> impl Strategy<Value = Graph> {
    grown(Options { missing: false, hints: false, ..options }, QDQ_STEPS, qdq::begin)
}

/// Graphs that begin so, and grow by these steps.
fn grown(options: Options, kinds: &'static [Step], begin: fn(&mut Builder)) -> impl Strategy<Value = Graph> {
    let choices = || vec(any::<u16>(), 32);
    (choices(), vec(choices(), 0..=options.max_steps), choices()).prop_map(move |(ends, steps, outputs)| {
        let mut builder = Builder::new(options, ends);
        begin(&mut builder);
        for choices in steps {
            builder.begin(choices);
            let step = builder.of(kinds);
            // A step that finds no operands, or would make a value too large, adds nothing.
            let _ = step(&mut builder);
        }
        builder.begin(outputs);
        builder.finish()
    })
}

/// Random tensors for the graph's inputs, the same for a seed on every machine; every symbolic dimension is 2.
pub fn inputs(graph: &Graph, seed: u64) -> HashMap<String, Tensor> {
    let outputs = graph.inputs().iter().map(|&id| &graph.node(id).outputs[0]);
    outputs
        .zip(0u64..)
        .filter_map(|(output, i)| {
            let size = |dim: &Dim| dim.fixed().map_or(SYMBOL_SIZE, |n| n as usize);
            let dims: Vec<usize> = output.ty.shape.0.iter().map(size).collect();
            Some((output.name.clone(), tensor(output.ty.dtype, &dims, seed.wrapping_add(i))?))
        })
        .collect()
}

/// A random tensor, the same for a seed on every machine: floats in -1..1, other elements of any value. `None` if it
/// would be larger than the address space.
pub fn tensor(dtype: DType, dims: &[usize], seed: u64) -> Option<Tensor> {
    let ty = Type::new(dtype, dims.iter().map(|&n| Dim::Fixed(n as u64)).collect::<Vec<_>>());
    let n = usize::try_from(ty.n_bytes()?).ok()? / dtype.size();
    Tensor::new(dtype, dims, text::random(dtype, seed, n).into()).ok()
}
