//! Reductions along any dimensions.

use std::fmt;

use cranelift_codegen::ir::{InstBuilder, Value};
use cranelift_frontend::Variable;
use cranelift_module::{FuncId, Module};
use firebrick_ir::ops::ReduceFn;

use super::exponential::exp;
use super::numbers;
use super::sums::{self, Fold};
use crate::CompileError;
use crate::emit::{Code, Helper, as_imm};
use crate::plan::{BufferId, View};

/// Vectors of columns that are reduced side by side.
const SIDE_BY_SIDE: usize = 4;

/// Columns of a task where there are many.
const COLUMNS: usize = 256;

/// A dimension of the operand: its size, and bytes from one element to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) n: usize,
    pub(crate) step: i64,
}

/// A reduction of plain values.
#[derive(Debug)]
pub(crate) struct ReduceKernel {
    pub(crate) function: ReduceFn,
    pub(crate) x: View,
    pub(crate) y: View,
    /// The dimensions that stay, outermost first, but for the columns.
    pub(crate) kept: Vec<Extent>,
    /// Those that are reduced. Without columns, the last one's elements lie one behind the other.
    pub(crate) reduced: Vec<Extent>,
    /// The last dimension if it stays; else 1. Columns lie one behind the other.
    pub(crate) n_columns: usize,
}

impl ReduceKernel {
    pub(super) fn name(&self) -> &'static str {
        "reduce"
    }

    fn sizes(&self) -> Vec<usize> {
        let chunks = self.n_columns.div_ceil(COLUMNS);
        self.kept.iter().map(|extent| extent.n).chain([chunks]).collect()
    }

    /// A task is a row of what stays, or a part of one.
    pub(super) fn n_tasks(&self) -> usize {
        self.sizes().iter().product()
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        vec![self.x.buffer]
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.y.buffer]
    }

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let needs_log = matches!(self.function, ReduceFn::LogSum | ReduceFn::LogSumExp);
        let log = needs_log.then(|| code.helper(Helper::Log)).transpose()?;
        let sizes = self.sizes();
        let indices = code.unravel(task, &sizes);
        let (mut x, mut y) = (code.first(&self.x), code.first(&self.y));
        let mut row = bytes(self.n_columns);
        for (i, extent) in self.kept.iter().enumerate().rev() {
            x = code.at(x, indices[i], extent.step);
            y = code.at(y, indices[i], row);
            row *= as_imm(extent.n);
        }
        if self.n_columns == 1 {
            self.emit_run(code, [x, y], log);
            return Ok(());
        }
        let first = code.scaled(indices[self.kept.len()], as_imm(COLUMNS));
        let end = code.offset(first, as_imm(COLUMNS));
        let n_columns = code.int(self.n_columns);
        let end = code.min(end, n_columns);
        let mut column = first;
        for width in [4 * SIDE_BY_SIDE, 4, 1] {
            let left = code.sub(end, column);
            let n = code.builder.ins().udiv_imm_u(left, as_imm(width));
            let at = [x, y].map(|base| code.at(base, column, bytes(1)));
            let zero = code.int(0);
            code.range(zero, n, &mut |code, i| {
                let [x, y] = at.map(|base| code.at(base, i, bytes(width)));
                self.emit_columns(code, [x, y], width, log);
            });
            let n_done = code.scaled(n, as_imm(width));
            column = code.add(column, n_done);
        }
        Ok(())
    }

    /// Elements that lie one behind the other, and others like them.
    fn emit_run<M: Module>(&self, code: &mut Code<'_, M>, [x, y]: [Value; 2], log: Option<FuncId>) {
        let Some((&last, outer)) = self.reduced.split_last() else { return };
        let whole = |code: &mut Code<'_, M>, fold: Fold, max: Option<Value>| {
            let [vectors, single] = [true, false].map(|is_vector| fold.begin(code, is_vector));
            nest(code, outer, x, &mut |code, x| {
                code.repeat(last.n / 4, &mut |code, i| {
                    let at = code.at(x, i, bytes(4));
                    let elements = code.load_vector(at, 0);
                    let elements = relative(code, elements, max);
                    fold.add(code, &vectors, elements);
                });
                code.repeat(last.n % 4, &mut |code, i| {
                    let at = code.offset(x, bytes(last.n / 4 * 4));
                    let at = code.at(at, i, bytes(1));
                    let element = code.load(at, 0);
                    let element = relative(code, element, max);
                    fold.add(code, &single, element);
                });
            });
            fold.unite(code, &vectors, &single);
            single
        };
        let max = (self.function == ReduceFn::LogSumExp).then(|| {
            let max = whole(code, Fold::Max, None);
            Fold::Max.value(code, &max)
        });
        let fold = Fold::of(self.function);
        let sums = whole(code, fold, max);
        let result = self.finish(code, fold, &sums, max, log);
        code.store(result, y, 0);
    }

    /// Columns side by side: 1, or some fours.
    fn emit_columns<M: Module>(&self, code: &mut Code<'_, M>, [x, y]: [Value; 2], width: usize, log: Option<FuncId>) {
        let parts = numbers::parts(width);
        let whole = |code: &mut Code<'_, M>, fold: Fold, max: Option<&[Value]>| {
            let sums: Vec<_> = parts.displacements().map(|_| fold.begin(code, parts.is_vector)).collect();
            nest(code, &self.reduced, x, &mut |code, x| {
                for (i, disp) in parts.displacements().enumerate() {
                    let elements = parts.load(code, x, disp);
                    let elements = relative(code, elements, max.map(|max| max[i]));
                    fold.add(code, &sums[i], elements);
                }
            });
            sums
        };
        let max = (self.function == ReduceFn::LogSumExp).then(|| {
            let max = whole(code, Fold::Max, None);
            max.iter().map(|max| Fold::Max.value(code, max)).collect::<Vec<_>>()
        });
        let fold = Fold::of(self.function);
        let sums = whole(code, fold, max.as_deref());
        for (i, disp) in parts.displacements().enumerate() {
            let result = self.finish(code, fold, &sums[i], max.as_ref().map(|max| max[i]), log);
            code.store(result, y, disp);
        }
    }

    /// The result of finished sums.
    fn finish<M: Module>(
        &self,
        code: &mut Code<'_, M>,
        fold: Fold,
        sums: &[Variable],
        max: Option<Value>,
        log: Option<FuncId>,
    ) -> Value {
        let n: usize = self.reduced.iter().map(|extent| extent.n).product();
        if self.function == ReduceFn::Mean {
            sums::divide(code, sums, n as f64);
        }
        let value = fold.value(code, sums);
        let logarithm = log.map(|log| numbers::call(code, log, &[value]));
        match (self.function, logarithm) {
            (ReduceFn::L2, _) => code.builder.ins().sqrt(value),
            (ReduceFn::LogSum, Some(logarithm)) => logarithm,
            (ReduceFn::LogSumExp, Some(logarithm)) => {
                let max = max.unwrap_or(value);
                let sum = code.builder.ins().fadd(logarithm, max);
                // An infinite maximum is the result, whatever the others are.
                let distance = code.builder.ins().fsub(max, max);
                let zero = numbers::constant(code, 0.0, distance);
                let is_finite = numbers::is_equal(code, distance, zero);
                numbers::select(code, is_finite, sum, max)
            }
            (
                ReduceFn::Sum
                | ReduceFn::Mean
                | ReduceFn::Max
                | ReduceFn::Min
                | ReduceFn::Prod
                | ReduceFn::L1
                | ReduceFn::SumSquare
                | ReduceFn::LogSum
                | ReduceFn::LogSumExp,
                _,
            ) => value,
        }
    }
}

/// `e^(x - max)` where there is a maximum.
fn relative<M: Module>(code: &mut Code<'_, M>, x: Value, max: Option<Value>) -> Value {
    let Some(max) = max else { return x };
    let max = numbers::like(code, max, x);
    let distance = code.builder.ins().fsub(x, max);
    exp(code, distance)
}

/// Loops over dimensions.
fn nest<M: Module>(
    code: &mut Code<'_, M>,
    extents: &[Extent],
    x: Value,
    body: &mut dyn FnMut(&mut Code<'_, M>, Value),
) {
    let Some((extent, inner)) = extents.split_first() else { return body(code, x) };
    code.repeat(extent.n, &mut |code, i| {
        let x = code.at(x, i, extent.step);
        nest(code, inner, x, body);
    });
}

fn bytes(n_elements: usize) -> i64 {
    as_imm(n_elements * size_of::<f32>())
}

impl fmt::Display for ReduceKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n: usize = self.reduced.iter().map(|extent| extent.n).product();
        write!(f, "reduce {} {} -> {} by {n}", self.function.name(), self.x, self.y)
    }
}
