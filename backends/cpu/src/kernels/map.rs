//! Elementwise functions.

use std::fmt;

use cranelift_codegen::ir::Value;
use cranelift_module::{FuncId, Module};
use firebrick_ir::ops::{BinaryFn, UnaryFn};

use super::chunks::Chunks;
use super::functions;
use super::numbers::{self, constant};
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::{BufferId, Image, View};

/// The other operand of a function of two.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Other {
    /// An image of the same size and block, or of the size 1 where it is the same for all. A plain one with a block of
    /// more has the same for all channels.
    Image(View),
    /// A number for each channel: an element of the program's weights, and as many behind it as blocks have.
    Channels(usize),
    /// One number.
    Scalar(f32),
}

/// A function in a chain. Those that have no kernel are the reference evaluator's.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MapOp {
    Unary(UnaryFn),
    /// With the chain as its first operand, or as its second.
    Binary {
        function: BinaryFn,
        other: Other,
        is_second: bool,
    },
}

/// A chain of elementwise functions from one image to another of the same size and block.
#[derive(Debug)]
pub(crate) struct Map {
    pub(crate) x: View,
    pub(crate) y: View,
    pub(crate) ops: Vec<MapOp>,
}

/// Addresses at a row, or at a pixel of it: of input, output, and the other operand of each function.
struct At {
    x: Value,
    y: Value,
    others: Vec<Option<Value>>,
}

impl Map {
    /// Whether it can compute the function.
    pub(crate) fn has_binary(function: BinaryFn) -> bool {
        functions::has_binary(function)
    }

    pub(super) fn name(&self) -> &'static str {
        "map"
    }

    pub(super) fn n_tasks(&self) -> usize {
        Chunks::of(&self.y.image).n_tasks()
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        let other = |op: &MapOp| match op {
            MapOp::Binary { other: Other::Image(view), .. } => Some(view.buffer),
            MapOp::Binary { other: Other::Channels(_) | Other::Scalar(_), .. } | MapOp::Unary(_) => None,
        };
        std::iter::once(self.x.buffer).chain(self.ops.iter().filter_map(other)).collect()
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.y.buffer]
    }

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let helpers = self.ops.iter().map(|op| match op {
            MapOp::Unary(function) => functions::declare_unary(code, *function),
            MapOp::Binary { function, .. } => functions::declare_binary(code, *function),
        });
        let helpers: Vec<Option<FuncId>> = helpers.collect::<Result<_, _>>()?;
        let (block, n_columns) = (self.y.image.block, self.y.image.size.w);
        Chunks::of(&self.y.image).emit(code, task, &mut |code, position| {
            let at = self.row(code, position);
            if block > 1 {
                self.emit_run(code, &at, &helpers, [0, n_columns, 1], block);
            } else {
                // Four pixels at a time are like a block, but for numbers that belong to a channel.
                self.emit_run(code, &at, &helpers, [0, n_columns / 4, 4], 4);
                let n_done = n_columns - n_columns % 4;
                self.emit_run(code, &at, &helpers, [n_done, n_columns - n_done, 1], 1);
            }
        });
        Ok(())
    }

    /// Some parts of a row: first pixel, how many, pixels from one to the next.
    fn emit_run<M: Module>(
        &self,
        code: &mut Code<'_, M>,
        row: &At,
        helpers: &[Option<FuncId>],
        [start, n, step]: [usize; 3],
        width: usize,
    ) {
        let parts = numbers::parts(width);
        code.repeat(n, &mut |code, i| {
            let mut moved = |address: Value, view: &View| {
                let first = code.offset(address, bytes(start * view.image.block));
                code.at(first, i, bytes(step * view.image.block))
            };
            let (x, y) = (moved(row.x, &self.x), moved(row.y, &self.y));
            let others = self.ops.iter().zip(&row.others).map(|(op, &other)| match op {
                MapOp::Binary { other: Other::Image(view), .. } if view.image.size.w > 1 => {
                    other.map(|address| moved(address, view))
                }
                MapOp::Binary { other: Other::Image(_), .. } => other,
                MapOp::Binary { other: Other::Channels(_) | Other::Scalar(_), .. } | MapOp::Unary(_) => other,
            });
            let others: Vec<Option<Value>> = others.collect();
            for disp in parts.displacements() {
                let mut value = parts.load(code, x, disp);
                for ((op, &helper), &other) in self.ops.iter().zip(helpers).zip(&others) {
                    let other = self.other(code, op, other, disp, value, width);
                    value = apply(code, op, value, other, helper);
                }
                code.store(value, y, disp);
            }
        });
    }

    /// The numbers of an op's other operand.
    fn other<M: Module>(
        &self,
        code: &mut Code<'_, M>,
        op: &MapOp,
        address: Option<Value>,
        disp: i32,
        like: Value,
        width: usize,
    ) -> Value {
        let MapOp::Binary { other, .. } = op else { return like };
        match (other, address) {
            (Other::Scalar(number), _) => constant(code, *number, like),
            (Other::Image(view), Some(address)) if self.is_one_number(view, width) => {
                let number = code.load(address, 0);
                code.splat(number)
            }
            (Other::Image(_), Some(address)) => numbers::parts(width).load(code, address, disp),
            (Other::Channels(_), Some(address)) if self.y.image.block > 1 => code.load_vector(address, disp),
            (Other::Channels(_), Some(address)) => {
                let number = code.load(address, 0);
                if width > 1 { code.splat(number) } else { number }
            }
            (Other::Image(_) | Other::Channels(_), None) => like,
        }
    }

    /// Whether all numbers of a part meet the same one of another image.
    fn is_one_number(&self, view: &View, width: usize) -> bool {
        if self.y.image.block > 1 { view.image.block == 1 } else { width > 1 && view.image.size.w == 1 }
    }

    /// Addresses at the beginning of a row.
    fn row<M: Module>(&self, code: &mut Code<'_, M>, position: [Value; 3]) -> At {
        let (x, y) = (row(code, &self.x, position), row(code, &self.y, position));
        let others = self.ops.iter().map(|op| match op {
            MapOp::Binary { other: Other::Image(view), .. } => Some(row(code, view, position)),
            MapOp::Binary { other: Other::Channels(element), .. } => {
                let first = code.weight(*element);
                Some(code.at(first, position[1], bytes(self.y.image.block)))
            }
            MapOp::Binary { other: Other::Scalar(_), .. } | MapOp::Unary(_) => None,
        });
        At { x, y, others: others.collect() }
    }
}

fn row<M: Module>(code: &mut Code<'_, M>, view: &View, [image, plane, row]: [Value; 3]) -> Value {
    let Image { size, row: per_row, plane: per_plane, image: per_image, .. } = view.image;
    let at = code.first(view);
    // Where there is one, it is the same for all.
    let steps = [(size.n, image, per_image), (view.image.n_blocks(), plane, per_plane), (size.h, row, per_row)];
    steps.into_iter().filter(|(n, ..)| *n > 1).fold(at, |at, (_, index, step)| code.at(at, index, bytes(step)))
}

fn apply<M: Module>(code: &mut Code<'_, M>, op: &MapOp, x: Value, other: Value, helper: Option<FuncId>) -> Value {
    match *op {
        MapOp::Unary(function) => functions::unary(code, function, x, helper),
        MapOp::Binary { function, is_second: false, .. } => functions::binary(code, function, x, other, helper),
        MapOp::Binary { function, is_second: true, .. } => functions::binary(code, function, other, x, helper),
    }
}

fn bytes(n_elements: usize) -> i64 {
    as_imm(n_elements * size_of::<f32>())
}

impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        for op in &self.ops {
            match op {
                MapOp::Unary(function) => write!(f, " {function:?}")?,
                MapOp::Binary { function, other, is_second } => {
                    write!(f, " {}{}", if *is_second { "reverse_" } else { "" }, function.name())?;
                    match other {
                        Other::Image(view) => write!(f, "({view})")?,
                        Other::Channels(_) => f.write_str("(channels)")?,
                        Other::Scalar(number) => write!(f, "({number})")?,
                    }
                }
            }
        }
        write!(f, " {} -> {}", self.x, self.y)
    }
}
