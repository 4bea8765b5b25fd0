//! Losses and measures, which inference ignores.

use crate::declare::{enumeration, message};

message! {
    /// What the loss layers share.
    LossParameter {
        optional int32 ignore_label = 1;
        optional enum NormalizationMode normalization = 3 [default = "Valid"];
        optional bool normalize = 2;
    }
}

enumeration! {
    /// What a loss is divided by.
    NormalizationMode {
        Full = 0 "FULL";
        Valid = 1 "VALID";
        BatchSize = 2 "BATCH_SIZE";
        None = 3 "NONE";
    }
}

message! {
    /// The `Accuracy` layer.
    AccuracyParameter {
        optional uint32 top_k = 1 [default = 1];
        optional int32 axis = 2 [default = 1];
        optional int32 ignore_label = 3;
    }
}

message! {
    /// The `ContrastiveLoss` layer.
    ContrastiveLossParameter {
        optional float margin = 1 [default = 1.0];
        optional bool legacy_version = 2;
    }
}

message! {
    /// The `HingeLoss` layer.
    HingeLossParameter {
        optional enum Norm norm = 1 [default = "L1"];
    }
}

enumeration! {
    /// The norm of a hinge loss.
    Norm {
        L1 = 1 "L1";
        L2 = 2 "L2";
    }
}

message! {
    /// The `InfogainLoss` layer.
    InfogainLossParameter {
        optional string source = 1;
        optional int32 axis = 2 [default = 1];
    }
}
