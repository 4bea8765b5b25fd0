//! Conversions between plain images and those in blocks of channels.

use std::fmt;

use cranelift_codegen::ir::Value;
use cranelift_module::Module;

use super::chunks::Chunks;
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::{BufferId, Image, View};

/// Copies images into another layout; one of both is plain or has a block of 1.
#[derive(Debug)]
pub(crate) struct Relayout {
    pub(crate) x: View,
    pub(crate) y: View,
}

impl Relayout {
    pub(super) fn name(&self) -> &'static str {
        "relayout"
    }

    fn chunks(&self) -> Chunks {
        let size = self.y.image.size;
        Chunks::new(size.n, size.c.div_ceil(self.block()), size.h)
    }

    /// The larger block.
    fn block(&self) -> usize {
        self.x.image.block.max(self.y.image.block)
    }

    pub(super) fn n_tasks(&self) -> usize {
        self.chunks().n_tasks()
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        vec![self.x.buffer]
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.y.buffer]
    }

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let size = self.y.image.size;
        self.chunks().emit(code, task, &mut |code, [image, block, row]| {
            let x = self.row(code, &self.x, [image, block, row]);
            let y = self.row(code, &self.y, [image, block, row]);
            // The last block may be filled in part.
            let done = code.scaled(block, as_imm(self.block()));
            let left = code.int(size.c);
            let left = code.sub(left, done);
            let full = code.int(self.block());
            let n_lanes = code.min(left, full);
            let zero = code.int(0);
            code.range(zero, n_lanes, &mut |code, lane| {
                let x = code.at(x, lane, lane_step(&self.x.image));
                let y = code.at(y, lane, lane_step(&self.y.image));
                code.repeat(size.w, &mut |code, column| {
                    let from = code.at(x, column, bytes(&self.x.image, self.x.image.block));
                    let to = code.at(y, column, bytes(&self.y.image, self.y.image.block));
                    let element = code.load_bits(self.x.image.dtype.size(), from, 0);
                    code.store(element, to, 0);
                });
            });
        });
        Ok(())
    }

    /// The first pixel of a row, in the first channel of a block.
    fn row<M: Module>(&self, code: &mut Code<'_, M>, view: &View, [image, block, row]: [Value; 3]) -> Value {
        let Image { block: own, image: per_image, plane, row: per_row, .. } = view.image;
        let at = code.first(view);
        let at = code.at(at, image, bytes(&view.image, per_image));
        let at = code.at(at, block, bytes(&view.image, plane * (self.block() / own)));
        code.at(at, row, bytes(&view.image, per_row))
    }
}

/// From one channel of a block to the next.
fn lane_step(image: &Image) -> i64 {
    bytes(image, if image.block == 1 { image.plane } else { 1 })
}

fn bytes(image: &Image, n_elements: usize) -> i64 {
    as_imm(image.bytes(n_elements))
}

impl fmt::Display for Relayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "relayout {} -> {}", self.x, self.y)
    }
}
