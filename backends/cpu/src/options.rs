//! How graphs are compiled.

use crate::Isa;

/// Which algorithms kernels may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithms {
    /// For each convolution the one that is thought to be the fastest. Winograd's is among them, whose sums are of
    /// other numbers than the convolution's products: f32 results have an error of about 1e-6 of the largest, and a NaN
    /// or an infinity spoils all results of the tiles of 4 × 4 that read it.
    #[default]
    Fastest,
    /// Sums of the products that define an op, and nothing else.
    Exact,
    /// Winograd's wherever it can be used, however slow: for tests.
    Winograd,
}

/// How a graph is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The instruction set that tiles are made for.
    pub isa: Isa,
    /// Which algorithms kernels may use.
    pub algorithms: Algorithms,
}

impl From<Isa> for Options {
    /// The fastest for an instruction set.
    fn from(isa: Isa) -> Self {
        Options { isa, algorithms: Algorithms::default() }
    }
}
