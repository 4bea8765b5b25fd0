//! Functions of two quantized values.

use std::fmt;

use cranelift_codegen::ir::Value;
use cranelift_module::{FuncId, Module};
use firebrick_ir::ops::BinaryFn;

use super::chunks::Chunks;
use super::functions;
use super::quantizing::{Dequantizing, Quantizing};
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::{BufferId, Image, View};

/// A function of two images of bytes, of the same block. Its second operand may have the size 1 where it is the same for
/// all.
#[derive(Debug)]
pub(crate) struct QMap {
    pub(crate) function: BinaryFn,
    pub(crate) x: View,
    pub(crate) other: View,
    pub(crate) y: View,
    /// Whether `x` is the function's second operand.
    pub(crate) is_second: bool,
    /// Of `x` and of the other one.
    pub(crate) from: [Dequantizing; 2],
    pub(crate) to: Quantizing,
}

/// Bytes that are computed at once.
const LANES: usize = 4;

impl QMap {
    pub(super) fn name(&self) -> &'static str {
        "q_map"
    }

    pub(super) fn n_tasks(&self) -> usize {
        Chunks::of(&self.y.image).n_tasks()
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        vec![self.x.buffer, self.other.buffer]
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.y.buffer]
    }

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let Image { block, size, .. } = self.y.image;
        let helper = functions::declare_binary(code, self.function)?;
        // A number for each channel is met by pixel after pixel; else rows are runs of bytes.
        let is_one_pixel = self.other.image.size.w < size.w;
        Chunks::of(&self.y.image).emit(code, task, &mut |code, position| {
            let [x, other, y] = [&self.x, &self.other, &self.y].map(|view| row(code, view, position));
            if is_one_pixel {
                code.repeat(size.w, &mut |code, i| {
                    let [x, y] = [x, y].map(|address| code.at(address, i, as_imm(block)));
                    self.emit_run(code, [x, other, y], block, helper);
                });
            } else {
                self.emit_run(code, [x, other, y], size.w * block, helper);
            }
        });
        Ok(())
    }

    /// A run of bytes.
    fn emit_run<M: Module>(&self, code: &mut Code<'_, M>, at: [Value; 3], n: usize, helper: Option<FuncId>) {
        let n_done = n - n % LANES;
        for (start, n, width) in [(0, n / LANES, LANES), (n_done, n - n_done, 1)] {
            let at = at.map(|address| code.offset(address, as_imm(start)));
            code.repeat(n, &mut |code, i| {
                let [x, other, y] = at.map(|address| code.at(address, i, as_imm(width)));
                let mut load = |from: &Dequantizing, address: Value| {
                    if width > 1 { from.load_vector(code, address, 0) } else { from.load(code, address, 0) }
                };
                let (x, other) = (load(&self.from[0], x), load(&self.from[1], other));
                let (a, b) = if self.is_second { (other, x) } else { (x, other) };
                let result = functions::binary(code, self.function, a, b, helper);
                self.to.store(code, result, y, 0);
            });
        }
    }
}

/// The first pixel of a row.
fn row<M: Module>(code: &mut Code<'_, M>, view: &View, [image, plane, row]: [Value; 3]) -> Value {
    let Image { size, row: per_row, plane: per_plane, image: per_image, .. } = view.image;
    let at = code.first(view);
    // Where there is one, it is the same for all.
    let steps = [(size.n, image, per_image), (view.image.n_blocks(), plane, per_plane), (size.h, row, per_row)];
    steps.into_iter().filter(|(n, ..)| *n > 1).fold(at, |at, (_, index, step)| code.at(at, index, as_imm(step)))
}

impl fmt::Display for QMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (reverse, function) = (if self.is_second { "reverse_" } else { "" }, self.function.name());
        write!(f, "q_map {} {reverse}{function}({}) -> {}", self.x, self.other, self.y)
    }
}
