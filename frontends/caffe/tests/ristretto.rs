//! Ristretto's layers: what they become, whose readers see what is rounded, and what is refused.

use firebrick_caffe::text::Document;
use firebrick_caffe::{Definition, Options, Phase, State, import};
use firebrick_diagnostics::Report;
use firebrick_ir::Graph;
use firebrick_schemas::caffe::NetParameter;
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};

const INPUT: &str = "input: 'x' input_shape { dim: 1 dim: 2 dim: 4 dim: 4 }";

/// A layer of 1×1 filters.
fn conv(name: &str, bottom: &str, quantization: &str) -> String {
    format!(
        "layer {{ name: '{name}' type: 'ConvolutionRistretto' bottom: '{bottom}' top: '{name}'
  convolution_param {{ num_output: 2 kernel_size: 1 }} quantization_param {{ {quantization} }} }}"
    )
}

const EIGHT: &str = "bw_layer_in: 8 bw_layer_out: 8 bw_params: 8 fl_layer_in: 0 fl_layer_out: -3 fl_params: 7";

fn read(text: &str) -> Result<Definition, Report> {
    Definition::read_text("net.prototxt", text.as_bytes())
}

fn imported(definition: &Definition, phase: Phase) -> Result<Graph, Report> {
    let options = Options { state: State { phase, ..State::default() }, ..Options::default() };
    Ok(import(definition, None, &options)?.graph)
}

/// Compares what nets become, or what is said of them, with the snapshot of that name.
fn check(name: &str, nets: &[(&str, String)]) {
    let shown = nets.iter().map(|(what, net)| {
        let graph = read(&format!("{INPUT}\n{net}")).and_then(|definition| imported(&definition, Phase::Test));
        let shown = graph.map_or_else(|report| format!("{report}\n"), |graph| graph.to_string());
        format!("# {what}\n{shown}")
    });
    let shown = shown.collect::<Vec<_>>().join("\n");
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, shown));
}

#[test]
fn formats() {
    let fc = "layer { name: 'fc' type: 'FcRistretto' bottom: 'x' top: 'fc' inner_product_param { num_output: 2 }
  quantization_param { bw_layer_in: 16 bw_layer_out: 12 bw_params: 16 fl_layer_in: 8 fl_layer_out: 5 fl_params: 15 } }";
    let deconv = "layer { name: 'd' type: 'DeconvolutionRistretto' bottom: 'x' top: 'd'
  convolution_param { num_output: 2 kernel_size: 2 stride: 2 bias_term: false } quantization_param { bw_params: 4 fl_params: 3 } }";
    check(
        "formats",
        &[
            ("8 bits", conv("c", "x", EIGHT)),
            ("16 and 12 bits", fc.to_owned()),
            ("4 bits, and the 32 of the defaults", deconv.to_owned()),
            ("minifloat", conv("c", "x", "precision: MINIFLOAT mant_bits: 3 exp_bits: 4")),
            ("powers of two", conv("c", "x", "precision: INTEGER_POWER_OF_2_WEIGHTS exp_min: -6 exp_max: 0")),
            (
                "the first release: inputs are not rounded",
                conv("c", "x", "precision: FIXED_POINT bw_layer_out: 8 bw_params: 8 fl_layer_out: 2 fl_params: 7"),
            ),
        ],
    );
}

/// A bottom is rounded where it lies: layers behind find it rounded, and those before didn't.
#[test]
fn readers() {
    let relu = "layer { name: 'r' type: 'ReLU' bottom: 'x' top: 'r' }";
    let sum = "layer { name: 's' type: 'Eltwise' bottom: 'x' bottom: 'a' top: 's' }";
    let other = EIGHT.replace("fl_layer_in: 0", "fl_layer_in: 2");
    let flat = "layer { name: 'f' type: 'Flatten' bottom: 'x' top: 'f' }";
    let in_place = "layer { name: 'r' type: 'ReLU' bottom: 'a' top: 'a' }";
    check(
        "readers",
        &[
            ("one before, one behind", format!("{relu}\n{}\n{sum}", conv("a", "x", EIGHT))),
            ("rounded alike twice", format!("{}\n{}", conv("a", "x", EIGHT), conv("b", "x", EIGHT))),
            ("rounded twice", format!("{}\n{}", conv("a", "x", EIGHT), conv("b", "x", &other))),
            ("an output under other dimensions", format!("{flat}\n{}", conv("a", "x", EIGHT))),
            ("written in between", format!("{}\n{in_place}\n{}", conv("a", "x", EIGHT), conv("b", "a", EIGHT))),
        ],
    );
}

#[test]
fn refused() {
    let param = |fields: &str| conv("c", "x", fields);
    let lrn = "layer { name: 'n' type: 'LRNRistretto' bottom: 'x' top: 'n' }";
    check(
        "refused",
        &[
            ("random rounding", param("rounding_scheme: STOCHASTIC")),
            ("no bits", param("bw_params: 0")),
            ("many bits", param("bw_layer_in: 33")),
            ("numbers beyond f32", param("bw_layer_out: 8 fl_layer_out: -125")),
            ("steps beyond f32", param("bw_layer_out: 8 fl_layer_out: 2147483647")),
            ("a long mantissa", param("precision: MINIFLOAT mant_bits: 24")),
            ("no exponent", param("precision: MINIFLOAT exp_bits: 0")),
            ("powers beyond f32", param("precision: INTEGER_POWER_OF_2_WEIGHTS exp_max: 128")),
            ("an unknown format", param("precision: INTEGER")),
            ("LRN", lrn.to_owned()),
        ],
    );
    let definition = read(&format!("{INPUT}\n{}", param(EIGHT))).expect("the text is right");
    let report = imported(&definition, Phase::Train).expect_err("weights are rounded at random");
    insta::assert_snapshot!("refused_training", report);
}

/// A message of numbers.
fn message(fields: &[(u32, i64)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for &(number, value) in fields {
        encode_key(number, WireType::Varint, &mut bytes);
        encode_varint(value as u64, &mut bytes);
    }
    bytes
}

/// The net in binary, with the layer's formats in that field.
fn binary(number: u32, formats: &[u8]) -> Result<Graph, Report> {
    let text = Document::parse("net.prototxt", format!("{INPUT}\n{}", conv("c", "x", ""))).expect("the text is right");
    let mut net = text.bind::<NetParameter>().expect("the text is a net");
    net.layer.iter_mut().for_each(|layer| layer.quantization_param = None);
    let layers = std::mem::take(&mut net.layer);
    let mut bytes = net.encode_to_vec();
    for layer in layers {
        let mut layer = layer.encode_to_vec();
        encode_key(number, WireType::LengthDelimited, &mut layer);
        encode_varint(formats.len() as u64, &mut layer);
        layer.extend_from_slice(formats);
        encode_key(100, WireType::LengthDelimited, &mut bytes);
        encode_varint(layer.len() as u64, &mut bytes);
        bytes.extend(layer);
    }
    imported(&Definition::read_binary("net.caffemodel", bytes.into())?, Phase::Test)
}

/// Every release's binary files say the same as today's text.
#[test]
fn releases() {
    let text = |fields: &str| {
        let definition = read(&format!("{INPUT}\n{}", conv("c", "x", fields))).expect("the text is right");
        imported(&definition, Phase::Test).expect("a net").to_string()
    };
    let today = message(&[(3, 8), (4, 8), (5, 8), (7, -3), (8, 7), (6, 0)]);
    for number in [147, 148, 149] {
        assert_eq!(binary(number, &today).expect("a net").to_string(), text(EIGHT), "field {number}");
    }
    let first = [
        (
            message(&[(3, 8), (4, 8), (5, 2), (6, 7)]),
            "precision: FIXED_POINT bw_layer_out: 8 bw_params: 8 fl_layer_out: 2 fl_params: 7",
        ),
        (message(&[(1, 1), (7, 3), (8, 4)]), "precision: MINI_FLOATING_POINT mant_bits: 3 exp_bits: 4"),
        (message(&[(1, 2), (9, -6), (10, 0)]), "precision: POWER_2_WEIGHTS exp_min: -6 exp_max: 0"),
    ];
    for (message, fields) in first {
        assert_eq!(binary(145, &message).expect("a net").to_string(), text(fields), "{fields}");
    }
    let wrong = [message(&[(1, 3)]), message(&[(11, 1)]), vec![0x08]];
    let said =
        wrong.map(|message| binary(145, &message).expect_err("it is no message of the first release").to_string());
    insta::assert_snapshot!("releases_wrong", said.join("\n"));
}
