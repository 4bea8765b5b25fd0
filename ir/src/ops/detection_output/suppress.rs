//! Non-maximum suppression.

use std::cmp::Ordering;

use super::DetectionOutput;
use super::boxes::BBox;

/// A prior with its score for one class.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scored {
    pub(super) prior: usize,
    pub(super) score: f32,
}

impl DetectionOutput {
    /// The candidates of one class that are kept, best first.
    pub(super) fn suppress(
        &self,
        candidates: impl Iterator<Item = Scored>,
        box_of: &dyn Fn(usize) -> BBox,
    ) -> Vec<Scored> {
        let mut candidates: Vec<Scored> = candidates.filter(|it| it.score > self.confidence_threshold).collect();
        candidates.sort_by(|a, b| falling(a.score, b.score));
        candidates.truncate(usize::try_from(self.nms_top_k).unwrap_or(usize::MAX));

        let mut threshold = self.nms_threshold;
        let mut kept: Vec<(Scored, BBox)> = Vec::new();
        for candidate in candidates {
            let place = box_of(candidate.prior);
            if kept.iter().all(|(_, other)| place.overlap(*other) <= threshold) {
                kept.push((candidate, place));
                if self.eta < 1.0 && threshold > 0.5 {
                    threshold *= self.eta;
                }
            }
        }
        kept.into_iter().map(|(candidate, _)| candidate).collect()
    }
}

/// Falling order of scores above some threshold, none of which is NaN.
pub(super) fn falling(a: f32, b: f32) -> Ordering {
    b.partial_cmp(&a).unwrap_or(Ordering::Equal)
}
