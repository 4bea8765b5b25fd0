//! Normalisation layers.

use super::{Engine, FillerParameter};
use crate::declare::{enumeration, message};

message! {
    /// The `BatchNorm` layer.
    BatchNormParameter {
        optional bool use_global_stats = 1;
        optional float moving_average_fraction = 2 [default = 0.999];
        optional float eps = 3 [default = 1e-5];
        /// NVIDIA: how a scale is filled.
        optional message FillerParameter scale_filler = 5;
        /// NVIDIA: how a bias is filled.
        optional message FillerParameter bias_filler = 6;
        /// NVIDIA: whether a scale and a bias are among the blobs.
        optional bool scale_bias = 100_000_001;
        /// NVIDIA: the library to use.
        optional enum Engine engine = 15 [default = "Default"];
    }
}

message! {
    /// The `LRN` layer.
    LRNParameter {
        optional uint32 local_size = 1 [default = 5];
        optional float alpha = 2 [default = 1.0];
        optional float beta = 3 [default = 0.75];
        optional enum NormRegion norm_region = 4 [default = "AcrossChannels"];
        optional float k = 5 [default = 1.0];
        optional enum Engine engine = 6 [default = "Default"];
    }
}

enumeration! {
    /// What an LRN sums over.
    NormRegion {
        AcrossChannels = 0 "ACROSS_CHANNELS";
        WithinChannel = 1 "WITHIN_CHANNEL";
    }
}

message! {
    /// The `MVN` layer.
    MVNParameter {
        optional bool normalize_variance = 1 [default = true];
        optional bool across_channels = 2;
        optional float eps = 3 [default = 1e-9];
    }
}
