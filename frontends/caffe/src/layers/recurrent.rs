//! LSTM and RNN.

use firebrick_ir::Value;
use firebrick_ir::ops::{BinaryFn, Cell, Recur, UnaryFn};
use firebrick_schemas::caffe::RecurrentParameter;

use super::inner_product::product;
use super::reshape::{count, reshaped};
use super::tile::filled;
use super::{LayerContext, Tops};
use crate::problem::Problem;

/// LSTM. Blobs: W_xc, b_c, W_xc_static if there is a static input, W_hc. The state begins with zeros, or is given and
/// returned with `expose_hidden`.
pub(super) fn lstm(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let mut layer = Recurrent::read(ctx, 4, ["h_0", "c_0"].len())?;
    let gates = layer.gates(ctx, ["W_xc", "b_c", "W_xc_static"])?;
    let weights = layer.weight(ctx, "W_hc", [4 * layer.n_out, layer.n_out])?;
    let results = layer.recur(ctx, Cell::Lstm, gates, weights, &["h", "h_T", "c_T"])?;
    layer.tops(ctx, results[0], &results[1..])
}

/// RNN: an output of tanh(W_ho h + b_o). Blobs: W_xh, b_h, W_xh_static if there is a static input, W_hh, W_ho, b_o.
pub(super) fn rnn(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let mut layer = Recurrent::read(ctx, 1, ["h_0"].len())?;
    let gates = layer.gates(ctx, ["W_xh", "b_h", "W_xh_static"])?;
    let weights = layer.weight(ctx, "W_hh", [layer.n_out; 2])?;
    let results = layer.recur(ctx, Cell::Rnn, gates, weights, &["h", "h_T"])?;
    let projection = [layer.weight(ctx, "W_ho", [layer.n_out; 2])?, layer.bias(ctx, "b_o", layer.n_out)?];
    let projected = product(ctx, results[0], 2, &projection, true)?;
    let output = ctx.unary(UnaryFn::Tanh {}, projected)?;
    layer.tops(ctx, output, &results[1..])
}

/// What both layers have in common.
struct Recurrent {
    param: RecurrentParameter,
    n_out: u64,
    n_gates: u64,
    /// The number of sequences.
    batch: u64,
    /// The input that is the same in each step.
    static_input: Option<Value>,
    /// The state before the first step.
    states: Vec<Value>,
    next_blob: usize,
}

impl Recurrent {
    fn read(ctx: &mut LayerContext<'_, '_>, n_gates: u64, n_states: usize) -> Result<Self, Problem> {
        let param = ctx.param().recurrent_param.as_deref().cloned().unwrap_or_default();
        // debug_info: what Caffe prints.
        let RecurrentParameter { num_output: _, weight_filler: _, bias_filler: _, debug_info: _, expose_hidden: _ } =
            &param;
        let n_out = u64::from(param.num_output());
        if n_out == 0 {
            return Err(ctx.problem_at(ctx.field("recurrent_param", "num_output"), "`num_output` is missing or 0"));
        }
        let n_exposed = if param.expose_hidden() { n_states } else { 0 };
        let (bottoms, n_tops) = (ctx.bottoms(), ctx.n_tops());
        if !(2 + n_exposed..=3 + n_exposed).contains(&bottoms.len()) || n_tops != 1 + n_exposed {
            let message = format!(
                "with `expose_hidden: {}` it takes {} bottoms (input, continuation, states), one more with a static \
                 input, and {} tops, but there are {} and {n_tops}",
                param.expose_hidden(),
                2 + n_exposed,
                1 + n_exposed,
                bottoms.len(),
            );
            return Err(ctx.problem(message));
        }
        let (x, cont) = (ctx.dims(bottoms[0]), ctx.dims(bottoms[1]));
        if x.len() < 3 || cont != x[..2] {
            let message = format!(
                "the input should be [steps, sequences, ...] and the continuation [steps, sequences], but they are \
                 {x:?} and {cont:?}"
            );
            return Err(ctx.problem(message));
        }
        let batch = x[1];
        let (inputs, exposed) = bottoms.split_at(bottoms.len() - n_exposed);
        let static_input = inputs.get(2).copied();
        if let Some(dims) = static_input.map(|value| ctx.dims(value))
            && (dims.len() < 2 || dims[0] != batch)
        {
            return Err(ctx.problem(format!("the static input should be [{batch}, ...], but is {dims:?}")));
        }
        let mut states = Vec::new();
        for &state in exposed {
            let (found, expected) = (ctx.dims(state), [1, batch, n_out]);
            if found != expected {
                return Err(ctx.problem(format!("a state should be {expected:?}, but is {found:?}")));
            }
            states.push(reshaped(ctx, state, &[batch, n_out])?);
        }
        if states.is_empty() {
            states = vec![filled(ctx, 0.0, &[batch, n_out])?; n_states];
        }
        Ok(Recurrent { param, n_out, n_gates, batch, static_input, states, next_blob: 0 })
    }

    fn weight(&mut self, ctx: &mut LayerContext<'_, '_>, what: &str, dims: [u64; 2]) -> Result<Value, Problem> {
        let index = self.next_blob;
        self.next_blob += 1;
        ctx.weight(index, what, &dims, self.param.weight_filler.as_deref())
    }

    fn bias(&mut self, ctx: &mut LayerContext<'_, '_>, what: &str, size: u64) -> Result<Value, Problem> {
        let index = self.next_blob;
        self.next_blob += 1;
        ctx.weight(index, what, &[size], self.param.bias_filler.as_deref())
    }

    /// What the gates get that does not depend on the state: [T, N, gates * num_output].
    fn gates(
        &mut self,
        ctx: &mut LayerContext<'_, '_>,
        [weights, bias, static_weights]: [&str; 3],
    ) -> Result<Value, Problem> {
        let x = ctx.bottom(0);
        let width = self.n_gates * self.n_out;
        let size = count(&ctx.dims(x)[2..]);
        let weights = [self.weight(ctx, weights, [width, size])?, self.bias(ctx, bias, width)?];
        let gates = product(ctx, x, 2, &weights, true)?;
        let Some(input) = self.static_input else { return Ok(gates) };
        let size = count(&ctx.dims(input)[1..]);
        let weights = self.weight(ctx, static_weights, [width, size])?;
        // [N, gates * num_output] is broadcast to all steps.
        let static_gates = product(ctx, input, 1, &[weights], true)?;
        ctx.binary(BinaryFn::Add, gates, static_gates)
    }

    fn recur(
        &self,
        ctx: &mut LayerContext<'_, '_>,
        cell: Cell,
        gates: Value,
        weights: Value,
        results: &[&str],
    ) -> Result<Vec<Value>, Problem> {
        let operands = [&[gates, weights, ctx.bottom(1)], self.states.as_slice()].concat();
        ctx.op_n(results, Recur { continuation: true, states: true, ..Recur::plain(cell) }, &operands)
    }

    /// The output, and the states after the last step if they are tops.
    fn tops(&self, ctx: &mut LayerContext<'_, '_>, output: Value, states: &[Value]) -> Tops {
        let mut tops = vec![Some(output)];
        if self.param.expose_hidden() {
            for &state in states {
                tops.push(Some(reshaped(ctx, state, &[1, self.batch, self.n_out])?));
            }
        }
        Ok(tops)
    }
}
