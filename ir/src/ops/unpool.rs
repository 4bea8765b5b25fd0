use super::float::{from_f64, same_float, to_f64};
use super::window::{check_min_rank, check_spatial};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{DType, Dim, EvalError, Shape, Tensor, Type};

/// Puts values back where a [`Pool`](super::Pool) found them, as ONNX's MaxUnpool and SegNet's Upsample: the rest of
/// each plane is 0, and of values for one position the last one stays.
///
/// Operands: values `[N, C, spatial...]` and, as i64 of the same shape, their positions in planes of the result,
/// row-major. Result: `[N, C, size...]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Unpool {
    /// The result's spatial dimensions.
    pub size: Vec<usize>,
}

impl Operator for Unpool {
    const MNEMONICS: &'static [&'static str] = &["unpool"];

    fn arity(&self) -> Arity {
        Arity::exactly(2)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let (x, positions) = (operands[0], operands[1]);
        let dtype = same_float(&operands[..1])?;
        if positions.dtype != DType::I64 {
            return Err(InferError::DType { operand: 1, expected: "i64".to_owned(), found: positions.dtype });
        }
        check_min_rank(0, x, 3)?;
        if x.shape != positions.shape {
            let problem = format!("the values are {}, but their positions {}", x.shape, positions.shape);
            return Err(InferError::Shape(problem));
        }
        check_spatial("size", &self.size, x.shape.rank() - 2)?;
        let mut dims = x.shape.0[..2].to_vec();
        dims.extend(self.size.iter().map(|&n| Dim::Fixed(n as u64)));
        Ok(vec![Type::new(dtype, Shape(dims))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (x, positions) = (operands[0], operands[1]);
        let (outer, input) = x.dims().split_at(2);
        let dims = [outer, &self.size].concat();
        let mut result = vec![0f64; dims.iter().product()];
        if !x.is_empty() {
            let (in_plane, out_plane): (usize, usize) = (input.iter().product(), self.size.iter().product());
            let (xs, positions) = (to_f64(x)?, positions.values::<i64>()?);
            let planes = xs.chunks_exact(in_plane).zip(positions.chunks_exact(in_plane));
            for (plane, (xs, positions)) in result.chunks_exact_mut(out_plane).zip(planes) {
                for (x, &position) in xs.iter().zip(positions) {
                    let target = usize::try_from(position).ok().and_then(|at| plane.get_mut(at));
                    let outside = || EvalError::Domain(format!("position {position} is outside {out_plane} elements"));
                    *target.ok_or_else(outside)? = *x;
                }
            }
        }
        Ok(vec![from_f64(x.dtype(), &dims, result.into_iter())?])
    }

    attributes!(size);
}
