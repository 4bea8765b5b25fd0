//! Softmax.

use std::fmt;

use cranelift_codegen::ir::types::{F32, F64};
use cranelift_codegen::ir::{InstBuilder, Value};
use cranelift_module::Module;

use super::numbers::{is_above, select};
use crate::CompileError;
use crate::emit::{Code, Helper, as_imm};
use crate::plan::{BufferId, View};

/// Softmax of plain values, along the middle one of three dimensions.
#[derive(Debug)]
pub(crate) struct SoftmaxKernel {
    pub(crate) x: View,
    pub(crate) y: View,
    /// Elements outside of the dimension, along it, and inside of it.
    pub(crate) sizes: [usize; 3],
}

impl SoftmaxKernel {
    pub(super) fn name(&self) -> &'static str {
        "softmax"
    }

    pub(super) fn n_tasks(&self) -> usize {
        let [outer, _, inner] = self.sizes;
        outer * inner
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        vec![self.x.buffer]
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.y.buffer]
    }

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let exp = code.helper(Helper::Exp)?;
        let [outer, size, inner] = self.sizes;
        let bytes = |n: usize| as_imm(n * size_of::<f32>());
        let [before, column] = code.split(task, [outer, inner]);
        let [x, y] = [&self.x, &self.y].map(|view| {
            let first = code.first(view);
            let block = code.at(first, before, bytes(size * inner));
            code.at(block, column, bytes(1))
        });
        let lowest = code.float(f32::NEG_INFINITY);
        let max = code.variable(lowest);
        code.repeat(size, &mut |code, i| {
            let at = code.at(x, i, bytes(inner));
            let (element, old) = (code.load(at, 0), code.builder.use_var(max));
            let is_larger = is_above(code, element, old);
            let new = select(code, is_larger, element, old);
            code.builder.def_var(max, new);
        });
        let max = code.builder.use_var(max);
        let zero = code.builder.ins().f64const(0.0);
        let sum = code.variable(zero);
        code.repeat(size, &mut |code, i| {
            let from = code.at(x, i, bytes(inner));
            let element = code.load(from, 0);
            let distance = code.builder.ins().fsub(element, max);
            let power = code.call_for_result(exp, &[distance]);
            let to = code.at(y, i, bytes(inner));
            code.store(power, to, 0);
            // In f32, the sum of many would be off by more than its terms.
            let (power, old) = (code.builder.ins().fpromote(F64, power), code.builder.use_var(sum));
            let new = code.builder.ins().fadd(old, power);
            code.builder.def_var(sum, new);
        });
        let sum = code.builder.use_var(sum);
        code.repeat(size, &mut |code, i| {
            let at = code.at(y, i, bytes(inner));
            let power = code.load(at, 0);
            let power = code.builder.ins().fpromote(F64, power);
            let quotient = code.builder.ins().fdiv(power, sum);
            let quotient = code.builder.ins().fdemote(F32, quotient);
            code.store(quotient, at, 0);
        });
        Ok(())
    }
}

impl fmt::Display for SoftmaxKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [outer, size, inner] = self.sizes;
        write!(f, "softmax {} -> {} over {outer}x{size}x{inner}", self.x, self.y)
    }
}
