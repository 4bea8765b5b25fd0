//! The file around the graph.

use firebrick_ir::Verified;
use firebrick_schemas::onnx::{ModelProto, OperatorSetIdProto};

use crate::build::build;
use crate::external::{Exported, externalize, property};
use crate::unfold::unfold;
use crate::{Opset, Refusal};

/// How ops on quantized values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QuantizedForm {
    /// DequantizeLinear, the operator on floats, QuantizeLinear.
    #[default]
    Qdq,
    /// QLinearConv and QLinearMatMul, where these say it, and the other form elsewhere.
    QLinear,
}

/// How a graph is written.
#[derive(Debug, Clone)]
pub struct Options {
    /// The operator set.
    pub opset: Opset,
    /// How ops on quantized values are written.
    pub quantized: QuantizedForm,
    /// A model that takes more bytes than that with its weights has them in a file beside it.
    pub external_above: u64,
    /// That file's name, as the model calls it.
    pub data_file: String,
    /// What the model says of itself, by key (`metadata_props`).
    pub properties: Vec<(String, String)>,
    /// What it is, in a sentence; may be empty.
    pub doc: String,
}

impl Options {
    /// The largest message that protobuf's readers accept.
    pub const PROTOBUF_LIMIT: u64 = i32::MAX as u64;
}

impl Default for Options {
    fn default() -> Self {
        Options {
            opset: Opset::default(),
            quantized: QuantizedForm::default(),
            external_above: Self::PROTOBUF_LIMIT,
            data_file: "weights.data".to_owned(),
            properties: Vec::new(),
            doc: String::new(),
        }
    }
}

/// Writes a graph as ONNX.
///
/// # Errors
/// Every op that has no equivalent in the operator set, with the reason.
pub fn export(graph: Verified<'_>, options: &Options) -> Result<Exported, Vec<Refusal>> {
    let Options { opset, quantized, external_above, data_file, properties, doc } = options;
    let graph = unfold(graph.graph(), *opset, *quantized).map_err(|refusal| vec![refusal])?;
    let graph = build(&graph, *opset)?;
    let proto = ModelProto {
        ir_version: Some(opset.ir_version()),
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(opset.version()) }],
        producer_name: Some("firebrick".to_owned()),
        producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        doc_string: Some(doc.clone()).filter(|doc| !doc.is_empty()),
        graph: Some(Box::new(graph)),
        metadata_props: properties.iter().map(|(key, value)| property(key, value.clone())).collect(),
        ..ModelProto::default()
    };
    Ok(externalize(proto, *external_above, data_file))
}
