//! SSD's DetectionOutput.

use firebrick_ir::ops::{BoxCode, DetectionOutput};
use firebrick_schemas::caffe::{CodeType, DetectionOutputParameter, NonMaximumSuppressionParameter};

use super::window::number;
use crate::context::Context;
use crate::layer::{Blob, param};
use crate::{Kind, Reason};

/// DetectionOutput, field by field.
pub(super) fn detection_output(ctx: &mut Context<'_, '_>, op: &DetectionOutput) -> Result<Blob, Reason> {
    let DetectionOutput {
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
    } = op;
    let nms = NonMaximumSuppressionParameter {
        nms_threshold: Some(*nms_threshold),
        top_k: Some(signed(*nms_top_k)?),
        eta: (*eta != 1.0).then_some(*eta),
    };
    let code = match code {
        BoxCode::Corner => CodeType::Corner,
        BoxCode::CenterSize => CodeType::CenterSize,
        BoxCode::CornerSize => CodeType::CornerSize,
    };
    let detection_output = DetectionOutputParameter {
        num_classes: Some(number(*num_classes)?),
        share_location: Some(*share_location),
        background_label_id: Some(signed(*background)?),
        nms_param: Some(Box::new(nms)),
        code_type: Some(code.into()),
        variance_encoded_in_target: variance_in_target.then_some(true),
        keep_top_k: Some(signed(*keep_top_k)?),
        confidence_threshold: Some(*confidence_threshold),
        ..DetectionOutputParameter::default()
    };
    let bottoms: Vec<Blob> = ctx.operands().iter().map(|&value| Blob::Value(value)).collect();
    let dims = ctx.result_dims(0);
    let set = param(|p| p.detection_output_param = Some(Box::new(detection_output)));
    Ok(ctx.layer(Kind::DetectionOutput, set, &bottoms, &dims))
}

fn signed(n: i64) -> Result<i32, Reason> {
    i32::try_from(n).map_err(|_| Reason::unsupported(format!("{n} is too large a number for Caffe")))
}
