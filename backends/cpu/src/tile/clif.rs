//! Tiles in Cranelift's vectors of 128 bits: for every machine that Cranelift compiles for.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F32, F32X4, I32, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData as MemFlags, Value};
use cranelift_frontend::{FunctionBuilder, Variable};

use super::{Pointer, Reg, VectorAsm};

/// Builds a tile as a function of Cranelift's, whose parameters are the [`Pointer`]s.
pub(crate) struct ClifAsm<'a, 'b> {
    pub(super) builder: &'a mut FunctionBuilder<'b>,
    registers: Vec<Variable>,
    pointers: Vec<Variable>,
    has_fma: bool,
}

impl<'a, 'b> ClifAsm<'a, 'b> {
    /// An assembler in a function whose entry block is open. Without fused multiplication, products are rounded.
    pub(crate) fn new(
        builder: &'a mut FunctionBuilder<'b>,
        params: &[Value],
        n_registers: usize,
        has_fma: bool,
    ) -> Self {
        let registers = (0..n_registers).map(|_| builder.declare_var(F32X4)).collect();
        let pointers = params
            .iter()
            .map(|&param| {
                let variable = builder.declare_var(I64);
                builder.def_var(variable, param);
                variable
            })
            .collect();
        ClifAsm { builder, registers, pointers, has_fma }
    }

    pub(super) fn get(&mut self, reg: Reg) -> Value {
        self.builder.use_var(self.registers[usize::from(reg.0)])
    }

    pub(super) fn set(&mut self, reg: Reg, value: Value) {
        self.builder.def_var(self.registers[usize::from(reg.0)], value);
    }

    fn pointer_variable(&self, pointer: Pointer) -> Variable {
        self.pointers[pointer as usize]
    }

    pub(super) fn pointer(&mut self, pointer: Pointer) -> Value {
        self.builder.use_var(self.pointer_variable(pointer))
    }

    pub(super) fn read(&mut self, pointer: Pointer, disp: i32) -> Value {
        let address = self.pointer(pointer);
        self.builder.ins().load(F32X4, MemFlags::new(), address, disp)
    }

    fn multiply_add(&mut self, sum: Reg, a: Reg, b: Value) {
        let (old, a) = (self.get(sum), self.get(a));
        let new = if self.has_fma {
            self.builder.ins().fma(a, b, old)
        } else {
            let product = self.builder.ins().fmul(a, b);
            self.builder.ins().fadd(old, product)
        };
        self.set(sum, new);
    }

    pub(super) fn splat(&mut self, pointer: Pointer, disp: i32) -> Value {
        let address = self.pointer(pointer);
        let element = self.builder.ins().load(F32, MemFlags::new(), address, disp);
        self.builder.ins().splat(F32X4, element)
    }
}

impl VectorAsm for ClifAsm<'_, '_> {
    fn embeds_broadcast(&self) -> bool {
        false
    }

    fn zero(&mut self, reg: Reg) {
        let zero = self.builder.ins().f32const(0.0);
        let zeros = self.builder.ins().splat(F32X4, zero);
        self.set(reg, zeros);
    }

    fn load(&mut self, reg: Reg, pointer: Pointer, disp: i32) {
        let value = self.read(pointer, disp);
        self.set(reg, value);
    }

    fn broadcast(&mut self, reg: Reg, pointer: Pointer, disp: i32) {
        let value = self.splat(pointer, disp);
        self.set(reg, value);
    }

    fn store(&mut self, pointer: Pointer, disp: i32, reg: Reg) {
        let (address, value) = (self.pointer(pointer), self.get(reg));
        self.builder.ins().store(MemFlags::new(), value, address, disp);
    }

    fn copy(&mut self, to: Reg, from: Reg) {
        let value = self.get(from);
        self.set(to, value);
    }

    fn fma(&mut self, sum: Reg, a: Reg, b: Reg) {
        let b = self.get(b);
        self.multiply_add(sum, a, b);
    }

    fn fma_load(&mut self, sum: Reg, a: Reg, pointer: Pointer, disp: i32) {
        let b = self.read(pointer, disp);
        self.multiply_add(sum, a, b);
    }

    fn fma_broadcast(&mut self, sum: Reg, a: Reg, pointer: Pointer, disp: i32) {
        let b = self.splat(pointer, disp);
        self.multiply_add(sum, a, b);
    }

    fn add_load(&mut self, sum: Reg, pointer: Pointer, disp: i32) {
        let (old, more) = (self.get(sum), self.read(pointer, disp));
        let new = self.builder.ins().fadd(old, more);
        self.set(sum, new);
    }

    fn add(&mut self, to: Reg, a: Reg, b: Reg) {
        let (a, b) = (self.get(a), self.get(b));
        let value = self.builder.ins().fadd(a, b);
        self.set(to, value);
    }

    fn sub(&mut self, to: Reg, a: Reg, b: Reg) {
        let (a, b) = (self.get(a), self.get(b));
        let value = self.builder.ins().fsub(a, b);
        self.set(to, value);
    }

    fn max(&mut self, to: Reg, a: Reg, b: Reg) {
        let (a, b) = (self.get(a), self.get(b));
        let is_larger = self.builder.ins().fcmp(FloatCC::GreaterThan, a, b);
        let mask = self.builder.ins().bitcast(F32X4, MemFlags::new(), is_larger);
        let value = self.builder.ins().bitselect(mask, a, b);
        self.set(to, value);
    }

    fn prefetch(&mut self, _pointer: Pointer, _disp: i32) {
        // Cranelift has no instruction for it.
    }

    fn advance(&mut self, pointer: Pointer, bytes: i32) {
        let old = self.pointer(pointer);
        let new = self.builder.ins().iadd_imm_s(old, i64::from(bytes));
        self.builder.def_var(self.pointer_variable(pointer), new);
    }

    fn counted(&mut self, _depth: usize, n: u32, body: &mut dyn FnMut(&mut Self)) {
        let counter = self.builder.declare_var(I32);
        let start = self.builder.ins().iconst(I32, i64::from(n));
        self.builder.def_var(counter, start);
        let (repeat, done) = (self.builder.create_block(), self.builder.create_block());
        self.builder.ins().jump(repeat, &[]);
        self.builder.switch_to_block(repeat);
        body(self);
        let left = self.builder.use_var(counter);
        let left = self.builder.ins().iadd_imm_s(left, -1);
        self.builder.def_var(counter, left);
        let goes_on = self.builder.ins().icmp_imm_s(IntCC::NotEqual, left, 0);
        self.builder.ins().brif(goes_on, repeat, &[], done, &[]);
        self.builder.seal_block(repeat);
        self.builder.seal_block(done);
        self.builder.switch_to_block(done);
    }
}
