//! V1 layers: the type is an enum, and what training does to each blob is in lists.

use firebrick_schemas::FieldPath;
use firebrick_schemas::caffe::{LayerParameter, LayerType, ParamSpec, V1LayerParameter};

use super::UpgradeError;
use super::data::move_transform;
use crate::problem::Problem;

/// A V1 layer as a current one, with the fields that both have under one name, and the V1 layer with the rest of its fields.
macro_rules! take_apart {
    ($layer:ident: same { $($same:ident)* } other { $($other:ident)* }) => {{
        let V1LayerParameter { $($same,)* $($other,)* } = $layer;
        let upgraded = LayerParameter { $($same,)* ..LayerParameter::default() };
        (upgraded, V1LayerParameter { $($other,)* ..V1LayerParameter::default() })
    }};
}

/// A V1 layer in the current form.
pub(super) fn upgrade_layer(layer: V1LayerParameter, path: &FieldPath, problems: &mut Vec<Problem>) -> LayerParameter {
    let (mut upgraded, rest) = take_apart!(layer:
        same {
            name bottom top include exclude blobs loss_weight
            accuracy_param argmax_param concat_param contrastive_loss_param convolution_param data_param dropout_param
            dummy_data_param eltwise_param exp_param hdf5_data_param hdf5_output_param hinge_loss_param image_data_param
            infogain_loss_param inner_product_param loss_param lrn_param memory_data_param mvn_param pooling_param
            power_param relu_param sigmoid_param slice_param softmax_param tanh_param threshold_param transform_param
            window_data_param
        }
        other { r#type param blob_share_mode blobs_lr weight_decay layer });
    upgraded.param = param_specs(rest.param, rest.blob_share_mode, rest.blobs_lr, rest.weight_decay);
    if let Some(number) = rest.r#type {
        match LayerType::try_from(number) {
            Ok(kind) => {
                upgraded.r#type = Some(type_name(kind).to_owned());
                move_transform(kind, &mut upgraded);
            }
            Err(_) => {
                let layer = upgraded.name().to_owned();
                problems.push(UpgradeError::V1Type { layer, number }.at(path.clone().field("type")));
            }
        }
    }
    upgraded
}

/// One `param` for each blob that any of the lists says something about.
pub(super) fn param_specs(
    names: Vec<String>,
    share_modes: Vec<i32>,
    lr_mults: Vec<f32>,
    decay_mults: Vec<f32>,
) -> Vec<ParamSpec> {
    let n = names.len().max(share_modes.len()).max(lr_mults.len()).max(decay_mults.len());
    let (mut names, mut share_modes) = (names.into_iter(), share_modes.into_iter());
    let (mut lr_mults, mut decay_mults) = (lr_mults.into_iter(), decay_mults.into_iter());
    let spec = || ParamSpec {
        name: names.next(),
        share_mode: share_modes.next(),
        lr_mult: lr_mults.next(),
        decay_mult: decay_mults.next(),
    };
    std::iter::repeat_with(spec).take(n).collect()
}

/// What the current form calls a type.
fn type_name(kind: LayerType) -> &'static str {
    match kind {
        LayerType::None => "",
        LayerType::Absval => "AbsVal",
        LayerType::Accuracy => "Accuracy",
        LayerType::Argmax => "ArgMax",
        LayerType::Bnll => "BNLL",
        LayerType::Concat => "Concat",
        LayerType::ContrastiveLoss => "ContrastiveLoss",
        LayerType::Convolution => "Convolution",
        LayerType::Data => "Data",
        LayerType::Deconvolution => "Deconvolution",
        LayerType::Dropout => "Dropout",
        LayerType::DummyData => "DummyData",
        LayerType::Eltwise => "Eltwise",
        LayerType::EuclideanLoss => "EuclideanLoss",
        LayerType::Exp => "Exp",
        LayerType::Flatten => "Flatten",
        LayerType::Hdf5Data => "HDF5Data",
        LayerType::Hdf5Output => "HDF5Output",
        LayerType::HingeLoss => "HingeLoss",
        LayerType::Im2col => "Im2col",
        LayerType::ImageData => "ImageData",
        LayerType::InfogainLoss => "InfogainLoss",
        LayerType::InnerProduct => "InnerProduct",
        LayerType::Lrn => "LRN",
        LayerType::MemoryData => "MemoryData",
        LayerType::MultinomialLogisticLoss => "MultinomialLogisticLoss",
        LayerType::Mvn => "MVN",
        LayerType::Pooling => "Pooling",
        LayerType::Power => "Power",
        LayerType::Relu => "ReLU",
        LayerType::Sigmoid => "Sigmoid",
        LayerType::SigmoidCrossEntropyLoss => "SigmoidCrossEntropyLoss",
        LayerType::Silence => "Silence",
        LayerType::Slice => "Slice",
        LayerType::Softmax => "Softmax",
        LayerType::SoftmaxLoss => "SoftmaxWithLoss",
        LayerType::Split => "Split",
        LayerType::Tanh => "TanH",
        LayerType::Threshold => "Threshold",
        LayerType::WindowData => "WindowData",
    }
}
