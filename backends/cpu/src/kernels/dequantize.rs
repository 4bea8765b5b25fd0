//! Numbers of bytes.

use std::fmt;

use cranelift_codegen::ir::Value;
use cranelift_module::Module;

use super::chunks::{Chunks, rows_to_rows};
use super::copy::row;
use super::quantizing::Dequantizing;
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::View;

/// Dequantizes plain images.
#[derive(Debug)]
pub(crate) struct DequantizeKernel {
    pub(crate) x: View,
    pub(crate) y: View,
    pub(crate) from: Dequantizing,
}

/// Numbers of a vector.
const LANES: usize = 4;

impl DequantizeKernel {
    pub(super) fn name(&self) -> &'static str {
        "dequantize"
    }

    rows_to_rows!();

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let n_columns = self.y.image.size.w;
        Chunks::of(&self.y.image).emit(code, task, &mut |code, position| {
            let [x, y] = [&self.x, &self.y].map(|view| row(code, view, position));
            let n_done = n_columns - n_columns % LANES;
            for (start, n, width) in [(0, n_columns / LANES, LANES), (n_done, n_columns - n_done, 1)] {
                let (x, y) = (code.offset(x, as_imm(start)), code.offset(y, bytes(start)));
                code.repeat(n, &mut |code, i| {
                    let (x, y) = (code.at(x, i, as_imm(width)), code.at(y, i, bytes(width)));
                    let number = if width > 1 { self.from.load_vector(code, x, 0) } else { self.from.load(code, x, 0) };
                    code.store(number, y, 0);
                });
            }
        });
        Ok(())
    }
}

fn bytes(n_elements: usize) -> i64 {
    as_imm(n_elements * size_of::<f32>())
}

impl fmt::Display for DequantizeKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dequantize {} -> {}", self.x, self.y)
    }
}
