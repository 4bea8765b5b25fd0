//! Values that are files by themselves, as ONNX's tests have them.

use super::tensor::TensorProto;
use crate::declare::message;

message! {
    /// A list of values of one kind; those of tensors and of lists are read.
    SequenceProto {
        optional string name = 1;
        optional int32 elem_type = 2;
        repeated message TensorProto tensor_values = 3;
        repeated message SequenceProto sequence_values = 5;
    }
}

message! {
    /// A value or none; tensors and lists of them are read.
    OptionalProto {
        optional string name = 1;
        optional int32 elem_type = 2;
        optional message TensorProto tensor_value = 3;
        optional message SequenceProto sequence_value = 5;
    }
}
