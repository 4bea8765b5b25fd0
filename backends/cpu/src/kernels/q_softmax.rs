//! Softmax of bytes.

use std::fmt;

use cranelift_codegen::ir::types::{F32, F64, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData as MemFlags, Value};
use cranelift_module::Module;

use super::quantizing::Quantizing;
use crate::CompileError;
use crate::emit::{Code, Helper, as_imm};
use crate::plan::{BufferId, View};

/// Softmax along one dimension of plain values, in f64 as the op is defined.
#[derive(Debug)]
pub(crate) struct QSoftmaxKernel {
    pub(crate) x: View,
    pub(crate) y: View,
    /// Outer, along the dimension, inner.
    pub(crate) sizes: [usize; 3],
    /// The number of each byte, as f32, which rise with what is added to bytes so that they do: a word of the program's
    /// weights, and that summand.
    pub(crate) table: usize,
    pub(crate) shift: i64,
    /// Where exponentials of f64 are kept, as many as `x` has elements.
    pub(crate) scratch: View,
    pub(crate) to: Quantizing,
}

impl QSoftmaxKernel {
    pub(super) fn name(&self) -> &'static str {
        "q_softmax"
    }

    pub(super) fn n_tasks(&self) -> usize {
        self.sizes[0] * self.sizes[2]
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        vec![self.x.buffer]
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.y.buffer, self.scratch.buffer]
    }

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let exp = code.helper(Helper::ExpOfDifference)?;
        let [_, n, inner] = self.sizes;
        let [outer, place] = code.split(task, [self.sizes[0], inner]);
        let first = code.scaled(outer, as_imm(n * inner));
        let first = code.add(first, place);
        let [x, y] = [&self.x, &self.y].map(|view| {
            let base = code.first(view);
            code.add(base, first)
        });
        let scratch = code.first(&self.scratch);
        let scratch = code.at(scratch, first, as_imm(size_of::<f64>()));

        let index = |code: &mut Code<'_, M>, i: Value| {
            let byte = code.at(x, i, as_imm(inner));
            let byte = code.builder.ins().uload8(I64, MemFlags::new(), byte, 0);
            let shifted = code.offset(byte, self.shift);
            code.builder.ins().band_imm_s(shifted, 0xff)
        };
        let zero = code.int(0);
        let largest = code.variable(zero);
        code.repeat(n, &mut |code, i| {
            let (index, old) = (index(code, i), code.builder.use_var(largest));
            let new = code.builder.ins().umax(old, index);
            code.builder.def_var(largest, new);
        });
        let number = |code: &mut Code<'_, M>, index: Value| {
            let table = code.weight(self.table);
            let entry = code.at(table, index, as_imm(size_of::<f32>()));
            code.load(entry, 0)
        };
        let largest = code.builder.use_var(largest);
        let largest = number(code, largest);
        let zero = code.builder.ins().f64const(0.0);
        let sum = code.variable(zero);
        code.repeat(n, &mut |code, i| {
            let index = index(code, i);
            let number = number(code, index);
            let power = code.call_for_result(exp, &[number, largest]);
            let at = code.at(scratch, i, as_imm(inner * size_of::<f64>()));
            code.store(power, at, 0);
            let old = code.builder.use_var(sum);
            let new = code.builder.ins().fadd(old, power);
            code.builder.def_var(sum, new);
        });
        let sum = code.builder.use_var(sum);
        code.repeat(n, &mut |code, i| {
            let at = code.at(scratch, i, as_imm(inner * size_of::<f64>()));
            let power = code.builder.ins().load(F64, MemFlags::new(), at, 0);
            let share = code.builder.ins().fdiv(power, sum);
            let share = code.builder.ins().fdemote(F32, share);
            let y = code.at(y, i, as_imm(inner));
            self.to.store(code, share, y, 0);
        });
        Ok(())
    }
}

impl fmt::Display for QSoftmaxKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [outer, n, inner] = self.sizes;
        write!(f, "q_softmax {} -> {} over {outer}x{n}x{inner}", self.x, self.y)
    }
}
