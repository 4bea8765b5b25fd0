use super::movement::{Walk, strides};
use super::window::fixed;
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Tensor, Type};

/// Elements at regular distances along some dimensions, as ONNX's Slice with its ends resolved.
///
/// One operand of any element type. Along `axes[i]` the result has the elements `starts[i] + j * steps[i]` for all
/// `j < counts[i]`, which must all exist; the size of such a dimension must be known. The others are kept whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// The dimensions, each once.
    pub axes: Vec<usize>,
    /// The first element along each of them.
    pub starts: Vec<usize>,
    /// How many elements.
    pub counts: Vec<usize>,
    /// Steps between them: not 0, backwards if negative.
    pub steps: Vec<i64>,
}

impl Operator for Slice {
    const MNEMONICS: &'static [&'static str] = &["slice"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let x = operands[0];
        self.check_lengths()?;
        let mut shape = x.shape.clone();
        for (i, &axis) in self.axes.iter().enumerate() {
            if axis >= shape.rank() || self.axes[..i].contains(&axis) {
                let problem = format!("has {axis}, of {} dimensions, or has it twice", shape.rank());
                return Err(InferError::Attribute { name: "axes", problem });
            }
            self.check_inside(i, fixed(0, x, axis)?)?;
            shape.0[axis] = Dim::Fixed(self.counts[i] as u64);
        }
        Ok(vec![Type::new(x.dtype, shape)])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let x = operands[0];
        let mut dims = x.dims().to_vec();
        let strides = strides(&dims);
        let mut walk = Walk { start: 0, steps: dims.iter().copied().zip(strides.iter().copied()).collect() };
        for (i, &axis) in self.axes.iter().enumerate() {
            dims[axis] = self.counts[i];
            // With one element or none, the step may be anything. Products are those of places inside the tensor.
            let step = if self.counts[i] > 1 { self.steps[i] as isize } else { 0 };
            walk.start = walk.start.wrapping_add_signed((self.starts[i] as isize).wrapping_mul(strides[axis]));
            walk.steps[axis] = (self.counts[i], strides[axis].wrapping_mul(step));
        }
        Ok(vec![walk.copy(x, &dims)?])
    }

    attributes!(axes, starts, counts, steps);
}

impl Slice {
    fn check_lengths(&self) -> Result<(), InferError> {
        let expected = self.axes.len();
        let lengths = [("starts", self.starts.len()), ("counts", self.counts.len()), ("steps", self.steps.len())];
        for (name, found) in lengths {
            if found != expected {
                let problem = format!("has {found} entries, but {expected} are needed");
                return Err(InferError::Attribute { name, problem });
            }
        }
        Ok(())
    }

    /// Checks that the elements along the `i`-th axis, of that size, exist.
    fn check_inside(&self, i: usize, size: usize) -> Result<(), InferError> {
        let (start, count, step) = (self.starts[i], self.counts[i], self.steps[i]);
        if step == 0 {
            return Err(InferError::Attribute { name: "steps", problem: "has a 0".to_owned() });
        }
        let Some(n_steps) = count.checked_sub(1) else { return Ok(()) };
        let last = (n_steps as i128).checked_mul(i128::from(step)).and_then(|way| way.checked_add(start as i128));
        if start < size && last.is_some_and(|last| (0..size as i128).contains(&last)) {
            return Ok(());
        }
        let axis = self.axes[i];
        let elements = format!("{count} elements from {start} on in steps of {step}");
        Err(InferError::Shape(format!("{elements} are not inside dimension {axis} of {size}")))
    }
}
