//! Ops that multiply by weights and add a bias, both known: convolutions and products of matrices.

use firebrick_ir::ops::{Conv, ConvTranspose, Gemm};
use firebrick_ir::{DType, NodeId, Op, Tensor, Value};

use crate::affine::{Affine, reals};
use crate::{At, Draft, Operand};

/// Such an op with its numbers, which can be changed.
pub(crate) struct Linear {
    node: NodeId,
    op: Op,
    operands: Vec<Value>,
    dims: Vec<usize>,
    weights: Vec<f32>,
    /// A number for each output channel.
    bias: Vec<f64>,
    layout: Layout,
}

/// Which channels the weights are between: the first two dimensions are channels, the others make a run of weights
/// between the same two.
#[derive(Clone, Copy)]
struct Layout {
    rows_are_outputs: bool,
    /// The rows of a group. Its columns follow those of the groups before it.
    rows: usize,
    columns: usize,
    run: usize,
}

impl Layout {
    /// Input and output channel of a run.
    fn between(self, run: usize) -> (usize, usize) {
        let (row, column) = (run / self.columns, run % self.columns);
        let column = row / self.rows * self.columns + column;
        if self.rows_are_outputs { (column, row) } else { (row, column) }
    }
}

impl Linear {
    /// The node's op, if it is such a one and its numbers are known.
    pub(crate) fn of(at: At<'_>) -> Option<Linear> {
        let (operands, op) = (at.graph.operands(at.node), &at.node().op);
        let weights = at.constant(*operands.get(1)?)?;
        let dims = weights.dims().to_vec();
        let (layout, n_out) = layout(at, &dims)?;
        let bias = match operands.get(2) {
            Some(&bias) => of_outputs(at.constant(bias)?, n_out)?,
            None => vec![0.0; n_out],
        };
        let weights = weights.values::<f32>().ok()?.into_owned();
        Some(Linear { node: at.node, op: op.clone(), operands, weights, dims, bias, layout })
    }

    /// Whether the node's op is such a one, whose numbers are known and f32.
    pub(crate) fn is(at: At<'_>) -> bool {
        let is_known = |&value: &Value| at.constant(value).is_some_and(|tensor| tensor.dtype() == DType::F32);
        let is_op = matches!(at.node().op, Op::Conv(_) | Op::ConvTranspose(_) | Op::Gemm(_));
        is_op && at.graph.operands(at.node).iter().skip(1).all(is_known)
    }

    /// Lets it do what an affine op does to its result.
    pub(crate) fn then(&mut self, affine: &Affine) {
        self.scale(|(_, output)| affine.scale[output]);
        for (bias, (scale, shift)) in self.bias.iter_mut().zip(affine.scale.iter().zip(&affine.shift)) {
            *bias = *bias * scale + shift;
        }
    }

    /// Lets it do what an affine op does to its input. What that adds has to reach all results alike: there is no
    /// padding, which it isn't added to.
    pub(crate) fn after(&mut self, affine: &Affine) {
        self.operands[0] = affine.x;
        for (i, weights) in self.weights.chunks(self.layout.run).enumerate() {
            let (input, output) = self.layout.between(i);
            self.bias[output] += weights.iter().map(|&weight| f64::from(weight)).sum::<f64>() * affine.shift[input];
        }
        self.scale(|(input, _)| affine.scale[input]);
    }

    fn scale(&mut self, by: impl Fn((usize, usize)) -> f64) {
        for (i, weights) in self.weights.chunks_mut(self.layout.run).enumerate() {
            let factor = by(self.layout.between(i));
            weights.iter_mut().for_each(|weight| *weight = (f64::from(*weight) * factor) as f32);
        }
    }

    /// The draft in which the op with its new numbers takes the place of a value.
    pub(crate) fn draft(self, at: At<'_>, old: Value) -> Option<Draft> {
        let mut draft = Draft::new(self.node);
        if self.weights.iter().any(|weight| !weight.is_finite()) {
            return None;
        }
        let weights = Tensor::from_vec(&self.dims, self.weights).ok()?;
        let mut operands = vec![Operand::Old(self.operands[0]), draft.constant(at.name(self.operands[1]), weights)];
        let bias_name = self.operands.get(2).map(|&bias| at.name(bias).to_owned());
        if bias_name.is_some() || self.bias.iter().any(|&bias| bias != 0.0) {
            let name = bias_name.unwrap_or_else(|| format!("{}/bias", at.name(old)));
            operands.push(draft.constant(name, Tensor::from_vec(&[self.bias.len()], finite(&self.bias)?).ok()?));
        }
        let new = draft.node(self.op, &operands);
        Some(draft.replace(old, new))
    }
}

/// The numbers as f32, if they are of its range.
fn finite(numbers: &[f64]) -> Option<Vec<f32>> {
    numbers.iter().map(|&number| Some(number as f32).filter(|number| number.is_finite())).collect()
}

/// The elements of a bias, one for each output channel.
fn of_outputs(bias: &Tensor, n_out: usize) -> Option<Vec<f64>> {
    let numbers = reals(bias)?;
    // A matrix product's may be broadcast from one row, or from one number.
    let is_row = bias.dims().iter().rev().skip(1).all(|&n| n == 1);
    match numbers.as_slice() {
        &[number] => Some(vec![number; n_out]),
        _ => (is_row && numbers.len() == n_out).then_some(numbers),
    }
}

/// The layout of the weights, and the number of output channels.
fn layout(at: At<'_>, dims: &[usize]) -> Option<(Layout, usize)> {
    let &[rows, columns, ..] = dims else { return None };
    let of_group = |group: usize| rows.checked_div(group).filter(|&rows| rows > 0);
    let run = dims[2..].iter().product();
    if dims.contains(&0) {
        return None;
    }
    if let Some(conv) = at.is::<Conv>() {
        let rows_of_group = of_group(conv.op.group)?;
        return Some((Layout { rows_are_outputs: true, rows: rows_of_group, columns, run }, rows));
    }
    if let Some(conv) = at.is::<ConvTranspose>() {
        let layout = Layout { rows_are_outputs: false, rows: of_group(conv.op.group)?, columns, run };
        return Some((layout, columns.checked_mul(conv.op.group)?));
    }
    let rows_are_outputs = at.is::<Gemm>()?.op.trans_b;
    Some((Layout { rows_are_outputs, rows, columns, run }, if rows_are_outputs { rows } else { columns }))
}
