//! Convolutions of any form on plain images: of three dimensions, with weights that are computed, with padding that no
//! halo has. Rows of the result are summed up where they lie, which is slower than tiles are.

use std::fmt;

use cranelift_codegen::ir::{InstBuilder, Value};
use cranelift_module::Module;

use super::numbers;
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::{BufferId, View};

/// One of a convolution's dimensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slide {
    pub(crate) input: usize,
    pub(crate) output: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    /// Before the first element.
    pub(crate) pad: usize,
}

/// Words of an entry of [`ConvRows::columns`].
pub(crate) const WORDS: usize = 3;

/// A convolution row by row.
#[derive(Debug)]
pub(crate) struct ConvRows {
    /// `[n, group * per_group, depth, rows, columns]`
    pub(crate) x: View,
    /// `[group * outs_per_group, per_group, kernel...]`
    pub(crate) weights: View,
    /// A number for each output channel.
    pub(crate) bias: Option<View>,
    pub(crate) y: View,
    pub(crate) n_images: usize,
    pub(crate) group: usize,
    pub(crate) per_group: usize,
    pub(crate) outs_per_group: usize,
    /// Depth and rows.
    pub(crate) outer: [Slide; 2],
    pub(crate) line: Slide,
    /// A table among the program's weights, an entry for each tap of a row: the first column that it counts for, how many
    /// there are, and the element of the row that the first of them reads.
    pub(crate) columns: usize,
}

impl ConvRows {
    pub(super) fn name(&self) -> &'static str {
        "conv_rows"
    }

    fn sizes(&self) -> [usize; 5] {
        let [depth, rows] = self.outer.map(|slide| slide.output);
        [self.n_images, self.group, self.outs_per_group, depth, rows]
    }

    /// A task is a row of the result.
    pub(super) fn n_tasks(&self) -> usize {
        self.sizes().iter().product()
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        [self.x, self.weights].into_iter().chain(self.bias).map(|view| view.buffer).collect()
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.y.buffer]
    }

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let [image, group, out, depth, row] = code.split(task, self.sizes());
        let [deep, high] = self.outer;
        let plane = high.input * self.line.input;
        let y = code.first(&self.y);
        let y = code.at(y, task, bytes(self.line.output));
        let channel = code.at(out, group, as_imm(self.outs_per_group));
        self.emit_bias(code, y, channel);

        let first = code.at(group, image, as_imm(self.group));
        let x = code.first(&self.x);
        let x = code.at(x, first, bytes(self.per_group * deep.input * plane));
        let n_taps = deep.kernel * high.kernel * self.line.kernel;
        let weights = code.first(&self.weights);
        let weights = code.at(weights, channel, bytes(self.per_group * n_taps));
        code.repeat(self.per_group, &mut |code, c| {
            let x = code.at(x, c, bytes(deep.input * plane));
            let weights = code.at(weights, c, bytes(n_taps));
            deep.emit(code, depth, &mut |code, tap, at| {
                let x = code.at(x, at, bytes(plane));
                let weights = code.at(weights, tap, bytes(high.kernel * self.line.kernel));
                high.emit(code, row, &mut |code, tap, at| {
                    let x = code.at(x, at, bytes(self.line.input));
                    let weights = code.at(weights, tap, bytes(self.line.kernel));
                    self.emit_row(code, [x, weights, y]);
                });
            });
        });
        Ok(())
    }

    fn emit_bias<M: Module>(&self, code: &mut Code<'_, M>, y: Value, channel: Value) {
        let number = match &self.bias {
            Some(bias) => {
                let bias = code.first(bias);
                let at = code.at(bias, channel, bytes(1));
                code.load(at, 0)
            }
            None => code.float(0.0),
        };
        let n = code.int(self.line.output);
        let four = code.splat(number);
        parts(code, n, &mut |code, i, is_vector| {
            let to = code.at(y, i, bytes(1));
            code.store(if is_vector { four } else { number }, to, 0);
        });
    }

    /// Adds a row of the input by a row of taps.
    fn emit_row<M: Module>(&self, code: &mut Code<'_, M>, [x, weights, y]: [Value; 3]) {
        let stride = self.line.stride;
        let table = code.weight(self.columns);
        code.repeat(self.line.kernel, &mut |code, tap| {
            let entry = code.at(table, tap, bytes(WORDS));
            let [first, n, start] = [0, 4, 8].map(|disp| code.load_int(entry, disp));
            let at = code.at(weights, tap, bytes(1));
            let weight = code.load(at, 0);
            let (x, y) = (code.at(x, start, bytes(1)), code.at(y, first, bytes(1)));
            let mut add = |code: &mut Code<'_, M>, i: Value, is_vector: bool| {
                let from = code.at(x, i, bytes(if self.line.output == 1 { 0 } else { stride }));
                let to = code.at(y, i, bytes(1));
                let part = numbers::parts(if is_vector { 4 } else { 1 });
                let (element, old) = (part.load(code, from, 0), part.load(code, to, 0));
                let weight = numbers::like(code, weight, element);
                let term = code.builder.ins().fmul(element, weight);
                let sum = code.builder.ins().fadd(old, term);
                code.store(sum, to, 0);
            };
            if stride == 1 {
                parts(code, n, &mut add);
            } else {
                let zero = code.int(0);
                code.range(zero, n, &mut |code, i| add(code, i, false));
            }
        });
    }
}

impl Slide {
    /// Writes the body for each tap that meets an element: tap and element.
    fn emit<M: Module>(
        &self,
        code: &mut Code<'_, M>,
        output: Value,
        body: &mut dyn FnMut(&mut Code<'_, M>, Value, Value),
    ) {
        // Without a second one, a step has no limit, and no meaning.
        let step = |n: usize, step: usize| if n == 1 { 0 } else { as_imm(step) };
        let first = code.scaled(output, step(self.output, self.stride));
        let first = code.offset(first, -as_imm(self.pad));
        code.repeat(self.kernel, &mut |code, tap| {
            let at = code.at(first, tap, step(self.kernel, self.dilation));
            // Before the beginning it is a very large number.
            code.if_below(at, self.input, &mut |code| body(code, tap, at), &mut |_| ());
        });
    }
}

/// Writes the body for fours of `0..n`, then for what is left one by one.
fn parts<M: Module>(code: &mut Code<'_, M>, n: Value, body: &mut dyn FnMut(&mut Code<'_, M>, Value, bool)) {
    let n_fours = code.builder.ins().ushr_imm_u(n, 2);
    let zero = code.int(0);
    code.range(zero, n_fours, &mut |code, four| {
        let i = code.scaled(four, 4);
        body(code, i, true);
    });
    let done = code.scaled(n_fours, 4);
    code.range(done, n, &mut |code, i| body(code, i, false));
}

fn bytes(n_elements: usize) -> i64 {
    as_imm(n_elements * size_of::<f32>())
}

impl fmt::Display for ConvRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "conv_rows {} {} -> {}", self.x, self.weights, self.y)
    }
}
