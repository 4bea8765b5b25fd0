//! Copies, whatever the elements are.

use std::fmt;

use cranelift_codegen::ir::Value;
use cranelift_module::Module;

use super::chunks::{Chunks, rows_to_rows};
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::View;

/// Copies images to others of the same size, block and elements.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) x: View,
    pub(crate) y: View,
}

impl Copy {
    pub(super) fn name(&self) -> &'static str {
        "copy"
    }

    rows_to_rows!();

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let image = &self.y.image;
        let n_bytes = image.bytes(image.size.w * image.block);
        Chunks::of(image).emit(code, task, &mut |code, position| {
            let [x, y] = [&self.x, &self.y].map(|view| row(code, view, position));
            for (start, n, piece) in pieces(n_bytes) {
                let [x, y] = [x, y].map(|address| code.offset(address, as_imm(start)));
                code.repeat(n, &mut |code, i| {
                    let [from, to] = [x, y].map(|address| code.at(address, i, as_imm(piece)));
                    let bits = code.load_bits(piece, from, 0);
                    code.store(bits, to, 0);
                });
            }
        });
        Ok(())
    }
}

/// A run of bytes in pieces as large as can be: from which byte on, how many, and how large.
pub(super) fn pieces(n_bytes: usize) -> [(usize, usize, usize); 5] {
    let mut end = 0;
    [16, 8, 4, 2, 1].map(|piece| {
        let (start, n) = (end, (n_bytes - end) / piece);
        end += n * piece;
        (start, n, piece)
    })
}

/// The first pixel of a row.
pub(super) fn row<M: Module>(code: &mut Code<'_, M>, view: &View, [image, plane, row]: [Value; 3]) -> Value {
    let bytes = |n: usize| as_imm(view.image.bytes(n));
    let at = code.first(view);
    let at = code.at(at, image, bytes(view.image.image));
    let at = code.at(at, plane, bytes(view.image.plane));
    code.at(at, row, bytes(view.image.row))
}

impl fmt::Display for Copy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "copy {} -> {}", self.x, self.y)
    }
}
