//! Softmax.

use std::fmt;

use cranelift_codegen::ir::{InstBuilder, Value};
use cranelift_frontend::Variable;
use cranelift_module::Module;

use super::exponential::exp;
use super::numbers::{self, Parts};
use super::sums::{self, Fold};
use crate::CompileError;
use crate::emit::{Code, as_imm};
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

    /// Columns that are computed side by side.
    fn columns(&self) -> usize {
        self.sizes[2].div_ceil(4)
    }

    pub(super) fn n_tasks(&self) -> usize {
        self.sizes[0] * self.columns()
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        vec![self.x.buffer]
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.y.buffer]
    }

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let [outer, size, inner] = self.sizes;
        let [before, four] = code.split(task, [outer, self.columns()]);
        let [x, y] = [&self.x, &self.y].map(|view| {
            let first = code.first(view);
            let block = code.at(first, before, bytes(size * inner));
            code.at(block, four, bytes(4))
        });
        if inner == 1 {
            self.emit_run(code, [x, y]);
            return Ok(());
        }
        let one_by_one = |code: &mut Code<'_, M>, n: usize| {
            code.repeat(n, &mut |code, i| {
                let [x, y] = [x, y].map(|base| code.at(base, i, bytes(1)));
                self.emit_columns(code, [x, y], numbers::parts(1));
            });
        };
        code.if_below(four, inner / 4, &mut |code| self.emit_columns(code, [x, y], numbers::parts(4)), &mut |code| {
            one_by_one(code, inner % 4);
        });
        Ok(())
    }

    /// Elements that lie one behind the other.
    fn emit_run<M: Module>(&self, code: &mut Code<'_, M>, [x, y]: [Value; 2]) {
        let [max_of_four, max] = [true, false].map(|is_vector| Fold::Max.begin(code, is_vector));
        self.along(code, &mut |code, parts, at| {
            let x = code.add(x, at);
            let elements = parts.load(code, x, 0);
            Fold::Max.add(code, if parts.is_vector { &max_of_four } else { &max }, elements);
        });
        Fold::Max.unite(code, &max_of_four, &max);
        let max = Fold::Max.value(code, &max);
        let [sum_of_four, sum] = [true, false].map(|is_vector| Fold::Sum.begin(code, is_vector));
        self.along(code, &mut |code, parts, at| {
            let [x, y] = [x, y].map(|base| code.add(base, at));
            power(code, parts, [x, y], max, if parts.is_vector { &sum_of_four } else { &sum });
        });
        Fold::Sum.unite(code, &sum_of_four, &sum);
        let factor = reciprocal(code, &sum);
        self.along(code, &mut |code, parts, at| {
            let y = code.add(y, at);
            scale(code, parts, y, factor);
        });
    }

    /// Fours of a run, then what is left.
    fn along<M: Module>(&self, code: &mut Code<'_, M>, body: &mut dyn FnMut(&mut Code<'_, M>, Parts, Value)) {
        let size = self.sizes[1];
        for (width, n, start) in [(4, size / 4, 0), (1, size % 4, size / 4 * 4)] {
            code.repeat(n, &mut |code, i| {
                let distance = code.scaled(i, bytes(width));
                let distance = code.offset(distance, bytes(start));
                body(code, numbers::parts(width), distance);
            });
        }
    }

    /// One column or four side by side.
    fn emit_columns<M: Module>(&self, code: &mut Code<'_, M>, [x, y]: [Value; 2], parts: Parts) {
        let [_, size, inner] = self.sizes;
        let max = Fold::Max.begin(code, parts.is_vector);
        code.repeat(size, &mut |code, i| {
            let at = code.at(x, i, bytes(inner));
            let elements = parts.load(code, at, 0);
            Fold::Max.add(code, &max, elements);
        });
        let max = Fold::Max.value(code, &max);
        let sum = Fold::Sum.begin(code, parts.is_vector);
        code.repeat(size, &mut |code, i| {
            let at = [x, y].map(|base| code.at(base, i, bytes(inner)));
            power(code, parts, at, max, &sum);
        });
        let factor = reciprocal(code, &sum);
        code.repeat(size, &mut |code, i| {
            let at = code.at(y, i, bytes(inner));
            scale(code, parts, at, factor);
        });
    }
}

/// Stores e to the distance from the maximum, and adds it up.
fn power<M: Module>(code: &mut Code<'_, M>, parts: Parts, [x, y]: [Value; 2], max: Value, sum: &[Variable]) {
    let elements = parts.load(code, x, 0);
    let max = numbers::like(code, max, elements);
    let distance = code.builder.ins().fsub(elements, max);
    let power = exp(code, distance);
    Fold::Sum.add(code, sum, power);
    code.store(power, y, 0);
}

fn reciprocal<M: Module>(code: &mut Code<'_, M>, sum: &[Variable]) -> Value {
    sums::invert(code, sum);
    Fold::Sum.value(code, sum)
}

fn scale<M: Module>(code: &mut Code<'_, M>, parts: Parts, y: Value, factor: Value) {
    let powers = parts.load(code, y, 0);
    let factor = numbers::like(code, factor, powers);
    let result = code.builder.ins().fmul(powers, factor);
    code.store(result, y, 0);
}

fn bytes(n_elements: usize) -> i64 {
    as_imm(n_elements * size_of::<f32>())
}

impl fmt::Display for SoftmaxKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [outer, size, inner] = self.sizes;
        write!(f, "softmax {} -> {} over {outer}x{size}x{inner}", self.x, self.y)
    }
}
