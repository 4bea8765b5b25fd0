//! Bytes of numbers.

use std::fmt;

use cranelift_codegen::ir::types::{I32, I32X4};
use cranelift_codegen::ir::{Endianness, InstBuilder, MemFlagsData as MemFlags, Value};
use cranelift_module::Module;

use super::chunks::{Chunks, rows_to_rows};
use super::copy::row;
use super::quantizing::Quantizing;
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::View;
use crate::tile::QUAD;

/// Quantizes plain images to plain ones, or to one block of four channels.
#[derive(Debug)]
pub(crate) struct QuantizeKernel {
    pub(crate) x: View,
    pub(crate) y: View,
    pub(crate) to: Quantizing,
}

/// Numbers of a vector.
const LANES: usize = 4;

impl QuantizeKernel {
    pub(super) fn name(&self) -> &'static str {
        "quantize"
    }

    rows_to_rows!();

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let n_columns = self.y.image.size.w;
        let block = self.y.image.block;
        Chunks::of(&self.y.image).emit(code, task, &mut |code, position| {
            let [x, y] = [&self.x, &self.y].map(|view| row(code, view, position));
            let n_done = n_columns - n_columns % LANES;
            for (start, n, width) in [(0, n_columns / LANES, LANES), (n_done, n_columns - n_done, 1)] {
                let (x, y) = (code.offset(x, bytes(start)), code.offset(y, as_imm(start * block)));
                code.repeat(n, &mut |code, i| {
                    let (x, y) = (code.at(x, i, bytes(width)), code.at(y, i, as_imm(width * block)));
                    if block == QUAD {
                        self.emit_quads(code, x, y, width);
                    } else {
                        let number = load(code, x, width);
                        self.to.store(code, number, y, 0);
                    }
                });
            }
        });
        Ok(())
    }

    /// One pixel or four: the byte of each channel in its place of a number of 32 bits.
    fn emit_quads<M: Module>(&self, code: &mut Code<'_, M>, x: Value, y: Value, width: usize) {
        let mut quads: Option<Value> = None;
        for channel in 0..self.x.image.size.c {
            let x = code.offset(x, bytes(channel * self.x.image.plane));
            let number = load(code, x, width);
            let integers = self.to.integers(code, number);
            let byte = code.builder.ins().iconst(I32, 0xff);
            let byte = if width > 1 { code.builder.ins().splat(I32X4, byte) } else { byte };
            let integers = code.builder.ins().band(integers, byte);
            let moved = code.builder.ins().ishl_imm_u(integers, as_imm(8 * channel));
            quads = Some(match quads {
                Some(quads) => code.builder.ins().bor(quads, moved),
                None => moved,
            });
        }
        if let Some(quads) = quads {
            let flags = MemFlags::new().with_endianness(Endianness::Little);
            code.builder.ins().store(flags, quads, y, 0);
        }
    }
}

fn load<M: Module>(code: &mut Code<'_, M>, address: Value, width: usize) -> Value {
    if width > 1 { code.load_vector(address, 0) } else { code.load(address, 0) }
}

fn bytes(n_elements: usize) -> i64 {
    as_imm(n_elements * size_of::<f32>())
}

impl fmt::Display for QuantizeKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "quantize {} -> {}", self.x, self.y)
    }
}
