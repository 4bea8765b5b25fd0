//! Caffe's messages: BVLC's, and those of forks whose models are met in practice.
//!
//! [`NetParameter`] is the root of a prototxt and of a caffemodel, [`BlobProto`] of a mean image.
//! Enum fields hold numbers; the getter of the same name gives the variant, or the default of a missing field.

mod activation;
mod blob;
mod data;
mod forks;
mod layer;
mod legacy;
mod loss;
mod net;
mod norm;
mod pooling;
mod ristretto;
mod shape;
mod ssd;
mod weights;

pub use self::activation::{
    ClipParameter, DropoutParameter, ELUParameter, Engine, ExpParameter, LogParameter, PowerParameter, ReLUParameter,
    SigmoidParameter, SoftmaxParameter, SwishParameter, TanHParameter, ThresholdParameter,
};
pub use self::blob::{BlobError, BlobProto, BlobProtoVector, BlobShape};
pub use self::data::{
    DB, DataParameter, DummyDataParameter, HDF5DataParameter, HDF5OutputParameter, ImageDataParameter, InputParameter,
    MemoryDataParameter, ParameterParameter, PythonParameter, TransformationParameter, WindowDataParameter,
};
pub use self::forks::{
    BnMode, BnParameter, FORK_FIELDS, ForkField, ForkPurpose, InterpParameter, RoiPoolingParameter,
    ShuffleChannelParameter, UpsampleParameter, fork_field, fork_field_by_number,
};
pub use self::layer::LayerParameter;
pub use self::legacy::{LayerType, V0LayerParameter, V1LayerParameter};
pub use self::loss::{
    AccuracyParameter, ContrastiveLossParameter, HingeLossParameter, InfogainLossParameter, LossParameter, Norm,
    NormalizationMode,
};
pub use self::net::{DimCheckMode, NetParameter, NetState, NetStateRule, ParamSpec, Phase};
pub use self::norm::{BatchNormParameter, LRNParameter, MVNParameter, NormRegion};
pub use self::pooling::{PoolMethod, PoolingParameter, RoundMode, SPPParameter};
pub use self::ristretto::{Precision, QuantizationParameter, Rounding, renumbered};
pub use self::shape::{
    ArgMaxParameter, ConcatParameter, CropParameter, EltwiseOp, EltwiseParameter, FlattenParameter, ReductionOp,
    ReductionParameter, ReshapeParameter, SliceParameter, TileParameter,
};
pub use self::ssd::{
    CodeType, DetectionOutputParameter, NonMaximumSuppressionParameter, NormalizeParameter, PermuteParameter,
    PriorBoxParameter, SaveOutputParameter,
};
pub use self::weights::{
    BiasParameter, ConvolutionParameter, EmbedParameter, FillerParameter, InnerProductParameter, PReLUParameter,
    RecurrentParameter, ScaleParameter, VarianceNorm,
};
