//! Products of matrices of bytes, both of which are computed.

use std::fmt;

use cranelift_codegen::ir::types::{F32, F32X4, I8X16, I32, I32X4};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData as MemFlags, Value};
use cranelift_module::Module;
use firebrick_ir::DType;

use super::quantizing::{Quantizing, little};
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::{BufferId, View};

/// A stack of plain matrices: bytes from one to the next along each of the result's stacked dimensions, from a row to the
/// next, and from a column to the next.
#[derive(Debug)]
pub(crate) struct ByteMatrix {
    pub(crate) view: View,
    pub(crate) steps: Vec<i64>,
    pub(crate) row: i64,
    pub(crate) column: i64,
}

/// Numbers for each column, among the program's weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Channels {
    /// The zero points of the second factor, i32.
    pub(crate) zeros: usize,
    /// What is added to sums, i32.
    pub(crate) summands: usize,
    /// By what sums are multiplied.
    pub(crate) factors: usize,
    /// What is added to that.
    pub(crate) reals: Option<usize>,
}

/// A stack of products of u8 or i8, and what becomes of their sums.
#[derive(Debug)]
pub(crate) struct ByteProducts {
    pub(crate) x: ByteMatrix,
    pub(crate) x_zero: i32,
    pub(crate) w: ByteMatrix,
    pub(crate) y: View,
    pub(crate) stack: Vec<usize>,
    /// Rows of the result, terms of its sums, columns.
    pub(crate) sizes: [usize; 3],
    pub(crate) channels: Channels,
    /// How quotients become bytes; without it, they are the result.
    pub(crate) to: Option<Quantizing>,
}

/// Columns of a task.
const CHUNK: usize = 64;

/// Columns of a vector.
const LANES: usize = 4;

impl ByteProducts {
    pub(super) fn name(&self) -> &'static str {
        "gemm_bytes"
    }

    fn task_sizes(&self) -> Vec<usize> {
        let [m, _, n] = self.sizes;
        self.stack.iter().copied().chain([m, n.div_ceil(CHUNK)]).collect()
    }

    pub(super) fn n_tasks(&self) -> usize {
        self.task_sizes().iter().product()
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        vec![self.x.view.buffer, self.w.view.buffer]
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.y.buffer]
    }

    /// A task is a part of a row of the result.
    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let [m, _, n] = self.sizes;
        let depth = self.stack.len();
        let indices = code.unravel(task, &self.task_sizes());
        let size = as_imm(self.y.image.dtype.size());
        let (mut x, mut w) = (code.first(&self.x.view), code.first(&self.w.view));
        let mut y = code.first(&self.y);
        let mut step = size * as_imm(n);
        y = code.at(y, indices[depth], step);
        step *= as_imm(m);
        for dim in (0..depth).rev() {
            x = code.at(x, indices[dim], self.x.steps[dim]);
            w = code.at(w, indices[dim], self.w.steps[dim]);
            y = code.at(y, indices[dim], step);
            step *= as_imm(self.stack[dim]);
        }
        x = code.at(x, indices[depth], self.x.row);
        let first = code.scaled(indices[depth + 1], as_imm(CHUNK));
        let end = code.offset(first, as_imm(CHUNK));
        let n_columns = code.int(n);
        let end = code.min(end, n_columns);
        let mut column = first;
        if self.w.column == 1 {
            let left = code.sub(end, first);
            let n_vectors = code.builder.ins().udiv_imm_u(left, as_imm(LANES));
            let zero = code.int(0);
            code.range(zero, n_vectors, &mut |code, i| {
                let distance = code.scaled(i, as_imm(LANES));
                let column = code.add(first, distance);
                self.emit_columns(code, [x, w, y], column, true);
            });
            let n_done = code.scaled(n_vectors, as_imm(LANES));
            column = code.add(first, n_done);
        }
        code.range(column, end, &mut |code, column| self.emit_columns(code, [x, w, y], column, false));
        Ok(())
    }

    /// One column of a row or four.
    fn emit_columns<M: Module>(&self, code: &mut Code<'_, M>, [x, w, y]: [Value; 3], column: Value, is_vector: bool) {
        let numbers = |code: &mut Code<'_, M>, word: usize, ty| {
            let first = code.weight(word);
            let address = code.at(first, column, as_imm(size_of::<u32>()));
            code.builder.ins().load(ty, MemFlags::new(), address, 0)
        };
        let (integers, floats) = if is_vector { (I32X4, F32X4) } else { (I32, F32) };
        let zeros = numbers(code, self.channels.zeros, integers);
        let summands = numbers(code, self.channels.summands, integers);
        let sum = code.variable(summands);
        let w = code.at(w, column, self.w.column);
        code.repeat(self.sizes[1], &mut |code, term| {
            let (x, w) = (code.at(x, term, self.x.column), code.at(w, term, self.w.row));
            let x = load(code, self.x.view.image.dtype, x);
            let x = code.builder.ins().iadd_imm_s(x, i64::from(-self.x_zero));
            let x = if is_vector { code.builder.ins().splat(I32X4, x) } else { x };
            let w = if is_vector {
                load_vector(code, self.w.view.image.dtype, w)
            } else {
                load(code, self.w.view.image.dtype, w)
            };
            let w = code.builder.ins().isub(w, zeros);
            let product = code.builder.ins().imul(x, w);
            let old = code.builder.use_var(sum);
            let new = code.builder.ins().iadd(old, product);
            code.builder.def_var(sum, new);
        });
        let sum = code.builder.use_var(sum);
        let number = code.builder.ins().fcvt_from_sint(floats, sum);
        let factors = numbers(code, self.channels.factors, floats);
        let mut quotient = code.builder.ins().fmul(number, factors);
        if let Some(reals) = self.channels.reals {
            let reals = numbers(code, reals, floats);
            quotient = code.builder.ins().fadd(quotient, reals);
        }
        let y = code.at(y, column, as_imm(self.y.image.dtype.size()));
        match &self.to {
            Some(to) => to.store_quotients(code, quotient, y, 0),
            None => code.store(quotient, y, 0),
        }
    }
}

/// A byte as an i32.
fn load<M: Module>(code: &mut Code<'_, M>, dtype: DType, address: Value) -> Value {
    if dtype == DType::I8 {
        code.builder.ins().sload8(I32, MemFlags::new(), address, 0)
    } else {
        code.builder.ins().uload8(I32, MemFlags::new(), address, 0)
    }
}

/// Four bytes as i32.
fn load_vector<M: Module>(code: &mut Code<'_, M>, dtype: DType, address: Value) -> Value {
    let four = code.builder.ins().load(I32, little(), address, 0);
    let lanes = code.builder.ins().scalar_to_vector(I32X4, four);
    let bytes = code.builder.ins().bitcast(I8X16, little(), lanes);
    if dtype == DType::I8 {
        let halves = code.builder.ins().swiden_low(bytes);
        code.builder.ins().swiden_low(halves)
    } else {
        let halves = code.builder.ins().uwiden_low(bytes);
        code.builder.ins().uwiden_low(halves)
    }
}

impl fmt::Display for ByteProducts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gemm_bytes {} {} -> {}", self.x.view, self.w.view, self.y)
    }
}
