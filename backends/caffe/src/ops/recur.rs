//! The recurrence of LSTM and RNN.

use firebrick_ir::ops::{Cell, Recur};
use firebrick_ir::{NodeId, Op, Value};
use firebrick_schemas::caffe::RecurrentParameter;

use super::constant::{filled, tensor};
use super::reshape::reshaped;
use super::window::number;
use crate::context::Context;
use crate::layer::{Blob, Weight, param};
use crate::selection::Tops;
use crate::{Kind, Reason};

/// LSTM.
pub(super) fn recur(ctx: &mut Context<'_, '_>, op: &Recur) -> Tops {
    match op.cell {
        Cell::Lstm => {}
        Cell::Rnn => {
            let message = "Caffe's RNN computes an output from the state, and does not give the state itself";
            return Err(Reason::unsupported(message));
        }
        Cell::CoupledLstm | Cell::Gru | Cell::GruResetAfter => return Err(Reason::NoLayer),
    }
    let is_read = (1..3).any(|port| ctx.is_wanted(port));
    let (tops, hidden) = layer(ctx, ctx.node, op, is_read, Vec::new())?;
    let results = tops.into_iter().enumerate();
    let mut results: Vec<Option<Blob>> =
        results.map(|(port, top)| Some(if port == 0 { top } else { reshaped(ctx, top, &hidden) })).collect();
    results.resize(3, None);
    Ok(results)
}

/// RNN, of the recurrence and the weights of its output.
pub(crate) fn rnn(ctx: &mut Context<'_, '_>, recurrence: NodeId, op: &Recur, output: &[Value]) -> Option<Blob> {
    let output = output.iter().map(|&weight| ctx.weight(weight, "output weights").ok()).collect::<Option<Vec<_>>>()?;
    let (tops, _) = layer(ctx, recurrence, op, false, output).ok()?;
    tops.into_iter().next()
}

/// The layer of a recurrence: its tops, and the dimensions of a state. Its own projection of the input is the one that
/// makes the gates, or else one that changes nothing. The states are exposed if they are read, or begin with something
/// else than zeros.
fn layer(
    ctx: &mut Context<'_, '_>,
    recurrence: NodeId,
    op: &Recur,
    is_read: bool,
    output: Vec<Weight>,
) -> Result<(Vec<Blob>, Vec<u64>), Reason> {
    let operands = ctx.graph().operands(recurrence);
    let plain = Recur { continuation: op.continuation, states: op.states, ..Recur::plain(op.cell) };
    if *op != plain {
        return Err(Reason::unsupported("Caffe has its activations without bounds, peepholes and lengths only"));
    }
    let &[gates, weights, ref rest @ ..] = operands.as_slice() else { return Err(Reason::NoLayer) };
    let (continuation, states) = rest.split_at(usize::from(op.continuation));
    let (sequence, projection) = match projection(ctx, gates) {
        Some((x, projection)) => (x, projection),
        None => (gates, unchanged(ctx, gates)?),
    };
    let recurrent_weights = ctx.weight(weights, "recurrent weights")?;
    let result = |port| ctx.dims(Blob::Value(Value { node: recurrence, port }));
    let (hidden, sequence_dims) = (result(1), result(0));
    let &[batch, n_out] = hidden.as_slice() else { return Err(Reason::NoLayer) };
    let is_exposed = is_read || !states.iter().all(|&state| is_zero(ctx, state));
    let continuation = match continuation {
        [value, ..] => Blob::Value(*value),
        // Only the first step begins a sequence, and it begins with what is given.
        [] => filled(ctx, 1.0, &sequence_dims[..2]),
    };
    let mut bottoms = vec![Blob::Value(sequence), continuation];
    let step = [1, batch, n_out];
    let mut tops = vec![sequence_dims];
    let n_states = if op.cell == Cell::Rnn { 1 } else { 2 };
    for slot in (0..n_states).filter(|_| is_exposed) {
        let state = match states.get(slot) {
            Some(&state) => before_reshape(ctx, state, &step).unwrap_or(Blob::Value(state)),
            None => filled(ctx, 0.0, &step),
        };
        bottoms.push(reshaped(ctx, state, &step));
        tops.push(step.to_vec());
    }
    let recurrent = RecurrentParameter {
        num_output: Some(number(usize::try_from(n_out).unwrap_or(usize::MAX))?),
        expose_hidden: is_exposed.then_some(true),
        ..RecurrentParameter::default()
    };
    let tops: Vec<Blob> = tops.iter().map(|dims| ctx.new_blob(dims)).collect();
    let weights = projection.into_iter().chain([recurrent_weights]).chain(output).collect();
    let set = param(|p| p.recurrent_param = Some(Box::new(recurrent)));
    let kind = if op.cell == Cell::Rnn { Kind::RNN } else { Kind::LSTM };
    ctx.push(kind, set, &bottoms, weights, tops.clone());
    Ok((tops, hidden))
}

/// The sequence, the weights and the summands that the gates are computed from.
fn projection(ctx: &Context<'_, '_>, gates: Value) -> Option<(Value, Vec<Weight>)> {
    let (Op::Reshape(_), operands) = ctx.inner(gates)? else { return None };
    let (Op::Gemm(gemm), operands) = ctx.inner(*operands.first()?)? else { return None };
    let &[rows, weights, bias] = operands.as_slice() else { return None };
    let (Op::Reshape(_), operands) = ctx.inner(rows)? else { return None };
    let x = *operands.first()?;
    let (steps, own) = (ctx.dims(Blob::Value(gates)), ctx.dims(Blob::Value(x)));
    let fits = gemm.trans_b && !gemm.trans_a && own.len() > 2 && own.get(..2) == steps.get(..2);
    let weights = ["input weights", "summands"]
        .into_iter()
        .zip([weights, bias])
        .map(|(what, value)| ctx.weight(value, what).ok());
    let weights: Vec<Weight> = weights.collect::<Option<_>>().filter(|_| fits)?;
    let is_bias = weights.get(1).is_some_and(|bias| bias.tensor.dims().len() == 1);
    is_bias.then_some((x, weights))
}

/// Weights that leave the gates as they are.
fn unchanged(ctx: &Context<'_, '_>, gates: Value) -> Result<Vec<Weight>, Reason> {
    /// The weights are the square of that.
    const MAX_GATES: u64 = 1 << 12;
    let width = ctx.dims(Blob::Value(gates)).last().copied().unwrap_or_default();
    if width > MAX_GATES {
        return Err(Reason::unsupported(format!("its {width} gates are computed by no product of its own layer")));
    }
    let one_hot = (0..width * width).map(|i| if i / width == i % width { 1.0 } else { 0.0 });
    let bias = vec![0.0; usize::try_from(width).unwrap_or(0)];
    Ok(vec![Weight::own(tensor(&[width, width], one_hot.collect())?), Weight::own(tensor(&[width], bias)?)])
}

fn is_zero(ctx: &Context<'_, '_>, state: Value) -> bool {
    let values = ctx.known(state).and_then(|tensor| tensor.values::<f32>().ok());
    values.is_some_and(|values| values.iter().all(|&x| x == 0.0))
}

/// What a state of `[N, H]` was before, if that has the layer's dimensions.
fn before_reshape(ctx: &Context<'_, '_>, state: Value, dims: &[u64]) -> Option<Blob> {
    let (Op::Reshape(_), operands) = ctx.inner(state)? else { return None };
    let before = Blob::Value(*operands.first()?);
    (ctx.dims(before) == dims).then_some(before)
}
