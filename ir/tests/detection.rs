//! SSD's DetectionOutput against hand-worked detections.

mod common;

use firebrick_ir::ops::{BoxCode, DetectionOutput};
use firebrick_ir::{EvalError, Op, Tensor};

use common::{check, check_infer, f32s};

/// Two classes, the first of which is the background; locations are offsets of corners.
fn plain() -> DetectionOutput {
    DetectionOutput {
        num_classes: 2,
        share_location: true,
        background: 0,
        nms_threshold: 0.45,
        nms_top_k: -1,
        eta: 1.0,
        code: BoxCode::Corner,
        variance_in_target: true,
        keep_top_k: -1,
        confidence_threshold: 0.1,
    }
}

const LEFT: [f32; 4] = [0.0, 0.0, 0.5, 1.0];
const RIGHT: [f32; 4] = [0.5, 0.0, 1.0, 1.0];
/// Overlaps `LEFT` by 0.5.
const TOP_LEFT: [f32; 4] = [0.0, 0.0, 0.5, 0.5];

/// Priors with variances of 0.1 for the first two coordinates and 0.2 for the others.
fn priors(boxes: &[[f32; 4]]) -> Tensor {
    let variances = boxes.iter().map(|_| [0.1, 0.1, 0.2, 0.2]);
    let values: Vec<f32> = boxes.iter().copied().chain(variances).flatten().collect();
    f32s(&[1, 2, boxes.len() * 4], values)
}

/// Checks the detections in images whose locations are the priors themselves: image, class, score, prior.
#[track_caller]
fn check_kept(op: DetectionOutput, boxes: &[[f32; 4]], scores: &[&[f32]], expected: &[(f32, f32, f32, [f32; 4])]) {
    let n_classes = if op.share_location { 1 } else { op.num_classes };
    let n_locations = boxes.len() * n_classes * 4;
    let locations = f32s(&[scores.len(), n_locations, 1, 1], vec![0.0; scores.len() * n_locations]);
    let scores = f32s(&[scores.len(), scores[0].len(), 1, 1], scores.concat());
    let rows = expected.iter().flat_map(|&(image, class, score, [a, b, c, d])| [image, class, score, a, b, c, d]);
    let rows = f32s(&[1, 1, expected.len(), 7], rows.collect::<Vec<_>>());
    check(op, &[locations, scores, priors(boxes)], Ok(&[rows]));
}

#[test]
fn suppression() {
    // Scores are those of background and class 1, prior by prior.
    let (boxes, scores) = ([LEFT, TOP_LEFT, RIGHT], [0.9, 0.6, 0.9, 0.8, 0.9, 0.7]);
    let (first, second, third) = ((0.0, 1.0, 0.8, TOP_LEFT), (0.0, 1.0, 0.7, RIGHT), (0.0, 1.0, 0.6, LEFT));
    check_kept(plain(), &boxes, &[&scores], &[first, second]);
    // An overlap of just the threshold is kept, unless the threshold has fallen meanwhile.
    check_kept(DetectionOutput { nms_threshold: 0.5, ..plain() }, &boxes, &[&scores], &[first, second, third]);
    let op = DetectionOutput { nms_threshold: 0.6, eta: 0.8, ..plain() };
    check_kept(op, &boxes, &[&scores], &[first, second]);
    let op = DetectionOutput { nms_threshold: 0.6, ..plain() };
    check_kept(op, &boxes, &[&scores], &[first, second, third]);
    check_kept(DetectionOutput { nms_top_k: 1, ..plain() }, &boxes, &[&scores], &[first]);
    check_kept(DetectionOutput { keep_top_k: 1, ..plain() }, &boxes, &[&scores], &[first]);
    // A score must be above the threshold.
    check_kept(DetectionOutput { confidence_threshold: 0.7, ..plain() }, &boxes, &[&scores], &[first]);
    // Of equal scores the first prior's comes first; NaN is no detection.
    let scores = [0.0, 0.5, 0.0, f32::NAN, 0.0, 0.5];
    check_kept(plain(), &boxes, &[&scores], &[(0.0, 1.0, 0.5, LEFT), (0.0, 1.0, 0.5, RIGHT)]);
}

#[test]
fn classes_and_images() {
    let op = DetectionOutput { num_classes: 3, ..plain() };
    let boxes = [LEFT, RIGHT];
    let images: [&[f32]; 2] = [&[0.0, 0.2, 0.6, 0.0, 0.7, 0.3], &[0.9, 0.0, 0.5, 0.9, 0.0, 0.0]];
    let rows = [
        (0.0, 1.0, 0.7, RIGHT),
        (0.0, 1.0, 0.2, LEFT),
        (0.0, 2.0, 0.6, LEFT),
        (0.0, 2.0, 0.3, RIGHT),
        (1.0, 2.0, 0.5, LEFT),
    ];
    check_kept(op.clone(), &boxes, &images, &rows);
    let op = DetectionOutput { share_location: false, ..op };
    check_kept(op.clone(), &boxes, &images, &rows);
    // The best two of each image, by class again.
    let op = DetectionOutput { keep_top_k: 2, ..op };
    check_kept(op.clone(), &boxes, &images, &[rows[0], rows[2], rows[4]]);
    let op = DetectionOutput { background: -1, ..op };
    check_kept(op, &boxes, &images, &[rows[0], rows[2], (1.0, 0.0, 0.9, LEFT), (1.0, 0.0, 0.9, RIGHT)]);
}

#[test]
fn nothing_found() {
    let none = [-1.0; 4];
    let rows = [(0.0, -1.0, -1.0, none), (1.0, -1.0, -1.0, none)];
    check_kept(plain(), &[LEFT], &[&[0.9, 0.0], &[0.9, 0.1]], &rows);
    check_kept(DetectionOutput { keep_top_k: 0, ..plain() }, &[LEFT], &[&[0.0, 0.9], &[0.0, 0.9]], &rows);
    let operands = [f32s(&[0, 4], []), f32s(&[0, 2], []), f32s(&[0, 2, 4], [])];
    check(plain(), &operands, Ok(&[f32s(&[1, 1, 0, 7], [])]));
}

#[test]
fn codes() {
    let log_2 = std::f32::consts::LN_2;
    let (scaled, plain_location) = ([1.0, -1.0, 5.0 * log_2, 0.0], [0.1, -0.1, log_2, 0.0]);
    let cases = [
        (BoxCode::CenterSize, [0.04, 0.18, 0.84, 0.38]),
        (BoxCode::CornerSize, [0.24, 0.18, 0.6 + 0.4 * log_2, 0.4]),
        (BoxCode::Corner, [0.3, 0.1, 0.6 + log_2, 0.4]),
    ];
    for (code, [a, b, c, d]) in cases {
        for (variance_in_target, location) in [(false, scaled), (true, plain_location)] {
            let op = DetectionOutput { code, variance_in_target, ..plain() };
            let operands = [f32s(&[1, 4], location), f32s(&[1, 2], [0.0, 0.5]), priors(&[[0.2, 0.2, 0.6, 0.4]])];
            check(op, &operands, Ok(&[f32s(&[1, 1, 1, 7], [0.0, 1.0, 0.5, a, b, c, d])]));
        }
    }
}

#[test]
fn locations_of_classes() {
    let op = DetectionOutput { share_location: false, ..plain() };
    let locations = f32s(&[1, 8], [9.0, 9.0, 9.0, 9.0, 0.5, 0.0, 0.5, 0.0]);
    let operands = [locations, f32s(&[1, 2], [0.0, 0.5]), priors(&[LEFT])];
    check(op, &operands, Ok(&[f32s(&[1, 1, 1, 7], [0.0, 1.0, 0.5, 0.5, 0.0, 1.0, 1.0])]));
}

#[test]
fn prior_without_size() {
    let op: Op = DetectionOutput { code: BoxCode::CenterSize, ..plain() }.into();
    let operands = [f32s(&[1, 4], [0.0; 4]), f32s(&[1, 2], [0.0; 2]), priors(&[[0.5, 0.0, 0.5, 1.0]])];
    let result = op.eval(&operands.iter().collect::<Vec<_>>());
    assert_eq!(result, Err(EvalError::Domain("a prior is 0 wide and 1 high".to_owned())));
}

#[test]
fn inference() {
    check_infer(plain(), "f32[N, 20] f32[N, 10] f32[1, 2, 20]", Ok("f32[1, 1, detections, 7]"));
    check_infer(plain(), "f32[N, 20, 1, 1] f32[N, 10, 1] f32[N, 2, 20, 1]", Ok("f32[1, 1, detections, 7]"));
    let errors = [
        (
            plain(),
            "f32[N, 20] f32[N, 11] f32[1, 2, 20]",
            "[N, 20], [N, 11] and [1, 2, 20] are not [N, P * 1 * 4], [N, P * 2] and [1, 2, P * 4]",
        ),
        (
            plain(),
            "f32[N, 20] f32[N, 10] f32[20]",
            "operand 2 has 1 dimensions, but should have 3, or more of 1 behind them",
        ),
        (DetectionOutput { eta: 0.0, ..plain() }, "", "attribute `eta` is 0, but should be above 0 and at most 1"),
        (
            DetectionOutput { nms_threshold: -1.0, ..plain() },
            "",
            "attribute `nms_threshold` is -1, but should be 0 or more",
        ),
        (DetectionOutput { num_classes: 0, ..plain() }, "", "attribute `num_classes` is 0"),
    ];
    for (op, operands, error) in errors {
        let operands = if operands.is_empty() { "f32[N, 20] f32[N, 10] f32[1, 2, 20]" } else { operands };
        check_infer(op, operands, Err(error));
    }
}
