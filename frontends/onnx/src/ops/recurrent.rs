//! LSTM, GRU and RNN.

use firebrick_ir::ops::{Activation, BinaryFn, Cell, Concat, Recur, ReverseSequence, Slice};
use firebrick_ir::{Dim, Value};

use super::make::{dims, part, reshaped, transposed};
use super::matmul::product;
use super::reshape::to_dims;
use super::{Item, NodeContext, Outputs, Stop};

/// The functions by ONNX's names, with the defaults of their parameters; `None` for one that they don't have.
const ACTIVATIONS: [(&str, Activation, Option<f32>, Option<f32>); 11] = [
    ("Affine", Activation::Affine, Some(1.0), Some(0.0)),
    ("Elu", Activation::Elu, Some(1.0), None),
    ("HardSigmoid", Activation::HardSigmoid, Some(0.2), Some(0.5)),
    ("LeakyRelu", Activation::LeakyRelu, Some(0.01), None),
    ("Relu", Activation::Relu, None, None),
    ("ScaledTanh", Activation::ScaledTanh, Some(1.0), Some(1.0)),
    ("Sigmoid", Activation::Sigmoid, None, None),
    ("Softplus", Activation::Softplus, None, None),
    ("Softsign", Activation::Softsign, None, None),
    ("Tanh", Activation::Tanh, None, None),
    ("ThresholdedRelu", Activation::ThresholdedRelu, Some(1.0), None),
];

/// The gates that Recur has first to last, as places among ONNX's i, o, f, c.
const LSTM_GATES: [usize; 4] = [0, 2, 1, 3];

/// LSTM.
pub(super) fn lstm(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let coupled = ctx.flag("input_forget", false)?;
    Layer::read(ctx, if coupled { Cell::CoupledLstm } else { Cell::Lstm }, &LSTM_GATES)?.translate(ctx)
}

/// GRU.
pub(super) fn gru(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let after = ctx.flag("linear_before_reset", false)?;
    Layer::read(ctx, if after { Cell::GruResetAfter } else { Cell::Gru }, &[0, 1, 2])?.translate(ctx)
}

/// RNN.
pub(super) fn rnn(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    Layer::read(ctx, Cell::Rnn, &[0])?.translate(ctx)
}

/// A layer: one recurrence forwards, backwards, or both.
struct Layer {
    /// The recurrence of each direction, and whether it is backwards.
    directions: Vec<(Recur, bool)>,
    gates: &'static [usize],
    n_states: usize,
    size: usize,
    /// Whether sequences come first, and not steps.
    batch_first: bool,
    lengths: Option<Value>,
}

impl Layer {
    fn read(ctx: &mut NodeContext<'_, '_>, cell: Cell, gates: &'static [usize]) -> Result<Self, Stop> {
        let words = [("forward", &[false][..]), ("reverse", &[true]), ("bidirectional", &[false, true])];
        let directions = ctx.word("direction", &words)?.unwrap_or(&[false]);
        let batch_first = ctx.flag("layout", false)?;
        let clip = ctx.float("clip")?;
        ctx.ignore("output_sequence", "an output that nobody reads is left out");
        let weights = ctx.input(2)?;
        let size = usize::try_from(ctx.dim(weights, 2)?).unwrap_or(usize::MAX);
        let rows = size.checked_mul(gates.len()).and_then(|n| u64::try_from(n).ok());
        if rows != Some(ctx.dim(weights, 1)?) {
            let ty = ctx.ty(weights);
            return Err(ctx.problem(format!("weights {ty} are not {} gates of {size} each", gates.len())));
        }
        if let Some(said) = ctx.int("hidden_size")?
            && usize::try_from(said) != Ok(size)
        {
            return Err(ctx.attribute_problem("hidden_size", format!("it is {said}, but the weights are for {size}")));
        }
        let n_states = if gates.len() == 4 { 2 } else { 1 };
        let peepholes = n_states == 2 && ctx.optional(7).is_some();
        let states = ctx.optional(5).is_some() || (n_states == 2 && ctx.optional(6).is_some());
        let lengths = ctx.optional(4);
        let plain = Recur { clip, peepholes, states, lengths: lengths.is_some(), ..Recur::plain(cell) };
        let n_functions = [1, 0, 2, 3][gates.len() - 1];
        let functions = activations(ctx, directions.len() * n_functions)?;
        let directed = directions.iter().enumerate().map(|(d, &backwards)| {
            let own = functions.get(d * n_functions..).unwrap_or_default();
            (with_activations(plain.clone(), &own[..n_functions.min(own.len())]), backwards)
        });
        Ok(Layer { directions: directed.collect(), gates, n_states, size, batch_first, lengths })
    }

    fn translate(&self, ctx: &mut NodeContext<'_, '_>) -> Outputs {
        let x = ctx.input(0)?;
        if ctx.rank(x) != 3 {
            return Err(ctx.problem("its input should be steps of sequences, three dimensions"));
        }
        let x = if self.batch_first { transposed(ctx, "steps", x, &[1, 0, 2])? } else { x };
        let mut results: Vec<Vec<Value>> = Vec::new();
        for direction in 0..self.directions.len() {
            results.push(self.run(ctx, direction, x)?);
        }
        let mut outputs = Vec::new();
        for output in 0..=self.n_states {
            // Directions are a dimension: behind the steps in all states, the first in the last ones.
            let axis = if output == 0 { 1 } else { 0 };
            let parts: Vec<Value> = results.iter().map(|results| results[output]).collect();
            let joined = joined(ctx, &parts, axis)?;
            let perm: &[usize] = if output == 0 { &[2, 0, 1, 3] } else { &[1, 0, 2] };
            let ordered = if self.batch_first { transposed(ctx, "by_sequence", joined, perm)? } else { joined };
            outputs.push(Item::from(ordered));
        }
        Ok(outputs)
    }

    /// One direction: all states, and the last ones.
    fn run(&self, ctx: &mut NodeContext<'_, '_>, direction: usize, x: Value) -> Result<Vec<Value>, Stop> {
        let (op, backwards) = &self.directions[direction];
        let x = if *backwards { self.reversed(ctx, x)? } else { x };
        let n_gates = self.gates.len();
        let (input, recurrent) = (ctx.input(1)?, ctx.input(2)?);
        let width = n_gates * self.size;
        let n_in = usize::try_from(ctx.dim(input, 2)?).unwrap_or(usize::MAX);
        let input = self.ordered(ctx, "W", input, direction, 0, &[width, n_in])?;
        let recurrent = self.ordered(ctx, "R", recurrent, direction, 0, &[width, self.size])?;
        let columns = transposed(ctx, "columns", input, &[1, 0])?;
        let mut gates = product(ctx, x, columns)?;
        let mut reset_bias = None;
        if let Some(bias) = ctx.optional(3) {
            let own = self.ordered(ctx, "Wb", bias, direction, 0, &[width])?;
            let of_state = self.ordered(ctx, "Rb", bias, direction, n_gates, &[width])?;
            let sum = if op.cell == Cell::GruResetAfter {
                // That of the last gate is inside of the reset.
                reset_bias = Some(part(ctx, "reset_bias", of_state, 0, 2 * self.size..width)?);
                let outside = part(ctx, "outside", of_state, 0, 0..2 * self.size)?;
                let zeros = self.zeros(ctx, x, &[self.size])?;
                let of_state = ctx.op("state_bias", Concat { axis: 0 }, &[outside, zeros])?;
                ctx.binary(BinaryFn::Add, own, of_state)?
            } else {
                ctx.binary(BinaryFn::Add, own, of_state)?
            };
            gates = ctx.binary(BinaryFn::Add, gates, sum)?;
        }
        let mut operands = vec![gates, recurrent];
        operands.extend(self.states(ctx, direction, x)?);
        if op.cell == Cell::GruResetAfter {
            operands.push(match reset_bias {
                Some(bias) => bias,
                None => self.zeros(ctx, x, &[self.size])?,
            });
        }
        if let (true, Some(peepholes)) = (op.peepholes, ctx.optional(7)) {
            operands.push(self.peepholes(ctx, peepholes, direction)?);
        }
        operands.extend(self.lengths);
        let names = ["all", "last", "cells"];
        let mut results = ctx.op_n(&names[..=self.n_states], op.clone(), &operands)?;
        if *backwards && ctx.is_used(0) {
            results[0] = self.reversed(ctx, results[0])?;
        }
        Ok(results)
    }

    /// The states before the first step, if any is given: the others are zeros.
    fn states(&self, ctx: &mut NodeContext<'_, '_>, direction: usize, x: Value) -> Result<Vec<Value>, Stop> {
        let (op, _) = &self.directions[direction];
        let mut states = Vec::new();
        for slot in (5..5 + self.n_states).filter(|_| op.states) {
            states.push(match ctx.optional(slot) {
                Some(state) => {
                    let state = if self.batch_first { transposed(ctx, "state", state, &[1, 0, 2])? } else { state };
                    let own = part(ctx, "of_direction", state, 0, direction..direction + 1)?;
                    let shape = ctx.ty(own).shape.0.into_iter().skip(1).collect::<Vec<_>>();
                    to_dims(ctx, "first", own, &shape)?
                }
                None => {
                    let batch = usize::try_from(ctx.dim(x, 1)?).unwrap_or(usize::MAX);
                    self.zeros(ctx, x, &[batch, self.size])?
                }
            });
        }
        Ok(states)
    }

    fn zeros(&self, ctx: &mut NodeContext<'_, '_>, like: Value, sizes: &[usize]) -> Result<Value, Stop> {
        let zero = ctx.scalar_like(like, "zero", 0.0)?;
        super::make::expanded(ctx, zero, sizes)
    }

    /// A direction's weights, with the gates in Recur's order; they begin at gate `first`.
    fn ordered(
        &self,
        ctx: &mut NodeContext<'_, '_>,
        suffix: &str,
        weights: Value,
        direction: usize,
        first: usize,
        sizes: &[usize],
    ) -> Result<Value, Stop> {
        let own = part(ctx, suffix, weights, 0, direction..direction + 1)?;
        let all = dims(ctx, own)?;
        let own = reshaped(ctx, "of_direction", own, all.get(1..).unwrap_or_default())?;
        let gate = |place: usize| (first + place) * self.size..(first + place + 1) * self.size;
        let is_in_order = self.gates.is_sorted();
        let ordered = if is_in_order {
            part(ctx, "gates", own, 0, first * self.size..(first + self.gates.len()) * self.size)?
        } else {
            let mut parts = Vec::new();
            for &place in self.gates {
                parts.push(part(ctx, "gate", own, 0, gate(place))?);
            }
            ctx.op("gates", Concat { axis: 0 }, &parts)?
        };
        if dims(ctx, ordered)? != sizes {
            return Err(ctx.problem(format!("weights {} are not {sizes:?} in each direction", ctx.ty(weights).shape)));
        }
        Ok(ordered)
    }

    /// ONNX has those of i, o and f; Recur of i, f and o.
    fn peepholes(&self, ctx: &mut NodeContext<'_, '_>, peepholes: Value, direction: usize) -> Result<Value, Stop> {
        let own = part(ctx, "P", peepholes, 0, direction..direction + 1)?;
        let own = reshaped(ctx, "of_direction", own, &[3 * self.size])?;
        let mut parts = Vec::new();
        for place in [0, 2, 1] {
            parts.push(part(ctx, "peephole", own, 0, place * self.size..(place + 1) * self.size)?);
        }
        ctx.op("peepholes", Concat { axis: 0 }, &parts)
    }

    /// The steps of each sequence backwards, as far as it is long.
    fn reversed(&self, ctx: &mut NodeContext<'_, '_>, steps: Value) -> Result<Value, Stop> {
        if let Some(lengths) = self.lengths {
            return ctx.op("backwards", ReverseSequence { batch_axis: 1, time_axis: 0 }, &[steps, lengths]);
        }
        let n = usize::try_from(ctx.dim(steps, 0)?).unwrap_or(usize::MAX);
        let op = Slice { axes: vec![0], starts: vec![n.saturating_sub(1)], counts: vec![n], steps: vec![-1] };
        ctx.op("backwards", op, &[steps])
    }
}

/// Values side by side in a new dimension.
fn joined(ctx: &mut NodeContext<'_, '_>, parts: &[Value], axis: usize) -> Result<Value, Stop> {
    let mut apart = Vec::new();
    for &value in parts {
        let mut shape = ctx.ty(value).shape.0;
        shape.insert(axis, Dim::Fixed(1));
        apart.push(to_dims(ctx, "direction", value, &shape)?);
    }
    if let [only] = apart.as_slice() { Ok(*only) } else { ctx.op("directions", Concat { axis }, &apart) }
}

/// The functions that are named, with their parameters; none without the attribute.
fn activations(ctx: &mut NodeContext<'_, '_>, n: usize) -> Result<Vec<(Activation, f32, f32)>, Stop> {
    let names = ctx.strings("activations")?;
    let (alphas, betas) = (ctx.floats("activation_alpha")?, ctx.floats("activation_beta")?);
    let Some(names) = names else { return Ok(Vec::new()) };
    if names.len() != n {
        return Err(ctx.attribute_problem("activations", format!("there are {}, but {n} are needed", names.len())));
    }
    let (mut alphas, mut betas) = (alphas.unwrap_or_default().into_iter(), betas.unwrap_or_default().into_iter());
    let mut functions = Vec::new();
    for name in names {
        let known = ACTIVATIONS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(&name));
        let Some(&(_, function, alpha, beta)) = known else {
            return Err(ctx.attribute_problem("activations", format!("`{name}` is no activation")));
        };
        // Parameters are listed for the functions that have any.
        let alpha = alpha.map_or(0.0, |default| alphas.next().unwrap_or(default));
        let beta = beta.map_or(0.0, |default| betas.next().unwrap_or(default));
        functions.push((function, alpha, beta));
    }
    Ok(functions)
}

fn with_activations(mut op: Recur, functions: &[(Activation, f32, f32)]) -> Recur {
    for (i, &(function, alpha, beta)) in functions.iter().enumerate() {
        (op.alpha[i], op.beta[i]) = (alpha, beta);
        match i {
            0 => op.f = function,
            1 => op.g = function,
            _ => op.h = function,
        }
    }
    op
}
