//! What kernels are written with: a function of Cranelift's, with loops, addresses and calls.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32, F32X4, I8, I8X16, I16, I32, I64};
use cranelift_codegen::ir::{Block, Inst, InstBuilder, MemFlagsData as MemFlags, Type, Value};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, Variable};
use cranelift_module::{FuncId, Module};

use super::Emitter;
use super::helpers::Helper;
use crate::plan::{BufferId, View};
use crate::tile::Routine;
use crate::{CompileError, Isa};

/// The body of a kernel's function as it grows. Addresses and offsets are i64, in bytes.
pub(crate) struct Code<'a, M: Module> {
    pub(crate) builder: FunctionBuilder<'a>,
    emitter: &'a mut Emitter<M>,
    arena: Value,
    weights: Value,
    scratch: Value,
}

impl<'a, M: Module> Code<'a, M> {
    /// Code in a function whose entry block is open, with the arguments `arena`, `weights` and `scratch`.
    pub(super) fn new(
        builder: FunctionBuilder<'a>,
        emitter: &'a mut Emitter<M>,
        [arena, weights, scratch]: [Value; 3],
    ) -> Self {
        Code { builder, emitter, arena, weights, scratch }
    }

    /// The machine, as frontends of Cranelift need to know it.
    pub(super) fn target(&self) -> TargetFrontendConfig {
        self.emitter.module.target_config()
    }

    /// An integer.
    pub(crate) fn int(&mut self, n: usize) -> Value {
        self.builder.ins().iconst(I64, as_imm(n))
    }

    /// A number.
    pub(crate) fn float(&mut self, x: f32) -> Value {
        self.builder.ins().f32const(x)
    }

    pub(crate) fn add(&mut self, a: Value, b: Value) -> Value {
        self.builder.ins().iadd(a, b)
    }

    pub(crate) fn sub(&mut self, a: Value, b: Value) -> Value {
        self.builder.ins().isub(a, b)
    }

    pub(crate) fn offset(&mut self, a: Value, by: i64) -> Value {
        if by == 0 { a } else { self.builder.ins().iadd_imm_s(a, by) }
    }

    pub(crate) fn scaled(&mut self, a: Value, by: i64) -> Value {
        self.builder.ins().imul_imm_s(a, by)
    }

    /// `base + index * step`
    pub(crate) fn at(&mut self, base: Value, index: Value, step: i64) -> Value {
        let distance = self.scaled(index, step);
        self.add(base, distance)
    }

    /// The first pixel of a view.
    pub(crate) fn first(&mut self, view: &View) -> Value {
        self.in_buffer(view.buffer, as_imm(view.first_byte()))
    }

    /// A place in a buffer.
    pub(crate) fn in_buffer(&mut self, buffer: BufferId, byte: i64) -> Value {
        let start = as_imm(self.emitter.buffer_starts[buffer.0]);
        self.offset(self.arena, start + byte)
    }

    /// A place among the weights, by its word.
    pub(crate) fn weight(&mut self, word: usize) -> Value {
        self.offset(self.weights, as_imm(word * size_of::<u32>()))
    }

    /// A place in the thread's scratch memory.
    pub(crate) fn scratch(&mut self, byte: i64) -> Value {
        self.offset(self.scratch, byte)
    }

    /// Takes an index apart: `index = (..(i0 * sizes[1] + i1) * sizes[2] + ..)`.
    pub(crate) fn split<const N: usize>(&mut self, index: Value, sizes: [usize; N]) -> [Value; N] {
        let parts = self.unravel(index, &sizes);
        std::array::from_fn(|i| parts[i])
    }

    /// As [`split`](Code::split), for sizes that are not known here.
    pub(crate) fn unravel(&mut self, index: Value, sizes: &[usize]) -> Vec<Value> {
        let mut parts = vec![index; sizes.len()];
        let mut rest = index;
        for (i, &size) in sizes.iter().enumerate().skip(1).rev() {
            parts[i] = self.builder.ins().urem_imm_u(rest, as_imm(size));
            rest = self.builder.ins().udiv_imm_u(rest, as_imm(size));
            parts[i - 1] = rest;
        }
        parts
    }

    /// Repeats the body for `0..n`; nothing is written for no repetition, and no loop for one.
    pub(crate) fn repeat(&mut self, n: usize, body: &mut dyn FnMut(&mut Self, Value)) {
        let zero = self.int(0);
        match n {
            0 => (),
            1 => body(self, zero),
            _ => {
                let end = self.int(n);
                self.range(zero, end, body);
            }
        }
    }

    /// Repeats the body for `from..to`.
    pub(crate) fn range(&mut self, from: Value, to: Value, body: &mut dyn FnMut(&mut Self, Value)) {
        let counter = self.builder.declare_var(I64);
        self.builder.def_var(counter, from);
        let [head, inside, done] = [(); 3].map(|()| self.builder.create_block());
        self.builder.ins().jump(head, &[]);
        self.builder.switch_to_block(head);
        let index = self.builder.use_var(counter);
        let goes_on = self.builder.ins().icmp(IntCC::UnsignedLessThan, index, to);
        self.builder.ins().brif(goes_on, inside, &[], done, &[]);
        self.builder.seal_block(inside);
        self.builder.switch_to_block(inside);
        body(self, index);
        let next = self.builder.ins().iadd_imm_s(index, 1);
        self.builder.def_var(counter, next);
        self.builder.ins().jump(head, &[]);
        self.builder.seal_block(head);
        self.builder.seal_block(done);
        self.builder.switch_to_block(done);
    }

    /// One of two bodies: the first where `a < b`.
    pub(crate) fn if_below(
        &mut self,
        a: Value,
        b: usize,
        then: &mut dyn FnMut(&mut Self),
        otherwise: &mut dyn FnMut(&mut Self),
    ) {
        let is_below = self.builder.ins().icmp_imm_u(IntCC::UnsignedLessThan, a, as_imm(b));
        let [yes, no, done] = [(); 3].map(|()| self.builder.create_block());
        self.builder.ins().brif(is_below, yes, &[], no, &[]);
        self.branch(yes, done, then);
        self.branch(no, done, otherwise);
        self.builder.seal_block(done);
        self.builder.switch_to_block(done);
    }

    fn branch(&mut self, block: Block, done: Block, body: &mut dyn FnMut(&mut Self)) {
        self.builder.seal_block(block);
        self.builder.switch_to_block(block);
        body(self);
        self.builder.ins().jump(done, &[]);
    }

    /// The smaller of two integers.
    pub(crate) fn min(&mut self, a: Value, b: Value) -> Value {
        self.builder.ins().umin(a, b)
    }

    /// A variable that begins with a value.
    pub(crate) fn variable(&mut self, value: Value) -> Variable {
        let ty = self.builder.func.dfg.value_type(value);
        let variable = self.builder.declare_var(ty);
        self.builder.def_var(variable, value);
        variable
    }

    /// One element.
    pub(crate) fn load(&mut self, address: Value, disp: i32) -> Value {
        self.builder.ins().load(F32, MemFlags::new(), address, disp)
    }

    /// Four elements, of any alignment.
    pub(crate) fn load_vector(&mut self, address: Value, disp: i32) -> Value {
        self.builder.ins().load(F32X4, MemFlags::new(), address, disp)
    }

    /// Bits from memory of any alignment: 1, 2, 4, 8 or 16 bytes.
    pub(crate) fn load_bits(&mut self, n_bytes: usize, address: Value, disp: i32) -> Value {
        self.builder.ins().load(bits(n_bytes), MemFlags::new(), address, disp)
    }

    /// Bytes alike: 1, 2, 4, 8 or 16.
    pub(crate) fn repeated_byte(&mut self, byte: u8, n_bytes: usize) -> Value {
        if n_bytes == I8X16.bytes() as usize {
            let byte = self.builder.ins().iconst(I8, i64::from(byte));
            return self.builder.ins().splat(I8X16, byte);
        }
        let word = u64::from_ne_bytes([byte; 8]) >> (64 - 8 * n_bytes);
        self.builder.ins().iconst(bits(n_bytes), word.cast_signed())
    }

    /// An integer in memory.
    pub(crate) fn load_int(&mut self, address: Value, disp: i32) -> Value {
        self.builder.ins().uload32(MemFlags::new(), address, disp)
    }

    /// One element or a vector of them.
    pub(crate) fn store(&mut self, value: Value, address: Value, disp: i32) {
        self.builder.ins().store(MemFlags::new(), value, address, disp);
    }

    /// Four elements alike.
    pub(crate) fn splat(&mut self, element: Value) -> Value {
        self.builder.ins().splat(F32X4, element)
    }

    /// Innermost code, which is made if there is none like it yet, for what is called `name`.
    ///
    /// # Errors
    /// If it can't be compiled.
    pub(crate) fn routine(&mut self, name: &str, routine: &Routine) -> Result<FuncId, CompileError> {
        self.emitter.routine(name, routine)
    }

    /// A function of the runtime.
    ///
    /// # Errors
    /// If it can't be declared.
    pub(crate) fn helper(&mut self, helper: Helper) -> Result<FuncId, CompileError> {
        self.emitter.helper(helper)
    }

    /// Calls a function that gives a number.
    pub(crate) fn call_for_result(&mut self, id: FuncId, arguments: &[Value]) -> Value {
        let call = self.call(id, arguments);
        self.builder.inst_results(call)[0]
    }

    /// Calls a function.
    pub(crate) fn call(&mut self, id: FuncId, arguments: &[Value]) -> Inst {
        let callee = self.emitter.module.declare_func_in_func(id, self.builder.func);
        self.builder.ins().call(callee, arguments)
    }

    /// What tiles are made for.
    pub(crate) fn isa(&self) -> Isa {
        self.emitter.isa
    }

    /// Bytes of a tile's vector.
    pub(crate) fn vector_bytes(&self) -> usize {
        self.emitter.isa.lanes() * size_of::<f32>()
    }
}

/// The type of that many bytes.
fn bits(n_bytes: usize) -> Type {
    match n_bytes {
        1 => I8,
        2 => I16,
        4 => I32,
        8 => I64,
        _ => I8X16,
    }
}

/// Sizes of memory are below 2^63.
pub(crate) fn as_imm(n: usize) -> i64 {
    n.cast_signed() as i64
}
