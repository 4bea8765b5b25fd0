use super::float::{from_f64, same_float, to_f32};
use super::window::fixed;
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Shape, Tensor, Type};

crate::attr::words! {
    /// What one step of [`Recur`] computes from `pre = gates[t] + (cont[t] h) weightsᵀ`.
    Cell {
        /// With `i, f, o` the sigmoids of the first three quarters of `pre`, and `g` the hyperbolic tangent of the
        /// last: c becomes cont\[t\] f c + i g, and h becomes o tanh(c)
        Lstm = "lstm",
        /// h becomes tanh(pre)
        Rnn = "rnn",
    }
}

/// The recurrent part of Caffe's LSTM and RNN layers: T steps over N sequences with a state of H elements. What does
/// not depend on the state, the projection of the input and the bias, is in the operand `gates`.
///
/// Operands, with 4 gates for `lstm` and 1 for `rnn`: gates `[T, N, gates * H]`; weights `[gates * H, H]`;
/// continuation `[T, N]`, which is 0 where a sequence begins, else 1; the state h before the first step `[N, H]`; for
/// `lstm`, the cells c before it `[N, H]`.
/// Results: h after each step `[T, N, H]`; h after the last one `[N, H]`; for `lstm`, c after the last one `[N, H]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Recur {
    /// What a step computes.
    pub cell: Cell,
}

impl Operator for Recur {
    const MNEMONICS: &'static [&'static str] = &["recur"];

    fn arity(&self) -> Arity {
        match self.cell {
            Cell::Lstm => Arity::exactly(5),
            Cell::Rnn => Arity::exactly(4),
        }
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let dtype = same_float(operands)?;
        let (gates, weights) = (operands[0], operands[1]);
        for (operand, rank) in [(0, 3), (1, 2)] {
            let found = operands[operand].shape.rank();
            if found != rank {
                return Err(InferError::Rank { operand, expected: rank.to_string(), found });
            }
        }
        let (steps, batch, width) = (&gates.shape.0[0], &gates.shape.0[1], fixed(0, gates, 2)?);
        let size = fixed(1, weights, 1)?;
        if size.checked_mul(self.n_gates()) != Some(width) || fixed(1, weights, 0)? != width {
            let (gates, weights, n_gates) = (&gates.shape, &weights.shape, self.n_gates());
            let problem =
                format!("gates {gates} and weights {weights} are not [T, N, {n_gates} H] and [{n_gates} H, H]");
            return Err(InferError::Shape(problem));
        }
        let state = Shape(vec![batch.clone(), Dim::Fixed(size as u64)]);
        check_shape(operands, 2, &Shape(vec![steps.clone(), batch.clone()]))?;
        (3..operands.len()).try_for_each(|operand| check_shape(operands, operand, &state))?;
        let all = Shape(vec![steps.clone(), batch.clone(), Dim::Fixed(size as u64)]);
        let last = operands[3..].iter().map(|_| Type::new(dtype, state.clone()));
        Ok([Type::new(dtype, all)].into_iter().chain(last).collect())
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let [gates, weights, cont, h0, ..] = operands else { return Ok(Vec::new()) };
        let (n_steps, batch, size) = (gates.dims()[0], gates.dims()[1], weights.dims()[1]);
        let (pre, weights, cont) = (to_f32(gates)?, to_f32(weights)?, to_f32(cont)?);
        let mut h = widen(h0)?;
        let mut c = operands.get(4).map_or_else(|| Ok(Vec::new()), |c0| widen(c0))?;
        let width = self.n_gates() * size;
        let mut all = Vec::with_capacity(n_steps * batch * size);
        let mut sums = vec![0f64; width];
        for row in 0..n_steps * batch {
            let (n, cont) = (row % batch, f64::from(cont[row]));
            let h = &mut h[n * size..][..size];
            sums.iter_mut().zip(&pre[row * width..][..width]).for_each(|(sum, &gate)| *sum = f64::from(gate));
            if size > 0 {
                project(&mut sums, h, cont, &weights);
            }
            match self.cell {
                Cell::Lstm => lstm(&sums, cont, h, &mut c[n * size..][..size]),
                Cell::Rnn => h.iter_mut().zip(&sums).for_each(|(h, sum)| *h = sum.tanh()),
            }
            all.extend_from_slice(h);
        }
        let dtype = gates.dtype();
        let all = from_f64(dtype, &[n_steps, batch, size], all.into_iter())?;
        let last = [h, c].into_iter().take(operands.len() - 3);
        let last = last.map(|state| from_f64(dtype, &[batch, size], state.into_iter()));
        std::iter::once(Ok(all)).chain(last).collect()
    }

    fn macs(&self, operands: &[&Type], _: &[Type]) -> u64 {
        let (gates, weights) = (operands[0].shape.n_elements(), operands[1].shape.0[1].fixed());
        gates.zip(weights).map_or(0, |(gates, size)| gates.saturating_mul(size))
    }

    attributes!(cell);
}

impl Recur {
    fn n_gates(&self) -> usize {
        match self.cell {
            Cell::Lstm => 4,
            Cell::Rnn => 1,
        }
    }
}

fn check_shape(operands: &[&Type], operand: usize, expected: &Shape) -> Result<(), InferError> {
    let found = &operands[operand].shape;
    if found == expected {
        return Ok(());
    }
    Err(InferError::Shape(format!("operand {operand} is {found}, but should be {expected}")))
}

fn widen(tensor: &Tensor) -> Result<Vec<f64>, EvalError> {
    Ok(to_f32(tensor)?.iter().map(|&x| f64::from(x)).collect())
}

/// Adds `weights (cont h)` to the sums, a row of weights for each.
fn project(sums: &mut [f64], h: &[f64], cont: f64, weights: &[f32]) {
    for (sum, row) in sums.iter_mut().zip(weights.chunks_exact(h.len())) {
        *sum += row.iter().zip(h).map(|(&weight, &h)| f64::from(weight) * (cont * h)).sum::<f64>();
    }
}

/// One step of one sequence.
fn lstm(pre: &[f64], cont: f64, h: &mut [f64], c: &mut [f64]) {
    let size = h.len();
    for j in 0..size {
        let [i, f, o] = [0, 1, 2].map(|gate| sigmoid(pre[gate * size + j]));
        let forget = if cont == 0.0 { 0.0 } else { cont * f };
        c[j] = forget * c[j] + i * pre[3 * size + j].tanh();
        h[j] = o * c[j].tanh();
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
