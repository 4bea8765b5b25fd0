//! Old prototxts and what they become.

use bytes::Bytes;
use firebrick_schemas::FieldPath;
use firebrick_schemas::caffe::{
    BlobProto, LayerParameter, LayerType, NetParameter, V0LayerParameter, V1LayerParameter,
};

use super::v0::type_names;
use super::{UpgradeError, upgrade};
use crate::net::Net;
use crate::problem::{At, Problem};
use crate::text::Document;

fn read(text: &str) -> (Document, Result<Net, Vec<Problem>>) {
    let document = Document::parse("net.prototxt", text).expect("the test's text has no syntax error");
    let net = document.bind::<NetParameter>().expect("the test's fields exist");
    (document, upgrade(net))
}

/// Compares what a prototxt becomes with the snapshot of that name.
fn check(name: &str, text: &str) {
    check_shown(name, &shown(text));
}

fn check_shown(name: &str, shown: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(name, shown));
}

/// The layers that a prototxt becomes, one a line with its place, or else its errors.
fn shown(text: &str) -> String {
    match read(text) {
        (_, Ok(net)) => net.layers.iter().map(|layer| format!("{}: {}\n", layer.path, compact(&layer.param))).collect(),
        (document, Err(problems)) => {
            let place = |at: &At| match at {
                At::Definition(path) | At::Weights(path) => document.place(path),
            };
            problems.into_iter().map(|problem| problem.diagnostic(place).render(false) + "\n\n").collect()
        }
    }
}

/// The fields that a layer has, in one line.
fn compact(layer: &LayerParameter) -> String {
    let debug = format!("{layer:#?}");
    let lines = debug.lines().map(str::trim).filter(|line| {
        let is_absent = line.ends_with(": None,") || line.ends_with(": [],");
        let ends_some = matches!(*line, ")" | "),");
        !is_absent && !ends_some
    });
    let pieces: Vec<&str> = lines
        .map(|line| match line.strip_suffix(" {") {
            Some(message) if !message.contains(':') => "{",
            Some(_) | None => line.trim_end_matches(" Some("),
        })
        .collect();
    pieces.join(" ").replace(", }", " }").replace("[ ", "[").replace(", ]", "]").replace("r#type", "type")
}

#[test]
fn v0_net() {
    check(
        "v0_net",
        r#"
        name: "old"
        input: "data" input_dim: 10 input_dim: 3 input_dim: 227 input_dim: 227
        layers {
          layer {
            name: "conv1" type: "conv" num_output: 96 kernelsize: 11 stride: 4 group: 2 pad: 1 biasterm: false
            weight_filler { type: "gaussian" std: 0.01 } bias_filler { type: "constant" value: 1 }
            blobs_lr: 1 blobs_lr: 2 weight_decay: 1
          }
          bottom: "data" top: "conv1"
        }
        layers { layer { name: "relu1" type: "relu" } bottom: "conv1" top: "conv1" }
        layers { layer { name: "pool1" type: "pool" pool: AVE kernelsize: 3 stride: 2 pad: 1 } bottom: "conv1" top: "pool1" }
        layers { layer { name: "norm1" type: "lrn" local_size: 3 alpha: 0.1 beta: 0.5 k: 2 } bottom: "pool1" top: "norm1" }
        layers { layer { name: "cat" type: "concat" concat_dim: 0 } bottom: "norm1" bottom: "norm1" top: "cat" }
        layers {
          layer {
            name: "fc" type: "innerproduct" num_output: 5 biasterm: true
            weight_filler { type: "xavier" } bias_filler { value: 2 }
          }
          bottom: "cat" top: "fc"
        }
        layers { layer { name: "drop" type: "dropout" dropout_ratio: 0.25 } bottom: "fc" top: "fc" }
        layers { layer { name: "prob" type: "softmax" } bottom: "fc" top: "prob" }
        "#,
    );
}

#[test]
fn v0_data_layers() {
    check(
        "v0_data_layers",
        r#"
        layers {
          layer {
            name: "d" type: "data" source: "db" meanfile: "mean" batchsize: 8 cropsize: 227 mirror: true scale: 0.5
            rand_skip: 3
          }
          top: "data" top: "label"
        }
        layers {
          layer {
            name: "i" type: "images" source: "list" batchsize: 8 rand_skip: 3 shuffle_images: true new_height: 256
            new_width: 255
          }
          top: "i"
        }
        layers {
          layer {
            name: "w" type: "window_data" source: "windows" batchsize: 8 det_fg_threshold: 0.1 det_bg_threshold: 0.2
            det_fg_fraction: 0.3 det_context_pad: 16 det_crop_mode: "square" cropsize: 227
          }
          top: "w"
        }
        layers { layer { name: "h" type: "hdf5_data" source: "list" batchsize: 8 } top: "h" }
        layers { layer { name: "loss" type: "infogain_loss" source: "matrix" } bottom: "h" bottom: "w" }
        layers { layer { name: "out" type: "hdf5_output" hdf5_output_param { file_name: "f" } } bottom: "h" }
        "#,
    );
}

#[test]
fn v0_types_without_fields() {
    let layers = type_names().filter(|kind| *kind != "padding");
    let net: String = layers.map(|kind| format!("layers {{ layer {{ type: {kind:?} }} }}\n")).collect();
    check("v0_types_without_fields", &net);
}

#[test]
fn v0_padding_becomes_the_readers() {
    check(
        "v0_padding_becomes_the_readers",
        r#"
        input: "data"
        layers { layer { name: "pad1" type: "padding" pad: 2 } bottom: "data" top: "padded" }
        layers { layer { name: "conv1" type: "conv" num_output: 1 kernelsize: 5 } bottom: "padded" top: "conv1" }
        layers { layer { name: "pool1" type: "pool" kernelsize: 3 } bottom: "padded" top: "pool1" }
        layers { layer { name: "pad2" type: "padding" pad: 1 } bottom: "conv1" top: "conv1" }
        layers { layer { name: "conv2" type: "conv" num_output: 1 kernelsize: 3 } bottom: "conv1" top: "conv1" }
        layers { layer { name: "relu2" type: "relu" } bottom: "conv1" top: "conv1" }
        layers { layer { name: "pad3" type: "padding" } bottom: "conv1" top: "pad3" }
        layers { layer { name: "conv3" type: "conv" num_output: 1 kernelsize: 3 pad: 4 } bottom: "pad3" top: "conv3" }
        "#,
    );
}

#[test]
fn v0_padding_errors() {
    check(
        "v0_padding_errors",
        r#"
        layers { layer { name: "pad" type: "padding" pad: 2 stride: 2 } bottom: "data" top: "padded" }
        layers { layer { name: "relu" type: "relu" } bottom: "padded" top: "relu" }
        layers { name: "v1" type: POOLING bottom: "padded" top: "v1" }
        layers { layer { name: "two" type: "conv" } bottom: "padded" bottom: "relu" top: "two" }
        layers { layer { name: "twice" type: "conv" pad: 1 } bottom: "padded" top: "twice" }
        layers { layer { name: "pad2" type: "padding" } bottom: "data" bottom: "relu" }
        "#,
    );
}

#[test]
fn v0_errors() {
    check(
        "v0_errors",
        r#"
        layers { layer { name: "a" type: "pool" num_output: 3 blobs_lr: 1 kernelsize: 2 } bottom: "data" top: "a" }
        layers { layer { name: "b" type: "convolution" } }
        layers { layer { name: "c" type: "images" new_height: -1 } }
        layers { layer { name: "d" type: "relu" } include { phase: TEST } loss_weight: 1 }
        layers { layer { name: "e" type: "data" new_channels: 3 } }
        "#,
    );
}

#[test]
fn v1_net() {
    check(
        "v1_net",
        r#"
        input: "data" input_shape { dim: 1 dim: 3 dim: 9 dim: 8 }
        layers {
          name: "conv1" type: CONVOLUTION bottom: "data" top: "conv1"
          blobs_lr: 1 blobs_lr: 2 weight_decay: 1 param: "w" blob_share_mode: STRICT blob_share_mode: PERMISSIVE
          blob_share_mode: STRICT
          convolution_param { num_output: 8 kernel_size: 3 }
        }
        layers {
          name: "pool1" type: POOLING bottom: "conv1" top: "pool1" pooling_param { pool: MAX kernel_size: 3 stride: 2 }
        }
        layers { name: "slice" type: SLICE bottom: "pool1" top: "a" top: "b" slice_param { slice_dim: 1 slice_point: 3 } }
        layers { name: "cat" type: CONCAT bottom: "a" bottom: "b" top: "cat" concat_param { concat_dim: 0 } }
        layers {
          name: "loss" type: SOFTMAX_LOSS bottom: "cat" bottom: "label" loss_weight: 2
          include { phase: TRAIN } exclude { stage: "deploy" } loss_param { ignore_label: 255 }
        }
        layers { name: "untyped" }
        "#,
    );
}

#[test]
fn v1_types() {
    let layers = LayerType::DESCRIPTOR.values.iter();
    let net: String = layers.map(|(kind, _)| format!("layers {{ name: {kind:?} type: {kind} }}\n")).collect();
    check("v1_types", &net);
}

#[test]
fn v1_data_layers() {
    check(
        "v1_data_layers",
        r#"
        layers { name: "a" type: DATA data_param { source: "db" scale: 0.5 mean_file: "m" crop_size: 9 mirror: true } }
        layers {
          name: "b" type: IMAGE_DATA image_data_param { scale: 0.5 crop_size: 9 }
          transform_param { scale: 2 mirror: true }
        }
        layers { name: "c" type: WINDOW_DATA window_data_param { crop_size: 9 } image_data_param { scale: 3 } }
        layers { name: "d" type: DATA data_param { source: "db" } }
        "#,
    );
}

#[test]
fn data_fields_of_current_layers_stay() {
    check("data_fields_of_current_layers_stay", r#"layer { name: "a" type: "Data" data_param { scale: 0.5 } }"#);
}

#[test]
fn inputs() {
    check(
        "input_dims",
        r#"
        input: "data" input: "info" input_dim: [1, 3, 4, 5] input_dim: [1, 3, 1, 1]
        layer { name: "sum" type: "Eltwise" bottom: "data" bottom: "info" top: "sum" }
        "#,
    );
    check("input_shapes", r#"input: "a" input: "b" input_shape { dim: 0 dim: 2 } input_shape { }"#);
    check("inputs_without_shapes", r#"input: "data""#);
}

#[test]
fn input_errors() {
    let nets = [
        r#"input: "a" input: "b" input_dim: 1 input_dim: 2 input_dim: 3 input_dim: 4 input_dim: 5"#,
        r#"input: "a" input_dim: [1, 2, 3, 4, 5]"#,
        r#"input: "a" input: "b" input_shape { dim: 1 }"#,
        r#"input: "a" input_shape { dim: 1 } input_shape { dim: 2 }"#,
        r#"input: "a" input_shape { dim: 1 } input_dim: [1, 2, 3, 4]"#,
        r#"input: "a" input: "b" input_dim: [1, 2, 3, 4, 1, -2, 3, -4]"#,
        r#"input: "a" input_shape { dim: 1 dim: -2 }"#,
        "input_dim: 1",
        "input_shape { dim: 1 }",
    ];
    check_shown("input_errors", &nets.map(shown).concat());
}

#[test]
fn both_forms() {
    check("both_forms", "layer { name: \"a\" type: \"ReLU\" }\nlayers { name: \"b\" type: RELU }");
}

#[test]
fn name_and_stages() {
    let text =
        r#"name: "net" force_backward: true debug_info: true state { phase: TRAIN level: 3 stage: "a" stage: "b" }"#;
    let (_, net) = read(text);
    let Net { name, stages, layers, left_out: _ } = net.expect("the net has nothing that could be wrong");
    assert_eq!((name.as_str(), stages, layers), ("net", vec!["a".to_owned(), "b".to_owned()], Vec::new()));
}

#[test]
fn unknown_type_number() {
    let layer = V1LayerParameter { name: Some("a".to_owned()), r#type: Some(40), ..V1LayerParameter::default() };
    let problems = upgrade(NetParameter { layers: vec![layer], ..NetParameter::default() }).expect_err("no type is 40");
    let error = UpgradeError::V1Type { layer: "a".to_owned(), number: 40 };
    assert_eq!(problems, [error.at(FieldPath::root().nth("layers", 0).field("type"))]);
}

#[test]
fn weights_are_not_copied() {
    let data = Bytes::from_static(&[0; 8]);
    let blob = || vec![BlobProto { data: vec![data.clone()], ..BlobProto::default() }];
    let inner = V0LayerParameter { r#type: Some("conv".to_owned()), blobs: blob(), ..V0LayerParameter::default() };
    let v0 = V1LayerParameter { layer: Some(Box::new(inner)), ..V1LayerParameter::default() };
    let v1 = V1LayerParameter { blobs: blob(), ..V1LayerParameter::default() };
    let net = NetParameter { layers: vec![v0, v1], ..NetParameter::default() };
    let net = upgrade(net).expect("the net has nothing that could be wrong");
    let blobs: Vec<*const u8> = net
        .layers
        .iter()
        .flat_map(|layer| &layer.param.blobs)
        .flat_map(|blob| &blob.data)
        .map(|data| data.as_ptr())
        .collect();
    assert_eq!(blobs, [data.as_ptr(); 2]);
}
