//! Preprocessing fields of V1 data layers, which have moved to `transform_param`.

use firebrick_schemas::caffe::{LayerParameter, LayerType, TransformationParameter};

/// Moves `scale`, `mean_file`, `crop_size` and `mirror` of a data layer to its `transform_param`, where Caffe prefers them to what is there.
///
/// Only V1 layers: in the current form, Caffe ignores these fields of `data_param` and its like.
pub(super) fn move_transform(kind: LayerType, layer: &mut LayerParameter) {
    // The three messages have the same four fields.
    macro_rules! take_from {
        ($param:ident) => {
            layer.$param.as_deref_mut().map(|param| TransformationParameter {
                scale: param.scale.take(),
                mean_file: param.mean_file.take(),
                crop_size: param.crop_size.take(),
                mirror: param.mirror.take(),
                ..TransformationParameter::default()
            })
        };
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "only these three types have had the fields")]
    let taken = match kind {
        LayerType::Data => take_from!(data_param),
        LayerType::ImageData => take_from!(image_data_param),
        LayerType::WindowData => take_from!(window_data_param),
        _ => None,
    };
    if let Some(taken) = taken.filter(|taken| *taken != TransformationParameter::default()) {
        let transform = layer.transform_param.get_or_insert_default();
        transform.scale = taken.scale.or(transform.scale);
        transform.mean_file = taken.mean_file.or(transform.mean_file.take());
        transform.crop_size = taken.crop_size.or(transform.crop_size);
        transform.mirror = taken.mirror.or(transform.mirror);
    }
}
