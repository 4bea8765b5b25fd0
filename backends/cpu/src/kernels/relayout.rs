//! Conversions between plain images and those in blocks of channels.

use std::fmt;

use cranelift_codegen::ir::{InstBuilder, Value};
use cranelift_module::Module;

use super::chunks::Chunks;
use super::square::{self, SIDE};
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::{BufferId, Image, View};

/// Copies images into another layout; one of both is plain or has a block of 1. Where one holds i8 and the other u8,
/// the latter are 128 more.
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
            // Elements of 32 bits are turned, a square after another.
            let n_turned = if self.x.image.dtype.size() == 4 { size.w / SIDE * SIDE } else { 0 };
            let zero = code.int(0);
            let mut n_lanes_turned = zero;
            if n_turned > 0 {
                let n_squares = code.builder.ins().udiv_imm_u(n_lanes, as_imm(SIDE));
                n_lanes_turned = code.scaled(n_squares, as_imm(SIDE));
                code.range(zero, n_squares, &mut |code, i| {
                    let lane = code.scaled(i, as_imm(SIDE));
                    self.emit_squares(code, [x, y], lane, n_turned);
                    code.repeat(SIDE, &mut |code, i| {
                        let lane = code.add(lane, i);
                        self.emit_lane(code, [x, y], lane, n_turned);
                    });
                });
            }
            code.range(n_lanes_turned, n_lanes, &mut |code, lane| self.emit_lane(code, [x, y], lane, 0));
        });
        Ok(())
    }

    /// The first columns of a row, in four lanes from one on.
    fn emit_squares<M: Module>(&self, code: &mut Code<'_, M>, [x, y]: [Value; 2], lane: Value, n_columns: usize) {
        let x = code.at(x, lane, lane_step(&self.x.image));
        let y = code.at(y, lane, lane_step(&self.y.image));
        code.repeat(n_columns / SIDE, &mut |code, i| {
            let column = code.scaled(i, as_imm(SIDE));
            let from = code.at(x, column, column_step(&self.x.image));
            let to = code.at(y, column, column_step(&self.y.image));
            // Lanes of a plain image are rows, columns of one in blocks.
            let step = |image: &Image| if image.block == 1 { lane_step(image) } else { column_step(image) };
            square::turn(code, (from, step(&self.x.image)), (to, step(&self.y.image)));
        });
    }

    /// A lane's columns from one on.
    fn emit_lane<M: Module>(&self, code: &mut Code<'_, M>, [x, y]: [Value; 2], lane: Value, first: usize) {
        let x = code.at(x, lane, lane_step(&self.x.image));
        let y = code.at(y, lane, lane_step(&self.y.image));
        code.repeat(self.y.image.size.w - first, &mut |code, i| {
            let column = code.offset(i, as_imm(first));
            let from = code.at(x, column, column_step(&self.x.image));
            let to = code.at(y, column, column_step(&self.y.image));
            let element = code.load_bits(self.x.image.dtype.size(), from, 0);
            // Of bytes of i8 and u8, one is 128 more than the other.
            let is_shifted = self.x.image.dtype != self.y.image.dtype;
            let element = if is_shifted { code.builder.ins().bxor_imm_s(element, -128) } else { element };
            code.store(element, to, 0);
        });
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

/// From one pixel to the next.
fn column_step(image: &Image) -> i64 {
    bytes(image, image.block)
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
