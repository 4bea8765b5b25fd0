//! What tiles are written in.

/// A vector register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reg(pub(crate) u8);

/// A tile's arguments, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pointer {
    Input,
    Weights,
    /// A number for each output channel, from which its sum starts.
    Bias,
    Output,
    /// What is added to the sums, if anything is.
    Residual,
}

impl Pointer {
    /// All of them, in the order of arguments.
    pub(crate) const ALL: [Pointer; 5] =
        [Pointer::Input, Pointer::Weights, Pointer::Bias, Pointer::Output, Pointer::Residual];
}

/// An assembler of vector code: registers, memory at a pointer plus a constant, and counted loops.
pub(crate) trait VectorAsm {
    /// Whether [`fma_broadcast`](VectorAsm::fma_broadcast) is one instruction.
    fn embeds_broadcast(&self) -> bool;

    /// All elements 0.
    fn zero(&mut self, reg: Reg);

    /// A vector from memory of any alignment.
    fn load(&mut self, reg: Reg, pointer: Pointer, disp: i32);

    /// One element from memory, repeated.
    fn broadcast(&mut self, reg: Reg, pointer: Pointer, disp: i32);

    /// A vector to memory of any alignment.
    fn store(&mut self, pointer: Pointer, disp: i32, reg: Reg);

    /// Another register's elements.
    fn copy(&mut self, to: Reg, from: Reg);

    /// `sum += a * b`
    fn fma(&mut self, sum: Reg, a: Reg, b: Reg);

    /// `sum += a * vector in memory`
    fn fma_load(&mut self, sum: Reg, a: Reg, pointer: Pointer, disp: i32);

    /// `sum += a * one element in memory`
    fn fma_broadcast(&mut self, sum: Reg, a: Reg, pointer: Pointer, disp: i32);

    /// `sum += vector in memory`
    fn add_load(&mut self, sum: Reg, pointer: Pointer, disp: i32);

    /// `to = a + b`
    fn add(&mut self, to: Reg, a: Reg, b: Reg);

    /// `to = a - b`
    fn sub(&mut self, to: Reg, a: Reg, b: Reg);

    /// The larger elements of both; `b`'s where one is a NaN.
    fn max(&mut self, to: Reg, a: Reg, b: Reg);

    /// Asks for a line of memory that is read later, if it costs nothing. It need not exist.
    fn prefetch(&mut self, pointer: Pointer, disp: i32);

    /// Moves a pointer.
    fn advance(&mut self, pointer: Pointer, bytes: i32);

    /// Repeats what `body` writes `n` times, at least once. Loops that are open have different depths, below 4.
    fn counted(&mut self, depth: usize, n: u32, body: &mut dyn FnMut(&mut Self));
}
