//! What is not written.

use firebrick_ir::ops::DetectionOutput;

use crate::lower::Lowered;

/// NonMaxSuppression and TopK come close, but neither keeps SSD's order of boxes with equal scores, nor its row for an
/// image without any detection, nor the best boxes of all classes together.
pub(super) fn detection_output(_: &DetectionOutput) -> Lowered {
    Err("ONNX has no operator for SSD's detections: end the net before this layer (its location and score blobs)"
        .to_owned())
}
