//! Recurrences whose sequences begin anew, a step after another: ONNX's LSTM and RNN have no place for that.

use firebrick_ir::Tensor;
use firebrick_ir::ops::{Activation, Cell, Recur};

use super::pick::{Range, sliced};
use super::recur_whole::whole;
use crate::attr;
use crate::lower::{Arg, Lowered, Lowering, Reason};

/// More steps than that are refused: each is a dozen operators.
const MOST_STEPS: usize = 1024;

/// Operands by their meaning.
struct Operands {
    continuation: Option<Arg>,
    h: Arg,
    c: Option<Arg>,
}

pub(super) fn recur(l: &mut Lowering<'_>, op: &Recur) -> Lowered {
    if !op.continuation {
        return whole(l, op);
    }
    check(op)?;
    let n_steps = l.dim(0, 0).ok_or("the number of its steps is symbolic: give the input's shape")?;
    let size = l.dim(1, 1).ok_or("the size of its state is symbolic")?;
    if n_steps == 0 || n_steps > MOST_STEPS {
        return Err(format!("it has {n_steps} steps, each of which is written; 1 to {MOST_STEPS} can be"));
    }
    let Operands { continuation, mut h, mut c } = operands(l, op, size)?;
    let mut all = Vec::with_capacity(n_steps);
    for t in 0..n_steps {
        let gates = l.arg(0);
        let gates = at_step(l, &gates, t)?;
        let cont = continuation.as_ref().map(|cont| factor(l, cont, t)).transpose()?;
        let kept = times(l, h, cont.as_ref())?;
        let weights = l.arg(1);
        let pre = l.same("Gemm", &[kept, weights, gates], vec![attr::int("transB", 1)])?;
        h = match &c {
            Some(cells) => {
                let cells = times(l, cells.clone(), cont.as_ref())?;
                let (h, cells) = lstm(l, &pre, &cells, size)?;
                c = Some(cells);
                h
            }
            None => l.same("Tanh", &[pre], vec![])?,
        };
        all.push(l.reshape(&h, vec![1, -1, size as i64])?);
    }
    let all = l.same("Concat", &all, vec![attr::int("axis", 0)])?;
    Ok([all, h].into_iter().chain(c).collect())
}

/// Refuses what only ONNX's own recurrent operators have.
fn check(op: &Recur) -> Result<(), Reason> {
    let usual_f = if op.cell == Cell::Rnn { Activation::Tanh } else { Activation::Sigmoid };
    let cell = matches!(op.cell, Cell::Lstm | Cell::Rnn);
    let functions = (op.f, op.g, op.h) == (usual_f, Activation::Tanh, Activation::Tanh);
    if cell && functions && op.clip.is_none() && !op.peepholes && !op.lengths {
        return Ok(());
    }
    Err("of sequences that begin anew, only the usual LSTM and RNN are written, without clipping, peepholes and lengths".to_owned())
}

fn operands(l: &mut Lowering<'_>, op: &Recur, size: usize) -> Result<Operands, Reason> {
    let mut slots = 2..;
    let mut next = |l: &Lowering<'_>, is_there: bool| is_there.then(|| l.arg(slots.next().unwrap_or(2)));
    let is_lstm = op.cell == Cell::Lstm;
    let continuation = next(l, op.continuation);
    if op.states {
        let (h, c) = (next(l, true), next(l, is_lstm));
        return Ok(Operands { continuation, h: h.ok_or("its state is missing")?, c });
    }
    let batch = l.dim(0, 1).ok_or("its batch is symbolic, and its first state is not given")?;
    let dtype = l.ty(0).dtype;
    let zeros = Tensor::new(dtype, &[batch, size], vec![0; batch * size * dtype.size()].into());
    let zeros = l.tensor("zeros", zeros.map_err(|error| error.to_string())?);
    Ok(Operands { continuation, h: zeros.clone(), c: is_lstm.then_some(zeros) })
}

/// A value at one step.
fn at_step(l: &mut Lowering<'_>, x: &Arg, t: usize) -> Result<Arg, Reason> {
    let index = l.tensor("step", Tensor::scalar(t as i64));
    l.same("Gather", &[x.clone(), index], vec![attr::int("axis", 0)])
}

/// What states are multiplied by before a step: `[N, 1]`.
fn factor(l: &mut Lowering<'_>, continuation: &Arg, t: usize) -> Result<Arg, Reason> {
    let row = at_step(l, continuation, t)?;
    l.reshape(&row, vec![-1, 1])
}

fn times(l: &mut Lowering<'_>, x: Arg, factor: Option<&Arg>) -> Result<Arg, Reason> {
    match factor {
        Some(factor) => l.same("Mul", &[x, factor.clone()], vec![]),
        None => Ok(x),
    }
}

/// The state and the cells after a step: gates are input, forget, output and candidate.
fn lstm(l: &mut Lowering<'_>, pre: &Arg, cells: &Arg, size: usize) -> Result<(Arg, Arg), Reason> {
    let gate = |l: &mut Lowering<'_>, index: usize, function: &'static str| {
        let gate = sliced(l, pre, &[Range { axis: 1, start: index * size, count: size, step: 1 }])?;
        l.same(function, &[gate], vec![])
    };
    let [input, forget, output] = [gate(l, 0, "Sigmoid")?, gate(l, 1, "Sigmoid")?, gate(l, 2, "Sigmoid")?];
    let candidate = gate(l, 3, "Tanh")?;
    let kept = l.same("Mul", &[forget, cells.clone()], vec![])?;
    let added = l.same("Mul", &[input, candidate], vec![])?;
    let cells = l.same("Add", &[kept, added], vec![])?;
    let shown = l.same("Tanh", std::slice::from_ref(&cells), vec![])?;
    Ok((l.same("Mul", &[output, shown], vec![])?, cells))
}
