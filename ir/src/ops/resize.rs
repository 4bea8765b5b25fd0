use super::float::{from_f64, same_float, to_f32};
use super::window::{check_min_rank, check_spatial};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Shape, Tensor, Type};

crate::attr::words! {
    /// How [`Resize`] finds a value between elements.
    ResizeFn {
        /// The element at or before the position
        Nearest = "nearest",
        /// Linear interpolation along each dimension
        Linear = "linear",
    }
}

crate::attr::words! {
    /// Which position p of `n` elements [`Resize`] takes for element i of `m`. Positions outside count as the nearest
    /// one inside.
    Coordinates {
        /// p = i n / m
        Asymmetric = "asymmetric",
        /// p = i (n − 1) / (m − 1), so that first and last elements meet
        AlignCorners = "align_corners",
        /// p = (i + ½) n / m − ½
        HalfPixel = "half_pixel",
    }
}

/// Resampling to another size, as ONNX's Resize and Upsample and Caffe's Interp and Upsample.
///
/// Operand: `[N, C, spatial...]`. Result: `[N, C, size...]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Resize {
    /// How a value between elements is found.
    pub function: ResizeFn,
    /// Where it is looked for.
    pub coordinates: Coordinates,
    /// The result's spatial dimensions.
    pub size: Vec<usize>,
}

impl Operator for Resize {
    const MNEMONICS: &'static [&'static str] = &["resize"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let dtype = same_float(operands)?;
        let x = operands[0];
        check_min_rank(0, x, 3)?;
        check_spatial("size", &self.size, x.shape.rank() - 2)?;
        if x.shape.0[2..].contains(&Dim::Fixed(0)) {
            return Err(InferError::Shape(format!("there is nothing to resize in {}", x.shape)));
        }
        let mut dims = x.shape.0[..2].to_vec();
        dims.extend(self.size.iter().map(|&n| Dim::Fixed(n as u64)));
        Ok(vec![Type::new(dtype, Shape(dims))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let x = operands[0];
        let mut dims = x.dims().to_vec();
        let mut values: Vec<f64> = to_f32(x)?.iter().map(|&x| f64::from(x)).collect();
        if x.is_empty() {
            dims.truncate(2);
            dims.extend(&self.size);
            return Ok(vec![from_f64(x.dtype(), &dims, values.into_iter())?]);
        }
        // A dimension after another. Those that shrink come first, so that nothing between is larger than both ends.
        let (shrinking, growing): (Vec<_>, Vec<_>) =
            self.size.iter().enumerate().partition(|&(i, &size)| size <= dims[2 + i]);
        for (i, &size) in shrinking.into_iter().chain(growing) {
            if size != dims[2 + i] {
                values = resample(&values, &dims, 2 + i, &self.samples(dims[2 + i], size));
                dims[2 + i] = size;
            }
        }
        Ok(vec![from_f64(x.dtype(), &dims, values.into_iter())?])
    }

    attributes!(function, coordinates, size);
}

/// An element of the result as one of the operand and the next one, weighted.
struct Sample {
    lower: usize,
    upper: usize,
    weight: f64,
}

impl Resize {
    /// The samples of `n` elements that make `m`. Positions are fractions of integers, so that none is off by rounding.
    fn samples(&self, n: usize, m: usize) -> Vec<Sample> {
        let (from, to) = (n as u128, m as u128);
        let sample = |i: u128| {
            let (numerator, denominator) = match self.coordinates {
                Coordinates::Asymmetric => (i * from, to),
                Coordinates::AlignCorners => (i * (from - 1), (to - 1).max(1)),
                Coordinates::HalfPixel => (((2 * i + 1) * from).saturating_sub(to), 2 * to),
            };
            let lower = (numerator / denominator).min(from - 1);
            let weight = match self.function {
                ResizeFn::Nearest => 0.0,
                ResizeFn::Linear => (numerator % denominator) as f64 / denominator as f64,
            };
            Sample { lower: lower as usize, upper: (lower + 1).min(from - 1) as usize, weight }
        };
        (0..to).map(sample).collect()
    }
}

fn resample(values: &[f64], dims: &[usize], axis: usize, samples: &[Sample]) -> Vec<f64> {
    let inner: usize = dims[axis + 1..].iter().product();
    let blocks = values.chunks_exact(dims[axis] * inner);
    let mut result = Vec::with_capacity(blocks.len() * samples.len() * inner);
    for block in blocks {
        for sample in samples {
            let lower = &block[sample.lower * inner..][..inner];
            if sample.weight == 0.0 {
                result.extend_from_slice(lower); // the other one may be infinite
            } else {
                let upper = &block[sample.upper * inner..][..inner];
                let mix = |(a, b): (&f64, &f64)| (1.0 - sample.weight) * a + sample.weight * b;
                result.extend(lower.iter().zip(upper).map(mix));
            }
        }
    }
    result
}
