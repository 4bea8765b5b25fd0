//! The file around the graph.

use firebrick_ir::{text, verify};
use firebrick_onnx_writer::{Exported, Opset, Options, export};
use firebrick_schemas::onnx::{NodeProto, ValueInfoProto};

const NET: &str = r#"
graph "net" {
  %x = input : f32[N, 8]
  %w = const random(1) : f32[40, 8]
  %small = const random(2) : f32[40]
  %v = const random(3) : f32[33, 40]
  %h = gemm(%x, %w, %small) trans_a=false trans_b=true : f32[N, 40] from InnerProduct "ip"
  %r = relu(%h) : f32[N, 40] from ReLU "ip"
  %y = gemm(%r, %v) trans_a=false trans_b=true : f32[N, 33] from InnerProduct ""
  return %y
}
"#;

fn exported(options: &Options) -> Exported {
    let graph = text::parse(NET, &()).unwrap_or_else(|error| panic!("{error}"));
    let verified = verify(&graph).unwrap_or_else(|errors| panic!("{errors:?}"));
    export(verified, options).unwrap_or_else(|refusals| panic!("{refusals:?}"))
}

#[test]
fn what_a_model_says_of_itself() {
    let properties = vec![("firebrick.source".to_owned(), "net.prototxt".to_owned())];
    let exported = exported(&Options { properties, doc: "A net.".to_owned(), ..Options::default() });
    let proto = &exported.proto;
    assert_eq!((proto.ir_version, proto.opset_import[0].version), (Some(7), Some(13)));
    assert_eq!((proto.producer_name(), proto.doc_string()), ("firebrick", "A net."));
    assert_eq!(proto.metadata_props[0].key(), "firebrick.source");
    let graph = proto.graph.as_deref().expect("a model has a graph");
    let names: Vec<&str> = graph.node.iter().map(NodeProto::name).collect();
    assert_eq!(names, ["ip", "ip.1", "y"]);
    let docs: Vec<&str> = graph.node.iter().map(NodeProto::doc_string).collect();
    assert_eq!(docs, ["from InnerProduct \"ip\"", "from ReLU \"ip\"", "from InnerProduct \"\""]);
    let types: Vec<&str> = graph.value_info.iter().map(ValueInfoProto::name).collect();
    assert_eq!(types, ["h", "r"]);
}

#[test]
fn weights_beside_the_model() {
    let limit = exported(&Options::default()).encode().len() as u64;
    assert!(exported(&Options { external_above: limit, ..Options::default() }).data.is_empty());
    let options = Options { external_above: limit - 1, data_file: "net.data".to_owned(), ..Options::default() };
    let exported = exported(&options);
    crate::check::keep("weights_beside_the_model", &crate::check::model(&exported.proto));
    let places: Vec<(u64, usize)> = exported.data.iter().map(|chunk| (chunk.offset, chunk.bytes.len())).collect();
    assert_eq!(places, [(0, 1280), (1280, 5280)]);
}

#[test]
fn operator_sets_and_their_formats() {
    let ends = [Opset::OLDEST, Opset::default(), Opset::NEWEST];
    assert_eq!(ends.map(|opset| (opset.version(), opset.ir_version())), [(9, 4), (13, 7), (27, 13)]);
    let error = Opset::new(8).expect_err("it is too old").to_string();
    assert_eq!(error, "operator set 8 can't be written: choose one from 9 to 27");
    assert_eq!("x".parse::<Opset>(), Err("an operator set is a number".to_owned()));
}
