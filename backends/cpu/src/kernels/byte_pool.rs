//! Pooling of bytes in blocks.

use std::fmt;

use cranelift_codegen::ir::types::{F32, F64, I8X16, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData as MemFlags, Value};
use cranelift_frontend::Variable;
use cranelift_module::Module;

use super::chunks::{Chunks, rows_to_rows};
use super::copy::row;
use super::pool::{Window, Windows, nest, window};
use super::quantizing::Quantizing;
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::View;
use crate::tile::CHANNELS;

/// What becomes of a window.
#[derive(Debug, Clone, Copy)]
pub(crate) enum BytePoolFn {
    /// The largest byte.
    Max,
    /// The mean of what bytes stand for, which is quantized again.
    Mean {
        /// The number of each byte, as f64: a word of the program's weights.
        table: usize,
        to: Quantizing,
    },
}

/// Max and average pooling of u8 in blocks. Windows are cut to the input, so that halos are not read.
#[derive(Debug)]
pub(crate) struct BytePool {
    pub(crate) function: BytePoolFn,
    pub(crate) x: View,
    pub(crate) y: View,
    pub(crate) rows: Windows,
    pub(crate) columns: Windows,
}

/// Channels whose sums are in registers at once.
const SUMS: usize = 8;

impl BytePool {
    pub(super) fn name(&self) -> &'static str {
        match self.function {
            BytePoolFn::Max => "q_pool_max",
            BytePoolFn::Mean { .. } => "q_pool_average",
        }
    }

    rows_to_rows!();

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        Chunks::of(&self.y.image).emit(code, task, &mut |code, [image, plane, y_row]| {
            let mut x = code.first(&self.x);
            x = code.at(x, image, as_imm(self.x.image.image));
            x = code.at(x, plane, as_imm(self.x.image.plane));
            let y = row(code, &self.y, [image, plane, y_row]);
            let rows = window(code, &self.rows, y_row, &mut x);
            code.repeat(self.y.image.size.w, &mut |code, column| {
                let mut x = x;
                let columns = window(code, &self.columns, column, &mut x);
                let y = code.at(y, column, as_imm(self.y.image.block));
                match &self.function {
                    BytePoolFn::Max => emit_max(code, x, y, [rows, columns]),
                    BytePoolFn::Mean { table, to } => {
                        for first in (0..CHANNELS).step_by(SUMS) {
                            emit_mean(code, x, y, [rows, columns], first, *table, to);
                        }
                    }
                }
            });
        });
        Ok(())
    }
}

fn emit_max<M: Module>(code: &mut Code<'_, M>, x: Value, y: Value, windows: [Window; 2]) {
    let least = code.repeated_byte(0, CHANNELS);
    let result = code.variable(least);
    nest(code, &windows, x, &mut |code, x| {
        let bytes = code.builder.ins().load(I8X16, MemFlags::new(), x, 0);
        let old = code.builder.use_var(result);
        let new = code.builder.ins().umax(old, bytes);
        code.builder.def_var(result, new);
    });
    let value = code.builder.use_var(result);
    code.store(value, y, 0);
}

/// Sums of f64, which are exact: of so many f32 that are multiples of each other.
fn emit_mean<M: Module>(
    code: &mut Code<'_, M>,
    x: Value,
    y: Value,
    windows: [Window; 2],
    first: usize,
    table: usize,
    to: &Quantizing,
) {
    let table = code.weight(table);
    let zero = code.builder.ins().f64const(0.0);
    let sums: Vec<Variable> = (0..SUMS).map(|_| code.variable(zero)).collect();
    let disp = |lane: usize| i32::try_from(first + lane).expect("a block is small");
    nest(code, &windows, x, &mut |code, x| {
        for (lane, &sum) in sums.iter().enumerate() {
            let byte = code.builder.ins().uload8(I64, MemFlags::new(), x, disp(lane));
            let entry = code.at(table, byte, as_imm(size_of::<f64>()));
            let number = code.builder.ins().load(F64, MemFlags::new(), entry, 0);
            let old = code.builder.use_var(sum);
            let new = code.builder.ins().fadd(old, number);
            code.builder.def_var(sum, new);
        }
    });
    let n_counted = windows.map(|window| code.builder.ins().fpromote(F64, window.n_counted));
    let n_counted = code.builder.ins().fmul(n_counted[0], n_counted[1]);
    for (lane, &sum) in sums.iter().enumerate() {
        let sum = code.builder.use_var(sum);
        let mean = code.builder.ins().fdiv(sum, n_counted);
        let mean = code.builder.ins().fdemote(F32, mean);
        to.store(code, mean, y, disp(lane));
    }
}

impl fmt::Display for BytePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> {}", self.name(), self.x, self.y)
    }
}
