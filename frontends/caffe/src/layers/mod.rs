//! The layer types: one file a family, one list.

mod activation;
mod argmax;
mod batch_norm;
mod batch_reindex;
mod concat;
mod context;
mod convolution;
mod data;
mod deconvolution;
mod detection_output;
mod dummy_data;
mod eltwise;
mod geometry;
mod im2col;
mod inner_product;
mod input;
mod interp;
mod lrn;
mod mvn;
mod number_format;
mod parameter;
mod permute;
mod pooling;
mod power;
mod prior_box;
mod recurrent;
mod reduction;
mod refused;
mod reshape;
mod ristretto;
mod scale;
mod slice;
mod softmax;
mod split;
mod tile;
mod upsample;

use firebrick_ir::{Arity, Value};
use firebrick_schemas::FieldPath;

pub(crate) use self::context::LayerContext;
pub(crate) use self::number_format::NumberFormat;
use crate::net::Layer;
use crate::problem::{Problem, ProblemKind};

/// A layer's tops, in order. `None` where a data layer's top has no reader.
type Tops = Result<Vec<Option<Value>>, Problem>;

/// Whose Caffe a layer type belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fork {
    /// Caffe itself, of the Berkeley Vision and Learning Center.
    Bvlc,
    /// Ristretto, which rounds numbers to few bits.
    Ristretto,
    /// SSD: the Single Shot MultiBox Detector's fork.
    Ssd,
    /// Layers that several forks and add-ons have under the same name.
    Others,
}

impl Fork {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Fork::Bvlc => "BVLC",
            Fork::Ristretto => "Ristretto",
            Fork::Ssd => "SSD",
            Fork::Others => "others",
        }
    }
}

const fn exactly(n: usize) -> Arity {
    Arity::exactly(n)
}

const fn between(min: usize, max: usize) -> Arity {
    Arity::between(min, max)
}

const fn at_least(min: usize) -> Arity {
    Arity::at_least(min)
}

/// A layer type: what it is called, what it takes, what it becomes.
#[derive(Debug)]
pub struct LayerEntry {
    /// The type, as in `type: "Convolution"`.
    pub kind: &'static str,
    /// Whose it is.
    pub fork: Fork,
    /// What it becomes in the graph, in a few words.
    pub becomes: &'static str,
    bottoms: Arity,
    tops: Arity,
    translate: fn(&mut LayerContext<'_, '_>) -> Tops,
}

/// Every layer type that can be translated, in alphabetical order.
pub fn layer_types() -> &'static [LayerEntry] {
    LAYERS
}

/// The one list of layer types. Adding one is a function in a file of this folder and an entry here.
const LAYERS: &[LayerEntry] = &[
    entry("AbsVal", Fork::Bvlc, exactly(1), exactly(1), "abs", activation::absval),
    entry("AnnotatedData", Fork::Ssd, exactly(0), between(1, 2), "inputs", data::annotated_data),
    entry("ArgMax", Fork::Bvlc, exactly(1), exactly(1), "top_k, cast", argmax::argmax),
    entry("Axpy", Fork::Others, exactly(3), exactly(1), "mul, add", eltwise::axpy),
    entry("BatchNorm", Fork::Bvlc, exactly(1), exactly(1), "batch_norm", batch_norm::batch_norm),
    entry("BatchReindex", Fork::Bvlc, exactly(2), exactly(1), "gather", batch_reindex::batch_reindex),
    entry("Bias", Fork::Bvlc, between(1, 2), exactly(1), "add", scale::bias),
    entry("BNLL", Fork::Bvlc, exactly(1), exactly(1), "softplus", activation::bnll),
    entry("Clip", Fork::Bvlc, exactly(1), exactly(1), "clip", activation::clip),
    entry("Concat", Fork::Bvlc, at_least(1), exactly(1), "concat", concat::concat),
    entry("Convolution", Fork::Bvlc, at_least(1), at_least(1), "conv", convolution::convolution),
    entry("ConvolutionDepthwise", Fork::Others, at_least(1), at_least(1), "conv", convolution::depthwise),
    entry("ConvolutionRistretto", Fork::Ristretto, at_least(1), at_least(1), "quantize, conv", ristretto::convolution),
    entry("Crop", Fork::Bvlc, exactly(2), exactly(1), "slice", slice::crop),
    entry("Data", Fork::Bvlc, exactly(0), between(1, 2), "inputs", data::data),
    entry("Deconvolution", Fork::Bvlc, at_least(1), at_least(1), "conv_transpose", deconvolution::deconvolution),
    entry(
        "DeconvolutionRistretto",
        Fork::Ristretto,
        at_least(1),
        at_least(1),
        "quantize, conv_transpose",
        ristretto::deconvolution,
    ),
    entry("DepthwiseConvolution", Fork::Others, at_least(1), at_least(1), "conv", convolution::depthwise),
    entry("DetectionOutput", Fork::Ssd, exactly(3), exactly(1), "detection_output", detection_output::detection_output),
    entry("Dropout", Fork::Bvlc, exactly(1), exactly(1), "nothing", activation::dropout),
    entry("DummyData", Fork::Bvlc, exactly(0), at_least(1), "constants or inputs", dummy_data::dummy_data),
    entry("Eltwise", Fork::Bvlc, at_least(2), exactly(1), "mul, add or max", eltwise::eltwise),
    entry("ELU", Fork::Bvlc, exactly(1), exactly(1), "elu", activation::elu),
    entry("Embed", Fork::Bvlc, exactly(1), exactly(1), "cast, gather, add", inner_product::embed),
    entry("Exp", Fork::Bvlc, exactly(1), exactly(1), "mul, exp", power::exp),
    entry("FcRistretto", Fork::Ristretto, exactly(1), exactly(1), "quantize, gemm", ristretto::inner_product),
    entry("Flatten", Fork::Bvlc, exactly(1), exactly(1), "reshape", reshape::flatten),
    entry("HDF5Data", Fork::Bvlc, exactly(0), at_least(1), "inputs", data::hdf5_data),
    entry("Im2col", Fork::Bvlc, exactly(1), exactly(1), "conv", im2col::im2col),
    entry("ImageData", Fork::Bvlc, exactly(0), exactly(2), "inputs", data::image_data),
    entry("InnerProduct", Fork::Bvlc, exactly(1), exactly(1), "gemm", inner_product::inner_product),
    entry("Input", Fork::Bvlc, exactly(0), at_least(1), "inputs", input::input),
    entry("Interp", Fork::Others, exactly(1), exactly(1), "resize", interp::interp),
    entry("Log", Fork::Bvlc, exactly(1), exactly(1), "mul, add, log", power::log),
    entry("LRN", Fork::Bvlc, exactly(1), exactly(1), "lrn, or its parts within a channel", lrn::lrn),
    entry("LSTM", Fork::Bvlc, between(2, 5), between(1, 3), "gemm, recur", recurrent::lstm),
    entry("MemoryData", Fork::Bvlc, exactly(0), exactly(2), "inputs", data::memory_data),
    entry("MVN", Fork::Bvlc, exactly(1), exactly(1), "reduce, sub, div", mvn::mvn),
    entry("Normalize", Fork::Ssd, exactly(1), exactly(1), "reduce, div, mul", mvn::normalize),
    entry("Parameter", Fork::Bvlc, exactly(0), exactly(1), "const", parameter::parameter),
    entry("Permute", Fork::Ssd, exactly(1), exactly(1), "transpose", permute::permute),
    entry("Pooling", Fork::Bvlc, exactly(1), between(1, 2), "pool", pooling::pooling),
    entry("Power", Fork::Bvlc, exactly(1), exactly(1), "mul, add, pow", power::power),
    entry("PReLU", Fork::Bvlc, exactly(1), exactly(1), "prelu", activation::prelu),
    entry("PriorBox", Fork::Ssd, exactly(2), exactly(1), "const", prior_box::prior_box),
    entry("Reduction", Fork::Bvlc, exactly(1), exactly(1), "reduce", reduction::reduction),
    entry("ReLU", Fork::Bvlc, exactly(1), exactly(1), "relu or leaky_relu", activation::relu),
    entry("ReLU6", Fork::Others, exactly(1), exactly(1), "clip", activation::relu6),
    entry("Reshape", Fork::Bvlc, exactly(1), exactly(1), "reshape", reshape::reshape),
    entry("RNN", Fork::Bvlc, between(2, 4), between(1, 2), "gemm, recur, tanh", recurrent::rnn),
    entry("Scale", Fork::Bvlc, between(1, 2), exactly(1), "mul, add", scale::scale),
    entry("ShuffleChannel", Fork::Others, exactly(1), exactly(1), "reshape, transpose", permute::shuffle_channel),
    entry("Sigmoid", Fork::Bvlc, exactly(1), exactly(1), "sigmoid", activation::sigmoid),
    entry("Silence", Fork::Bvlc, at_least(1), exactly(0), "nothing", split::silence),
    entry("Slice", Fork::Bvlc, exactly(1), at_least(1), "slice", slice::slice),
    entry("Softmax", Fork::Bvlc, exactly(1), exactly(1), "softmax", softmax::softmax),
    entry("Split", Fork::Bvlc, exactly(1), at_least(1), "identity", split::split),
    entry("SPP", Fork::Bvlc, exactly(1), exactly(1), "pool, concat", pooling::spp),
    entry("Swish", Fork::Bvlc, exactly(1), exactly(1), "sigmoid, mul", activation::swish),
    entry("TanH", Fork::Bvlc, exactly(1), exactly(1), "tanh", activation::tanh),
    entry("Threshold", Fork::Bvlc, exactly(1), exactly(1), "greater, cast", activation::threshold),
    entry("Tile", Fork::Bvlc, exactly(1), exactly(1), "tile", tile::tile),
    entry("Upsample", Fork::Others, between(1, 2), exactly(1), "unpool, or resize", upsample::upsample),
    entry("WindowData", Fork::Bvlc, exactly(0), exactly(2), "inputs", data::window_data),
];

/// A line of the list: type, fork, bottoms, tops, what it becomes, translation.
const fn entry(
    kind: &'static str,
    fork: Fork,
    bottoms: Arity,
    tops: Arity,
    becomes: &'static str,
    translate: fn(&mut LayerContext<'_, '_>) -> Tops,
) -> LayerEntry {
    LayerEntry { kind, fork, becomes, bottoms, tops, translate }
}

/// The entry of a layer type.
pub(crate) fn find(kind: &str) -> Option<&'static LayerEntry> {
    LAYERS.iter().find(|entry| entry.kind == kind)
}

/// The problem that a layer's type is not in the list: why, or whose it is, where that is known.
pub(crate) fn unknown(layer: &Layer) -> Problem {
    if let Some(problem) = refused::refused(layer) {
        return problem;
    }
    let problem = Problem::new(ProblemKind::UnknownLayer(layer.kind().to_owned()), layer.path.clone().field("type"));
    let near = LAYERS
        .iter()
        .map(|entry| (strsim::damerau_levenshtein(entry.kind, layer.kind()), entry.kind))
        .filter(|(distance, _)| *distance <= 2)
        .min();
    match near {
        Some((_, kind)) => problem.help(format!("there is a layer type `{kind}`")),
        None => problem.help("`firebrick layers` lists the supported layer types"),
    }
}

impl LayerEntry {
    /// Whether the layer has as many bottoms and tops as its type takes.
    pub(crate) fn check_counts(&self, layer: &Layer) -> Vec<Problem> {
        let param = &layer.param;
        let counts = [("bottom", self.bottoms, param.bottom.len()), ("top", self.tops, param.top.len())];
        counts
            .into_iter()
            .filter(|&(_, count, found)| !count.admits(found))
            .map(|(noun, count, found)| {
                let kind = ProblemKind::Blobs {
                    layer: layer.name().to_owned(),
                    kind: self.kind.to_owned(),
                    expected: count.of(noun),
                    found,
                };
                Problem::new(kind, path_of(layer, noun, found))
            })
            .collect()
    }
}

/// The last bottom or top if there is one, else the layer.
fn path_of(layer: &Layer, noun: &'static str, found: usize) -> FieldPath {
    let path = layer.path.clone();
    if found == 0 { path } else { path.nth(noun, found - 1) }
}
