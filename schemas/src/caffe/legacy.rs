//! Layers of the two older prototxt formats.

use super::{
    AccuracyParameter, ArgMaxParameter, BlobProto, ConcatParameter, ContrastiveLossParameter, ConvolutionParameter,
    DataParameter, DimCheckMode, DropoutParameter, DummyDataParameter, EltwiseParameter, ExpParameter, FillerParameter,
    HDF5DataParameter, HDF5OutputParameter, HingeLossParameter, ImageDataParameter, InfogainLossParameter,
    InnerProductParameter, LRNParameter, LossParameter, MVNParameter, MemoryDataParameter, NetStateRule, PoolMethod,
    PoolingParameter, PowerParameter, ReLUParameter, SigmoidParameter, SliceParameter, SoftmaxParameter, TanHParameter,
    ThresholdParameter, TransformationParameter, WindowDataParameter,
};
use crate::declare::{enumeration, message};

message! {
    /// A layer of the second prototxt format (`layers`, the type an enum).
    V1LayerParameter {
        repeated string bottom = 2;
        repeated string top = 3;
        optional string name = 4;
        repeated message NetStateRule include = 32;
        repeated message NetStateRule exclude = 33;
        optional enum LayerType r#type = 5;
        repeated message BlobProto blobs = 6;
        repeated string param = 1001;
        repeated enum DimCheckMode blob_share_mode = 1002;
        repeated float blobs_lr = 7;
        repeated float weight_decay = 8;
        repeated float loss_weight = 35;
        optional message AccuracyParameter accuracy_param = 27;
        optional message ArgMaxParameter argmax_param = 23;
        optional message ConcatParameter concat_param = 9;
        optional message ContrastiveLossParameter contrastive_loss_param = 40;
        optional message ConvolutionParameter convolution_param = 10;
        optional message DataParameter data_param = 11;
        optional message DropoutParameter dropout_param = 12;
        optional message DummyDataParameter dummy_data_param = 26;
        optional message EltwiseParameter eltwise_param = 24;
        optional message ExpParameter exp_param = 41;
        optional message HDF5DataParameter hdf5_data_param = 13;
        optional message HDF5OutputParameter hdf5_output_param = 14;
        optional message HingeLossParameter hinge_loss_param = 29;
        optional message ImageDataParameter image_data_param = 15;
        optional message InfogainLossParameter infogain_loss_param = 16;
        optional message InnerProductParameter inner_product_param = 17;
        optional message LRNParameter lrn_param = 18;
        optional message MemoryDataParameter memory_data_param = 22;
        optional message MVNParameter mvn_param = 34;
        optional message PoolingParameter pooling_param = 19;
        optional message PowerParameter power_param = 21;
        optional message ReLUParameter relu_param = 30;
        optional message SigmoidParameter sigmoid_param = 38;
        optional message SoftmaxParameter softmax_param = 39;
        optional message SliceParameter slice_param = 31;
        optional message TanHParameter tanh_param = 37;
        optional message ThresholdParameter threshold_param = 25;
        optional message WindowDataParameter window_data_param = 20;
        optional message TransformationParameter transform_param = 36;
        optional message LossParameter loss_param = 42;
        optional message V0LayerParameter layer = 1;
    }
}

message! {
    /// A layer of the first prototxt format (`layers { layer { … } }`, all parameters in one message).
    V0LayerParameter {
        optional string name = 1;
        optional string r#type = 2;
        optional uint32 num_output = 3;
        optional bool biasterm = 4 [default = true];
        optional message FillerParameter weight_filler = 5;
        optional message FillerParameter bias_filler = 6;
        optional uint32 pad = 7;
        optional uint32 kernelsize = 8;
        optional uint32 group = 9 [default = 1];
        optional uint32 stride = 10 [default = 1];
        optional enum PoolMethod pool = 11 [default = "Max"];
        optional float dropout_ratio = 12 [default = 0.5];
        optional uint32 local_size = 13 [default = 5];
        optional float alpha = 14 [default = 1.0];
        optional float beta = 15 [default = 0.75];
        optional float k = 22 [default = 1.0];
        optional string source = 16;
        optional float scale = 17 [default = 1.0];
        optional string meanfile = 18;
        optional uint32 batchsize = 19;
        optional uint32 cropsize = 20;
        optional bool mirror = 21;
        repeated message BlobProto blobs = 50;
        repeated float blobs_lr = 51;
        repeated float weight_decay = 52;
        optional uint32 rand_skip = 53;
        optional float det_fg_threshold = 54 [default = 0.5];
        optional float det_bg_threshold = 55 [default = 0.5];
        optional float det_fg_fraction = 56 [default = 0.25];
        optional uint32 det_context_pad = 58;
        optional string det_crop_mode = 59 [default = "warp"];
        optional int32 new_num = 60;
        optional int32 new_channels = 61;
        optional int32 new_height = 62;
        optional int32 new_width = 63;
        optional bool shuffle_images = 64;
        optional uint32 concat_dim = 65 [default = 1];
        optional message HDF5OutputParameter hdf5_output_param = 1001;
    }
}

enumeration! {
    /// The layer types of the second prototxt format.
    LayerType {
        None = 0 "NONE";
        Accuracy = 1 "ACCURACY";
        Bnll = 2 "BNLL";
        Concat = 3 "CONCAT";
        Convolution = 4 "CONVOLUTION";
        Data = 5 "DATA";
        Dropout = 6 "DROPOUT";
        EuclideanLoss = 7 "EUCLIDEAN_LOSS";
        Flatten = 8 "FLATTEN";
        Hdf5Data = 9 "HDF5_DATA";
        Hdf5Output = 10 "HDF5_OUTPUT";
        Im2col = 11 "IM2COL";
        ImageData = 12 "IMAGE_DATA";
        InfogainLoss = 13 "INFOGAIN_LOSS";
        InnerProduct = 14 "INNER_PRODUCT";
        Lrn = 15 "LRN";
        MultinomialLogisticLoss = 16 "MULTINOMIAL_LOGISTIC_LOSS";
        Pooling = 17 "POOLING";
        Relu = 18 "RELU";
        Sigmoid = 19 "SIGMOID";
        Softmax = 20 "SOFTMAX";
        SoftmaxLoss = 21 "SOFTMAX_LOSS";
        Split = 22 "SPLIT";
        Tanh = 23 "TANH";
        WindowData = 24 "WINDOW_DATA";
        Eltwise = 25 "ELTWISE";
        Power = 26 "POWER";
        SigmoidCrossEntropyLoss = 27 "SIGMOID_CROSS_ENTROPY_LOSS";
        HingeLoss = 28 "HINGE_LOSS";
        MemoryData = 29 "MEMORY_DATA";
        Argmax = 30 "ARGMAX";
        Threshold = 31 "THRESHOLD";
        DummyData = 32 "DUMMY_DATA";
        Slice = 33 "SLICE";
        Mvn = 34 "MVN";
        Absval = 35 "ABSVAL";
        Silence = 36 "SILENCE";
        ContrastiveLoss = 37 "CONTRASTIVE_LOSS";
        Exp = 38 "EXP";
        Deconvolution = 39 "DECONVOLUTION";
    }
}
