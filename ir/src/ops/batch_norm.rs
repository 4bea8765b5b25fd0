use super::float::{from_f64, same_float, to_f64};
use super::window::check_min_rank;
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{EvalError, Shape, Tensor, Type};

/// Normalisation of each channel with known statistics, as ONNX's BatchNormalization at inference and Caffe's
/// BatchNorm followed by Scale: `(x − mean) / √(variance + epsilon) * scale + bias`.
///
/// Operands: `[N, C, ...]`, then scale, bias, mean and variance, each `[C]`. The result has the first one's type.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    /// What is added to the variance.
    pub epsilon: f32,
}

impl Operator for BatchNorm {
    const MNEMONICS: &'static [&'static str] = &["batch_norm"];

    fn arity(&self) -> Arity {
        Arity::exactly(5)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        same_float(operands)?;
        let x = operands[0];
        check_min_rank(0, x, 2)?;
        let expected = Shape(vec![x.shape.0[1].clone()]);
        for (name, ty) in ["scale", "bias", "mean", "variance"].into_iter().zip(&operands[1..]) {
            if ty.shape != expected {
                return Err(InferError::Shape(format!("the {name} is {}, but should be {expected}", ty.shape)));
            }
        }
        Ok(vec![x.clone()])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let x = operands[0];
        if x.is_empty() {
            return Ok(vec![x.clone()]);
        }
        let xs = to_f64(x)?;
        let (scale, bias) = (to_f64(operands[1])?, to_f64(operands[2])?);
        let (mean, variance) = (to_f64(operands[3])?, to_f64(operands[4])?);
        let n_channels = x.dims()[1];
        let plane: usize = x.dims()[2..].iter().product();
        let planes = xs.chunks_exact(plane).enumerate().flat_map(|(i, xs)| {
            let channel = i % n_channels;
            let deviation = (variance[channel] + f64::from(self.epsilon)).sqrt();
            let (mean, scale, bias) = (mean[channel], scale[channel], bias[channel]);
            xs.iter().map(move |&x| (x - mean) / deviation * scale + bias)
        });
        Ok(vec![from_f64(x.dtype(), x.dims(), planes)?])
    }

    attributes!(epsilon);
}
