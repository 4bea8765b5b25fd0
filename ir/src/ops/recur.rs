use super::float::{from_f64, same_float, to_f64};
use super::indexing::check_indices;
use super::recur_step::{Step, run};
use super::window::fixed;
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Shape, Tensor, Type};

crate::attr::words! {
    /// What one step of [`Recur`] computes, from the gates' sums, which are their input plus R h, and the activations
    /// f, g and h.
    Cell {
        /// Gates i, f, o, g. c becomes f(f) c + f(i) g(g), and h becomes f(o) h(c)
        Lstm = "lstm",
        /// As `lstm`, with 1 − f(i) for f(f)
        CoupledLstm = "coupled_lstm",
        /// Gates z, r, g, where g has R (f(r) h) for R h. h becomes (1 − f(z)) g(g) + f(z) h
        Gru = "gru",
        /// As `gru`, where g has f(r) (R h + b) for R h
        GruResetAfter = "gru_reset_after",
        /// One gate. h becomes f(it)
        Rnn = "rnn",
    }
}

crate::attr::words! {
    /// The functions of [`Recur`], with their `alpha` a and `beta` b.
    Activation {
        /// a x + b
        Affine = "affine",
        /// x if x ≥ 0, else a (eˣ − 1)
        Elu = "elu",
        /// a x + b limited to 0..=1
        HardSigmoid = "hard_sigmoid",
        /// x if x ≥ 0, else a x
        LeakyRelu = "leaky_relu",
        /// max(x, 0)
        Relu = "relu",
        /// a tanh(b x)
        ScaledTanh = "scaled_tanh",
        /// 1 / (1 + e⁻ˣ)
        Sigmoid = "sigmoid",
        /// ln(1 + eˣ)
        Softplus = "softplus",
        /// x / (1 + |x|)
        Softsign = "softsign",
        /// Hyperbolic tangent
        Tanh = "tanh",
        /// x if x > a, else 0
        ThresholdedRelu = "thresholded_relu",
    }
}

/// The recurrent part of ONNX's and Caffe's LSTM, GRU and RNN, forwards: T steps over N sequences with a state of H
/// elements. What does not depend on the state, the projection of the input and the biases, is in the operand `gates`.
///
/// Operands, with G gates: gates `[T, N, G * H]`; weights R `[G * H, H]`; then, if the attribute of that name says so:
/// - `continuation`: `[T, N]`, a factor of the state before each step: 0 where a sequence begins, else 1;
/// - `states`: h before the first step `[N, H]`, and of an LSTM the cells c `[N, H]`; zeros otherwise;
/// - of `gru_reset_after`, always: the bias b `[H]`;
/// - `peepholes`, of an LSTM: factors of c that are added to the gates i, f and o: `[3 * H]`. The last is that of the
///   new c;
/// - `lengths`: the number of steps of each sequence, i32 or i64 `[N]`; behind these, the state stays, and results of
///   steps are 0.
///
/// Results: h after each step `[T, N, H]`; h after the last one `[N, H]`; of an LSTM, c after the last one `[N, H]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Recur {
    /// What a step computes.
    pub cell: Cell,
    /// The activation f, of gates.
    pub f: Activation,
    /// The activation g, of what comes in; not of `rnn`.
    pub g: Activation,
    /// The activation h, of the cells of an LSTM.
    pub h: Activation,
    /// The parameters a of the three activations.
    pub alpha: Vec<f32>,
    /// The parameters b of the three activations.
    pub beta: Vec<f32>,
    /// A bound of the magnitude of sums that f and g are applied to.
    pub clip: Option<f32>,
    /// Whether there is an operand that says where sequences begin.
    pub continuation: bool,
    /// Whether there are operands with the states before the first step.
    pub states: bool,
    /// Whether there is an operand with factors of the cells.
    pub peepholes: bool,
    /// Whether there is an operand with the sequences' lengths.
    pub lengths: bool,
}

/// Operands by their meaning.
pub(super) struct Slots<T> {
    pub(super) continuation: Option<T>,
    pub(super) h: Option<T>,
    pub(super) c: Option<T>,
    pub(super) bias: Option<T>,
    pub(super) peepholes: Option<T>,
    pub(super) lengths: Option<T>,
}

impl Recur {
    /// The usual activations of a cell, and no operands but gates and weights.
    pub fn plain(cell: Cell) -> Self {
        let f = if cell == Cell::Rnn { Activation::Tanh } else { Activation::Sigmoid };
        Recur {
            cell,
            f,
            g: Activation::Tanh,
            h: Activation::Tanh,
            alpha: vec![0.0; 3],
            beta: vec![0.0; 3],
            clip: None,
            continuation: false,
            states: false,
            peepholes: false,
            lengths: false,
        }
    }

    fn n_gates(&self) -> usize {
        match self.cell {
            Cell::Lstm | Cell::CoupledLstm => 4,
            Cell::Gru | Cell::GruResetAfter => 3,
            Cell::Rnn => 1,
        }
    }

    fn is_lstm(&self) -> bool {
        matches!(self.cell, Cell::Lstm | Cell::CoupledLstm)
    }

    /// The operands behind gates and weights, in their order.
    fn slots<T>(&self, rest: impl IntoIterator<Item = T>) -> Slots<T> {
        let mut rest = rest.into_iter();
        let mut next = |is_there: bool| if is_there { rest.next() } else { None };
        Slots {
            continuation: next(self.continuation),
            h: next(self.states),
            c: next(self.states && self.is_lstm()),
            bias: next(self.cell == Cell::GruResetAfter),
            peepholes: next(self.peepholes),
            lengths: next(self.lengths),
        }
    }

    fn check_attributes(&self) -> Result<(), InferError> {
        for (name, numbers) in [("alpha", &self.alpha), ("beta", &self.beta)] {
            if numbers.len() != 3 {
                let problem = format!("has {} entries, but 3 are needed", numbers.len());
                return Err(InferError::Attribute { name, problem });
            }
        }
        if self.peepholes && !self.is_lstm() {
            let problem = "is true, but only an LSTM has cells to look at".to_owned();
            return Err(InferError::Attribute { name: "peepholes", problem });
        }
        match self.clip {
            Some(clip) if clip.is_nan() || clip < 0.0 => {
                Err(InferError::Attribute { name: "clip", problem: format!("is {clip}") })
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Operator for Recur {
    const MNEMONICS: &'static [&'static str] = &["recur"];

    fn arity(&self) -> Arity {
        let n_states = if self.is_lstm() { 2 } else { 1 };
        let optional = [
            (self.continuation, 1),
            (self.states, n_states),
            (self.cell == Cell::GruResetAfter, 1),
            (self.peepholes, 1),
            (self.lengths, 1),
        ];
        Arity::exactly(optional.iter().fold(2, |n, &(is_there, count)| if is_there { n + count } else { n }))
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        self.check_attributes()?;
        let n_floats = operands.len() - usize::from(self.lengths);
        let dtype = same_float(&operands[..n_floats])?;
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
        let slots = self.slots(2..operands.len());
        slots.lengths.map_or(Ok(()), |operand| check_indices(operand, operands[operand]))?;
        let expected = [
            (slots.continuation, Shape(vec![steps.clone(), batch.clone()])),
            (slots.h, state.clone()),
            (slots.c, state.clone()),
            (slots.bias, Shape::fixed(&[size as u64])),
            (slots.peepholes, Shape::fixed(&[size.saturating_mul(3) as u64])),
            (slots.lengths, Shape(vec![batch.clone()])),
        ];
        for (operand, shape) in expected {
            operand.map_or(Ok(()), |operand| check_shape(operands, operand, &shape))?;
        }
        let all = Shape(vec![steps.clone(), batch.clone(), Dim::Fixed(size as u64)]);
        let last = vec![Type::new(dtype, state); if self.is_lstm() { 2 } else { 1 }];
        Ok([vec![Type::new(dtype, all)], last].concat())
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (gates, weights) = (operands[0], operands[1]);
        let (n_steps, batch, size) = (gates.dims()[0], gates.dims()[1], weights.dims()[1]);
        let (pre, weights) = (to_f64(gates)?, to_f64(weights)?);
        let step = Step { op: self, size, weights: &weights };
        let states = run(&step, self.slots(operands[2..].iter().copied()), [n_steps, batch], &pre)?;
        let dtype = gates.dtype();
        let all = from_f64(dtype, &[n_steps, batch, size], states.all.into_iter())?;
        let last = [states.h, states.c].into_iter().take(if self.is_lstm() { 2 } else { 1 });
        let last = last.map(|state| from_f64(dtype, &[batch, size], state.into_iter()));
        std::iter::once(Ok(all)).chain(last).collect()
    }

    fn macs(&self, operands: &[&Type], _: &[Type]) -> u64 {
        let (gates, weights) = (operands[0].shape.n_elements(), operands[1].shape.0[1].fixed());
        gates.zip(weights).map_or(0, |(gates, size)| gates.saturating_mul(size))
    }

    attributes!(cell, f, g, h, alpha, beta, clip, continuation, states, peepholes, lengths);
}

fn check_shape(operands: &[&Type], operand: usize, expected: &Shape) -> Result<(), InferError> {
    let found = &operands[operand].shape;
    if found == expected {
        return Ok(());
    }
    Err(InferError::Shape(format!("operand {operand} is {found}, but should be {expected}")))
}
