//! Bytes looked up in a table.

use std::fmt;

use cranelift_codegen::ir::types::{I8, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData as MemFlags, Value};
use cranelift_module::Module;

use super::chunks::{Chunks, rows_to_rows};
use super::copy::row;
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::View;

/// A function of bytes, from images to others of the same size and block.
#[derive(Debug)]
pub(crate) struct Lookup {
    pub(crate) x: View,
    pub(crate) y: View,
    /// The function's 256 bytes: a word of the program's weights.
    pub(crate) table: usize,
}

/// Bytes that are looked up in a row.
const UNROLL: usize = 8;

impl Lookup {
    pub(super) fn name(&self) -> &'static str {
        "lookup"
    }

    rows_to_rows!();

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let image = &self.y.image;
        let n_bytes = image.size.w * image.block;
        let table = code.weight(self.table);
        Chunks::of(image).emit(code, task, &mut |code, position| {
            let [x, y] = [&self.x, &self.y].map(|view| row(code, view, position));
            let n_done = n_bytes - n_bytes % UNROLL;
            for (start, n, step) in [(0, n_bytes / UNROLL, UNROLL), (n_done, n_bytes - n_done, 1)] {
                let [x, y] = [x, y].map(|address| code.offset(address, as_imm(start)));
                code.repeat(n, &mut |code, i| {
                    let [x, y] = [x, y].map(|address| code.at(address, i, as_imm(step)));
                    for disp in 0..i32::try_from(step).expect("it is small") {
                        let index = code.builder.ins().uload8(I64, MemFlags::new(), x, disp);
                        let entry = code.add(table, index);
                        let byte = code.builder.ins().load(I8, MemFlags::new(), entry, 0);
                        code.store(byte, y, disp);
                    }
                });
            }
        });
        Ok(())
    }
}

impl fmt::Display for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lookup {} -> {}", self.x, self.y)
    }
}
