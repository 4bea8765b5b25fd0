//! Resampling of rows and columns.

use std::fmt;

use cranelift_codegen::ir::{InstBuilder, Value};
use cranelift_frontend::Variable;
use cranelift_module::Module;

use super::chunks::{Chunks, rows_to_rows};
use super::numbers;
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::View;

/// What elements along one dimension are made of: a table among the program's weights, with one entry for each element.
/// It begins with how many taps there are; a tap is the bytes from the dimension's beginning, and a weight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filter {
    pub(crate) table: usize,
    /// Taps that an entry has room for.
    pub(crate) n_taps: usize,
    /// Whether all entries have as many.
    pub(crate) is_uniform: bool,
}

impl Filter {
    /// Words of an entry.
    pub(crate) const fn n_words(n_taps: usize) -> usize {
        1 + 2 * n_taps
    }
}

/// Images resampled along both dimensions; where there are no taps along one, the result is a constant.
#[derive(Debug)]
pub(crate) struct Resample {
    pub(crate) x: View,
    pub(crate) y: View,
    pub(crate) rows: Filter,
    pub(crate) columns: Filter,
    /// The constant.
    pub(crate) outside: f32,
}

impl Resample {
    pub(super) fn name(&self) -> &'static str {
        "resample"
    }

    rows_to_rows!();

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        Chunks::of(&self.y.image).emit(code, task, &mut |code, [image, plane, row]| {
            let [x, y] = [&self.x, &self.y].map(|view| {
                let at = code.first(view);
                let at = code.at(at, image, bytes(view.image.image));
                code.at(at, plane, bytes(view.image.plane))
            });
            let y = code.at(y, row, bytes(self.y.image.row));
            let of_row = self.rows.entry(code, row);
            code.repeat(self.y.image.size.w, &mut |code, column| {
                let of_column = self.columns.entry(code, column);
                let y = code.at(y, column, bytes(self.y.image.block));
                self.emit_pixel(code, [x, y], [of_row, of_column]);
            });
        });
        Ok(())
    }

    fn emit_pixel<M: Module>(&self, code: &mut Code<'_, M>, [x, y]: [Value; 2], [row, column]: [Value; 2]) {
        let parts = numbers::parts(self.y.image.block);
        let zero = code.float(0.0);
        let zero = if parts.is_vector { code.splat(zero) } else { zero };
        let sums: Vec<Variable> = parts.displacements().map(|_| code.variable(zero)).collect();
        self.rows.emit(code, row, &mut |code, distance, row_weight| {
            let x = code.add(x, distance);
            self.columns.emit(code, column, &mut |code, distance, weight| {
                let x = code.add(x, distance);
                let weight = code.builder.ins().fmul(row_weight, weight);
                let weight = if parts.is_vector { code.splat(weight) } else { weight };
                for (disp, &sum) in parts.displacements().zip(&sums) {
                    let (old, element) = (code.builder.use_var(sum), parts.load(code, x, disp));
                    let term = code.builder.ins().fmul(weight, element);
                    let new = code.builder.ins().fadd(old, term);
                    code.builder.def_var(sum, new);
                }
            });
        });
        let outside = self.outside(code, [row, column]);
        for (disp, &sum) in parts.displacements().zip(&sums) {
            let mut result = code.builder.use_var(sum);
            if let Some(is_outside) = outside {
                let constant = numbers::constant(code, self.outside, result);
                result = code.builder.ins().select(is_outside, constant, result);
            }
            code.store(result, y, disp);
        }
    }

    /// Whether a pixel has no taps, if that can be.
    fn outside<M: Module>(&self, code: &mut Code<'_, M>, entries: [Value; 2]) -> Option<Value> {
        if self.rows.is_uniform && self.columns.is_uniform {
            return None;
        }
        let [rows, columns] = entries.map(|entry| code.load_int(entry, 0));
        let n = code.builder.ins().imul(rows, columns);
        Some(code.builder.ins().icmp_imm_u(cranelift_codegen::ir::condcodes::IntCC::Equal, n, 0))
    }
}

impl Filter {
    /// The address of an element's entry.
    fn entry<M: Module>(&self, code: &mut Code<'_, M>, index: Value) -> Value {
        let table = code.weight(self.table);
        code.at(table, index, bytes(Self::n_words(self.n_taps)))
    }

    /// Writes the body for each tap: its distance and its weight.
    fn emit<M: Module>(
        &self,
        code: &mut Code<'_, M>,
        entry: Value,
        body: &mut dyn FnMut(&mut Code<'_, M>, Value, Value),
    ) {
        let mut tap = |code: &mut Code<'_, M>, at: Value| {
            let (distance, weight) = (code.load_int(at, 4), code.load(at, 8));
            body(code, distance, weight);
        };
        if self.is_uniform {
            for i in 0..self.n_taps {
                let at = code.offset(entry, bytes(2 * i));
                tap(code, at);
            }
            return;
        }
        let (zero, n) = (code.int(0), code.load_int(entry, 0));
        code.range(zero, n, &mut |code, i| {
            let at = code.at(entry, i, bytes(2));
            tap(code, at);
        });
    }
}

fn bytes(n_words: usize) -> i64 {
    as_imm(n_words * size_of::<f32>())
}

impl fmt::Display for Resample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "resample {} -> {} by {}x{}", self.x, self.y, self.rows.n_taps, self.columns.n_taps)
    }
}
