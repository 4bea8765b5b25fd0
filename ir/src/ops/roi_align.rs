use super::float::{from_f64, same_float, to_f64};
use super::indexing::{check_indices, integers, place};
use super::window::{check_spatial, fixed};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Shape, Tensor, Type};

crate::attr::words! {
    /// What [`RoiAlign`] makes of the samples of a bin.
    RoiAlignFn {
        /// Their mean
        Average = "average",
        /// The largest of the weighted elements that they are interpolated from, as ONNX's definition has it
        Max = "max",
    }
}

/// The most samples of a bin; a region that takes more is not one of an image.
const MAX_SAMPLES: f64 = 1e6;

/// Regions of images as images of one size, as ONNX's RoiAlign (Mask R-CNN, He et al. 2017).
///
/// Operands: images `[N, C, H, W]`; regions `[R, 4]` of the same element type, each x1, y1, x2, y2; and the image that
/// each is in, i32 or i64 `[R]`. Result: `[R, C, size...]`: a region is divided into bins, and values are interpolated
/// at regular distances in each.
#[derive(Debug, Clone, PartialEq)]
pub struct RoiAlign {
    /// What is made of a bin.
    pub function: RoiAlignFn,
    /// The result's height and width.
    pub size: Vec<usize>,
    /// Samples of a bin along each dimension; 0 for as many as the bin has elements, or begins to have.
    pub sampling_ratio: usize,
    /// A factor from the regions' coordinates to those of the images.
    pub spatial_scale: f32,
    /// Whether coordinates count from the edge of the first element; else from its middle, and regions are at least one
    /// element large.
    pub half_pixel: bool,
}

impl Operator for RoiAlign {
    const MNEMONICS: &'static [&'static str] = &["roi_align"];

    fn arity(&self) -> Arity {
        Arity::exactly(3)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let (x, regions, images) = (operands[0], operands[1], operands[2]);
        let dtype = same_float(&operands[..2])?;
        check_indices(2, images)?;
        check_spatial("size", &self.size, 2)?;
        for (operand, rank) in [(0, 4), (1, 2), (2, 1)] {
            let found = operands[operand].shape.rank();
            if found != rank {
                return Err(InferError::Rank { operand, expected: rank.to_string(), found });
            }
        }
        let n_regions = &regions.shape.0[0];
        if fixed(1, regions, 1)? != 4 || *n_regions != images.shape.0[0] {
            let problem = format!("regions {} and their images {} are not [R, 4] and [R]", regions.shape, images.shape);
            return Err(InferError::Shape(problem));
        }
        if x.shape.0[2..].contains(&Dim::Fixed(0)) {
            return Err(InferError::Shape(format!("there is nothing to sample in {}", x.shape)));
        }
        let size = self.size.iter().map(|&n| Dim::Fixed(n as u64));
        let dims = [n_regions.clone(), x.shape.0[1].clone()].into_iter().chain(size).collect();
        Ok(vec![Type::new(dtype, Shape(dims))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (x, regions) = (operands[0], operands[1]);
        let &[n_images, n_channels, height, width] = x.dims() else { return Ok(Vec::new()) };
        let (xs, corners, images) = (to_f64(x)?, to_f64(regions)?, integers(operands[2])?);
        let dims = [&[images.len(), n_channels], self.size.as_slice()].concat();
        if dims.contains(&0) {
            return Ok(vec![from_f64(x.dtype(), &dims, [].into_iter())?]);
        }
        let mut result = Vec::new();
        for (region, &image) in corners.chunks_exact(4).zip(&images) {
            let image = place(image, n_images)?;
            let [rows, columns] = self.bins(region, [height, width])?;
            for c in 0..n_channels {
                let plane = &xs[(image * n_channels + c) * height * width..][..height * width];
                for row in &rows {
                    result.extend(columns.iter().map(|column| self.pool(row, column, plane, width)));
                }
            }
        }
        Ok(vec![from_f64(x.dtype(), &dims, result.into_iter())?])
    }

    attributes!(function, size, sampling_ratio, spatial_scale, half_pixel);
}

/// The elements around a sample along one dimension, and its distance from the first; `None` far outside.
type Around = Option<(usize, usize, f64)>;

impl RoiAlign {
    /// The samples along height and width of a region, for each bin.
    fn bins(&self, region: &[f64], image: [usize; 2]) -> Result<[Vec<Vec<Around>>; 2], EvalError> {
        let (scale, offset) = (f64::from(self.spatial_scale), if self.half_pixel { 0.5 } else { 0.0 });
        let [x1, y1, x2, y2] = [0, 1, 2, 3].map(|i| region[i] * scale - offset);
        let extent = |size: f64| if self.half_pixel { size } else { size.max(1.0) };
        let bin = [extent(y2 - y1) / self.size[0] as f64, extent(x2 - x1) / self.size[1] as f64];
        let ratio = self.sampling_ratio as f64;
        let n = bin.map(|size| if self.sampling_ratio > 0 { ratio } else { size.ceil().max(0.0) });
        let is_sound = region.iter().all(|x| x.is_finite()) && n[0] * n[1] <= MAX_SAMPLES;
        if !is_sound {
            return Err(EvalError::Domain(format!("the region {region:?} is not one of an image")));
        }
        let samples = |i: usize, start: f64| {
            let position = move |at: usize, k: usize| start + (at as f64 + (k as f64 + 0.5) / n[i]) * bin[i];
            let samples = |at: usize| (0..n[i] as usize).map(|k| around(position(at, k), image[i])).collect();
            (0..self.size[i]).map(samples).collect()
        };
        Ok([samples(0, y1), samples(1, x1)])
    }

    fn pool(&self, rows: &[Around], columns: &[Around], plane: &[f64], width: usize) -> f64 {
        let pairs = rows.iter().flat_map(|row| columns.iter().map(move |column| (row, column)));
        let weighted = pairs.flat_map(|pair| match pair {
            (&Some((top, bottom, down)), &Some((left, right, over))) => [
                (1.0 - down) * (1.0 - over) * plane[top * width + left],
                (1.0 - down) * over * plane[top * width + right],
                down * (1.0 - over) * plane[bottom * width + left],
                down * over * plane[bottom * width + right],
            ],
            (_, _) => [0.0; 4],
        });
        match self.function {
            RoiAlignFn::Average => weighted.sum::<f64>() / (rows.len() * columns.len()).max(1) as f64,
            RoiAlignFn::Max => weighted.reduce(f64::max).unwrap_or(0.0),
        }
    }
}

fn around(at: f64, size: usize) -> Around {
    if !(-1.0..=size as f64).contains(&at) {
        return None;
    }
    let at = at.clamp(0.0, (size - 1) as f64);
    Some((at as usize, (at as usize + 1).min(size - 1), at.fract()))
}
