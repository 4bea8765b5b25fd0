//! Layer types that are known, and have no translation: why not, and whose they are.

use firebrick_schemas::FieldPath;

use crate::net::Layer;
use crate::problem::{Problem, ProblemKind};

/// Layer types that no graph of fixed ops can stand for, or that their own Caffe can't run.
const REFUSED: &[(&str, &str)] = &[
    ("Filter", "how many items its tops have depends on the values of its last bottom"),
    ("LRNRistretto", "Ristretto itself does not compute it on a CPU"),
    ("Python", "it runs code that is not in the model's files"),
];

/// Layer types of forks and add-ons, by where they come from.
const FORKS: &[(&str, &[&str])] = &[
    ("Fast R-CNN", &["ROIPooling"]),
    ("a port of Faster R-CNN to C++", &["Proposal"]),
    ("R-FCN", &["BoxAnnotatorOHEM", "PSROIPooling", "SmoothL1LossOHEM", "SoftmaxWithLossOHEM"]),
    ("a port of YOLO", &["Region", "RegionLoss", "Reorg", "Yolo", "YoloDetectionOutput", "Yolov3DetectionOutput"]),
    ("SSD", &["VideoData"]),
    ("DeepLab", &["DenseCRF", "ImageSegData", "MatRead", "MatWrite", "SegAccuracy"]),
    ("SegNet", &["DenseImageData"]),
    ("FlowNet", &["Correlation", "CustomData", "DataAugmentation", "FlowWarp", "L1Loss", "Resample"]),
    ("CRF-RNN", &["MultiStageMeanfield"]),
    ("NVIDIA's Caffe", &["DetectNetTransformation"]),
    ("Center Loss", &["CenterLoss"]),
    ("SphereFace", &["MarginInnerProduct"]),
];

/// The problem with a layer of such a type; `None` if the type isn't known.
pub(super) fn refused(layer: &Layer) -> Option<Problem> {
    let path = layer.path.clone().field("type");
    own(layer, &path).or_else(|| forks(layer, &path))
}

fn own(layer: &Layer, path: &FieldPath) -> Option<Problem> {
    let (_, reason) = REFUSED.iter().find(|(kind, _)| *kind == layer.kind())?;
    let (name, kind) = (layer.name().to_owned(), layer.kind().to_owned());
    let kind = ProblemKind::Refused { layer: name, kind, reason: (*reason).to_owned() };
    Some(Problem::new(kind, path.clone()))
}

fn forks(layer: &Layer, path: &FieldPath) -> Option<Problem> {
    let (fork, _) = FORKS.iter().find(|(_, kinds)| kinds.contains(&layer.kind()))?;
    let kind = ProblemKind::UnknownLayer(layer.kind().to_owned());
    let help = format!("it is a layer of {fork}; `firebrick layers` lists the supported layer types");
    Some(Problem::new(kind, path.clone()).help(help))
}
