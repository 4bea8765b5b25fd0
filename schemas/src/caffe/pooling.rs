//! Pooling layers.

use super::Engine;
use crate::declare::{enumeration, message};

message! {
    /// The `Pooling` layer.
    PoolingParameter {
        optional enum PoolMethod pool = 1 [default = "Max"];
        optional uint32 pad = 4;
        optional uint32 pad_h = 9;
        optional uint32 pad_w = 10;
        optional uint32 kernel_size = 2;
        optional uint32 kernel_h = 5;
        optional uint32 kernel_w = 6;
        optional uint32 stride = 3 [default = 1];
        optional uint32 stride_h = 7;
        optional uint32 stride_w = 8;
        optional enum Engine engine = 11 [default = "Default"];
        optional bool global_pooling = 12;
        optional enum RoundMode round_mode = 13 [default = "Ceil"];
        /// Forks' way to say `round_mode`: whether the output size is rounded up.
        optional bool ceil_mode = 100_000_001 [default = true];
    }
}

enumeration! {
    /// What a pooling computes of a window.
    PoolMethod {
        Max = 0 "MAX";
        Ave = 1 "AVE";
        Stochastic = 2 "STOCHASTIC";
    }
}

enumeration! {
    /// How a pooling rounds its output size.
    RoundMode {
        Ceil = 0 "CEIL";
        Floor = 1 "FLOOR";
    }
}

message! {
    /// The `SPP` (spatial pyramid pooling) layer.
    SPPParameter {
        optional uint32 pyramid_height = 1;
        optional enum PoolMethod pool = 2 [default = "Max"];
        optional enum Engine engine = 6 [default = "Default"];
    }
}
