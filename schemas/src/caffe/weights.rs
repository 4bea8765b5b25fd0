//! Layers with learned weights, and fillers.

use super::Engine;
use crate::declare::{enumeration, message};

message! {
    /// How a weight blob is filled before training.
    FillerParameter {
        optional string r#type = 1 [default = "constant"];
        optional float value = 2;
        optional float min = 3;
        optional float max = 4 [default = 1.0];
        optional float mean = 5;
        optional float std = 6 [default = 1.0];
        optional int32 sparse = 7 [default = "-1"];
        optional enum VarianceNorm variance_norm = 8 [default = "FanIn"];
    }
}

enumeration! {
    /// What a filler divides the variance by.
    VarianceNorm {
        FanIn = 0 "FAN_IN";
        FanOut = 1 "FAN_OUT";
        Average = 2 "AVERAGE";
    }
}

message! {
    /// The `Bias` layer.
    BiasParameter {
        optional int32 axis = 1 [default = 1];
        optional int32 num_axes = 2 [default = 1];
        optional message FillerParameter filler = 3;
    }
}

message! {
    /// The `Convolution` and `Deconvolution` layers, and forks' `ConvolutionDepthwise`.
    ConvolutionParameter {
        optional uint32 num_output = 1;
        optional bool bias_term = 2 [default = true];
        repeated uint32 pad = 3;
        repeated uint32 kernel_size = 4;
        repeated uint32 stride = 6;
        repeated uint32 dilation = 18;
        optional uint32 pad_h = 9;
        optional uint32 pad_w = 10;
        optional uint32 kernel_h = 11;
        optional uint32 kernel_w = 12;
        optional uint32 stride_h = 13;
        optional uint32 stride_w = 14;
        optional uint32 group = 5 [default = 1];
        optional message FillerParameter weight_filler = 7;
        optional message FillerParameter bias_filler = 8;
        optional enum Engine engine = 15 [default = "Default"];
        optional int32 axis = 16 [default = 1];
        optional bool force_nd_im2col = 17;
        /// The first DeepLab's name of `dilation`.
        optional uint32 hole = 100_000_001 [default = 1];
    }
}

message! {
    /// The `Embed` layer.
    EmbedParameter {
        optional uint32 num_output = 1;
        optional uint32 input_dim = 2;
        optional bool bias_term = 3 [default = true];
        optional message FillerParameter weight_filler = 4;
        optional message FillerParameter bias_filler = 5;
    }
}

message! {
    /// The `InnerProduct` layer.
    InnerProductParameter {
        optional uint32 num_output = 1;
        optional bool bias_term = 2 [default = true];
        optional message FillerParameter weight_filler = 3;
        optional message FillerParameter bias_filler = 4;
        optional int32 axis = 5 [default = 1];
        optional bool transpose = 6;
    }
}

message! {
    /// The `LSTM` and `RNN` layers.
    RecurrentParameter {
        optional uint32 num_output = 1;
        optional message FillerParameter weight_filler = 2;
        optional message FillerParameter bias_filler = 3;
        optional bool debug_info = 4;
        optional bool expose_hidden = 5;
    }
}

message! {
    /// The `Scale` layer.
    ScaleParameter {
        optional int32 axis = 1 [default = 1];
        optional int32 num_axes = 2 [default = 1];
        optional message FillerParameter filler = 3;
        optional bool bias_term = 4;
        optional message FillerParameter bias_filler = 5;
    }
}

message! {
    /// The `PReLU` layer.
    PReLUParameter {
        optional message FillerParameter filler = 1;
        optional bool channel_shared = 2;
    }
}
