//! ONNX's messages. [`ModelProto`] is the root of a file.
//!
//! Where the format has a choice of fields (`oneof`), each is an optional field of its own here.

mod data;
mod graph;
pub mod metadata;
mod model;
mod sharding;
mod tensor;
mod types;

pub use self::data::{OptionalProto, SequenceProto};
pub use self::graph::{AttributeProto, AttributeType, GraphProto, NodeProto, TensorAnnotation, ValueInfoProto};
pub use self::model::{
    DeviceConfigurationProto, FunctionProto, ModelProto, OperatorSetIdProto, StringStringEntryProto, TrainingInfoProto,
};
pub use self::sharding::{
    IntIntListEntryProto, NodeDeviceConfigurationProto, ShardedDimProto, ShardingSpecProto, SimpleShardedDimProto,
};
pub use self::tensor::{DataLocation, DataType, Segment, SparseTensorProto, TensorProto};
pub use self::types::{
    Dimension, MapTypeProto, OpaqueTypeProto, OptionalTypeProto, SequenceTypeProto, SparseTensorTypeProto,
    TensorShapeProto, TensorTypeProto, TypeProto,
};
