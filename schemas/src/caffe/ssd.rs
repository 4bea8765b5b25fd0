//! Messages of the SSD fork.

use super::FillerParameter;
use crate::declare::{enumeration, message};

message! {
    /// SSD's `Normalize` layer.
    NormalizeParameter {
        optional bool across_spatial = 1 [default = true];
        optional message FillerParameter scale_filler = 2;
        optional bool channel_shared = 3 [default = true];
        optional float eps = 4 [default = 1e-10];
    }
}

message! {
    /// SSD's `Permute` layer.
    PermuteParameter {
        repeated uint32 order = 1;
    }
}

message! {
    /// SSD's `PriorBox` layer.
    PriorBoxParameter {
        repeated float min_size = 1;
        repeated float max_size = 2;
        repeated float aspect_ratio = 3;
        optional bool flip = 4 [default = true];
        optional bool clip = 5 [default = true];
        repeated float variance = 6;
        optional uint32 img_size = 7;
        optional uint32 img_h = 8;
        optional uint32 img_w = 9;
        optional float step = 10;
        optional float step_h = 11;
        optional float step_w = 12;
        optional float offset = 13 [default = 0.5];
    }
}

message! {
    /// SSD's `DetectionOutput` layer.
    DetectionOutputParameter {
        optional uint32 num_classes = 1;
        optional bool share_location = 2 [default = true];
        optional int32 background_label_id = 3;
        optional message NonMaximumSuppressionParameter nms_param = 4;
        optional message SaveOutputParameter save_output_param = 5;
        optional enum CodeType code_type = 6 [default = "Corner"];
        optional bool variance_encoded_in_target = 8;
        optional int32 keep_top_k = 7 [default = "-1"];
        optional float confidence_threshold = 9;
        optional bool visualize = 10;
        optional float visualize_threshold = 11;
        repeated float thresholds = 12;
        optional string save_file = 13;
    }
}

enumeration! {
    /// How SSD encodes a box relative to its prior.
    CodeType {
        Corner = 1 "CORNER";
        CenterSize = 2 "CENTER_SIZE";
        CornerSize = 3 "CORNER_SIZE";
    }
}

message! {
    /// SSD's suppression of overlapping boxes.
    NonMaximumSuppressionParameter {
        optional float nms_threshold = 1 [default = 0.3];
        optional int32 top_k = 2;
        optional float eta = 3 [default = 1.0];
    }
}

message! {
    /// Files SSD writes its detections to.
    SaveOutputParameter {
        optional string output_directory = 1;
        optional string output_name_prefix = 2;
        optional string output_format = 3;
        optional string label_map_file = 4;
        optional string name_size_file = 5;
        optional uint32 num_test_image = 6;
    }
}
