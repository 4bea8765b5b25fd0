//! What layers become: elementwise ones, those that move elements, and those that data comes from.

use bytes::Bytes;
use firebrick_caffe::{Definition, Options, import, mean_image};
use firebrick_diagnostics::Report;
use firebrick_schemas::caffe::{BlobProto, BlobShape};
use prost::Message;

/// Compares what small nets become, or what is said about them, with the snapshot of that name.
///
/// A case is the net's inputs, `name dims; name dims`, and its layers.
fn check(name: &str, cases: &[(&str, &str)]) {
    check_with(name, &Options::default(), cases);
}

fn check_with(name: &str, options: &Options, cases: &[(&str, &str)]) {
    let shown: Vec<String> = cases
        .iter()
        .map(|(inputs, layers)| {
            let result = show(inputs, layers, options).unwrap_or_else(|report| format!("{report}\n"));
            format!("# {inputs}\n# {}\n{result}", layers.replace('\n', "\n# "))
        })
        .collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, shown.join("\n")));
}

fn show(inputs: &str, layers: &str, options: &Options) -> Result<String, Report> {
    let inputs: String = inputs.split(';').filter(|input| !input.trim().is_empty()).map(input_layer).collect();
    let definition = Definition::read_text("net.prototxt", format!("{inputs}\n{layers}\n").as_bytes())?;
    let imported = import(&definition, None, options)?;
    let mut shown = imported.graph.to_string();
    for (input, preprocess) in &imported.preprocessing {
        shown += &format!("{input}: {preprocess:?}\n");
    }
    for note in &imported.notes {
        shown += &format!("{note}\n");
    }
    Ok(shown)
}

fn input_layer(input: &str) -> String {
    let mut words = input.split_whitespace();
    let name = words.next().unwrap_or_default();
    let dims = words.map(|dim| format!(" dim: {dim}")).collect::<String>();
    format!("layer {{ name: '{name}' type: 'Input' top: '{name}' input_param {{ shape {{{dims} }} }} }} ")
}

/// One layer `l` that reads `x` and writes `y`.
macro_rules! layer {
    ($kind:literal) => {
        layer!($kind, "")
    };
    ($kind:literal, $fields:literal) => {
        concat!("layer { name: 'l' type: '", $kind, "' bottom: 'x' top: 'y' ", $fields, " }")
    };
}

const X: &str = "x 2 6 4 5";

#[test]
fn activations() {
    check(
        "activations",
        &[
            (X, layer!("AbsVal")),
            (X, layer!("BNLL")),
            (X, layer!("Clip", "clip_param { min: -1 max: 2 }")),
            (X, layer!("Clip", "clip_param { min: 2 max: -1 }")),
            (X, layer!("Dropout")),
            (X, layer!("ELU")),
            (X, layer!("ELU", "elu_param { alpha: 0.5 }")),
            (X, layer!("ReLU", "relu_param { engine: CUDNN }")),
            (X, layer!("ReLU", "relu_param { negative_slope: 0.1 }")),
            (X, layer!("ReLU6")),
            (X, layer!("Sigmoid")),
            (X, layer!("Swish")),
            (X, layer!("Swish", "swish_param { beta: 2 }")),
            (X, layer!("TanH")),
            (X, layer!("Threshold", "threshold_param { threshold: 0.5 }")),
            (X, "layer { name: 'l' type: 'ReLU' bottom: 'x' top: 'x' }"),
            ("x 3", layer!("Sigmoid")),
        ],
    );
    check(
        "activations_refused",
        &[
            (X, "layer { name: 'l' type: 'AbsVal' bottom: 'x' top: 'x' }"),
            (X, layer!("Clip")),
            (X, layer!("Dropout", "dropout_param { dropout_ratio: 1 }")),
            (X, layer!("ReLU6", "relu_param { negative_slope: 0.1 }")),
            (X, "layer { name: 'l' type: 'ReLU' bottom: 'x' top: 'y' top: 'z' }"),
        ],
    );
}

#[test]
fn prelu() {
    check(
        "prelu",
        &[
            (X, layer!("PReLU")),
            (X, layer!("PReLU", "prelu_param { channel_shared: true }")),
            ("x 2 3", layer!("PReLU")),
            ("x 2", layer!("PReLU")),
        ],
    );
    let random = Options { random_weights: Some(1), ..Options::default() };
    check_with("prelu_filled", &random, &[("x 2 3", layer!("PReLU"))]);
}

#[test]
fn powers() {
    check(
        "powers",
        &[
            (X, layer!("Power")),
            (X, layer!("Power", "power_param { power: 2 scale: 0.5 shift: 1 }")),
            (X, layer!("Power", "power_param { scale: 3 }")),
            (X, layer!("Power", "power_param { power: 0 }")),
            (X, layer!("Power", "power_param { scale: 0 shift: 3 power: 2 }")),
            (X, layer!("Exp")),
            (X, layer!("Exp", "exp_param { scale: 2 shift: 1 }")),
            (X, layer!("Exp", "exp_param { base: 2 shift: 3 }")),
            (X, layer!("Exp", "exp_param { base: 1 }")),
            (X, layer!("Exp", "exp_param { base: 0 }")),
            (X, layer!("Log")),
            (X, layer!("Log", "log_param { base: 2 scale: 3 shift: 1 }")),
            (X, layer!("Log", "log_param { base: 1 }")),
            (X, layer!("Log", "log_param { base: -2 }")),
        ],
    );
}

#[test]
fn joins() {
    let two = |kind: &str, fields: &str| {
        format!("layer {{ name: 'l' type: '{kind}' bottom: 'x' bottom: 'z' top: 'y' {fields} }}")
    };
    check(
        "joins",
        &[
            ("x 2 3 4 5; z 2 6 4 5", &two("Concat", "")),
            ("x 2 3 4 5; z 2 3 4 1", &two("Concat", "concat_param { axis: -1 }")),
            ("x 2 3 4 5; z 1 3 4 5", &two("Concat", "concat_param { concat_dim: 0 }")),
            (X, layer!("Concat")),
            ("x 2 3; z 2 3", &two("Eltwise", "")),
            ("x 2 3; z 2 3", &two("Eltwise", "eltwise_param { coeff: 1 coeff: -1 }")),
            ("x 2 3; z 2 3", &two("Eltwise", "eltwise_param { operation: PROD stable_prod_grad: false }")),
            ("x 2 3; z 2 3", &two("Eltwise", "eltwise_param { operation: MAX }")),
            (
                "x 2 3; z 2 3",
                "layer { name: 'l' type: 'Eltwise' bottom: 'x' bottom: 'z' bottom: 'x' top: 'y' eltwise_param { coeff: [1, 2, 3] } }",
            ),
            (
                "s 2 6; x 2 6 4 5; z 2 6 4 5",
                "layer { name: 'l' type: 'Axpy' bottom: 's' bottom: 'x' bottom: 'z' top: 'y' }",
            ),
            (
                "s 2 6 1 1; x 2 6 4 5; z 2 6 4 5",
                "layer { name: 'l' type: 'Axpy' bottom: 's' bottom: 'x' bottom: 'z' top: 'y' }",
            ),
        ],
    );
    check(
        "joins_refused",
        &[
            ("x 2 3 4 5; z 2 3 4 5", &two("Concat", "concat_param { axis: 1 concat_dim: 1 }")),
            ("x 2 3; z 2 3", &two("Concat", "concat_param { axis: 2 }")),
            ("x 2 3; z 2 3", &two("Concat", "concat_param { concat_dim: 4294967295 }")),
            ("x 2 3; z 1 3", &two("Concat", "")),
            ("x 2 3; z 1 3", &two("Eltwise", "")),
            ("x 2 3; z 2 3", &two("Eltwise", "eltwise_param { coeff: 1 }")),
            ("x 2 3; z 2 3", &two("Eltwise", "eltwise_param { operation: PROD coeff: 1 coeff: 1 }")),
            ("x 2 3", layer!("Eltwise")),
            (
                "s 2 5; x 2 6 4 5; z 2 6 4 5",
                "layer { name: 'l' type: 'Axpy' bottom: 's' bottom: 'x' bottom: 'z' top: 'y' }",
            ),
        ],
    );
}

#[test]
fn parts() {
    let slice = |tops: &str, fields: &str| {
        format!("layer {{ name: 'l' type: 'Slice' bottom: 'x' {tops} slice_param {{ {fields} }} }}")
    };
    let crop = |fields: &str| {
        format!("layer {{ name: 'l' type: 'Crop' bottom: 'x' bottom: 'z' top: 'y' crop_param {{ {fields} }} }}")
    };
    check(
        "parts",
        &[
            (X, &slice("top: 'a' top: 'b' top: 'c'", "slice_point: 1 slice_point: 4")),
            (X, &slice("top: 'a' top: 'b'", "axis: -2")),
            (X, &slice("top: 'a' top: 'b'", "slice_dim: 2")),
            (X, &slice("top: 'a'", "")),
            ("x 2 6 9 11; z 2 3 5 6", &crop("offset: 1 offset: 2")),
            ("x 2 6 9 11; z 2 3 5 6", &crop("offset: 3")),
            ("x 2 6 9 11; z 2 3 9 6", &crop("axis: 1")),
            ("x 2 6 9 11; z 1 1 9 6", &crop("axis: -1")),
            ("x 2 6 9 11; z 1 1 9 11", &crop("")),
            (X, "layer { name: 'l' type: 'Split' bottom: 'x' top: 'a' top: 'b' }"),
            (X, "layer { name: 'l' type: 'Silence' bottom: 'x' }"),
        ],
    );
    check(
        "parts_refused",
        &[
            (X, &slice("top: 'a' top: 'b'", "axis: 1 slice_dim: 1")),
            (X, &slice("top: 'a' top: 'b'", "slice_point: 1 slice_point: 2")),
            (X, &slice("top: 'a' top: 'b' top: 'c'", "slice_point: 4 slice_point: 4")),
            (X, &slice("top: 'a' top: 'b'", "slice_point: 7")),
            (X, &slice("top: 'a' top: 'b' top: 'c'", "axis: 0 slice_point: [1, 2]")),
            (X, &slice("top: 'a' top: 'b' top: 'c' top: 'd'", "")),
            ("x 2 6 9 11; z 2 3 5 6", &crop("offset: 5")),
            ("x 2 6 9 11; z 2 3 5 6", &crop("offset: 1 offset: 2 offset: 3")),
            ("x 2 6 9 11; z 2 3", &crop("")),
            ("x 2 6 9 11; z 2 3 5 6", &crop("axis: 4")),
            ("x 2 6 9 11; z 2 3 5 6", &crop("offset: 4294967295")),
        ],
    );
}

#[test]
fn shapes() {
    check(
        "shapes",
        &[
            (X, layer!("Flatten")),
            (X, layer!("Flatten", "flatten_param { axis: 0 end_axis: 1 }")),
            (X, layer!("Flatten", "flatten_param { axis: -2 }")),
            (X, layer!("Flatten", "flatten_param { axis: 2 end_axis: 1 }")),
            ("x 2 3", layer!("Flatten")),
            (X, layer!("Reshape", "reshape_param { shape { dim: 0 dim: -1 dim: 5 } }")),
            (X, layer!("Reshape", "reshape_param { shape { dim: -1 dim: 3 } axis: 1 num_axes: 1 }")),
            (X, layer!("Reshape", "reshape_param { shape { dim: 1 } axis: -1 num_axes: 0 }")),
            (X, layer!("Reshape", "reshape_param { shape { dim: 1 dim: 2 } axis: 0 num_axes: 1 }")),
            (X, layer!("Reshape", "reshape_param { shape { dim: 4 dim: -1 } axis: -3 num_axes: 2 }")),
            ("x 1", layer!("Reshape")),
            (X, layer!("Tile", "tile_param { tiles: 3 }")),
            (X, layer!("Tile", "tile_param { axis: -1 tiles: 2 }")),
            (X, layer!("Permute", "permute_param { order: 0 order: 2 order: 3 order: 1 }")),
            (X, layer!("Permute", "permute_param { order: 3 }")),
            (X, layer!("Permute", "permute_param { order: [0, 1] }")),
            (X, layer!("ShuffleChannel", "shuffle_channel_param { group: 3 }")),
        ],
    );
    check(
        "shapes_refused",
        &[
            (X, "layer { name: 'l' type: 'Flatten' bottom: 'x' top: 'x' }"),
            (X, "layer { name: 'l' type: 'LRN' bottom: 'x' top: 'x' }"),
            (X, layer!("Flatten", "flatten_param { axis: 3 end_axis: 1 }")),
            (X, layer!("Reshape")),
            (X, layer!("Reshape", "reshape_param { shape { dim: -1 dim: -1 } }")),
            (X, layer!("Reshape", "reshape_param { shape { dim: 7 dim: -1 } }")),
            (X, layer!("Reshape", "reshape_param { shape { dim: 7 } }")),
            (X, layer!("Reshape", "reshape_param { shape { dim: -2 } }")),
            (X, layer!("Reshape", "reshape_param { shape { dim: 1 dim: 0 } axis: 4 }")),
            (X, layer!("Reshape", "reshape_param { axis: -6 }")),
            (X, layer!("Reshape", "reshape_param { axis: 2 num_axes: 3 }")),
            (X, layer!("Reshape", "reshape_param { num_axes: -2 }")),
            (X, layer!("Reshape", "reshape_param { shape { dim: 9223372036854775807 dim: 9223372036854775807 } }")),
            (X, layer!("Tile")),
            (X, layer!("Tile", "tile_param { tiles: -1 }")),
            (X, layer!("Permute", "permute_param { order: 4 }")),
            (X, layer!("Permute", "permute_param { order: [1, 1] }")),
            (X, layer!("ShuffleChannel", "shuffle_channel_param { group: 4 }")),
        ],
    );
}

#[test]
fn reductions() {
    check(
        "reductions",
        &[
            (X, layer!("Softmax")),
            (X, layer!("Softmax", "softmax_param { axis: -1 }")),
            (X, layer!("ArgMax")),
            (X, layer!("ArgMax", "argmax_param { top_k: 3 out_max_val: true }")),
            (X, layer!("ArgMax", "argmax_param { axis: -2 top_k: 2 }")),
            (X, layer!("ArgMax", "argmax_param { axis: 1 out_max_val: true }")),
            ("x 2 6", layer!("ArgMax")),
            ("x 2", layer!("ArgMax", "argmax_param { out_max_val: true }")),
            (X, layer!("Reduction")),
            (X, layer!("Reduction", "reduction_param { operation: ASUM axis: 1 coeff: 0.5 }")),
            (X, layer!("Reduction", "reduction_param { operation: SUMSQ axis: -1 }")),
            (X, layer!("Reduction", "reduction_param { operation: MEAN axis: 2 }")),
            ("x 5 3; i 4", "layer { name: 'l' type: 'BatchReindex' bottom: 'x' bottom: 'i' top: 'y' }"),
        ],
    );
    check(
        "reductions_refused",
        &[
            (X, layer!("Softmax", "softmax_param { axis: 4 }")),
            (X, layer!("ArgMax", "argmax_param { top_k: 0 }")),
            (X, layer!("ArgMax", "argmax_param { top_k: 121 }")),
            (X, layer!("ArgMax", "argmax_param { axis: 0 top_k: 3 }")),
            (X, layer!("Reduction", "reduction_param { axis: -5 }")),
            ("x 5 3; i 4 1", "layer { name: 'l' type: 'BatchReindex' bottom: 'x' bottom: 'i' top: 'y' }"),
        ],
    );
}

#[test]
fn detection() {
    let prior_box = |fields: &str| {
        format!(
            "layer {{ name: 'l' type: 'PriorBox' bottom: 'x' bottom: 'z' top: 'y' prior_box_param {{ {fields} }} }}"
        )
    };
    let detection_output = |fields: &str| {
        format!(
            "layer {{ name: 'l' type: 'DetectionOutput' bottom: 'x' bottom: 'z' bottom: 'p' top: 'y' detection_output_param {{ {fields} }} }}"
        )
    };
    check(
        "detection",
        &[
            ("x 1 4 1 1; z 1 3 8 16", &prior_box("min_size: 4")),
            ("x 1 4 1 1; z 1 3 8 8", &prior_box("min_size: 4.9 max_size: 9.5 aspect_ratio: [4, 1] flip: false clip: false")),
            (
                "x 1 4 1 2; z 1 3 8 8",
                &prior_box("min_size: 4 aspect_ratio: [2, 0.5, 2] img_h: 10 img_w: 20 step_h: 10 step_w: 8 offset: 0.25"),
            ),
            ("x 1 4 2 1; z 1 3 8 8", &prior_box("min_size: [2, 3] variance: [0.1, 0.1, 0.2, 0.2] img_size: 16 step: 8")),
            ("x 1 8; z 1 6; p 1 2 8", &detection_output("num_classes: 3")),
            (
                "x 1 8; z 1 6; p 1 2 8",
                &detection_output(
                    "num_classes: 3 share_location: true background_label_id: 1 nms_param { nms_threshold: 0.45 top_k: 400 eta: 0.9 }
                     code_type: CENTER_SIZE variance_encoded_in_target: true keep_top_k: 200 confidence_threshold: 0.01",
                ),
            ),
        ],
    );
    check(
        "detection_refused",
        &[
            ("x 1 4 1 1; z 1 3 8 8", &prior_box("")),
            ("x 1 4 1 1; z 1 3 8 8", &prior_box("min_size: 0")),
            ("x 1 4 1 1; z 1 3 8 8", &prior_box("min_size: 4 max_size: 4")),
            ("x 1 4 1 1; z 1 3 8 8", &prior_box("min_size: 4 max_size: [5, 6]")),
            ("x 1 4 1 1; z 1 3 8 8", &prior_box("min_size: 4 variance: [1, 2]")),
            ("x 1 4 1 1; z 1 3 8 8", &prior_box("min_size: 4 variance: -1")),
            ("x 1 4 1 1; z 1 3 8 8", &prior_box("min_size: 4 img_size: 4 img_h: 4")),
            ("x 1 4 1 1; z 1 3 8 8", &prior_box("min_size: 4 img_h: 4")),
            ("x 1 4 1 1; z 1 3 8 8", &prior_box("min_size: 4 step: 1 step_h: 1")),
            ("x 1 4 1 1; z 1 3 8 8", &prior_box("min_size: 4 step: -1")),
            ("x 1 1 30000 30000; z 1 3 8 8", &prior_box("min_size: 4")),
            ("x 1 4 1 1 1; z 1 3 8 8", &prior_box("min_size: 4")),
            ("x 1 8; z 1 6; p 1 2 8", &detection_output("")),
            ("x 1 8; z 1 6; p 1 2 8", &detection_output("num_classes: 3 nms_param { eta: 0 }")),
            ("x 1 8; z 1 6; p 1 2 8", &detection_output("num_classes: 3 nms_param { nms_threshold: -1 }")),
            ("x 1 8; z 1 6; p 1 2 8", &detection_output("num_classes: 4")),
        ],
    );
}

/// A data layer, and a layer that reads its first top.
fn read_layer(kind: &str, fields: &str) -> String {
    format!(
        "layer {{ name: 'd' type: '{kind}' top: 'data' top: 'label' {fields} }}\n\
         layer {{ name: 'r' type: 'ReLU' bottom: 'data' top: 'r' }}"
    )
}

#[test]
fn data() {
    let no_inputs = "";
    check(
        "data",
        &[
            (no_inputs, "layer { name: 'd' type: 'Input' top: 'a' top: 'b' input_param { shape { dim: 2 dim: 3 } } }"),
            (
                no_inputs,
                "layer { name: 'd' type: 'Input' top: 'a' top: 'b' input_param { shape { dim: 2 } shape { } }
                 transform_param { scale: 0.5 mean_value: 128 mirror: true } }",
            ),
            (no_inputs, &read_layer("Data", "data_param { batch_size: 4 } transform_param { crop_size: 7 }")),
            (
                no_inputs,
                &read_layer(
                    "Data",
                    "data_param { batch_size: 4 crop_size: 3 } transform_param { crop_size: 7 mean_value: [1, 2, 3] scale: 0.5 }",
                ),
            ),
            (
                no_inputs,
                &read_layer(
                    "AnnotatedData",
                    "data_param { batch_size: 4 } transform_param { crop_size: 7 force_gray: true mean_file: 'm.binaryproto' }",
                ),
            ),
            (
                no_inputs,
                "layer { name: 'd' type: 'Data' top: 'data' top: 'label' data_param { batch_size: 4 } }
                 layer { name: 'r' type: 'ReLU' bottom: 'label' top: 'r' }",
            ),
            (
                no_inputs,
                &read_layer(
                    "ImageData",
                    "image_data_param { batch_size: 4 new_height: 5 new_width: 6 is_color: false }",
                ),
            ),
            (
                no_inputs,
                &read_layer(
                    "WindowData",
                    "window_data_param { batch_size: 4 scale: 0.25 } transform_param { crop_size: 7 }",
                ),
            ),
            (
                no_inputs,
                &read_layer("MemoryData", "memory_data_param { batch_size: 4 channels: 2 height: 5 width: 6 }"),
            ),
            (
                no_inputs,
                "layer { name: 'd' type: 'DummyData' top: 'a' top: 'b' top: 'c' dummy_data_param {
                 shape { dim: 2 dim: 3 } shape { dim: 1 } shape { dim: 4 }
                 data_filler { value: 5 } data_filler { } data_filler { type: 'gaussian' } } }",
            ),
            (
                no_inputs,
                "layer { name: 'd' type: 'DummyData' top: 'a' dummy_data_param { num: 2 channels: 3 height: 4 width: 5 } }",
            ),
            (no_inputs, "layer { name: 'p' type: 'Parameter' top: 'a' parameter_param { shape { dim: 2 dim: 3 } } }"),
        ],
    );
    check(
        "data_refused",
        &[
            (
                no_inputs,
                "layer { name: 'd' type: 'Input' top: 'a' top: 'b' input_param { shape { } shape { } shape { } } }",
            ),
            (no_inputs, "layer { name: 'd' type: 'Input' top: 'a' }"),
            (no_inputs, "layer { name: 'd' type: 'Input' top: 'a' input_param { shape { dim: -1 } } }"),
            (no_inputs, "layer { name: 'd' type: 'Input' top: 'a' input_param { shape { dim: 65536 dim: 65536 } } }"),
            (no_inputs, &read_layer("Data", "data_param { batch_size: 4 }")),
            (no_inputs, &read_layer("Data", "transform_param { crop_size: 7 }")),
            (no_inputs, &read_layer("HDF5Data", "hdf5_data_param { batch_size: 4 }")),
            (no_inputs, &read_layer("HDF5Data", "transform_param { scale: 2 }")),
            (no_inputs, &read_layer("ImageData", "image_data_param { new_height: 5 }")),
            (no_inputs, &read_layer("MemoryData", "memory_data_param { batch_size: 4 }")),
            (no_inputs, &read_layer("Data", "transform_param { force_color: true force_gray: true }")),
            (no_inputs, &read_layer("Data", "transform_param { mean_file: 'm' mean_value: 1 }")),
            (no_inputs, &read_layer("ImageData", "transform_param { crop_size: 3 mean_value: 1 mean_value: 2 }")),
            (no_inputs, "layer { name: 'd' type: 'DummyData' top: 'a' }"),
            (no_inputs, "layer { name: 'd' type: 'DummyData' top: 'a' dummy_data_param { num: 2 shape { dim: 3 } } }"),
            (no_inputs, "layer { name: 'd' type: 'DummyData' top: 'a' dummy_data_param { num: 2 channels: 3 } }"),
            (
                no_inputs,
                "layer { name: 'd' type: 'DummyData' top: 'a' dummy_data_param { shape { } data_filler { } data_filler { } } }",
            ),
        ],
    );
}

#[test]
fn options() {
    let shapes =
        |shapes: &[(&str, &[u64])]| shapes.iter().map(|(name, dims)| ((*name).to_owned(), dims.to_vec())).collect();
    let given = Options { input_shapes: shapes(&[("data", &[1, 4, 9, 9])]), ..Options::default() };
    let batch = Options { batch: Some(8), ..Options::default() };
    let random = Options { random_weights: Some(1), ..Options::default() };
    check_with(
        "options_shape",
        &given,
        &[
            ("", &read_layer("HDF5Data", "")),
            ("", &read_layer("Data", "data_param { batch_size: 2 } transform_param { crop_size: 7 }")),
            ("", "layer { name: 'd' type: 'Input' top: 'data' input_param { shape { dim: 2 } } }"),
        ],
    );
    check_with(
        "options_batch",
        &batch,
        &[("", &read_layer("Data", "transform_param { crop_size: 7 }")), ("data 2 3; b 4", "")],
    );
    check_with(
        "options_random",
        &random,
        &[(
            "",
            "layer { name: 'd' type: 'DummyData' top: 'a' dummy_data_param { shape { dim: 4 } data_filler { type: 'uniform' } } }",
        )],
    );
}

/// All of a net's unknown layers are reported, and not those that read them.
#[test]
fn unknown_layers() {
    check(
        "unknown_layers",
        &[(
            X,
            "layer { name: 'a' type: 'LRNRistretto' bottom: 'x' top: 'a' }
layer { name: 'b' type: 'Relu' bottom: 'a' top: 'b' }
layer { name: 'c' type: 'Python' bottom: 'b' top: 'c' python_param { module: 'm' layer: 'L' } }
layer { name: 'd' type: 'Filter' bottom: 'c' top: 'd' }
layer { name: 'e' type: 'PSROIPooling' bottom: 'd' top: 'e' }
layer { name: 'f' type: 'Nonsense' bottom: 'e' top: 'f' }
layer { name: 'g' type: 'ReLU' bottom: 'f' top: 'g' }
layer { name: 'h' type: 'ROIPooling' bottom: 'x' bottom: 'x' top: 'h' }",
        )],
    );
}

fn blob(dims: &[i64], n_values: usize) -> BlobProto {
    let data = (0..n_values).flat_map(|n| (n as f32).to_le_bytes()).collect::<Vec<u8>>();
    let shape = Some(Box::new(BlobShape { dim: dims.to_vec() }));
    BlobProto { shape, data: vec![Bytes::from(data)], ..BlobProto::default() }
}

#[test]
fn mean_images() {
    let legacy = |num| BlobProto {
        shape: None,
        num: Some(num),
        channels: Some(3),
        height: Some(1),
        width: Some(2),
        ..blob(&[], 6)
    };
    for (blob, dims) in [(legacy(1), [3, 1, 2]), (blob(&[3, 1, 2], 6), [3, 1, 2]), (blob(&[1, 1, 3, 2], 6), [1, 3, 2])]
    {
        let image = mean_image("mean.binaryproto", blob.encode_to_vec().into()).expect("an image");
        assert_eq!(image.dims(), dims);
        assert_eq!(image.values::<f32>().expect("f32")[5], 5.0);
    }
    let refused = [
        legacy(2).encode_to_vec(),
        blob(&[3, 1], 3).encode_to_vec(),
        blob(&[3, 0, 2], 0).encode_to_vec(),
        blob(&[3, 1, 2], 5).encode_to_vec(),
        b"P6 640 480 255 ...".to_vec(),
        Vec::new(),
    ];
    let shown: Vec<String> = refused
        .into_iter()
        .map(|bytes| mean_image("mean.binaryproto", bytes.into()).expect_err("no image").to_string())
        .collect();
    insta::assert_snapshot!("mean_images_refused", shown.join("\n\n"));
}
