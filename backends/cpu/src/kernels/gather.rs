//! Parts picked by indices that are computed.

use std::fmt;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData as MemFlags, Value};
use cranelift_module::Module;
use firebrick_ir::DType;

use super::copy::pieces;
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::{BufferId, View};

/// Picks runs of bytes of plain values. An index outside is noted, which the runtime makes an error of.
#[derive(Debug)]
pub(crate) struct GatherKernel {
    pub(crate) x: View,
    pub(crate) indices: View,
    pub(crate) y: View,
    /// A u32 that becomes 1 if an index is outside.
    pub(crate) outside: BufferId,
    /// Blocks of the operand, in each of which parts are picked.
    pub(crate) n_blocks: usize,
    /// Parts of a block.
    pub(crate) size: usize,
    pub(crate) n_indices: usize,
    /// Bytes of a part.
    pub(crate) run: usize,
}

impl GatherKernel {
    pub(super) fn name(&self) -> &'static str {
        "gather"
    }

    pub(super) fn n_tasks(&self) -> usize {
        self.n_blocks * self.n_indices
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        vec![self.x.buffer, self.indices.buffer]
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.y.buffer, self.outside]
    }

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let [block, i] = code.split(task, [self.n_blocks, self.n_indices]);
        let indices = code.first(&self.indices);
        let at = code.at(indices, i, as_imm(self.indices.image.dtype.size()));
        let index = if self.indices.image.dtype == DType::I64 {
            code.builder.ins().load(I64, MemFlags::new(), at, 0)
        } else {
            let index = code.builder.ins().load(I32, MemFlags::new(), at, 0);
            code.builder.ins().sextend(I64, index)
        };
        let from_end = code.offset(index, as_imm(self.size));
        let is_negative = code.builder.ins().icmp_imm_s(IntCC::SignedLessThan, index, 0);
        let place = code.builder.ins().select(is_negative, from_end, index);
        // Whoever notes an index outside writes the same.
        code.if_below(place, self.size, &mut |code| self.emit_run(code, [block, place], task), &mut |code| {
            let to = code.in_buffer(self.outside, 0);
            let one = code.builder.ins().iconst(I32, 1);
            code.store(one, to, 0);
        });
        Ok(())
    }

    fn emit_run<M: Module>(&self, code: &mut Code<'_, M>, [block, place]: [Value; 2], task: Value) {
        let [x, y] = [&self.x, &self.y].map(|view| code.first(view));
        let x = code.at(x, block, as_imm(self.size * self.run));
        let x = code.at(x, place, as_imm(self.run));
        let y = code.at(y, task, as_imm(self.run));
        for (start, n, piece) in pieces(self.run) {
            let [x, y] = [x, y].map(|address| code.offset(address, as_imm(start)));
            code.repeat(n, &mut |code, i| {
                let [from, to] = [x, y].map(|address| code.at(address, i, as_imm(piece)));
                let bits = code.load_bits(piece, from, 0);
                code.store(bits, to, 0);
            });
        }
    }
}

impl fmt::Display for GatherKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gather {} {} -> {}", self.x, self.indices, self.y)
    }
}
