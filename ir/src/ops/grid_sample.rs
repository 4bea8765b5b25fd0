use super::float::{from_f64, same_float, to_f64};
use super::interpolate::{Taps, cubic, triangle, weighted};
use super::resize::ResizeFn;
use super::window::fixed;
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{EvalError, Shape, Tensor, Type};

crate::attr::words! {
    /// What [`GridSample`] finds outside.
    GridPadding {
        /// 0
        Zeros = "zeros",
        /// The nearest element
        Border = "border",
        /// The elements mirrored at the border, which is that of the outermost ones with aligned corners, else half an
        /// element farther out
        Reflection = "reflection",
    }
}

/// The coefficient of the cubic kernel.
const CUBIC: f64 = -0.75;

/// Values at positions that are an operand, as ONNX's GridSample.
///
/// Operands: images `[N, C, spatial...]` of one to three spatial dimensions, none of them empty, and the positions
/// `[N, places..., the number of spatial dimensions]`, floats as well: the last dimension first, from −1 to 1. Result:
/// `[N, C, places...]`, of the first operand's elements. At a position that is no number, it is NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct GridSample {
    /// How a value between elements is found; the nearest one is the even one halfway.
    pub function: ResizeFn,
    /// What is found outside.
    pub padding: GridPadding,
    /// Whether −1 and 1 are the middles of the outermost elements, or their outer edges.
    pub align_corners: bool,
}

impl Operator for GridSample {
    const MNEMONICS: &'static [&'static str] = &["grid_sample"];

    fn arity(&self) -> Arity {
        Arity::exactly(2)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let (x, grid) = (operands[0], operands[1]);
        let dtype = same_float(&operands[..1])?;
        if !grid.dtype.is_float() {
            return Err(InferError::DType { operand: 1, expected: "floats".to_owned(), found: grid.dtype });
        }
        let found = x.shape.rank();
        if !(3..=5).contains(&found) {
            return Err(InferError::Rank { operand: 0, expected: "3 to 5".to_owned(), found });
        }
        let last = grid.shape.rank().checked_sub(1).filter(|&last| last >= 1);
        let n = last.map(|last| fixed(1, grid, last)).transpose()?;
        if n != Some(found - 2) || grid.shape.0[0] != x.shape.0[0] {
            let (x, grid) = (&x.shape, &grid.shape);
            return Err(InferError::Shape(format!("images {x} and positions {grid} do not fit each other")));
        }
        if x.shape.0[2..].contains(&0u64.into()) {
            return Err(InferError::Shape(format!("there is nothing to sample in {}", x.shape)));
        }
        let places = &grid.shape.0[1..grid.shape.rank() - 1];
        Ok(vec![Type::new(dtype, Shape([&x.shape.0[..2], places].concat()))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (x, grid) = (operands[0], operands[1]);
        let (outer, spatial) = x.dims().split_at(2);
        let places = &grid.dims()[1..grid.dims().len() - 1];
        let dims = [outer, places].concat();
        let (in_plane, out_plane): (usize, usize) = (spatial.iter().product(), places.iter().product());
        let mut result = vec![0f64; if dims.contains(&0) { 0 } else { dims.iter().product() }];
        if !result.is_empty() {
            let (xs, grid) = (to_f64(x)?, to_f64(grid)?);
            for (i, position) in grid.chunks_exact(spatial.len()).enumerate() {
                let taps = self.taps(position, spatial);
                for c in 0..outer[1] {
                    let plane = i / out_plane * outer[1] + c;
                    let value = |taps: &Vec<Taps>| weighted(&xs[plane * in_plane..][..in_plane], spatial, taps);
                    result[plane * out_plane + i % out_plane] = taps.as_ref().map_or(f64::NAN, value);
                }
            }
        }
        Ok(vec![from_f64(x.dtype(), &dims, result.into_iter())?])
    }

    attributes!(function, padding, align_corners);
}

impl GridSample {
    /// The elements around a position, for each dimension; `None` if it is none.
    fn taps(&self, position: &[f64], spatial: &[usize]) -> Option<Vec<Taps>> {
        let last_first = position.iter().rev().zip(spatial);
        last_first.map(|(&at, &size)| (!at.is_nan()).then(|| self.taps_along(at, size))).collect()
    }

    fn taps_along(&self, at: f64, size: usize) -> Taps {
        let n = size as f64;
        let place = if self.align_corners { (at + 1.0) / 2.0 * (n - 1.0) } else { ((at + 1.0) * n - 1.0) / 2.0 };
        let place = if self.function == ResizeFn::Nearest { place.round_ties_even() } else { place };
        // So far outside, where exactly makes no difference, or none that can be told.
        let place = self.inside(place.clamp(-1e12, 1e12), size);
        let (first, last) = match self.function {
            ResizeFn::Nearest => (place as i64, place as i64),
            ResizeFn::Linear => (place.floor() as i64, place.floor() as i64 + 1),
            ResizeFn::Cubic => (place.floor() as i64 - 1, place.floor() as i64 + 2),
        };
        let weight = |at: i64| match self.function {
            ResizeFn::Nearest => 1.0,
            ResizeFn::Linear => triangle((at as f64 - place).abs()),
            ResizeFn::Cubic => cubic((at as f64 - place).abs(), CUBIC),
        };
        // An element without weight does not count, however large it is.
        let taps = (first..=last).map(|at| (at, weight(at))).filter(|&(_, weight)| weight != 0.0);
        taps.filter_map(|(at, weight)| Some((self.element(at, size)?, weight))).collect()
    }

    /// The borders that positions are mirrored at.
    fn borders(&self, size: usize) -> (f64, f64) {
        if self.align_corners { (0.0, size as f64 - 1.0) } else { (-0.5, size as f64 - 0.5) }
    }

    /// A mirrored position between the borders; any other as it is.
    fn inside(&self, place: f64, size: usize) -> f64 {
        let (low, high) = self.borders(size);
        match self.padding {
            GridPadding::Reflection => reflect(place, low, high),
            GridPadding::Zeros | GridPadding::Border => place,
        }
    }

    /// The element of that number, which may be outside.
    fn element(&self, at: i64, size: usize) -> Option<usize> {
        let last = size as i64 - 1;
        match self.padding {
            GridPadding::Zeros => (0..=last).contains(&at).then_some(at as usize),
            GridPadding::Border => Some(at.clamp(0, last) as usize),
            GridPadding::Reflection => {
                let (low, high) = self.borders(size);
                Some((reflect(at as f64, low, high) as i64).clamp(0, last) as usize)
            }
        }
    }
}

/// A position mirrored at both borders until it is between them.
fn reflect(place: f64, low: f64, high: f64) -> f64 {
    let range = high - low;
    if (low..=high).contains(&place) || range == 0.0 {
        return place.clamp(low, high);
    }
    let phase = (place - low).rem_euclid(2.0 * range);
    low + phase.min(2.0 * range - phase)
}
