//! Elementwise functions of elements of any type: conversions, comparisons, selection, arithmetic of integers. An
//! element at a time.

use std::fmt;

use cranelift_codegen::ir::types::I8;
use cranelift_codegen::ir::{InstBuilder, Value};
use cranelift_module::{FuncId, Module};
use firebrick_ir::ops::BinaryFn;

use super::convert::{Conversion, load};
use super::functions;
use super::integers::{Integers, select};
use super::quantizing::{Dequantizing, Quantizing};
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::{BufferId, View};

/// What is made of the elements.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Function {
    /// One of another type.
    Convert(Conversion),
    /// A function of two.
    Binary(Integers),
    /// The second one where the first holds, else the third.
    Select,
    /// A function of two that are quantized.
    Quantized(Quantized),
}

/// A function of the numbers that two bytes stand for, whose result is quantized.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quantized {
    pub(crate) function: BinaryFn,
    pub(crate) from: [Dequantizing; 2],
    pub(crate) to: Quantizing,
}

impl Quantized {
    fn apply<M: Module>(&self, code: &mut Code<'_, M>, [a, b]: [Value; 2], callee: Option<FuncId>) -> Value {
        let (a, b) = (self.from[0].number_of_byte(code, a), self.from[1].number_of_byte(code, b));
        let result = functions::binary(code, self.function, a, b, callee);
        let integer = self.to.integers(code, result);
        code.builder.ins().ireduce(I8, integer)
    }
}

/// An operand: bytes from one element to the next along each of the result's dimensions.
#[derive(Debug, Clone)]
pub(crate) struct Strided {
    pub(crate) view: View,
    pub(crate) steps: Vec<i64>,
}

/// A function of plain values that are broadcast to the result.
#[derive(Debug)]
pub(crate) struct Elements {
    pub(crate) function: Function,
    pub(crate) operands: Vec<Strided>,
    pub(crate) y: View,
    /// The result's dimensions, one at least.
    pub(crate) sizes: Vec<usize>,
}

/// Elements of a task along the last dimension.
const CHUNK: usize = 4096;

impl Elements {
    pub(super) fn name(&self) -> &'static str {
        match self.function {
            Function::Convert(_) => "convert",
            Function::Binary(_) => "map",
            Function::Select => "select",
            Function::Quantized(_) => "q_map",
        }
    }

    fn parts(&self) -> (&[usize], usize) {
        let (&last, outer) = self.sizes.split_last().unwrap_or((&1, &[]));
        (outer, last)
    }

    fn task_sizes(&self) -> Vec<usize> {
        let (outer, last) = self.parts();
        outer.iter().copied().chain([last.div_ceil(CHUNK)]).collect()
    }

    pub(super) fn n_tasks(&self) -> usize {
        self.task_sizes().iter().product()
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        self.operands.iter().map(|operand| operand.view.buffer).collect()
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.y.buffer]
    }

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let callee = match self.function {
            Function::Convert(conversion) => conversion.helper().map(|helper| code.helper(helper)).transpose()?,
            Function::Quantized(quantized) => functions::declare_binary(code, quantized.function)?,
            Function::Binary(_) | Function::Select => None,
        };
        let (outer, last) = self.parts();
        let indices = code.unravel(task, &self.task_sizes());
        let size = as_imm(self.y.image.dtype.size());
        let mut addresses: Vec<Value> = self.operands.iter().map(|operand| code.first(&operand.view)).collect();
        let mut y = code.first(&self.y);
        let mut row = size * as_imm(last);
        for dim in (0..outer.len()).rev() {
            for (operand, address) in self.operands.iter().zip(&mut addresses) {
                *address = code.at(*address, indices[dim], operand.steps[dim]);
            }
            y = code.at(y, indices[dim], row);
            row *= as_imm(outer[dim]);
        }
        let first = code.scaled(indices[outer.len()], as_imm(CHUNK));
        let end = code.offset(first, as_imm(CHUNK));
        let n = code.int(last);
        let end = code.min(end, n);
        code.range(first, end, &mut |code, i| {
            let elements: Vec<Value> = self
                .operands
                .iter()
                .zip(&addresses)
                .map(|(operand, &address)| {
                    let at = code.at(address, i, operand.steps[outer.len()]);
                    load(code, operand.view.image.dtype, at)
                })
                .collect();
            let result = match (self.function, &elements[..]) {
                (Function::Convert(conversion), &[x, ..]) => conversion.apply(code, x, callee),
                (Function::Binary(function), &[a, b, ..]) => function.apply(code, a, b),
                (Function::Select, &[condition, a, b, ..]) => select(code, condition, a, b),
                (Function::Quantized(quantized), &[a, b, ..]) => quantized.apply(code, [a, b], callee),
                (Function::Convert(_) | Function::Binary(_) | Function::Select | Function::Quantized(_), _) => return,
            };
            let to = code.at(y, i, size);
            code.store(result, to, 0);
        });
        Ok(())
    }
}

impl fmt::Display for Elements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match &self.function {
            Function::Binary(function) => write!(f, " {function}")?,
            Function::Quantized(quantized) => write!(f, " {}", quantized.function.name())?,
            Function::Convert(_) | Function::Select => (),
        }
        self.operands.iter().try_for_each(|operand| write!(f, " {}", operand.view))?;
        write!(f, " -> {}", self.y)
    }
}
