//! The model around the graph.

use super::graph::{AttributeProto, GraphProto, NodeProto, ValueInfoProto};
use crate::declare::message;

message! {
    /// The root of an ONNX file.
    ModelProto {
        optional int64 ir_version = 1;
        repeated message OperatorSetIdProto opset_import = 8;
        optional string producer_name = 2;
        optional string producer_version = 3;
        optional string domain = 4;
        optional int64 model_version = 5;
        optional string doc_string = 6;
        optional message GraphProto graph = 7;
        repeated message StringStringEntryProto metadata_props = 14;
        repeated message TrainingInfoProto training_info = 20;
        repeated message FunctionProto functions = 25;
        repeated message DeviceConfigurationProto configuration = 26;
    }
}

message! {
    /// A set of operators that a model uses, and its version: the opset.
    OperatorSetIdProto {
        optional string domain = 1;
        optional int64 version = 2;
    }
}

message! {
    /// A key with its value.
    StringStringEntryProto {
        optional string key = 1;
        optional string value = 2;
    }
}

message! {
    /// An operator of the model's own, written in others.
    FunctionProto {
        optional string name = 1;
        repeated string input = 4;
        repeated string output = 5;
        repeated string attribute = 6;
        repeated message AttributeProto attribute_proto = 11;
        repeated message NodeProto node = 7;
        optional string doc_string = 8;
        repeated message OperatorSetIdProto opset_import = 9;
        optional string domain = 10;
        optional string overload = 13;
        repeated message ValueInfoProto value_info = 12;
        repeated message StringStringEntryProto metadata_props = 14;
    }
}

message! {
    /// How a model is trained, which inference has no use for.
    TrainingInfoProto {
        optional message GraphProto initialization = 1;
        optional message GraphProto algorithm = 2;
        repeated message StringStringEntryProto initialization_binding = 3;
        repeated message StringStringEntryProto update_binding = 4;
    }
}

message! {
    /// Devices that a model may be spread over.
    DeviceConfigurationProto {
        optional string name = 1;
        optional int32 num_devices = 2;
        repeated string device = 3;
    }
}
