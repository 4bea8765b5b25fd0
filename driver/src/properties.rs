//! What an ONNX model says of itself, by key: how images are prepared, and names of classes.

use std::collections::BTreeMap;

use firebrick_ir::{ChannelOrder, Mean, Preprocess};
use firebrick_schemas::onnx::metadata::{COLOR, CROP, LABELS, MEAN, MEAN_FILE, PREPROCESS, SCALE, SOURCE};

use crate::{Color, Labels, Model};

/// What Firebrick's own keys say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Properties {
    pub(crate) preprocessing: BTreeMap<String, Preprocess>,
    pub(crate) labels: Option<Labels>,
}

impl Properties {
    /// Reads the keys that are ours. A value that makes no sense is as none.
    pub(crate) fn read<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut properties = Properties::default();
        for (key, value) in entries {
            if key == LABELS {
                properties.labels = Some(Labels::of(value.lines().map(str::to_owned)));
            } else if let Some((input, field)) = key.strip_prefix(PREPROCESS).and_then(|rest| rest.rsplit_once('.')) {
                read_field(properties.preprocessing.entry(input.to_owned()).or_default(), field, value);
            }
        }
        properties
    }
}

fn read_field(preprocess: &mut Preprocess, field: &str, value: &str) {
    match field {
        MEAN => {
            let values: Option<Vec<f32>> = value.split(',').map(|number| number.trim().parse().ok()).collect();
            preprocess.mean = values.map_or(Mean::Zero, Mean::Channels);
        }
        MEAN_FILE => preprocess.mean = Mean::File(value.to_owned()),
        SCALE => preprocess.scale = value.parse().unwrap_or(1.0),
        COLOR if value == Color::Rgb.name() => preprocess.order = ChannelOrder::Rgb,
        COLOR if value == Color::Gray.name() => preprocess.color = Some(false),
        CROP => preprocess.crop = value.parse().ok(),
        _ => (),
    }
}

/// The keys and values for a model: its source, what is said of images, and the classes' names.
pub(crate) fn write(model: &Model, labels: Option<&Labels>) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    if !model.sources().is_empty() {
        // Names without folders, which are of the machine that converts.
        let name = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let names: Vec<String> = model.sources().iter().map(|source| name(&source.name)).collect();
        entries.push((SOURCE.to_owned(), names.join("\n")));
    }
    for input in model.inputs() {
        let Some(preprocess) = &input.preprocess else { continue };
        let is_gray = input.ty.shape.0.get(1).and_then(firebrick_ir::Dim::fixed) == Some(1);
        let fields = fields(preprocess, is_gray).into_iter();
        entries.extend(fields.map(|(field, value)| (format!("{PREPROCESS}{}.{field}", input.name), value)));
    }
    if let Some(labels) = labels.or(model.labels()) {
        entries.push((LABELS.to_owned(), labels.names().join("\n")));
    }
    entries
}

fn fields(preprocess: &Preprocess, is_gray: bool) -> Vec<(&'static str, String)> {
    let Preprocess { mean, scale, crop, mirror: _, color: _, order } = preprocess; // mirroring is training's
    let mean = match mean {
        Mean::Zero => None,
        Mean::Channels(values) => Some((MEAN, values.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))),
        Mean::File(name) => Some((MEAN_FILE, name.clone())),
        // Too large for a text: `--embed-preprocess` puts it into the graph.
        Mean::Image(_) => None,
    };
    let color = match (is_gray, order) {
        (true, _) => Color::Gray,
        (false, ChannelOrder::Bgr) => Color::Bgr,
        (false, ChannelOrder::Rgb) => Color::Rgb,
    };
    let mut fields: Vec<(&'static str, String)> = mean.into_iter().collect();
    fields.extend([(SCALE, scale.to_string()), (COLOR, color.name().to_owned())]);
    fields.extend(crop.map(|side| (CROP, side.to_string())));
    fields
}
