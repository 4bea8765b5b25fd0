//! What is done to images before the net.

use std::collections::BTreeMap;

use firebrick_ir::{Mean, Preprocess};
use firebrick_schemas::caffe::{NetParameter, TransformationParameter};

use crate::Kind;

/// Says it in the Input layers.
pub(crate) fn add(net: &mut NetParameter, preprocessing: &BTreeMap<String, Preprocess>) {
    for layer in net.layer.iter_mut().filter(|layer| layer.r#type() == Kind::Input.name()) {
        let preprocess = layer.top.first().and_then(|top| preprocessing.get(top));
        layer.transform_param = preprocess.map(|preprocess| Box::new(transform(preprocess)));
    }
}

fn transform(preprocess: &Preprocess) -> TransformationParameter {
    // Caffe's files have no word for the order of channels, which Caffe itself reads as blue, green and red.
    let Preprocess { mean, scale, crop, mirror, color, order: _ } = preprocess;
    let (mean_value, mean_file) = match mean {
        Mean::Channels(values) => (values.clone(), None),
        Mean::File(name) => (Vec::new(), Some(name.clone())),
        Mean::Zero | Mean::Image(_) => (Vec::new(), None),
    };
    TransformationParameter {
        scale: (*scale != 1.0).then_some(*scale),
        mirror: mirror.then_some(true),
        crop_size: *crop,
        mean_file,
        mean_value,
        force_color: (*color == Some(true)).then_some(true),
        force_gray: (*color == Some(false)).then_some(true),
    }
}
