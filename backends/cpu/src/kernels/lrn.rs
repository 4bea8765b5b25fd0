//! Local response normalisation across channels.

use std::fmt;

use cranelift_codegen::ir::{InstBuilder, Value};
use cranelift_module::{FuncId, Module};

use super::numbers;
use crate::CompileError;
use crate::emit::{Code, Helper, as_imm};
use crate::plan::{BufferId, View};

/// `x / (bias + factor * Σ x²)^beta` on plain images.
#[derive(Debug)]
pub(crate) struct LrnKernel {
    pub(crate) x: View,
    pub(crate) y: View,
    /// Channels that are summed before and behind an element's own.
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) factor: f32,
    pub(crate) beta: f32,
    pub(crate) bias: f32,
}

impl LrnKernel {
    pub(super) fn name(&self) -> &'static str {
        "lrn"
    }

    /// A task is a channel of an image.
    pub(super) fn n_tasks(&self) -> usize {
        self.x.image.size.n * self.x.image.size.c
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        vec![self.x.buffer]
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.y.buffer]
    }

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let pow = code.helper(Helper::Pow)?;
        let size = self.x.image.size;
        let n_elements = size.h * size.w;
        let [image, channel] = code.split(task, [size.n, size.c]);
        let [x, y] = [&self.x, &self.y].map(|view| {
            let first = code.first(view);
            code.at(first, image, bytes(view.image.image))
        });
        // The first channel that is summed, and the one behind the last.
        let before = code.int(self.before);
        let skipped = code.min(channel, before);
        let from = code.sub(channel, skipped);
        let end = code.offset(channel, as_imm(self.after.saturating_add(1).min(size.c)));
        let n_channels = code.int(size.c);
        let end = code.min(end, n_channels);
        let part = |code: &mut Code<'_, M>, n: usize, start: usize, step: usize| {
            code.repeat(n, &mut |code, i| {
                let x = code.offset(x, bytes(start));
                let x = code.at(x, i, bytes(step));
                let y = code.offset(y, bytes(start));
                let y = code.at(y, i, bytes(step));
                self.emit_part(code, step == 4, [x, y, channel, from, end], pow);
            });
        };
        part(code, n_elements / 4, 0, 4);
        part(code, n_elements % 4, n_elements - n_elements % 4, 1);
        Ok(())
    }

    fn emit_part<M: Module>(
        &self,
        code: &mut Code<'_, M>,
        is_vector: bool,
        [x, y, channel, from, end]: [Value; 5],
        pow: FuncId,
    ) {
        let plane = bytes(self.x.image.plane);
        let parts = numbers::parts(if is_vector { 4 } else { 1 });
        let zero = code.float(0.0);
        let zero = if is_vector { code.splat(zero) } else { zero };
        let sum = code.variable(zero);
        code.range(from, end, &mut |code, neighbour| {
            let at = code.at(x, neighbour, plane);
            let element = parts.load(code, at, 0);
            let square = code.builder.ins().fmul(element, element);
            let old = code.builder.use_var(sum);
            let new = code.builder.ins().fadd(old, square);
            code.builder.def_var(sum, new);
        });
        let at = code.at(x, channel, plane);
        let own = parts.load(code, at, 0);
        let sum = code.builder.use_var(sum);
        let (factor, bias) = (numbers::constant(code, self.factor, own), numbers::constant(code, self.bias, own));
        let scaled = code.builder.ins().fmul(factor, sum);
        let base = code.builder.ins().fadd(bias, scaled);
        let divisor = self.power(code, base, pow);
        let result = code.builder.ins().fdiv(own, divisor);
        let to = code.at(y, channel, bytes(self.y.image.plane));
        code.store(result, to, 0);
    }

    /// `base^beta`: three quarters, as published networks have it, by square roots.
    fn power<M: Module>(&self, code: &mut Code<'_, M>, base: Value, pow: FuncId) -> Value {
        if self.beta == 0.75 {
            let root = code.builder.ins().sqrt(base);
            let fourth_root = code.builder.ins().sqrt(root);
            return code.builder.ins().fmul(root, fourth_root);
        }
        let beta = numbers::constant(code, self.beta, base);
        numbers::call(code, pow, &[base, beta])
    }
}

fn bytes(n_elements: usize) -> i64 {
    as_imm(n_elements * size_of::<f32>())
}

impl fmt::Display for LrnKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lrn {} -> {}", self.x, self.y)
    }
}
