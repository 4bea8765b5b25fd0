use super::indexing::{check_indices, integers};
use super::movement::{Mover, check_axis};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{EvalError, Shape, Tensor, Type};

/// The first elements of each sequence in reverse order, as ONNX's ReverseSequence.
///
/// Operands: sequences of any element type, and their lengths, i32 or i64 `[the sequences' number]`. Result, of the
/// first operand's type: elements along `time_axis` are reversed as far as the sequence's length, and stay behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReverseSequence {
    /// The dimension that counts sequences.
    pub batch_axis: usize,
    /// The dimension that counts the elements of a sequence.
    pub time_axis: usize,
}

impl Operator for ReverseSequence {
    const MNEMONICS: &'static [&'static str] = &["reverse_sequence"];

    fn arity(&self) -> Arity {
        Arity::exactly(2)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let (x, lengths) = (operands[0], operands[1]);
        check_axis(self.batch_axis, x)?;
        check_axis(self.time_axis, x)?;
        check_indices(1, lengths)?;
        if self.batch_axis == self.time_axis {
            let problem = format!("is {}, which is the batch's", self.time_axis);
            return Err(InferError::Attribute { name: "time_axis", problem });
        }
        let expected = Shape(vec![x.shape.0[self.batch_axis].clone()]);
        if lengths.shape != expected {
            return Err(InferError::Shape(format!("the lengths are {}, but should be {expected}", lengths.shape)));
        }
        Ok(vec![x.clone()])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (x, dims) = (operands[0], operands[0].dims());
        let n_steps = dims[self.time_axis];
        let lengths = integers(operands[1])?.into_iter().map(|length| {
            let outside = || EvalError::Domain(format!("a sequence of {length} elements is none of 0 to {n_steps}"));
            usize::try_from(length).ok().filter(|&length| length <= n_steps).ok_or_else(outside)
        });
        let lengths: Vec<usize> = lengths.collect::<Result<_, _>>()?;
        let mut mover = Mover::new(x.dtype(), dims)?;
        if !mover.is_done() {
            let (first, second) = (self.batch_axis.min(self.time_axis), self.batch_axis.max(self.time_axis));
            let len: usize = dims[second + 1..].iter().product();
            let between: usize = dims[first + 1..second].iter().product();
            for row in 0..dims[..=second].iter().product() {
                let (at_first, at_second) = (row / (between * dims[second]) % dims[first], row % dims[second]);
                let (n, t) = if self.batch_axis == first { (at_first, at_second) } else { (at_second, at_first) };
                let source = if t < lengths[n] { lengths[n] - 1 - t } else { t };
                let stride = if self.time_axis == first { between * dims[second] } else { 1 };
                mover.run(x, (row - t * stride + source * stride) * len, len);
            }
        }
        Ok(vec![mover.finish()?])
    }

    attributes!(batch_axis, time_axis);
}
