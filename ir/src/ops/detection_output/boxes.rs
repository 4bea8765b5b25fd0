//! Boxes, and how they are coded relative to priors.

use crate::EvalError;

crate::attr::words! {
    /// What the four numbers of a location mean.
    BoxCode {
        /// Offsets of the corners
        Corner = "corner",
        /// Offset of the centre in sizes of the prior, and logarithms of the ratios of the sizes
        CenterSize = "center_size",
        /// Offsets of the corners in sizes of the prior
        CornerSize = "corner_size",
    }
}

/// A box, in parts of the image.
#[derive(Debug, Clone, Copy)]
pub(super) struct BBox {
    x_min: f32,
    y_min: f32,
    x_max: f32,
    y_max: f32,
}

impl BBox {
    /// xmin, ymin, xmax, ymax.
    pub(super) fn coordinates(self) -> [f32; 4] {
        [self.x_min, self.y_min, self.x_max, self.y_max]
    }

    fn area(self) -> f32 {
        if self.x_max < self.x_min || self.y_max < self.y_min {
            return 0.0;
        }
        (self.x_max - self.x_min) * (self.y_max - self.y_min)
    }

    /// Intersection over union.
    pub(super) fn overlap(self, other: Self) -> f32 {
        let width = self.x_max.min(other.x_max) - self.x_min.max(other.x_min);
        let height = self.y_max.min(other.y_max) - self.y_min.max(other.y_min);
        if width > 0.0 && height > 0.0 {
            let intersection = width * height;
            intersection / (self.area() + other.area() - intersection)
        } else {
            0.0
        }
    }
}

/// Priors, and how locations are relative to them.
pub(super) struct Decoder<'a> {
    code: BoxCode,
    variance_in_target: bool,
    priors: &'a [f32],
    variances: &'a [f32],
}

impl<'a> Decoder<'a> {
    /// Of priors that are followed by as many variances.
    pub(super) fn new(code: BoxCode, variance_in_target: bool, priors: &'a [f32]) -> Self {
        let (priors, variances) = priors.split_at(priors.len() / 2);
        Decoder { code, variance_in_target, priors, variances }
    }

    /// The boxes of all locations, of which each prior has `per_prior`.
    ///
    /// # Errors
    /// If a prior that sizes are relative to has none.
    pub(super) fn decode(&self, locations: &[f32], per_prior: usize) -> Result<Vec<BBox>, EvalError> {
        let (locations, _) = locations.as_chunks::<4>();
        let (priors, variances) = (self.priors.as_chunks::<4>().0, self.variances.as_chunks::<4>().0);
        let prior_of = |i: usize| (priors[i / per_prior], variances[i / per_prior]);
        let decode = |(i, &location)| {
            let (prior, variance) = prior_of(i);
            self.decode_one(location, prior, variance)
        };
        locations.iter().enumerate().map(decode).collect()
    }

    fn decode_one(&self, location: [f32; 4], prior: [f32; 4], variance: [f32; 4]) -> Result<BBox, EvalError> {
        let scaled =
            |i: usize| f64::from(location[i]) * if self.variance_in_target { 1.0 } else { f64::from(variance[i]) };
        let [a, b, c, d] = [0, 1, 2, 3].map(scaled);
        let [x_min, y_min, x_max, y_max] = prior.map(f64::from);
        let (width, height) = (x_max - x_min, y_max - y_min);
        let has_size = width > 0.0 && height > 0.0;
        if !has_size && self.code != BoxCode::Corner {
            return Err(EvalError::Domain(format!("a prior is {width} wide and {height} high")));
        }
        let corners = match self.code {
            BoxCode::Corner => [x_min + a, y_min + b, x_max + c, y_max + d],
            BoxCode::CornerSize => [x_min + a * width, y_min + b * height, x_max + c * width, y_max + d * height],
            BoxCode::CenterSize => {
                let (x, y) = ((x_min + x_max) / 2.0 + a * width, (y_min + y_max) / 2.0 + b * height);
                let (half_width, half_height) = (c.exp() * width / 2.0, d.exp() * height / 2.0);
                [x - half_width, y - half_height, x + half_width, y + half_height]
            }
        };
        let [x_min, y_min, x_max, y_max] = corners.map(|x| x as f32);
        Ok(BBox { x_min, y_min, x_max, y_max })
    }
}
