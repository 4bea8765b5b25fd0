use super::movement::{Walk, strides};
use super::window::fixed;
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Shape, Tensor, Type};

/// An operand repeated as a whole along each dimension, as ONNX's and Caffe's Tile.
///
/// One operand of any element type. The size of a dimension that is repeated must be known.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// How many times, for each dimension.
    pub repeats: Vec<usize>,
}

impl Operator for Tile {
    const MNEMONICS: &'static [&'static str] = &["tile"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let x = operands[0];
        let (expected, found) = (x.shape.rank(), self.repeats.len());
        if expected != found {
            let problem = format!("has {found} entries, but {expected} are needed");
            return Err(InferError::Attribute { name: "repeats", problem });
        }
        let dims = x.shape.0.iter().zip(&self.repeats).enumerate().map(|(dim, (size, &repeat))| {
            if repeat == 1 {
                return Ok(size.clone());
            }
            let size = fixed(0, x, dim)?;
            let product = size.checked_mul(repeat).ok_or_else(|| InferError::TooLarge(format!("{size} * {repeat}")))?;
            Ok(Dim::Fixed(product as u64))
        });
        Ok(vec![Type::new(x.dtype, Shape(dims.collect::<Result<_, _>>()?))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let x = operands[0];
        let sizes = x.dims().iter().zip(&self.repeats);
        let dims: Vec<usize> = sizes.clone().map(|(&size, &repeat)| size * repeat).collect();
        let steps = sizes.zip(strides(x.dims())).flat_map(|((&size, &repeat), stride)| [(repeat, 0), (size, stride)]);
        Ok(vec![Walk { start: 0, steps: steps.collect() }.copy(x, &dims)?])
    }

    attributes!(repeats);
}
