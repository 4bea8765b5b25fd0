//! The text format: what is accepted, and what is said about the rest.

use firebrick_caffe::text::{Document, not_a_prototxt};
use firebrick_diagnostics::Report;
use firebrick_schemas::caffe::{BlobProto, NetParameter};
use firebrick_schemas::{Described, FieldPath};
use insta::assert_snapshot;

fn bind<M: Described>(text: &str) -> Result<M, Report> {
    Document::parse("net.prototxt", text)?.bind()
}

/// A text means the same as another, plainer one.
fn same(odd: &str, plain: &str) {
    let net = |text| bind::<NetParameter>(text).unwrap_or_else(|report| panic!("{text}\n{report}"));
    assert_eq!(net(odd), net(plain), "{odd}");
}

#[test]
fn oddities_of_the_syntax() {
    let table = [
        ("\u{feff}name: 'a'", "name: \"a\""),
        ("name:\"a\"#comment\n", "name: \"a\""),
        ("# only a comment without a line end", "#\n"),
        ("name: 'a' ; force_backward: true, debug_info: false;", "name: 'a' force_backward: true debug_info: false"),
        ("layer\n{\n name\n:\n'a' }", "layer { name: 'a' }"),
        ("layer: { name: 'a' }", "layer { name: 'a' }"),
        ("layer < name: 'a' >", "layer { name: 'a' }"),
        ("layer { name: 'a' }, layer { name: 'b' };", "layer { name: 'a' } layer { name: 'b' }"),
        ("layer [ { name: 'a' }, < name: 'b' > ]", "layer { name: 'a' } layer { name: 'b' }"),
        ("layer: [ { name: 'a' } ]", "layer { name: 'a' }"),
        ("layer: []", "# nothing"),
        ("input: ['a', \"b\"]", "input: 'a' input: 'b'"),
        ("input_dim: [ 1 , 2,3 # c\n ] input_dim: 4", "input_dim: 1 input_dim: 2 input_dim: 3 input_dim: 4"),
        ("input_dim: 0x1F input_dim: 017 input_dim: 0X1f input_dim: 0", "input_dim: [31, 15, 31, 0]"),
        ("input_dim: - 5 input_dim: -2147483648", "input_dim: -5 input_dim: -2147483648"),
        ("input_dim: - # why not\n 5", "input_dim: -5"),
        ("name: 'a' \"b\"\n# c 'x'\n 'c'", "name: 'abc'"),
        ("name: 'it\\'s \\\"\\x41\\101\\n\\t\\\\n\\u00e9\\U0001f600\\?'", "name: 'it\\'s \\\"AA\\n\\t\\\\né😀?'"),
        ("name: '\\303\\251'", "name: 'é'"),
        ("name: 'a#b{c'", "name: \"a#b{c\""),
        ("force_backward: True debug_info: f", "force_backward: true debug_info: false"),
        ("force_backward: 1 debug_info: 0", "force_backward: true debug_info: false"),
        ("force_backward: t debug_info: False", "force_backward: true debug_info: false"),
        ("layer { pooling_param { pool: 1 } }", "layer { pooling_param { pool: AVE } }"),
        ("layers { type: 4 blobs_lr: 1 }", "layers { type: CONVOLUTION blobs_lr: 1.0 }"),
        ("layer{loss_weight:1.5f loss_weight:2F loss_weight:.5}", "layer { loss_weight: [1.5, 2, 0.5] }"),
        ("layer { loss_weight: 1.e2 loss_weight: 1E-2 loss_weight: 2. }", "layer { loss_weight: [100, 0.01, 2] }"),
        ("layer { loss_weight: inf loss_weight: -Infinity }", "layer { loss_weight: 1e99 loss_weight: -1e99 }"),
        ("layer { loss_weight: - inf }", "layer { loss_weight: -inf }"),
        ("name: 'a'\r\ndebug_info: true\r\n", "name: 'a' debug_info: true"),
        ("name: 'a'\x0b\x0cdebug_info: true\t", "name: 'a' debug_info: true"),
        ("layer { include {} }", "layer { include: {} }"),
        ("layer { type: 'Convolution' }", "layer { type: \"Convolution\" }"),
    ];
    for (odd, plain) in table {
        same(odd, plain);
    }
}

#[test]
fn not_a_number_is_a_float() {
    let net: NetParameter = bind("layer { loss_weight: nan loss_weight: -NaN }").expect("nan is a float");
    assert!(net.layer[0].loss_weight.iter().all(|weight| weight.is_nan()));
}

#[test]
fn blob_data_in_text() {
    let blob: BlobProto = bind("data: 1 shape { dim: 3 } data: [2.5, -3]").expect("the blob is well-formed");
    let values: Vec<u8> = [1.0_f32, 2.5, -3.0].into_iter().flat_map(f32::to_le_bytes).collect();
    assert_eq!(blob.dims(), Ok(vec![3]));
    assert_eq!(blob.floats(), Ok(values.into()));
}

#[test]
fn defaults_are_those_of_caffe() {
    let net: NetParameter = bind("layer { lrn_param {} pooling_param {} }").expect("the net is well-formed");
    let layer = &net.layer[0];
    let lrn = layer.lrn_param.as_ref().expect("it is given");
    assert_eq!((lrn.local_size(), lrn.alpha(), lrn.beta(), lrn.k()), (5, 1.0, 0.75, 1.0));
    let pooling = layer.pooling_param.as_ref().expect("it is given");
    assert_eq!((pooling.pool().as_str(), pooling.stride(), pooling.pad), ("MAX", 1, None));
}

/// What is said of a text, at each of these names.
fn errors(name: &str, text: &str) {
    let report = bind::<NetParameter>(text).expect_err("the text is wrong");
    assert_snapshot!(name, format!("{}\n\n{}", text.lines().take(20).collect::<Vec<_>>().join("\n"), report));
}

#[test]
fn errors_of_syntax() {
    errors("missing_colon", "name \"a\"");
    errors("missing_value", "layer {\n  name:\n}");
    errors(
        "missing_brace",
        "layer {\n  name: \"a\"\n  convolution_param {\n    num_output: 1\n  }\n\nlayer {\n  name: \"b\"\n}\n",
    );
    errors("extra_brace", "layer {\n  name: \"a\"\n}\n}\n");
    errors("mismatched_brace", "layer {\n  name: \"a\"\n>\n");
    errors("unclosed_string", "name: \"a\nlayer { }");
    errors("unclosed_string_at_the_end", "name: 'a\\'");
    errors("unclosed_list", "input_dim: [1, 2");
    errors("list_in_a_list", "input_dim: [[1], 2]");
    errors("trailing_comma", "input_dim: [1, 2,]");
    errors("double_separator", "name: 'a';; debug_info: true");
    errors("number_as_a_name", "layer { 3: 4 }");
    errors("extension", "[caffe.extension]: 3");
    errors("jinja", "layer {\n  data_param {\n    batch_size: {{ batch_size_train }}\n  }\n}");
    errors("jinja_statement", "{% for i in range(3) %}\nlayer { name: 'a' }\n{% endfor %}");
    errors("shell_variable", "layer { name: ${NAME} }");
    errors("lone_minus", "input_dim: -");
    errors("minus_string", "name: -'a'");
    errors("letters", "name: 'a' é");
    errors("json", "{\n  \"name\": \"a\"\n}");
    errors("deep", &"layer {".repeat(101));
    errors("a_sentence", "This is not a net.");
}

#[test]
fn errors_of_binding() {
    errors(
        "all_at_once",
        "nmae: 'a'\nlayer {\n  name: conv1\n  convolution_parm { num_output: 96 }\n  pooling_param { pool: AVG stride: -1 kernel_size: 3x3 }\n}",
    );
    errors("unlike_any_field", "layer { frobnicate: 1 }");
    errors("given_twice", "layer {\n  name: 'a'\n  name: 'b'\n}");
    errors("message_twice", "layer {\n  lrn_param { }\n  lrn_param { }\n}");
    errors("missing_required", "layer {\n  clip_param { min: 0 }\n}");
    errors(
        "wrong_types",
        "name: 3\nforce_backward: yes\ninput_dim: 1.5\ninput_dim: '4'\nlayer: 5\ndebug_info: { }\nstate { phase: 'TEST' level: 3000000000 }",
    );
    errors(
        "numbers",
        "input_dim: 08\ninput_dim: 0x\ninput_dim: 99999999999999999999999999999999999999999999\nlayer { loss_weight: 1..2 loss_weight: 0x10 }",
    );
    errors("enum_numbers", "layer { pooling_param { pool: 7 } }\nlayer { phase: -1 }");
    errors("type_of_the_old_format", "layers { name: 'a' type: \"Convolution\" }");
    errors("list_of_one_value", "name: ['a']");
    errors("escapes", "name: '\\q'\ninput: '\\xff'\ninput: '\\u12'\ninput: '\\777'");
    errors("unsupported_fork", "layer { psroi_pooling_param { output_dim: 3 } }");
}

#[test]
fn very_many_errors_are_counted() {
    let report = bind::<NetParameter>(&"nmae: 'a'\n".repeat(150)).expect_err("the text is wrong");
    let last = report.diagnostics().last().map(|last| last.message.as_str());
    assert_eq!((report.diagnostics().len(), last), (101, Some("there are 50 more errors like these")));
}

#[test]
fn training_fields_of_forks_are_noted() {
    let text = "layer {\n  name: 'data'\n  transform_param { resize_param { prob: 1 } }\n  annotated_data_param { batch_sampler { } }\n}";
    let document = Document::parse("net.prototxt", text).expect("the syntax is right");
    let bound = document.bind_noting::<NetParameter>().expect("the fields are ignored");
    assert_eq!(bound.message.layer.len(), 1);
    assert_snapshot!("forks_noted", Report::new(bound.ignored));
}

#[test]
fn what_is_no_prototxt() {
    let table: [(&str, &[u8]); 8] = [
        ("empty", b""),
        ("blank", b" \n\n"),
        ("html", b"\n<!DOCTYPE html>\n<html>"),
        ("lfs", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"),
        ("gzip", b"\x1f\x8b\x08"),
        ("hdf5", b"\x89HDF\r\n\x1a\n"),
        ("caffemodel", b"\x0a\x01a\xa2\x06\x00"),
        ("utf16", b"\xff\xfen\0a\0"),
    ];
    let said: Vec<String> = table
        .iter()
        .map(|(name, bytes)| {
            not_a_prototxt(&format!("{name}.prototxt"), bytes).map_or_else(String::new, |report| report.to_string())
        })
        .collect();
    assert_snapshot!("no_prototxt", said.join("\n\n"));
}

#[test]
fn places() {
    let text = "name: 'net'\ninput_dim: [1, 3]\ninput_dim: 5\nlayer {\n  type: 'Input'\n}\nlayer {\n  name: 'conv'\n  convolution_param {\n    kernel_size: 3\n    kernel_size: 5\n  }\n}\nlayers { layer { name: 'old' } }\n";
    let document = Document::parse("net.prototxt", text).expect("the syntax is right");
    let root = FieldPath::root;
    let conv = || root().nth("layer", 1).field("convolution_param");
    let table = [
        (root(), "net.prototxt"),
        (root().field("state"), "net.prototxt"),
        (root().field("name"), "net.prototxt:1:1"),
        (root().nth("input_dim", 1), "net.prototxt:2:16"),
        (root().nth("input_dim", 2), "net.prototxt:3:1"),
        (root().nth("layer", 0), "net.prototxt:4:1"),
        (root().nth("layer", 1), "net.prototxt:8:9"),
        (conv(), "net.prototxt:9:3"),
        (conv().nth("kernel_size", 1), "net.prototxt:11:5"),
        (conv().field("kernel_size"), "net.prototxt:10:5"),
        (conv().field("num_output"), "net.prototxt:9:3"),
        (conv().nth("kernel_size", 7), "net.prototxt:9:3"),
        (root().nth("layer", 9), "net.prototxt"),
        (root().nth("layers", 0), "net.prototxt:14:24"),
    ];
    for (path, place) in table {
        assert_eq!(document.place(&path).to_string(), place, "{path}");
    }
}
