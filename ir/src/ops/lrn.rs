use super::float::{from_f64, same_float, to_f64};
use super::window::check_min_rank;
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{EvalError, Tensor, Type};

/// Local response normalisation across channels, as ONNX's LRN and Caffe's of that name:
/// `x / (bias + alpha / size * Σ x²)^beta`, summed over `size` channels, of which `(size − 1) / 2` rounded down come
/// before the element's own.
///
/// Operand: `[N, C, ...]`. The result has its type.
#[derive(Debug, Clone, PartialEq)]
pub struct Lrn {
    /// Channels that are summed over.
    pub size: usize,
    /// Factor of the mean of squares.
    pub alpha: f32,
    /// Exponent.
    pub beta: f32,
    /// What is added to the mean; Caffe's k.
    pub bias: f32,
}

impl Operator for Lrn {
    const MNEMONICS: &'static [&'static str] = &["lrn"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        same_float(operands)?;
        check_min_rank(0, operands[0], 2)?;
        if self.size == 0 {
            return Err(InferError::Attribute { name: "size", problem: "is 0".to_owned() });
        }
        Ok(vec![operands[0].clone()])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let x = operands[0];
        if x.is_empty() {
            return Ok(vec![x.clone()]);
        }
        let n_channels = x.dims()[1];
        let plane: usize = x.dims()[2..].iter().product();
        let (before, after) = ((self.size - 1) / 2, self.size / 2);
        let (beta, bias) = (f64::from(self.beta), f64::from(self.bias));
        let factor = f64::from(self.alpha) / self.size as f64;
        let xs = to_f64(x)?;
        let mut result = Vec::with_capacity(xs.len());
        let mut sums = vec![0f64; plane];
        for image in xs.chunks_exact(n_channels * plane) {
            for (channel, xs) in image.chunks_exact(plane).enumerate() {
                let past = channel.saturating_add(after).saturating_add(1).min(n_channels);
                sums.fill(0.0);
                for neighbour in image[channel.saturating_sub(before) * plane..past * plane].chunks_exact(plane) {
                    sums.iter_mut().zip(neighbour).for_each(|(sum, &x)| *sum += x * x);
                }
                result.extend(xs.iter().zip(&sums).map(|(&x, sum)| x / (bias + factor * sum).powf(beta)));
            }
        }
        Ok(vec![from_f64(x.dtype(), x.dims(), result.into_iter())?])
    }

    attributes!(size, alpha, beta, bias);
}
