//! Recurrences as ONNX's LSTM, GRU and RNN. Their input is what the gates get, so that their weights lead each gate to
//! itself.

use firebrick_ir::ops::{Activation, Cast, Cell, Recur};
use firebrick_ir::{DType, Tensor};

use crate::attr::{self, Attr};
use crate::lower::{Arg, Lowered, Lowering, Reason, eval};

/// ONNX's name of a function, and whether it has the parameters alpha and beta.
fn function(activation: Activation) -> (&'static str, bool, bool) {
    match activation {
        Activation::Affine => ("Affine", true, true),
        Activation::Elu => ("Elu", true, false),
        Activation::HardSigmoid => ("HardSigmoid", true, true),
        Activation::LeakyRelu => ("LeakyRelu", true, false),
        Activation::Relu => ("Relu", false, false),
        Activation::ScaledTanh => ("ScaledTanh", true, true),
        Activation::Sigmoid => ("Sigmoid", false, false),
        Activation::Softplus => ("Softplus", false, false),
        Activation::Softsign => ("Softsign", false, false),
        Activation::Tanh => ("Tanh", false, false),
        Activation::ThresholdedRelu => ("ThresholdedRelu", true, false),
    }
}

/// The operator of a cell, how many functions it has, and Recur's gates in its order.
fn operator(cell: Cell) -> (&'static str, usize, &'static [usize]) {
    match cell {
        Cell::Lstm | Cell::CoupledLstm => ("LSTM", 3, &[0, 2, 1, 3]),
        Cell::Gru | Cell::GruResetAfter => ("GRU", 2, &[0, 1, 2]),
        Cell::Rnn => ("RNN", 1, &[0]),
    }
}

/// A recurrence of whole sequences.
pub(super) fn whole(l: &mut Lowering<'_>, op: &Recur) -> Lowered {
    let (name, n_functions, gates) = operator(op.cell);
    let size = l.dim(1, 1).ok_or("the size of its state is symbolic")?;
    let width = gates.len() * size;
    let dtype = l.ty(0).dtype;
    let rows: Vec<usize> = gates.iter().flat_map(|gate| (0..size).map(move |i| gate * size + i)).collect();
    let mut weights = vec![0f32; width * width];
    rows.iter().enumerate().for_each(|(row, gate)| weights[row * width + gate] = 1.0);
    let weights = constant(l, "weights", &[1, width, width], weights, dtype)?;
    let recurrent = l.arg(1);
    let recurrent = reordered(l, &recurrent, &rows)?;
    let recurrent = l.reshape(&recurrent, vec![1, width as i64, size as i64])?;

    let is_lstm = name == "LSTM";
    let mut slots = 2..;
    let mut next = |l: &Lowering<'_>, is_there: bool| is_there.then(|| l.arg(slots.next().unwrap_or(2)));
    let (h, c) = (next(l, op.states), next(l, op.states && is_lstm));
    let bias = next(l, op.cell == Cell::GruResetAfter);
    let (peepholes, lengths) = (next(l, op.peepholes), next(l, op.lengths));

    let bias = bias.map(|bias| reset_bias(l, bias, size, dtype)).transpose()?;
    let lengths = lengths.map(|lengths| l.cast(&lengths, DType::I32)).transpose()?;
    let mut args = vec![l.arg(0), weights, recurrent];
    args.extend([bias, lengths].map(|arg| arg.unwrap_or_else(Arg::absent)));
    for state in [h, c].into_iter().take(if is_lstm { 2 } else { 1 }) {
        let state = state.map(|state| l.reshape(&state, vec![1, -1, size as i64])).transpose()?;
        args.push(state.unwrap_or_else(Arg::absent));
    }
    if let Some(peepholes) = peepholes {
        let rows: Vec<usize> = [0, 2, 1].iter().flat_map(|gate| (0..size).map(move |i| gate * size + i)).collect();
        let peepholes = reordered(l, &peepholes, &rows)?;
        args.push(l.reshape(&peepholes, vec![1, 3 * size as i64])?);
    }
    let results =
        l.emit_all(name, &args, attributes(op, n_functions, size), &vec![dtype; if is_lstm { 3 } else { 2 }])?;
    let [all, last @ ..] = results.as_slice() else { return Err(format!("{name} has results")) };
    let mut own = vec![l.reshape(all, vec![0, -1, size as i64])?];
    for state in last {
        own.push(l.reshape(state, vec![-1, size as i64])?);
    }
    Ok(own)
}

fn attributes(op: &Recur, n_functions: usize, size: usize) -> Vec<Attr> {
    let functions = [op.f, op.g, op.h].map(function);
    let functions = functions.iter().take(n_functions);
    let mut attrs = vec![
        attr::int("hidden_size", size as i64),
        attr::strings("activations", functions.clone().map(|(name, ..)| *name)),
    ];
    let alpha: Vec<f32> = functions.clone().zip(&op.alpha).filter(|(f, _)| f.1).map(|(_, &alpha)| alpha).collect();
    let beta: Vec<f32> = functions.zip(&op.beta).filter(|(f, _)| f.2).map(|(_, &beta)| beta).collect();
    let parameters = [("activation_alpha", alpha), ("activation_beta", beta)];
    attrs.extend(
        parameters.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| attr::floats(name, list)),
    );
    attrs.extend(op.clip.map(|clip| attr::float("clip", clip)));
    match op.cell {
        Cell::CoupledLstm => attrs.push(attr::flag("input_forget", true)),
        Cell::GruResetAfter => attrs.push(attr::flag("linear_before_reset", true)),
        Cell::Lstm | Cell::Gru | Cell::Rnn => {}
    }
    attrs
}

fn constant(
    l: &mut Lowering<'_>,
    what: &'static str,
    dims: &[usize],
    elements: Vec<f32>,
    dtype: DType,
) -> Result<Arg, Reason> {
    let tensor = Tensor::from_vec(dims, elements).map_err(|error| error.to_string())?;
    let tensor = eval(Cast::to(dtype), &[&tensor])?;
    Ok(l.tensor(what, tensor))
}

/// Rows in another order.
fn reordered(l: &mut Lowering<'_>, x: &Arg, rows: &[usize]) -> Result<Arg, Reason> {
    if rows.is_sorted() {
        return Ok(x.clone());
    }
    let rows = l.ints("rows", rows.iter().map(|&row| row as i64).collect());
    l.same("Gather", &[x.clone(), rows], vec![attr::int("axis", 0)])
}

/// All biases of a GRU, which are zeros but that inside of the reset.
fn reset_bias(l: &mut Lowering<'_>, bias: Arg, size: usize, dtype: DType) -> Result<Arg, Reason> {
    let zeros = constant(l, "zeros", &[5 * size], vec![0.0; 5 * size], dtype)?;
    let all = l.same("Concat", &[zeros, bias], vec![attr::int("axis", 0)])?;
    l.reshape(&all, vec![1, 6 * size as i64])
}
