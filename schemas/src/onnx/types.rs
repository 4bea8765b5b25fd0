//! Types of values.

use crate::declare::message;

message! {
    /// A value's type: one of the fields.
    TypeProto {
        optional message TensorTypeProto tensor_type = 1;
        optional message SequenceTypeProto sequence_type = 4;
        optional message MapTypeProto map_type = 5;
        optional message OptionalTypeProto optional_type = 9;
        optional message SparseTensorTypeProto sparse_tensor_type = 8;
        optional message OpaqueTypeProto opaque_type = 7;
        optional string denotation = 6;
    }
}

message! {
    /// A tensor's element type ([`DataType`](super::DataType)) and shape.
    TensorTypeProto {
        optional int32 elem_type = 1;
        optional message TensorShapeProto shape = 2;
    }
}

message! {
    /// A list of values of one type.
    SequenceTypeProto {
        optional message TypeProto elem_type = 1;
    }
}

message! {
    /// Values by key.
    MapTypeProto {
        optional int32 key_type = 1;
        optional message TypeProto value_type = 2;
    }
}

message! {
    /// A value or none.
    OptionalTypeProto {
        optional message TypeProto elem_type = 1;
    }
}

message! {
    /// A sparse tensor's element type and shape.
    SparseTensorTypeProto {
        optional int32 elem_type = 1;
        optional message TensorShapeProto shape = 2;
    }
}

message! {
    /// A type that only its makers know.
    OpaqueTypeProto {
        optional string domain = 1;
        optional string name = 2;
    }
}

message! {
    /// Dimensions, outermost first.
    TensorShapeProto {
        repeated message Dimension dim = 1;
    }
}

message! {
    /// A size, or a name for one.
    Dimension {
        optional int64 dim_value = 1;
        optional string dim_param = 2;
        optional string denotation = 3;
    }
}
