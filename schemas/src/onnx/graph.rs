//! Graphs, nodes and their attributes.

use super::model::StringStringEntryProto;
use super::sharding::NodeDeviceConfigurationProto;
use super::tensor::{SparseTensorProto, TensorProto};
use super::types::TypeProto;
use crate::declare::{enumeration, message};

message! {
    /// Nodes in the order of computation, with the weights they read.
    GraphProto {
        repeated message NodeProto node = 1;
        optional string name = 2;
        repeated message TensorProto initializer = 5;
        repeated message SparseTensorProto sparse_initializer = 15;
        optional string doc_string = 10;
        repeated message ValueInfoProto input = 11;
        repeated message ValueInfoProto output = 12;
        repeated message ValueInfoProto value_info = 13;
        repeated message TensorAnnotation quantization_annotation = 14;
        repeated message StringStringEntryProto metadata_props = 16;
    }
}

message! {
    /// A value's name and type.
    ValueInfoProto {
        optional string name = 1;
        optional message TypeProto r#type = 2;
        optional string doc_string = 3;
        repeated message StringStringEntryProto metadata_props = 4;
    }
}

message! {
    /// Quantisation parameters of a value, by name.
    TensorAnnotation {
        optional string tensor_name = 1;
        repeated message StringStringEntryProto quant_parameter_tensor_names = 2;
    }
}

message! {
    /// A use of an operator.
    NodeProto {
        repeated string input = 1;
        repeated string output = 2;
        optional string name = 3;
        optional string op_type = 4;
        optional string domain = 7;
        optional string overload = 8;
        repeated message AttributeProto attribute = 5;
        optional string doc_string = 6;
        repeated message StringStringEntryProto metadata_props = 9;
        repeated message NodeDeviceConfigurationProto device_configurations = 10;
    }
}

message! {
    /// An attribute of a node: one of the value fields, as `type` says.
    AttributeProto {
        optional string name = 1;
        optional string ref_attr_name = 21;
        optional string doc_string = 13;
        optional enum AttributeType r#type = 20;
        optional float f = 2;
        optional int64 i = 3;
        optional bytes s = 4;
        optional message TensorProto t = 5;
        optional message GraphProto g = 6;
        optional message SparseTensorProto sparse_tensor = 22;
        optional message TypeProto tp = 14;
        repeated float floats = 7;
        repeated int64 ints = 8;
        repeated bytes strings = 9;
        repeated message TensorProto tensors = 10;
        repeated message GraphProto graphs = 11;
        repeated message SparseTensorProto sparse_tensors = 23;
        repeated message TypeProto type_protos = 15;
    }
}

enumeration! {
    /// Which of an attribute's fields has its value.
    AttributeType {
        Undefined = 0 "UNDEFINED";
        Float = 1 "FLOAT";
        Int = 2 "INT";
        String = 3 "STRING";
        Tensor = 4 "TENSOR";
        Graph = 5 "GRAPH";
        SparseTensor = 11 "SPARSE_TENSOR";
        TypeProto = 13 "TYPE_PROTO";
        Floats = 6 "FLOATS";
        Ints = 7 "INTS";
        Strings = 8 "STRINGS";
        Tensors = 9 "TENSORS";
        Graphs = 10 "GRAPHS";
        SparseTensors = 12 "SPARSE_TENSORS";
        TypeProtos = 14 "TYPE_PROTOS";
    }
}
