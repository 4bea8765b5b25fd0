//! Messages printed as text read back as the same messages.

use std::path::Path;

use firebrick_caffe::text::Document;
use firebrick_schemas::caffe::{
    BlobProto, BlobShape, ClipParameter, ConvolutionParameter, LRNParameter, LayerParameter, NetParameter, NormRegion,
};
use firebrick_schemas::text::print;
use proptest::prelude::*;
use prost::Message;

fn read(text: &str) -> NetParameter {
    let net = Document::parse("printed.prototxt", text).and_then(|document| document.bind());
    net.unwrap_or_else(|report| panic!("{report}\n{text}"))
}

fn net(layer: LayerParameter) -> NetParameter {
    NetParameter { name: Some("net".to_owned()), layer: vec![layer], ..NetParameter::default() }
}

/// A layer with something of every kind of field.
fn layer(name: &str, numbers: [f32; 3], double: f64) -> LayerParameter {
    let floats = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>().into();
    let data = BlobProto {
        shape: Some(Box::new(BlobShape { dim: vec![1, 3] })),
        data: vec![floats(&numbers)],
        double_data: vec![double.to_le_bytes().to_vec().into()],
        ..BlobProto::default()
    };
    LayerParameter {
        name: Some(name.to_owned()),
        bottom: vec!["a".to_owned(), name.to_owned()],
        loss_weight: numbers.to_vec(),
        propagate_down: vec![true, false],
        blobs: vec![data, BlobProto::default()],
        clip_param: Some(Box::new(ClipParameter { min: numbers[0], max: numbers[1] })),
        convolution_param: Some(Box::new(ConvolutionParameter {
            kernel_size: vec![3, u32::MAX],
            axis: Some(-1),
            hole: Some(2),
            ..ConvolutionParameter::default()
        })),
        lrn_param: Some(Box::new(LRNParameter {
            norm_region: Some(NormRegion::WithinChannel.into()),
            ..LRNParameter::default()
        })),
        ..LayerParameter::default()
    }
}

#[test]
fn as_it_is_printed() {
    let shown = print(&net(layer("tab\t \"quoted\" \\ ünïcode\u{1}", [0.1, -2.0, 1e-30], 1.0 / 3.0)));
    insta::assert_snapshot!("printed", shown);
}

#[test]
fn numbers_are_short() {
    let numbers =
        [0.0, -0.0, 1.0, 0.1, 1e-5, 3.402_823_5e38, 1e10, 123_456.79, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
    let layer = LayerParameter { loss_weight: numbers.to_vec(), ..LayerParameter::default() };
    let shown = print(&layer).replace("loss_weight: ", "").replace('\n', " ");
    assert_eq!(shown.trim_end(), "0 -0 1 0.1 1e-5 3.4028235e38 1e10 123456.79 inf -inf nan");
}

#[test]
fn prototxts_stay_what_they_are() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = vec![workspace.join("examples/digits/deploy.prototxt")];
    let fixtures = std::fs::read_dir(workspace.join("tests/fixtures/caffe")).expect("the fixtures are there");
    files.extend(fixtures.flatten().map(|entry| entry.path()));
    assert!(files.len() > 10);
    for file in files {
        let net = read(&std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())));
        assert_eq!(read(&print(&net)), net, "{}", file.display());
    }
}

proptest! {
    #[test]
    fn messages_read_back(name in any::<String>(), numbers in any::<[f32; 3]>(), double in any::<f64>()) {
        let net = net(layer(&name, numbers, double));
        let printed = print(&net);
        // Compared as bytes, as a NaN differs from itself.
        prop_assert_eq!(read(&printed).encode_to_vec(), net.encode_to_vec(), "{}", printed);
    }
}
