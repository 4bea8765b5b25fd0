//! A layer.

use super::{
    AccuracyParameter, ArgMaxParameter, BatchNormParameter, BiasParameter, BlobProto, BnParameter, ClipParameter,
    ConcatParameter, ContrastiveLossParameter, ConvolutionParameter, CropParameter, DataParameter,
    DetectionOutputParameter, DropoutParameter, DummyDataParameter, ELUParameter, EltwiseParameter, EmbedParameter,
    ExpParameter, FlattenParameter, HDF5DataParameter, HDF5OutputParameter, HingeLossParameter, ImageDataParameter,
    InfogainLossParameter, InnerProductParameter, InputParameter, InterpParameter, LRNParameter, LogParameter,
    LossParameter, MVNParameter, MemoryDataParameter, NetStateRule, NormalizeParameter, PReLUParameter, ParamSpec,
    ParameterParameter, PermuteParameter, Phase, PoolingParameter, PowerParameter, PriorBoxParameter, PythonParameter,
    QuantizationParameter, ReLUParameter, RecurrentParameter, ReductionParameter, ReshapeParameter,
    RoiPoolingParameter, SPPParameter, ScaleParameter, ShuffleChannelParameter, SigmoidParameter, SliceParameter,
    SoftmaxParameter, SwishParameter, TanHParameter, ThresholdParameter, TileParameter, TransformationParameter,
    UpsampleParameter, WindowDataParameter,
};
use crate::declare::message;

message! {
    /// A layer, with the parameters of its type.
    LayerParameter {
        optional string name = 1;
        optional string r#type = 2;
        repeated string bottom = 3;
        repeated string top = 4;
        optional enum Phase phase = 10;
        repeated float loss_weight = 5;
        repeated message ParamSpec param = 6;
        repeated message BlobProto blobs = 7;
        repeated bool propagate_down = 11;
        repeated message NetStateRule include = 8;
        repeated message NetStateRule exclude = 9;
        optional message TransformationParameter transform_param = 100;
        optional message LossParameter loss_param = 101;
        optional message AccuracyParameter accuracy_param = 102;
        optional message ArgMaxParameter argmax_param = 103;
        optional message BatchNormParameter batch_norm_param = 139;
        optional message BiasParameter bias_param = 141;
        optional message ClipParameter clip_param = 148;
        optional message ConcatParameter concat_param = 104;
        optional message ContrastiveLossParameter contrastive_loss_param = 105;
        optional message ConvolutionParameter convolution_param = 106;
        optional message CropParameter crop_param = 144;
        optional message DataParameter data_param = 107;
        optional message DropoutParameter dropout_param = 108;
        optional message DummyDataParameter dummy_data_param = 109;
        optional message EltwiseParameter eltwise_param = 110;
        optional message ELUParameter elu_param = 140;
        optional message EmbedParameter embed_param = 137;
        optional message ExpParameter exp_param = 111;
        optional message FlattenParameter flatten_param = 135;
        optional message HDF5DataParameter hdf5_data_param = 112;
        optional message HDF5OutputParameter hdf5_output_param = 113;
        optional message HingeLossParameter hinge_loss_param = 114;
        optional message ImageDataParameter image_data_param = 115;
        optional message InfogainLossParameter infogain_loss_param = 116;
        optional message InnerProductParameter inner_product_param = 117;
        optional message InputParameter input_param = 143;
        optional message LogParameter log_param = 134;
        optional message LRNParameter lrn_param = 118;
        optional message MemoryDataParameter memory_data_param = 119;
        optional message MVNParameter mvn_param = 120;
        optional message ParameterParameter parameter_param = 145;
        optional message PoolingParameter pooling_param = 121;
        optional message PowerParameter power_param = 122;
        optional message PReLUParameter prelu_param = 131;
        optional message PythonParameter python_param = 130;
        optional message RecurrentParameter recurrent_param = 146;
        optional message ReductionParameter reduction_param = 136;
        optional message ReLUParameter relu_param = 123;
        optional message ReshapeParameter reshape_param = 133;
        optional message ScaleParameter scale_param = 142;
        optional message SigmoidParameter sigmoid_param = 124;
        optional message SoftmaxParameter softmax_param = 125;
        optional message SPPParameter spp_param = 132;
        optional message SliceParameter slice_param = 126;
        optional message SwishParameter swish_param = 147;
        optional message TanHParameter tanh_param = 127;
        optional message ThresholdParameter threshold_param = 128;
        optional message TileParameter tile_param = 138;
        optional message WindowDataParameter window_data_param = 129;
        optional message DetectionOutputParameter detection_output_param = 204;
        optional message NormalizeParameter norm_param = 206;
        optional message PermuteParameter permute_param = 202;
        optional message PriorBoxParameter prior_box_param = 203;
        optional message QuantizationParameter quantization_param = 149;
        optional message ShuffleChannelParameter shuffle_channel_param = 164;
        optional message RoiPoolingParameter roi_pooling_param = 8266711;
        optional message InterpParameter interp_param = 100_000_001;
        optional message UpsampleParameter upsample_param = 100_000_002;
        optional message BnParameter bn_param = 100_000_003;
    }
}
