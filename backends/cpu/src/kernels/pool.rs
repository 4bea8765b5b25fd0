//! Pooling.

use std::fmt;
use std::ops::Range;

use cranelift_codegen::ir::{InstBuilder, Value};
use cranelift_frontend::Variable;
use cranelift_module::Module;
use firebrick_ir::ops::PoolFn;

use super::chunks::{Chunks, rows_to_rows};
use super::numbers::{self, is_above};
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::View;
use crate::tile::{PoolRow, Routine};

/// Where windows lie along one dimension: a table among the program's weights with three words for each window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows {
    /// The table's first element: bytes from the plane's beginning to the window, its elements inside of the input,
    /// and, as a number, those that count in a mean.
    pub(crate) table: usize,
    /// Bytes from one element of a window to the next.
    pub(crate) step: i64,
}

/// The table's rows, as they are stored.
const WORDS: usize = 3;

/// Windows of a row that are inside of the input, if their rows are too.
#[derive(Debug, Clone)]
pub(crate) struct Inside {
    /// The columns of the output that have one.
    pub(crate) columns: Range<usize>,
    /// From the beginning of an input row to the first of them, in bytes.
    pub(crate) x_start: i64,
    pub(crate) windows: PoolRow,
    /// A vector of the number below which nothing is.
    pub(crate) lowest: usize,
}

/// Max and average pooling. Windows are cut to the input, so that halos are not read.
#[derive(Debug)]
pub(crate) struct PoolKernel {
    pub(crate) function: PoolFn,
    pub(crate) x: View,
    pub(crate) y: View,
    /// Windows of planes, which are the channels of the images then.
    pub(crate) depth: Option<Windows>,
    pub(crate) rows: Windows,
    pub(crate) columns: Windows,
    /// Windows for which there is a routine.
    pub(crate) inside: Option<Inside>,
}

impl PoolKernel {
    pub(super) fn name(&self) -> &'static str {
        match self.function {
            PoolFn::Max => "pool_max",
            PoolFn::Average => "pool_average",
            PoolFn::Sum => "pool_sum",
        }
    }

    rows_to_rows!();

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let inside =
            self.inside.as_ref().map(|inside| code.routine(self.name(), &Routine::PoolRow(inside.windows.clone())));
        let inside = inside.transpose()?;
        Chunks::of(&self.y.image).emit(code, task, &mut |code, [image, plane, row]| {
            let x = code.first(&self.x);
            let x = code.at(x, image, bytes(self.x.image.image));
            let mut windows = Vec::new();
            let mut x = x;
            match &self.depth {
                Some(depth) => windows.push(window(code, depth, plane, &mut x)),
                None => x = code.at(x, plane, bytes(self.x.image.plane)),
            }
            let y = code.first(&self.y);
            let y = code.at(y, image, bytes(self.y.image.image));
            let y = code.at(y, plane, bytes(self.y.image.plane));
            let y = code.at(y, row, bytes(self.y.image.row));
            windows.push(window(code, &self.rows, row, &mut x));
            let (zero, width) = (code.int(0), code.int(self.y.image.size.w));
            match (&self.inside, inside) {
                (Some(inside), Some(routine)) => {
                    let first = code.int(inside.columns.start);
                    let behind = code.variable(first);
                    let n_rows = windows[windows.len() - 1].n;
                    code.if_below(n_rows, inside.windows.kernel[0], &mut |_| (), &mut |code| {
                        let x = code.offset(x, inside.x_start);
                        let lowest = code.weight(inside.lowest);
                        let y = code.at(y, first, bytes(self.y.image.block));
                        code.call(routine, &[x, lowest, lowest, y, y]);
                        let end = code.int(inside.columns.end);
                        code.builder.def_var(behind, end);
                    });
                    self.emit_columns(code, [zero, first], [x, y], &windows);
                    let behind = code.builder.use_var(behind);
                    self.emit_columns(code, [behind, width], [x, y], &windows);
                }
                (_, _) => self.emit_columns(code, [zero, width], [x, y], &windows),
            }
        });
        Ok(())
    }

    /// Columns from one to another, one after the other.
    fn emit_columns<M: Module>(
        &self,
        code: &mut Code<'_, M>,
        [from, to]: [Value; 2],
        [x, y]: [Value; 2],
        windows: &[Window],
    ) {
        code.range(from, to, &mut |code, column| {
            let mut x = x;
            let columns = window(code, &self.columns, column, &mut x);
            let y = code.at(y, column, bytes(self.y.image.block));
            let windows: Vec<Window> = windows.iter().copied().chain([columns]).collect();
            self.emit_window(code, x, y, &windows);
        });
    }

    fn emit_window<M: Module>(&self, code: &mut Code<'_, M>, x: Value, y: Value, windows: &[Window]) {
        let parts = numbers::parts(self.y.image.block);
        let first = code.float(match self.function {
            PoolFn::Max => -f32::MAX,
            PoolFn::Average | PoolFn::Sum => 0.0,
        });
        let first = if parts.is_vector { code.splat(first) } else { first };
        let results: Vec<Variable> = parts.displacements().map(|_| code.variable(first)).collect();
        nest(code, windows, x, &mut |code, x| {
            for (disp, &result) in parts.displacements().zip(&results) {
                let (old, element) = (code.builder.use_var(result), parts.load(code, x, disp));
                let new = match self.function {
                    PoolFn::Max => {
                        let is_better = is_above(code, element, old);
                        numbers::select(code, is_better, element, old)
                    }
                    PoolFn::Average | PoolFn::Sum => code.builder.ins().fadd(old, element),
                };
                code.builder.def_var(result, new);
            }
        });
        let one = code.float(1.0);
        let n_counted = windows.iter().fold(one, |n, window| code.builder.ins().fmul(n, window.n_counted));
        let n_counted = if parts.is_vector { code.splat(n_counted) } else { n_counted };
        for (disp, &result) in parts.displacements().zip(&results) {
            let value = code.builder.use_var(result);
            let value = match self.function {
                PoolFn::Max | PoolFn::Sum => value,
                PoolFn::Average => code.builder.ins().fdiv(value, n_counted),
            };
            code.store(value, y, disp);
        }
    }
}

/// A window along one dimension: its elements in the input, those that count in a mean, and bytes from one to the next.
#[derive(Clone, Copy)]
pub(super) struct Window {
    n: Value,
    pub(super) n_counted: Value,
    step: i64,
}

/// The window of that index; moves an address to its first element.
pub(super) fn window<M: Module>(code: &mut Code<'_, M>, windows: &Windows, index: Value, x: &mut Value) -> Window {
    let table = code.weight(windows.table);
    let entry = code.at(table, index, bytes(WORDS));
    let start = code.load_int(entry, 0);
    *x = code.add(*x, start);
    Window { n: code.load_int(entry, 4), n_counted: code.load(entry, 8), step: windows.step }
}

/// Loops over the elements of windows, the outermost first.
pub(super) fn nest<M: Module>(
    code: &mut Code<'_, M>,
    windows: &[Window],
    x: Value,
    body: &mut dyn FnMut(&mut Code<'_, M>, Value),
) {
    let Some((window, inner)) = windows.split_first() else { return body(code, x) };
    let zero = code.int(0);
    code.range(zero, window.n, &mut |code, i| {
        let x = code.at(x, i, window.step);
        nest(code, inner, x, body);
    });
}

fn bytes(n_elements: usize) -> i64 {
    as_imm(n_elements * size_of::<f32>())
}

impl fmt::Display for PoolKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> {}", self.name(), self.x, self.y)
    }
}
