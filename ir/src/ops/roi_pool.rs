use super::float::{from_f64, same_float, to_f64};
use super::indexing::place;
use super::window::{check_spatial, fixed};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Shape, Tensor, Type};

/// The maxima of the bins of regions, as ONNX's MaxRoiPool and Fast R-CNN's ROIPooling.
///
/// Operands: images `[N, C, H, W]`, and regions `[R, 5]` of the same element type: the number of the image, and x1, y1,
/// x2, y2, which are inside the region. Result: `[R, C, size...]`. A bin without an element of the image is 0.
#[derive(Debug, Clone, PartialEq)]
pub struct RoiPool {
    /// The result's height and width.
    pub size: Vec<usize>,
    /// A factor from the regions' coordinates to those of the images.
    pub spatial_scale: f32,
}

impl Operator for RoiPool {
    const MNEMONICS: &'static [&'static str] = &["roi_pool"];

    fn arity(&self) -> Arity {
        Arity::exactly(2)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let (x, regions) = (operands[0], operands[1]);
        let dtype = same_float(operands)?;
        check_spatial("size", &self.size, 2)?;
        for (operand, rank) in [(0, 4), (1, 2)] {
            let found = operands[operand].shape.rank();
            if found != rank {
                return Err(InferError::Rank { operand, expected: rank.to_string(), found });
            }
        }
        if fixed(1, regions, 1)? != 5 {
            return Err(InferError::Shape(format!("regions should be [R, 5], but are {}", regions.shape)));
        }
        let size = self.size.iter().map(|&n| Dim::Fixed(n as u64));
        let dims = [regions.shape.0[0].clone(), x.shape.0[1].clone()].into_iter().chain(size).collect();
        Ok(vec![Type::new(dtype, Shape(dims))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (x, regions) = (operands[0], operands[1]);
        let &[n_images, n_channels, height, width] = x.dims() else { return Ok(Vec::new()) };
        let (xs, regions) = (to_f64(x)?, to_f64(regions)?);
        let dims = [&[regions.len() / 5, n_channels], self.size.as_slice()].concat();
        if dims.contains(&0) {
            return Ok(vec![from_f64(x.dtype(), &dims, [].into_iter())?]);
        }
        let mut result = Vec::new();
        for region in regions.chunks_exact(5) {
            let image = place(region[0] as i64, n_images)?;
            let [x1, y1, x2, y2] = [1, 2, 3, 4].map(|i| (region[i] * f64::from(self.spatial_scale)).round());
            let (rows, columns) = (spans(y1, y2, self.size[0], height), spans(x1, x2, self.size[1], width));
            for c in 0..n_channels {
                let plane = &xs[(image * n_channels + c) * height * width..][..height * width];
                for (top, bottom) in &rows {
                    for (left, right) in &columns {
                        let elements = (*top..*bottom).flat_map(|row| &plane[row * width..][*left..*right]);
                        result.push(elements.copied().reduce(f64::max).unwrap_or(0.0));
                    }
                }
            }
        }
        Ok(vec![from_f64(x.dtype(), &dims, result.into_iter())?])
    }

    attributes!(size, spatial_scale);
}

/// The elements `from..to` of each of `n` bins of a region from `first` to `last`, cut to the image.
fn spans(first: f64, last: f64, n: usize, size: usize) -> Vec<(usize, usize)> {
    let bin = (last - first + 1.0).max(1.0) / n as f64;
    let cut = |at: f64| (first + at).clamp(0.0, size as f64) as usize;
    let span = |i: usize| (cut((i as f64 * bin).floor()), cut(((i + 1) as f64 * bin).ceil()));
    (0..n).map(span).map(|(from, to)| (from, to.max(from))).collect()
}
