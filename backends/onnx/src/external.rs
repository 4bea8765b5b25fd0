//! Weights in a file beside the model: protobuf messages end at 2 GB.

use bytes::Bytes;
use firebrick_schemas::onnx::{DataLocation, ModelProto, StringStringEntryProto};
use prost::Message;

/// A model, as it is written.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The file's message.
    pub proto: ModelProto,
    /// What belongs into the file of weights beside it, in order; nothing if there is none.
    pub data: Vec<ExternalChunk>,
}

/// A tensor's bytes in the file of weights.
#[derive(Debug, Clone)]
pub struct ExternalChunk {
    /// Where they begin. Between tensors there are zeros.
    pub offset: u64,
    /// The bytes.
    pub bytes: Bytes,
}

impl Exported {
    /// The model's file.
    pub fn encode(&self) -> Vec<u8> {
        self.proto.encode_to_vec()
    }
}

/// Tensors begin at a multiple of that, as those who map a file into memory like it.
const ALIGNMENT: u64 = 64;
/// Smaller tensors (shapes, axes) stay in the model, where readers look for them.
const SMALLEST: usize = 1024;

/// Moves weights into the file of that name, if the model takes more than `limit` bytes with them.
pub(crate) fn externalize(mut proto: ModelProto, limit: u64, location: &str) -> Exported {
    if proto.encoded_len() as u64 <= limit {
        return Exported { proto, data: Vec::new() };
    }
    let mut data: Vec<ExternalChunk> = Vec::new();
    let mut end = 0u64;
    let tensors = proto.graph.iter_mut().flat_map(|graph| &mut graph.initializer);
    for tensor in tensors {
        let Some(bytes) = tensor.raw_data.take_if(|bytes| bytes.len() >= SMALLEST) else { continue };
        let (offset, length) = (end.next_multiple_of(ALIGNMENT), bytes.len() as u64);
        let entries =
            [("location", location.to_owned()), ("offset", offset.to_string()), ("length", length.to_string())];
        tensor.external_data = entries.into_iter().map(|(key, value)| property(key, value)).collect();
        tensor.data_location = Some(DataLocation::External as i32);
        data.push(ExternalChunk { offset, bytes });
        end = offset + length;
    }
    Exported { proto, data }
}

/// A key with its value.
pub(crate) fn property(key: &str, value: String) -> StringStringEntryProto {
    StringStringEntryProto { key: Some(key.to_owned()), value: Some(value) }
}
