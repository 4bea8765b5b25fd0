//! Tensors as ONNX stores them.

use super::model::StringStringEntryProto;
use crate::declare::{enumeration, message};

message! {
    /// A tensor: its elements are in `raw_data`, in one of the typed fields, or in another file.
    TensorProto {
        repeated int64 dims = 1;
        optional int32 data_type = 2;
        optional message Segment segment = 3;
        chunked float float_data = 4;
        packed int32 int32_data = 5;
        repeated bytes string_data = 6;
        packed int64 int64_data = 7;
        optional string name = 8;
        optional string doc_string = 12;
        optional bytes raw_data = 9;
        repeated message StringStringEntryProto external_data = 13;
        optional enum DataLocation data_location = 14;
        chunked double double_data = 10;
        packed uint64 uint64_data = 11;
        repeated message StringStringEntryProto metadata_props = 16;
    }
}

message! {
    /// The part of a tensor that is stored, of one stored in parts.
    Segment {
        optional int64 begin = 1;
        optional int64 end = 2;
    }
}

message! {
    /// A tensor of which only some elements are stored.
    SparseTensorProto {
        optional message TensorProto values = 1;
        optional message TensorProto indices = 2;
        repeated int64 dims = 3;
    }
}

enumeration! {
    /// Element types.
    DataType {
        Undefined = 0 "UNDEFINED";
        Float = 1 "FLOAT";
        Uint8 = 2 "UINT8";
        Int8 = 3 "INT8";
        Uint16 = 4 "UINT16";
        Int16 = 5 "INT16";
        Int32 = 6 "INT32";
        Int64 = 7 "INT64";
        String = 8 "STRING";
        Bool = 9 "BOOL";
        Float16 = 10 "FLOAT16";
        Double = 11 "DOUBLE";
        Uint32 = 12 "UINT32";
        Uint64 = 13 "UINT64";
        Complex64 = 14 "COMPLEX64";
        Complex128 = 15 "COMPLEX128";
        BFloat16 = 16 "BFLOAT16";
        Float8E4M3Fn = 17 "FLOAT8E4M3FN";
        Float8E4M3Fnuz = 18 "FLOAT8E4M3FNUZ";
        Float8E5M2 = 19 "FLOAT8E5M2";
        Float8E5M2Fnuz = 20 "FLOAT8E5M2FNUZ";
        Uint4 = 21 "UINT4";
        Int4 = 22 "INT4";
        Float4E2M1 = 23 "FLOAT4E2M1";
        Float8E8M0 = 24 "FLOAT8E8M0";
        Uint2 = 25 "UINT2";
        Int2 = 26 "INT2";
        Float6E2M3 = 27 "FLOAT6E2M3";
        Float6E3M2 = 28 "FLOAT6E3M2";
    }
}

enumeration! {
    /// Where a tensor's elements are.
    DataLocation {
        Default = 0 "DEFAULT";
        External = 1 "EXTERNAL";
    }
}
