//! The net, its state and the rules on it.

use super::{BlobShape, LayerParameter, V1LayerParameter};
use crate::declare::{enumeration, message};

message! {
    /// A net: the root message of a prototxt or caffemodel.
    NetParameter {
        optional string name = 1;
        repeated string input = 3;
        repeated message BlobShape input_shape = 8;
        repeated int32 input_dim = 4;
        optional bool force_backward = 5;
        optional message NetState state = 6;
        optional bool debug_info = 7;
        repeated message LayerParameter layer = 100;
        repeated message V1LayerParameter layers = 2;
    }
}

message! {
    /// What the net is run for; layers may be included or excluded by it.
    NetState {
        optional enum Phase phase = 1 [default = "Test"];
        optional int32 level = 2;
        repeated string stage = 3;
    }
}

message! {
    /// A condition on the [`NetState`]. One with nothing in it always holds.
    NetStateRule {
        optional enum Phase phase = 1;
        optional int32 min_level = 2;
        optional int32 max_level = 3;
        repeated string stage = 4;
        repeated string not_stage = 5;
    }
}

message! {
    /// How a layer's weight blob is trained and whether it is shared by name.
    ParamSpec {
        optional string name = 1;
        optional enum DimCheckMode share_mode = 2;
        optional float lr_mult = 3 [default = 1.0];
        optional float decay_mult = 4 [default = 1.0];
    }
}

enumeration! {
    /// Whether a net is trained or run.
    Phase {
        Train = 0 "TRAIN";
        Test = 1 "TEST";
    }
}

enumeration! {
    /// Whether weights shared between layers must agree in shape or only in size.
    DimCheckMode {
        Strict = 0 "STRICT";
        Permissive = 1 "PERMISSIVE";
    }
}
