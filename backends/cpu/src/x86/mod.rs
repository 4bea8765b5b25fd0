//! Tiles for x86-64 as machine code of our own, since Cranelift has vectors of 128 bits at most.

mod encode;
mod integer;
#[cfg(test)]
mod tests;

use encode::{Code, Gp, Mem, Rm, Vector, Width};

use crate::Isa;
use crate::isa::Dot;
use crate::tile::{Pointer, Reg, VectorAsm};

/// Assembles a tile for AVX2 or AVX-512. Arguments come as the System V calling convention has them, on every system.
/// All registers that are written are the caller's to save there.
pub(crate) struct X86 {
    code: Code,
    width: Width,
    /// How bytes are multiplied, in a tile of integers.
    dot: Dot,
}

impl X86 {
    /// An assembler for the instruction set; `None` if that is not x86's.
    pub(crate) fn new(isa: Isa) -> Option<Self> {
        let width = match isa {
            Isa::Avx512 => Width::Zmm,
            Isa::AvxVnni | Isa::Avx2 => Width::Ymm,
            Isa::Clif => return None,
        };
        Some(X86 { code: Code::default(), width, dot: isa.dot() })
    }

    /// An assembler for tiles of integers that multiply so; `None` if they are Cranelift's.
    pub(crate) fn for_integers(dot: Dot) -> Option<Self> {
        let width = match dot {
            Dot::Avx512Vnni => Width::Zmm,
            Dot::AvxVnni | Dot::Words => Width::Ymm,
            Dot::Clif => return None,
        };
        Some(X86 { code: Code::default(), width, dot })
    }

    /// The tile's machine code.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.code.zero_upper();
        self.code.ret();
        self.code.bytes
    }

    fn put(&mut self, what: Vector, reg: Reg, first: Reg, rm: Rm) {
        self.code.vector(what, self.width, reg.0, first.0, rm);
    }
}

/// The registers of the first five arguments.
fn gp(pointer: Pointer) -> Gp {
    match pointer {
        Pointer::Input => Gp::RDI,
        Pointer::Weights => Gp::RSI,
        Pointer::Bias => Gp::RDX,
        Pointer::Output => Gp::RCX,
        Pointer::Residual => Gp::R8,
    }
}

/// Registers for loops' counters, outermost first.
const COUNTERS: [Gp; 4] = [Gp::RAX, Gp::R9, Gp::R10, Gp::R11];

fn mem(pointer: Pointer, disp: i32) -> Mem {
    Mem { base: gp(pointer), disp }
}

impl VectorAsm for X86 {
    fn embeds_broadcast(&self) -> bool {
        self.width == Width::Zmm
    }

    fn zero(&mut self, reg: Reg) {
        self.code.zero(reg.0);
    }

    fn load(&mut self, reg: Reg, pointer: Pointer, disp: i32) {
        self.put(Vector::Load, reg, Reg(0), Rm::Mem(mem(pointer, disp)));
    }

    fn broadcast(&mut self, reg: Reg, pointer: Pointer, disp: i32) {
        self.put(Vector::Broadcast, reg, Reg(0), Rm::Mem(mem(pointer, disp)));
    }

    fn store(&mut self, pointer: Pointer, disp: i32, reg: Reg) {
        self.put(Vector::Store, reg, Reg(0), Rm::Mem(mem(pointer, disp)));
    }

    fn copy(&mut self, to: Reg, from: Reg) {
        self.put(Vector::Load, to, Reg(0), Rm::Reg(from.0));
    }

    fn fma(&mut self, sum: Reg, a: Reg, b: Reg) {
        self.put(Vector::Fma, sum, a, Rm::Reg(b.0));
    }

    fn fma_load(&mut self, sum: Reg, a: Reg, pointer: Pointer, disp: i32) {
        self.put(Vector::Fma, sum, a, Rm::Mem(mem(pointer, disp)));
    }

    fn fma_broadcast(&mut self, sum: Reg, a: Reg, pointer: Pointer, disp: i32) {
        self.put(Vector::Fma, sum, a, Rm::Broadcast(mem(pointer, disp)));
    }

    fn add_load(&mut self, sum: Reg, pointer: Pointer, disp: i32) {
        self.put(Vector::Add, sum, sum, Rm::Mem(mem(pointer, disp)));
    }

    fn add(&mut self, to: Reg, a: Reg, b: Reg) {
        self.put(Vector::Add, to, a, Rm::Reg(b.0));
    }

    fn sub(&mut self, to: Reg, a: Reg, b: Reg) {
        self.put(Vector::Sub, to, a, Rm::Reg(b.0));
    }

    fn max(&mut self, to: Reg, a: Reg, b: Reg) {
        self.put(Vector::Max, to, a, Rm::Reg(b.0));
    }

    fn prefetch(&mut self, pointer: Pointer, disp: i32) {
        self.code.prefetch(mem(pointer, disp));
    }

    fn advance(&mut self, pointer: Pointer, bytes: i32) {
        if bytes != 0 {
            self.code.add_imm(gp(pointer), bytes);
        }
    }

    fn counted(&mut self, depth: usize, n: u32, body: &mut dyn FnMut(&mut Self)) {
        let counter = COUNTERS[depth];
        self.code.mov_imm(counter, n);
        let start = self.code.bytes.len();
        body(self);
        self.code.decrement(counter);
        self.code.jump_back_if_not_zero(start);
    }
}
