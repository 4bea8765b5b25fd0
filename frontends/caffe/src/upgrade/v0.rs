//! V0 layers: the type is a word, and the parameters of all types are in one message.

use firebrick_schemas::FieldPath;
use firebrick_schemas::caffe::{
    ConcatParameter, ConvolutionParameter, DataParameter, DropoutParameter, HDF5DataParameter, ImageDataParameter,
    InfogainLossParameter, InnerProductParameter, LRNParameter, LayerParameter, PoolingParameter,
    TransformationParameter, V0LayerParameter, V1LayerParameter, WindowDataParameter,
};

use super::UpgradeError;
use super::rest::rest;
use super::v1::param_specs;
use crate::problem::Problem;

/// A V0 type, what the current form calls it, and what moves its fields.
type Row = (&'static str, &'static str, fn(&mut V0LayerParameter, &mut LayerParameter));

/// All V0 types but `padding`, which is no layer in the current form.
const TYPES: &[Row] = &[
    ("accuracy", "Accuracy", no_fields),
    ("bnll", "BNLL", no_fields),
    ("concat", "Concat", concat),
    ("conv", "Convolution", convolution),
    ("data", "Data", data),
    ("dropout", "Dropout", dropout),
    ("euclidean_loss", "EuclideanLoss", no_fields),
    ("flatten", "Flatten", no_fields),
    ("hdf5_data", "HDF5Data", hdf5_data),
    ("hdf5_output", "HDF5Output", hdf5_output),
    ("im2col", "Im2col", no_fields),
    ("images", "ImageData", images),
    ("infogain_loss", "InfogainLoss", infogain_loss),
    ("innerproduct", "InnerProduct", inner_product),
    ("lrn", "LRN", lrn),
    ("multinomial_logistic_loss", "MultinomialLogisticLoss", no_fields),
    ("pool", "Pooling", pooling),
    ("relu", "ReLU", no_fields),
    ("sigmoid", "Sigmoid", no_fields),
    ("softmax", "Softmax", no_fields),
    ("softmax_loss", "SoftmaxWithLoss", no_fields),
    ("split", "Split", no_fields),
    ("tanh", "TanH", no_fields),
    ("window_data", "WindowData", window_data),
];

/// The types of V0 layers.
pub(super) fn type_names() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|&(kind, _, _)| kind).chain(["padding"])
}

/// A V0 layer in the current form: `inner`, and the blobs that `shell` around it connects.
pub(super) fn upgrade_layer(
    mut inner: V0LayerParameter,
    shell: V1LayerParameter,
    path: &FieldPath,
    problems: &mut Vec<Problem>,
) -> LayerParameter {
    let name = inner.name.take();
    let layer = name.clone().unwrap_or_default();
    let kind = inner.r#type.take();
    let (bottom, top) = refuse_beside(shell, &layer, path, problems);
    let mut upgraded = LayerParameter {
        name,
        bottom,
        top,
        blobs: std::mem::take(&mut inner.blobs),
        param: param_specs(
            Vec::new(),
            Vec::new(),
            std::mem::take(&mut inner.blobs_lr),
            std::mem::take(&mut inner.weight_decay),
        ),
        transform_param: transform(&mut inner),
        ..LayerParameter::default()
    };
    // A layer without a type stays one.
    let Some(kind) = kind else { return upgraded };
    let Some((_, current, move_fields)) = TYPES.iter().find(|row| row.0 == kind) else {
        problems.push(UpgradeError::V0Type { layer, kind }.at(path.clone().field("layer").field("type")));
        return upgraded;
    };
    upgraded.r#type = Some((*current).to_owned());
    refuse_negative(&inner, &layer, path, problems);
    move_fields(&mut inner, &mut upgraded);
    refuse_rest(&inner, &layer, &kind, path, problems);
    upgraded
}

/// Refuses the fields of a V0 layer that its type hasn't taken.
pub(super) fn refuse_rest(
    inner: &V0LayerParameter,
    layer: &str,
    kind: &str,
    path: &FieldPath,
    problems: &mut Vec<Problem>,
) {
    for (field, path) in rest(inner, &path.clone().field("layer")) {
        let (layer, kind) = (layer.to_owned(), kind.to_owned());
        problems.push(UpgradeError::V0Field { layer, kind, field }.at(path));
    }
}

/// The bottoms and tops of a V0 layer. Refuses V1 fields beside it.
pub(super) fn refuse_beside(
    mut shell: V1LayerParameter,
    layer: &str,
    path: &FieldPath,
    problems: &mut Vec<Problem>,
) -> (Vec<String>, Vec<String>) {
    let blobs = (std::mem::take(&mut shell.bottom), std::mem::take(&mut shell.top));
    for (field, path) in rest(&shell, path) {
        problems.push(UpgradeError::BesideV0 { layer: layer.to_owned(), field }.at(path));
    }
    blobs
}

/// Refuses sizes that the current form has as unsigned numbers.
fn refuse_negative(inner: &V0LayerParameter, layer: &str, path: &FieldPath, problems: &mut Vec<Problem>) {
    for (field, value) in [("new_height", inner.new_height), ("new_width", inner.new_width)] {
        if let Some(value) = value.filter(|&value| value < 0) {
            let error = UpgradeError::NegativeSize { layer: layer.to_owned(), field, value };
            problems.push(error.at(path.clone().field("layer").field(field)));
        }
    }
}

/// A message, if anything is in it.
fn given<M: Default + PartialEq>(message: M) -> Option<Box<M>> {
    (message != M::default()).then(|| Box::new(message))
}

/// Preprocessing, which Caffe moves whatever the type.
fn transform(inner: &mut V0LayerParameter) -> Option<Box<TransformationParameter>> {
    given(TransformationParameter {
        scale: inner.scale.take(),
        mean_file: inner.meanfile.take(),
        crop_size: inner.cropsize.take(),
        mirror: inner.mirror.take(),
        ..TransformationParameter::default()
    })
}

fn no_fields(_: &mut V0LayerParameter, _: &mut LayerParameter) {}

fn convolution(inner: &mut V0LayerParameter, upgraded: &mut LayerParameter) {
    upgraded.convolution_param = given(ConvolutionParameter {
        num_output: inner.num_output.take(),
        bias_term: inner.biasterm.take(),
        pad: inner.pad.take().into_iter().collect(),
        kernel_size: inner.kernelsize.take().into_iter().collect(),
        stride: inner.stride.take().into_iter().collect(),
        group: inner.group.take(),
        weight_filler: inner.weight_filler.take(),
        bias_filler: inner.bias_filler.take(),
        ..ConvolutionParameter::default()
    });
}

fn inner_product(inner: &mut V0LayerParameter, upgraded: &mut LayerParameter) {
    upgraded.inner_product_param = given(InnerProductParameter {
        num_output: inner.num_output.take(),
        bias_term: inner.biasterm.take(),
        weight_filler: inner.weight_filler.take(),
        bias_filler: inner.bias_filler.take(),
        ..InnerProductParameter::default()
    });
}

fn pooling(inner: &mut V0LayerParameter, upgraded: &mut LayerParameter) {
    upgraded.pooling_param = given(PoolingParameter {
        pool: inner.pool.take(),
        pad: inner.pad.take(),
        kernel_size: inner.kernelsize.take(),
        stride: inner.stride.take(),
        ..PoolingParameter::default()
    });
}

fn lrn(inner: &mut V0LayerParameter, upgraded: &mut LayerParameter) {
    upgraded.lrn_param = given(LRNParameter {
        local_size: inner.local_size.take(),
        alpha: inner.alpha.take(),
        beta: inner.beta.take(),
        k: inner.k.take(),
        ..LRNParameter::default()
    });
}

fn dropout(inner: &mut V0LayerParameter, upgraded: &mut LayerParameter) {
    upgraded.dropout_param = given(DropoutParameter { dropout_ratio: inner.dropout_ratio.take() });
}

fn concat(inner: &mut V0LayerParameter, upgraded: &mut LayerParameter) {
    upgraded.concat_param =
        given(ConcatParameter { concat_dim: inner.concat_dim.take(), ..ConcatParameter::default() });
}

fn infogain_loss(inner: &mut V0LayerParameter, upgraded: &mut LayerParameter) {
    upgraded.infogain_loss_param =
        given(InfogainLossParameter { source: inner.source.take(), ..InfogainLossParameter::default() });
}

fn data(inner: &mut V0LayerParameter, upgraded: &mut LayerParameter) {
    upgraded.data_param = given(DataParameter {
        source: inner.source.take(),
        batch_size: inner.batchsize.take(),
        rand_skip: inner.rand_skip.take(),
        ..DataParameter::default()
    });
}

fn images(inner: &mut V0LayerParameter, upgraded: &mut LayerParameter) {
    // Negative sizes have been refused.
    let size = |size: Option<i32>| size.and_then(|size| u32::try_from(size).ok());
    upgraded.image_data_param = given(ImageDataParameter {
        source: inner.source.take(),
        batch_size: inner.batchsize.take(),
        rand_skip: inner.rand_skip.take(),
        shuffle: inner.shuffle_images.take(),
        new_height: size(inner.new_height.take()),
        new_width: size(inner.new_width.take()),
        ..ImageDataParameter::default()
    });
}

fn window_data(inner: &mut V0LayerParameter, upgraded: &mut LayerParameter) {
    upgraded.window_data_param = given(WindowDataParameter {
        source: inner.source.take(),
        batch_size: inner.batchsize.take(),
        fg_threshold: inner.det_fg_threshold.take(),
        bg_threshold: inner.det_bg_threshold.take(),
        fg_fraction: inner.det_fg_fraction.take(),
        context_pad: inner.det_context_pad.take(),
        crop_mode: inner.det_crop_mode.take(),
        ..WindowDataParameter::default()
    });
}

fn hdf5_data(inner: &mut V0LayerParameter, upgraded: &mut LayerParameter) {
    upgraded.hdf5_data_param = given(HDF5DataParameter {
        source: inner.source.take(),
        batch_size: inner.batchsize.take(),
        ..HDF5DataParameter::default()
    });
}

fn hdf5_output(inner: &mut V0LayerParameter, upgraded: &mut LayerParameter) {
    upgraded.hdf5_output_param = inner.hdf5_output_param.take();
}
