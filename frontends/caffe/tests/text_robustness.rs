//! No text makes the reader panic, hang or take more than its share.

use std::time::{Duration, Instant};

use firebrick_caffe::text::Document;
use firebrick_schemas::FieldPath;
use firebrick_schemas::caffe::{BlobProto, NetParameter};
use proptest::prelude::*;

const NET: &str = "name: \"é\" # comment\ninput: 'data' input_dim: [1, 0x3, 010]\nlayer {\n  name: \"conv\\n\" 'x'; type: \"Convolution\"\n  \
    convolution_param < num_output: 96 kernel_size: 7, bias_term: false weight_filler { std: -1.5e-3f } >\n  include: { phase: TEST }\n}\n\
    layers { type: CONCAT blobs { data: [1, inf, - nan] } }\n";

/// Reads a text and prints what is wrong with it, if anything.
fn read(text: &str) {
    let report = Document::parse("net.prototxt", text).and_then(|document| document.bind::<NetParameter>());
    if let Err(report) = report {
        assert!(report.to_string().len() < 1_000_000);
    }
}

#[test]
fn truncated_anywhere() {
    read(NET);
    for (at, _) in NET.char_indices() {
        read(NET.split_at(at).0);
    }
}

#[test]
fn bytes_that_are_no_text() {
    for at in 0..NET.len() {
        for byte in [0, 0x80, 0xff, b'{', b'"', b'\\'] {
            let mut bytes = NET.as_bytes().to_vec();
            bytes[at] = byte;
            if let Ok(document) = Document::from_bytes("net.prototxt", &bytes) {
                assert!(
                    document
                        .bind::<NetParameter>()
                        .map_or_else(|report| report.diagnostics().len(), |net| net.layer.len())
                        < 20
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn any_text(text in "\\PC{0,300}") {
        read(&text);
    }

    #[test]
    fn any_tokens(tokens in prop::collection::vec(
        prop::sample::select(vec![
            "layer", "name", "convolution_param", "kernel_size", "pool", "type", "blobs", "data", "{", "}", "<", ">", "[", "]", ":", ",", ";", "-",
            "\"a\"", "'", "\"", "\\", "#", "\n", "1", "0x", "1e9", "inf", "true", "AVE", "é", "\u{0}", "{{", "${",
        ]),
        0..60,
    )) {
        read(&tokens.join(" "));
    }

    #[test]
    fn any_change(at in 0..NET.len(), length in 0_usize..20, insert in "\\PC{0,5}") {
        let start = NET.floor_char_boundary(at);
        let end = NET.ceil_char_boundary((start + length).min(NET.len()));
        let mut text = NET.to_owned();
        text.replace_range(start..end, &insert);
        read(&text);
    }

    #[test]
    fn any_path(steps in prop::collection::vec(("layer|layers|name|blobs|data|type", prop::option::of(0_usize..4)), 0..5)) {
        let document = Document::parse("net.prototxt", NET).expect("the net is well-formed");
        let path = steps.into_iter().fold(FieldPath::root(), |path, (name, index)| match index {
            Some(index) => path.nth(name, index),
            None => path.field(name),
        });
        prop_assert!(document.place(&path).to_string().starts_with("net.prototxt"));
    }
}

/// What it takes must not grow with the square of a text's length, which would be minutes for these. The limit is far above
/// what a busy machine needs, and far below that.
fn quickly(text: &str, read: impl Fn(&str)) {
    let start = Instant::now();
    read(text);
    assert!(start.elapsed() < Duration::from_secs(30), "{:?} for {} bytes", start.elapsed(), text.len());
}

#[test]
fn long_texts() {
    const N: usize = 300_000;
    quickly(&"data: 0.12345 ".repeat(N), |text| {
        let document = Document::parse("mean.prototxt", text).expect("the text is well-formed");
        let blob: BlobProto = document.bind().expect("it is a blob");
        assert_eq!(blob.data.iter().map(bytes::Bytes::len).sum::<usize>(), 4 * N);
    });
    quickly(&"layer { name: 'a' bottom: 'b' top: 'c' }\n".repeat(N / 100), read);
    quickly(&"layer{}".repeat(N), read);
    quickly(&"{".repeat(N), read);
    quickly(&"layer{".repeat(N), read);
    quickly(&"nmae:1 ".repeat(N), read);
    quickly(&format!("name: {}", "'a' ".repeat(N)), read);
    quickly(&format!("name: '{}'", "\\\\".repeat(N)), read);
    quickly(&format!("name: '{}", "a".repeat(N)), read);
    quickly(&format!("input_dim: [{}]", "1,".repeat(N)), read);
    quickly(&format!("{}: 1", "a".repeat(N)), read);
    quickly(&format!("input_dim: {}", "1".repeat(N)), read);
    quickly(&"# comment\n".repeat(N), read);
    quickly(&format!("{}name", " ".repeat(N)), read);
}
