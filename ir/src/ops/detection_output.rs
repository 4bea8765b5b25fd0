mod boxes;
mod suppress;

use self::boxes::{BBox, Decoder};
use self::suppress::{Scored, falling};
use super::float::{from_f64, same_float, to_f32};
use super::window::fixed;
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{DType, Dim, EvalError, Shape, Tensor, Type};

pub use self::boxes::BoxCode;

/// SSD's DetectionOutput layer: boxes decoded from their priors, filtered by score and non-maximum suppression.
///
/// Operands, for N images, P priors and L classes that have boxes of their own (1 if locations are shared, else
/// `num_classes`): locations `[N, P * L * 4]`; scores `[N, P * num_classes]`; priors `[1 or N, 2, P * 4]`, boxes as
/// xmin, ymin, xmax, ymax and the variances of these, of which the first image's count. Further dimensions of 1 may
/// follow.
///
/// Result: `[1, 1, detections, 7]`, rows of image, class, score, xmin, ymin, xmax, ymax, ordered by image and class
/// and then by falling score. As in SSD, without any detection there is one row for each image, with -1 behind its
/// number.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectionOutput {
    /// Classes, the background among them.
    pub num_classes: usize,
    /// Whether all classes share the boxes.
    pub share_location: bool,
    /// The background's class, which is not detected; -1 for none.
    pub background: i64,
    /// A box is dropped if it overlaps one of its class with a better score by more than that (intersection over
    /// union).
    pub nms_threshold: f32,
    /// The best boxes of each class that suppression considers; -1 for all.
    pub nms_top_k: i64,
    /// After each box kept, a threshold above 0.5 is multiplied by this.
    pub eta: f32,
    /// How locations are relative to priors.
    pub code: BoxCode,
    /// Whether locations have been multiplied by the variances already.
    pub variance_in_target: bool,
    /// The best boxes of each image that are kept; -1 for all.
    pub keep_top_k: i64,
    /// Boxes of this score or a lower one are dropped.
    pub confidence_threshold: f32,
}

/// One detection: class, prior, score.
struct Detection {
    class: usize,
    prior: usize,
    score: f32,
}

impl Operator for DetectionOutput {
    const MNEMONICS: &'static [&'static str] = &["detection_output"];

    fn arity(&self) -> Arity {
        Arity::exactly(3)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let dtype = same_float(operands)?;
        if dtype == DType::F64 {
            return Err(InferError::DType { operand: 0, expected: "f32, f16 or bf16".to_owned(), found: dtype });
        }
        self.check_attributes()?;
        for (operand, rank) in [(0, 2), (1, 2), (2, 3)] {
            check_rank(operand, operands[operand], rank)?;
        }
        let (locations, scores, priors) = (operands[0], operands[1], operands[2]);
        let (batch, prior_batch) = (&locations.shape.0[0], &priors.shape.0[0]);
        let n_coordinates = fixed(2, priors, 2)?;
        let n_locations = n_coordinates.checked_mul(self.n_location_classes());
        let n_scores = (n_coordinates / 4).checked_mul(self.num_classes);
        let fits = n_coordinates > 0
            && batch == &scores.shape.0[0]
            && (prior_batch == batch || *prior_batch == Dim::Fixed(1))
            && priors.shape.0[1] == Dim::Fixed(2)
            && n_coordinates % 4 == 0
            && n_locations == Some(fixed(0, locations, 1)?)
            && n_scores == Some(fixed(1, scores, 1)?);
        if !fits {
            let (locations, scores, priors) = (&locations.shape, &scores.shape, &priors.shape);
            let (n_locations, n_classes) = (self.n_location_classes(), self.num_classes);
            let expected = format!("[N, P * {n_locations} * 4], [N, P * {n_classes}] and [1, 2, P * 4]");
            return Err(InferError::Shape(format!("{locations}, {scores} and {priors} are not {expected}")));
        }
        let dims = vec![Dim::Fixed(1), Dim::Fixed(1), Dim::sym("detections"), Dim::Fixed(7)];
        Ok(vec![Type::new(dtype, Shape(dims))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (batch, n_priors) = (operands[0].dims()[0], operands[2].dims()[2] / 4);
        let (locations, scores, priors) = (to_f32(operands[0])?, to_f32(operands[1])?, to_f32(operands[2])?);
        let priors = priors.get(..n_priors * 8).unwrap_or_default(); // none if there is no image
        let decoder = Decoder::new(self.code, self.variance_in_target, priors);
        let n_location_classes = self.n_location_classes();
        let (n_locations, n_scores) = (n_priors * n_location_classes * 4, n_priors * self.num_classes);
        let mut rows: Vec<f32> = Vec::new();
        for image in 0..batch {
            let boxes = decoder.decode(&locations[image * n_locations..][..n_locations], n_location_classes)?;
            let box_of = |class: usize, prior: usize| -> BBox {
                boxes[prior * n_location_classes + if self.share_location { 0 } else { class }]
            };
            for found in self.detect(&scores[image * n_scores..][..n_scores], n_priors, &box_of) {
                rows.extend([image as f32, found.class as f32, found.score]);
                rows.extend(box_of(found.class, found.prior).coordinates());
            }
        }
        if rows.is_empty() {
            rows = (0..batch).flat_map(|image| [image as f32, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0]).collect();
        }
        Ok(vec![from_f64(operands[0].dtype(), &[1, 1, rows.len() / 7, 7], rows.into_iter().map(f64::from))?])
    }

    attributes!(
        num_classes,
        share_location,
        background,
        nms_threshold,
        nms_top_k,
        eta,
        code,
        variance_in_target,
        keep_top_k,
        confidence_threshold,
    );
}

impl DetectionOutput {
    /// The detections that there are at most in so many images of so many priors; `None` if they can't be counted.
    pub fn max_detections(&self, batch: usize, n_priors: usize) -> Option<usize> {
        let limit = |n: usize, most: i64| usize::try_from(most).map_or(n, |most| n.min(most));
        let of_all = limit(n_priors, self.nms_top_k).checked_mul(self.num_classes)?;
        // Without any, there is a row for each image.
        limit(of_all, self.keep_top_k).max(1).checked_mul(batch)
    }

    fn n_location_classes(&self) -> usize {
        if self.share_location { 1 } else { self.num_classes }
    }

    fn check_attributes(&self) -> Result<(), InferError> {
        let wrong = |name, problem: String| Err(InferError::Attribute { name, problem });
        if self.num_classes == 0 {
            return wrong("num_classes", "is 0".to_owned());
        }
        if self.nms_threshold.is_nan() || self.nms_threshold < 0.0 {
            return wrong("nms_threshold", format!("is {}, but should be 0 or more", self.nms_threshold));
        }
        if self.eta.is_nan() || self.eta <= 0.0 || self.eta > 1.0 {
            return wrong("eta", format!("is {}, but should be above 0 and at most 1", self.eta));
        }
        Ok(())
    }

    /// The detections in one image, of whose scores each prior has one for each class.
    fn detect(&self, scores: &[f32], n_priors: usize, box_of: &dyn Fn(usize, usize) -> BBox) -> Vec<Detection> {
        let mut detections = Vec::new();
        let is_background = |class: usize| i64::try_from(class) == Ok(self.background);
        for class in (0..self.num_classes).filter(|&class| !is_background(class)) {
            let candidates =
                (0..n_priors).map(|prior| Scored { prior, score: scores[prior * self.num_classes + class] });
            let kept = self.suppress(candidates, &|prior| box_of(class, prior));
            detections.extend(kept.into_iter().map(|Scored { prior, score }| Detection { class, prior, score }));
        }
        if let Ok(keep) = usize::try_from(self.keep_top_k)
            && keep < detections.len()
        {
            detections.sort_by(|a, b| falling(a.score, b.score));
            detections.truncate(keep);
            detections.sort_by_key(|detection| detection.class);
        }
        detections
    }
}

/// Checks an operand's rank: behind the dimensions meant, there may be some of 1, up to four in all.
fn check_rank(operand: usize, ty: &Type, rank: usize) -> Result<(), InferError> {
    let found = ty.shape.rank();
    if (rank..=4).contains(&found) && ty.shape.0[rank..].iter().all(|dim| *dim == Dim::Fixed(1)) {
        return Ok(());
    }
    Err(InferError::Rank { operand, expected: format!("{rank}, or more of 1 behind them"), found })
}
