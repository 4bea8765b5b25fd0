//! SSD's DetectionOutput.

use firebrick_ir::ops::{BoxCode, DetectionOutput};
use firebrick_schemas::caffe::{CodeType, DetectionOutputParameter, NonMaximumSuppressionParameter};

use super::{LayerContext, Tops};
use crate::problem::Problem;

/// DetectionOutput: decodes boxes, and keeps the best that do not overlap.
pub(super) fn detection_output(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().detection_output_param.as_deref().cloned().unwrap_or_default();
    let DetectionOutputParameter {
        num_classes,
        share_location: _,
        background_label_id,
        nms_param,
        save_output_param: _, // files that SSD writes beside the top
        code_type: _,
        variance_encoded_in_target,
        keep_top_k: _,
        confidence_threshold,
        visualize: _,           // pictures that SSD shows or writes
        visualize_threshold: _, // of those pictures
        thresholds: _,          // SSD's code never reads it
        save_file: _,           // of those pictures
    } = &param;
    let nms = nms_param.as_deref().cloned().unwrap_or_default();
    let NonMaximumSuppressionParameter { nms_threshold: _, top_k, eta: _ } = &nms;
    let Some(num_classes) = num_classes.filter(|&n| n > 0) else {
        return Err(problem(ctx, "num_classes", "`num_classes` is missing or 0".to_owned()));
    };
    let (threshold, eta) = (nms.nms_threshold(), nms.eta());
    if threshold.is_nan() || threshold < 0.0 {
        return Err(problem(ctx, "nms_param", format!("`nms_threshold` is {threshold}, but should not be below 0")));
    }
    if !(eta > 0.0 && eta <= 1.0) {
        return Err(problem(ctx, "nms_param", format!("`eta` is {eta}, but should be above 0 and at most 1")));
    }
    let op = DetectionOutput {
        num_classes: num_classes as usize,
        share_location: param.share_location(),
        background: i64::from(background_label_id.unwrap_or_default()),
        nms_threshold: threshold,
        nms_top_k: i64::from(top_k.unwrap_or(-1)),
        eta,
        code: match param.code_type() {
            CodeType::Corner => BoxCode::Corner,
            CodeType::CenterSize => BoxCode::CenterSize,
            CodeType::CornerSize => BoxCode::CornerSize,
        },
        variance_in_target: variance_encoded_in_target.unwrap_or_default(),
        keep_top_k: i64::from(param.keep_top_k()),
        confidence_threshold: confidence_threshold.unwrap_or(f32::MIN),
    };
    let operands = ctx.bottoms();
    Ok(vec![Some(ctx.op("detections", op, &operands)?)])
}

fn problem(ctx: &LayerContext<'_, '_>, field: &'static str, message: String) -> Problem {
    ctx.problem_at(ctx.field("detection_output_param", field), message)
}
