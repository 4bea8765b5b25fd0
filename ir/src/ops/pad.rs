use super::Cast;
use super::window::unravel;
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Op, Shape, Tensor, Type};

crate::attr::words! {
    /// What [`Pad`] adds.
    PadMode {
        /// The value given
        Constant = "constant",
        /// The outermost element, repeated
        Edge = "edge",
        /// The elements mirrored at the outermost one, which is not repeated; back and forth if there are too few
        Reflect = "reflect",
        /// The elements again from the other end
        Wrap = "wrap",
    }
}

/// Adds elements at the ends of any dimensions, as ONNX's Pad.
///
/// One operand of any element type. Each dimension of the result is the operand's with its two pads.
#[derive(Debug, Clone, PartialEq)]
pub struct Pad {
    /// What is added.
    pub mode: PadMode,
    /// Elements added: all beginnings, then all ends, for every dimension.
    pub pads: Vec<usize>,
    /// The value of the mode `constant`. For integers it is truncated and limited to their range; for truth values
    /// all but 0 is true.
    pub value: f32,
}

impl Operator for Pad {
    const MNEMONICS: &'static [&'static str] = &["pad"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let x = operands[0];
        let rank = x.shape.rank();
        if self.pads.len() != rank.saturating_mul(2) {
            let problem = format!("has {} entries, but {} are needed", self.pads.len(), rank.saturating_mul(2));
            return Err(InferError::Attribute { name: "pads", problem });
        }
        let dims = x.shape.0.iter().enumerate().map(|(dim, size)| match (self.pads[dim], self.pads[rank + dim]) {
            (0, 0) => Ok(size.clone()),
            (begin, end) => {
                let size = size.fixed().ok_or(InferError::Symbolic { operand: 0, dim })?;
                self.padded(size, begin as u64, end as u64).map(Dim::Fixed)
            }
        });
        Ok(vec![Type::new(x.dtype, Shape(dims.collect::<Result<_, _>>()?))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let x = operands[0];
        let rank = x.dims().len();
        let dims: Vec<usize> = (0..rank).map(|i| x.dims()[i] + self.pads[i] + self.pads[rank + i]).collect();
        let (Some(last), false) = (rank.checked_sub(1), dims.contains(&0)) else {
            return Ok(vec![x.reshaped(&dims)?]);
        };
        let sources = |i: usize| (0..dims[i]).map(move |at| self.source(at, self.pads[i], x.dims()[i]));
        let tables: Vec<Vec<Option<usize>>> = (0..rank).map(|i| sources(i).collect()).collect();
        let constants = Op::from(Cast::to(x.dtype())).eval(&[&Tensor::scalar(self.value)])?;
        let constant = constants[0].bytes();
        let n_rows: usize = dims[..last].iter().product();
        let mut bytes = Vec::with_capacity(n_rows * dims[last] * constant.len());
        for row in 0..n_rows {
            let at = unravel(row, &dims[..last]);
            let source_row = at.iter().enumerate().try_fold(0, |row, (i, &o)| Some(row * x.dims()[i] + tables[i][o]?));
            for &column in &tables[last] {
                let source = source_row.zip(column).map(|(row, column)| row * x.dims()[last] + column);
                bytes.extend_from_slice(match source {
                    Some(element) => &x.bytes()[element * constant.len()..][..constant.len()],
                    None => constant,
                });
            }
        }
        Ok(vec![Tensor::new(x.dtype(), &dims, bytes.into())?])
    }

    attributes!(mode, pads, value);
}

impl Pad {
    /// A dimension's size with its pads.
    fn padded(&self, size: u64, begin: u64, end: u64) -> Result<u64, InferError> {
        let enough = match self.mode {
            PadMode::Constant => true,
            PadMode::Edge | PadMode::Reflect | PadMode::Wrap => size > 0,
        };
        if !enough {
            let mode = self.mode.name();
            return Err(InferError::Shape(format!("pads of {begin} and {end} (`{mode}`) are too much for {size}")));
        }
        let sum = size.checked_add(begin).and_then(|n| n.checked_add(end));
        sum.ok_or_else(|| InferError::TooLarge(format!("{size} + {begin} + {end}")))
    }

    /// The operand's element for one of the result, along a dimension of `size` elements with `begin` added before them;
    /// `None` for the constant.
    pub fn source(&self, at: usize, begin: usize, size: usize) -> Option<usize> {
        let inside = at.checked_sub(begin).filter(|&at| at < size);
        let from_start = at as i128 - begin as i128;
        match (self.mode, inside) {
            (_, Some(inside)) => Some(inside),
            (PadMode::Constant, None) => None,
            (PadMode::Edge, None) => Some(if at < begin { 0 } else { size - 1 }),
            (PadMode::Reflect, None) => {
                let last = size as i128 - 1;
                let phase = if last == 0 { 0 } else { from_start.rem_euclid(2 * last) };
                Some(phase.min(2 * last - phase) as usize)
            }
            (PadMode::Wrap, None) => Some(from_start.rem_euclid(size as i128) as usize),
        }
    }
}
