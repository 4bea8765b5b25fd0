//! Layers that move, join, split or reduce.

use super::BlobShape;
use crate::declare::{enumeration, message};

message! {
    /// The `ArgMax` layer.
    ArgMaxParameter {
        optional bool out_max_val = 1;
        optional uint32 top_k = 2 [default = 1];
        optional int32 axis = 3;
    }
}

message! {
    /// The `Concat` layer.
    ConcatParameter {
        optional int32 axis = 2 [default = 1];
        optional uint32 concat_dim = 1 [default = 1];
    }
}

message! {
    /// The `Crop` layer.
    CropParameter {
        optional int32 axis = 1 [default = 2];
        repeated uint32 offset = 2;
    }
}

message! {
    /// The `Eltwise` layer.
    EltwiseParameter {
        optional enum EltwiseOp operation = 1 [default = "Sum"];
        repeated float coeff = 2;
        optional bool stable_prod_grad = 3 [default = true];
    }
}

enumeration! {
    /// What an `Eltwise` layer computes.
    EltwiseOp {
        Prod = 0 "PROD";
        Sum = 1 "SUM";
        Max = 2 "MAX";
    }
}

message! {
    /// The `Flatten` layer.
    FlattenParameter {
        optional int32 axis = 1 [default = 1];
        optional int32 end_axis = 2 [default = "-1"];
    }
}

message! {
    /// The `Reduction` layer.
    ReductionParameter {
        optional enum ReductionOp operation = 1 [default = "Sum"];
        optional int32 axis = 2;
        optional float coeff = 3 [default = 1.0];
    }
}

enumeration! {
    /// What a `Reduction` layer computes.
    ReductionOp {
        Sum = 1 "SUM";
        Asum = 2 "ASUM";
        Sumsq = 3 "SUMSQ";
        Mean = 4 "MEAN";
    }
}

message! {
    /// The `Reshape` layer.
    ReshapeParameter {
        optional message BlobShape shape = 1;
        optional int32 axis = 2;
        optional int32 num_axes = 3 [default = "-1"];
    }
}

message! {
    /// The `Slice` layer.
    SliceParameter {
        optional int32 axis = 3 [default = 1];
        repeated uint32 slice_point = 2;
        optional uint32 slice_dim = 1 [default = 1];
    }
}

message! {
    /// The `Tile` layer.
    TileParameter {
        optional int32 axis = 1 [default = 1];
        optional int32 tiles = 2;
    }
}
