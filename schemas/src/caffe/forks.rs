//! Forks of Caffe: messages of layers that are met in practice, and the fields that are recognised but not read.
//!
//! Text names its fields, so that only their names matter there. Forks gave the same numbers to different fields, which makes their
//! binary files ambiguous: a field whose number clashes with BVLC's or another fork's has one from 100,000,000 on, which no file has,
//! and is read from text only.

use super::FillerParameter;
use crate::declare::{enumeration, message};

message! {
    /// The `ShuffleChannel` layer of ShuffleNet.
    ShuffleChannelParameter {
        optional uint32 group = 1 [default = 1];
    }
}

message! {
    /// The `Interp` layer of DeepLab and PSPNet: bilinear resizing with aligned corners.
    InterpParameter {
        optional int32 height = 1;
        optional int32 width = 2;
        optional int32 zoom_factor = 3 [default = 1];
        optional int32 shrink_factor = 4 [default = 1];
        optional int32 pad_beg = 5;
        optional int32 pad_end = 6;
    }
}

message! {
    /// The `Upsample` layer: of SegNet, which undoes a max pooling, or of YOLO conversions, which repeats values. They differ in the
    /// default of `scale`: 2 and 1.
    UpsampleParameter {
        optional uint32 scale = 1;
        optional uint32 scale_h = 2;
        optional uint32 scale_w = 3;
        optional bool pad_out_h = 4;
        optional bool pad_out_w = 5;
        optional uint32 upsample_h = 6;
        optional uint32 upsample_w = 7;
    }
}

message! {
    /// The `BN` layer: of SegNet (the first three fields) or of PSPNet and its relatives (the others).
    BnParameter {
        optional message FillerParameter scale_filler = 100_000_001;
        optional message FillerParameter shift_filler = 100_000_002;
        optional enum BnMode bn_mode = 100_000_003 [default = "Learn"];
        optional message FillerParameter slope_filler = 100_000_004;
        optional message FillerParameter bias_filler = 100_000_005;
        optional float momentum = 100_000_006 [default = 0.9];
        optional float eps = 100_000_007 [default = 1e-5];
        optional bool frozen = 100_000_008;
    }
}

enumeration! {
    /// Whether SegNet's `BN` layer is trained or run.
    BnMode {
        Learn = 0 "LEARN";
        Inference = 1 "INFERENCE";
    }
}

message! {
    /// The `ROIPooling` layer of Fast R-CNN.
    RoiPoolingParameter {
        optional uint32 pooled_h = 1;
        optional uint32 pooled_w = 2;
        optional float spatial_scale = 3 [default = 1.0];
    }
}

/// A field of a fork that the schema leaves out.
#[derive(Debug)]
pub struct ForkField {
    /// The message that has the field.
    pub message: &'static str,
    /// The field's name.
    pub field: &'static str,
    /// The numbers it has had in binary files, where they are known.
    pub numbers: &'static [u32],
    /// The fork.
    pub fork: &'static str,
    /// What it is for.
    pub purpose: ForkPurpose,
}

/// What a fork's field is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForkPurpose {
    /// Training, measuring or reading training images: inference does without.
    Training,
    /// How to compute, not what.
    Hint,
    /// What a net computes, in a way that isn't supported.
    Inference,
}

impl ForkPurpose {
    /// Whether inference may ignore the field.
    pub fn is_ignorable(self) -> bool {
        match self {
            ForkPurpose::Training | ForkPurpose::Hint => true,
            ForkPurpose::Inference => false,
        }
    }

    /// What it is for, to be read after "it ".
    pub fn sentence(self) -> &'static str {
        match self {
            ForkPurpose::Training => "only matters for training",
            ForkPurpose::Hint => "says how to compute, not what",
            ForkPurpose::Inference => "changes what the net computes, and is not supported",
        }
    }
}

/// The fork's field of that name, if it is known.
pub fn fork_field(message: &str, field: &str) -> Option<&'static ForkField> {
    FORK_FIELDS.iter().find(|fork| fork.message == message && fork.field == field)
}

/// The fork's field that has had that number, if it is known.
pub fn fork_field_by_number(message: &str, number: u32) -> Option<&'static ForkField> {
    FORK_FIELDS.iter().find(|fork| fork.message == message && fork.numbers.contains(&number))
}

macro_rules! fork_fields {
    ($($fork:literal $purpose:ident $message:ident { $($field:ident $([$($number:literal)*])?)* })*) => {
        /// Fields of forks that the schema leaves out.
        pub const FORK_FIELDS: &[ForkField] = &[$($(ForkField {
            message: stringify!($message),
            field: stringify!($field),
            numbers: &[$($($number),*)?],
            fork: $fork,
            purpose: ForkPurpose::$purpose,
        },)*)*];
    };
}

// The numbers are given where the forks' files agree on them.
fork_fields! {
    "SSD" Training LayerParameter {
        annotated_data_param [200] multibox_loss_param [201] detection_evaluate_param [205] video_data_param [207]
    }
    "SSD" Training TransformationParameter {
        resize_param [8] noise_param [9] emit_constraint [10] crop_h [11] crop_w [12] distort_param [13] expand_param [14]
    }
    "Fast R-CNN" Training LayerParameter { smooth_l1_loss_param [8266712] }
    "R-FCN" Training LayerParameter { box_annotator_ohem_param }
    "R-FCN" Inference LayerParameter { psroi_pooling_param }
    "NVIDIA" Training LayerParameter { detectnet_groundtruth_param [6801] detectnet_augmentation_param [6802] }
    "NVIDIA" Hint LayerParameter { forward_type backward_type forward_math backward_math }
    "NVIDIA" Hint NetParameter { default_forward_type default_backward_type default_forward_math default_backward_math }
    "NVIDIA" Hint ConvolutionParameter { cudnn_convolution_algo_seeker [19] }
    "Intel" Hint LayerParameter { engine }
    "Intel" Hint NetParameter { engine }
    "DeepLab" Training LayerParameter { seg_accuracy_param }
    "DeepLab" Training ImageDataParameter { label_type }
    "SegNet" Training LayerParameter { dense_image_data_param }
    "SegNet" Inference DropoutParameter { sample_weights_test }
    "YOLO" Training LayerParameter { region_loss_param }
    "YOLO" Inference LayerParameter { reorg_param yolo_detection_output_param [601] yolov3_detection_output_param [602] }
    "Center Loss" Training LayerParameter { center_loss_param }
    "SphereFace" Training LayerParameter { margin_inner_product_param }
}
