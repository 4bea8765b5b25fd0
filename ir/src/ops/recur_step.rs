//! The steps of a recurrence.

use super::float::to_f64;
use super::indexing::integers;
use super::recur::{Activation, Cell, Recur, Slots};
use crate::{EvalError, Tensor};

/// What a step needs besides its sequence.
pub(super) struct Step<'a> {
    pub(super) op: &'a Recur,
    /// The elements of a state.
    pub(super) size: usize,
    pub(super) weights: &'a [f64],
}

/// The state of all sequences, and what it was after each step.
pub(super) struct States {
    pub(super) all: Vec<f64>,
    pub(super) h: Vec<f64>,
    pub(super) c: Vec<f64>,
}

/// Runs all steps; `gates` are the sums without the state.
pub(super) fn run(
    step: &Step<'_>,
    slots: Slots<&Tensor>,
    [n_steps, batch]: [usize; 2],
    gates: &[f64],
) -> Result<States, EvalError> {
    let size = step.size;
    let continuation = slots.continuation.map(widen).transpose()?;
    let lengths = slots.lengths.map(|lengths| checked_lengths(lengths, n_steps)).transpose()?;
    let bias = slots.bias.map(widen).transpose()?;
    let peepholes = slots.peepholes.map(widen).transpose()?;
    let state = |given: Option<&Tensor>| given.map_or_else(|| Ok(vec![0.0; batch * size]), widen);
    let (mut h, mut c) = (state(slots.h)?, state(slots.c)?);
    let width = step.weights.len().checked_div(size).unwrap_or(0);
    let mut all = Vec::with_capacity(n_steps * batch * size);
    // Of states without elements there may be any number.
    let n_rows = if size == 0 { 0 } else { n_steps * batch };
    for row in 0..n_rows {
        let (t, n) = (row / batch, row % batch);
        if lengths.as_ref().is_some_and(|lengths| t >= lengths[n]) {
            all.resize(all.len() + size, 0.0);
            continue;
        }
        let (h, c) = (&mut h[n * size..][..size], &mut c[n * size..][..size]);
        // A state that does not go on counts for nothing, even if it is infinite.
        match continuation.as_ref().map(|factors| factors[row]) {
            Some(0.0) => h.iter_mut().chain(c.iter_mut()).for_each(|x| *x = 0.0),
            Some(factor) => h.iter_mut().chain(c.iter_mut()).for_each(|x| *x *= factor),
            None => (),
        }
        let sums: Vec<f64> = gates[row * width..][..width].to_vec();
        match step.op.cell {
            Cell::Lstm | Cell::CoupledLstm => step.lstm(sums, h, c, peepholes.as_deref()),
            Cell::Gru | Cell::GruResetAfter => step.gru(sums, h, bias.as_deref()),
            Cell::Rnn => step.rnn(sums, h),
        }
        all.extend_from_slice(h);
    }
    Ok(States { all, h, c })
}

fn checked_lengths(lengths: &Tensor, n_steps: usize) -> Result<Vec<usize>, EvalError> {
    let checked = integers(lengths)?.into_iter().map(|length| {
        let outside = || EvalError::Domain(format!("a sequence of {length} steps is none of 0 to {n_steps}"));
        usize::try_from(length).ok().filter(|&length| length <= n_steps).ok_or_else(outside)
    });
    checked.collect()
}

fn widen(tensor: &Tensor) -> Result<Vec<f64>, EvalError> {
    Ok(to_f64(tensor)?.into_owned())
}

impl Step<'_> {
    fn lstm(&self, mut sums: Vec<f64>, h: &mut [f64], c: &mut [f64], peepholes: Option<&[f64]>) {
        let size = self.size;
        self.project(&mut sums, 0, h);
        for j in 0..size {
            let peep = |gate: usize, c: f64| peepholes.map_or(0.0, |factors| factors[gate * size + j] * c);
            let input = self.f(sums[j] + peep(0, c[j]));
            let forget = match self.op.cell {
                Cell::CoupledLstm => 1.0 - input,
                Cell::Lstm | Cell::Gru | Cell::GruResetAfter | Cell::Rnn => self.f(sums[size + j] + peep(1, c[j])),
            };
            c[j] = forget * c[j] + input * self.g(sums[3 * size + j]);
            h[j] = self.f(sums[2 * size + j] + peep(2, c[j])) * self.op.activation(2, c[j]);
        }
    }

    fn gru(&self, mut sums: Vec<f64>, h: &mut [f64], bias: Option<&[f64]>) {
        let size = self.size;
        let (gates, incoming) = sums.split_at_mut(2 * size);
        self.project(gates, 0, h);
        let reset: Vec<f64> = gates[size..].iter().map(|&sum| self.f(sum)).collect();
        if let Some(bias) = bias {
            let mut projected = bias.to_vec();
            self.project(&mut projected, 2 * size, h);
            incoming.iter_mut().zip(&projected).zip(&reset).for_each(|((sum, x), r)| *sum += r * x);
        } else {
            let kept: Vec<f64> = h.iter().zip(&reset).map(|(h, r)| r * h).collect();
            self.project(incoming, 2 * size, &kept);
        }
        for ((h, &sum), &z) in h.iter_mut().zip(incoming.iter()).zip(gates.iter()) {
            let update = self.f(z);
            *h = (1.0 - update) * self.g(sum) + update * *h;
        }
    }

    fn rnn(&self, mut sums: Vec<f64>, h: &mut [f64]) {
        self.project(&mut sums, 0, h);
        h.iter_mut().zip(&sums).for_each(|(h, &sum)| *h = self.f(sum));
    }

    /// Adds `R h` to the sums, for the rows of R from `first` on.
    fn project(&self, sums: &mut [f64], first: usize, h: &[f64]) {
        if h.is_empty() {
            return;
        }
        for (sum, row) in sums.iter_mut().zip(self.weights.chunks_exact(h.len()).skip(first)) {
            *sum += row.iter().zip(h).map(|(weight, h)| weight * h).sum::<f64>();
        }
    }

    fn f(&self, x: f64) -> f64 {
        self.op.activation(0, self.clipped(x))
    }

    fn g(&self, x: f64) -> f64 {
        self.op.activation(1, self.clipped(x))
    }

    fn clipped(&self, x: f64) -> f64 {
        self.op.clip.map_or(x, |clip| x.clamp(-f64::from(clip), f64::from(clip)))
    }
}

impl Recur {
    /// The first, second or third activation's value.
    fn activation(&self, which: usize, x: f64) -> f64 {
        let function = [self.f, self.g, self.h][which];
        let (a, b) = (f64::from(self.alpha[which]), f64::from(self.beta[which]));
        match function {
            Activation::Affine => a * x + b,
            Activation::Elu => {
                if x >= 0.0 {
                    x
                } else {
                    a * x.exp_m1()
                }
            }
            Activation::HardSigmoid => (a * x + b).clamp(0.0, 1.0),
            Activation::LeakyRelu => {
                if x >= 0.0 {
                    x
                } else {
                    a * x
                }
            }
            Activation::Relu => {
                if x > 0.0 || x.is_nan() {
                    x
                } else {
                    0.0
                }
            }
            Activation::ScaledTanh => a * (b * x).tanh(),
            Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Activation::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Activation::Softsign => x / (1.0 + x.abs()),
            Activation::Tanh => x.tanh(),
            Activation::ThresholdedRelu => {
                if x > a {
                    x
                } else {
                    0.0
                }
            }
        }
    }
}
