//! The operators: one file a family, one list.

mod activation;
mod along;
mod arg;
mod arithmetic;
mod attention;
mod attributes;
mod batch_norm;
mod blocks;
mod cast;
mod causal_conv;
mod compare;
mod concat;
mod constant_of_shape;
mod context;
mod control;
mod conv;
mod conv_transpose;
mod einsum;
mod elementary;
mod expand;
mod flex_attention;
mod found;
mod gather;
mod gemm;
mod heads;
mod linear_attention;
mod logic;
mod loops;
mod loss;
mod lp_pool;
mod lrn;
mod make;
mod matmul;
mod microsoft;
mod ml;
mod normalise;
mod optimiser;
mod optional;
mod pad;
mod pool;
mod quantize;
mod quantized;
mod recurrent;
mod reduce;
mod refused;
mod reshape;
mod resize;
mod rotary;
mod sample;
mod scatter;
mod sequence;
mod shape;
mod signal;
mod slice;
mod softmax;
mod split;
mod squeeze;
mod transpose;
mod windows;

use firebrick_ir::Value;
use firebrick_schemas::onnx::{NodeProto, OperatorSetIdProto};

pub(crate) use self::context::NodeContext;
use crate::Needs;
use crate::problem::{At, Problem};

/// What a name of ONNX stands for while a model is imported.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    /// A value of the graph.
    Tensor(Value),
    /// A list.
    Sequence(Vec<Item>),
    /// An optional value that isn't there.
    Absent,
}

impl Item {
    /// The value, if it is one.
    pub(crate) fn tensor(&self) -> Option<Value> {
        match self {
            Item::Tensor(value) => Some(*value),
            Item::Sequence(_) | Item::Absent => None,
        }
    }
}

impl From<Value> for Item {
    fn from(value: Value) -> Self {
        Item::Tensor(value)
    }
}

/// Why a node has no outputs.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Something is wrong.
    Problem(Problem),
    /// More must be known of the model's inputs.
    Needs(Needs),
    /// A node inside of it has none, which was noted there.
    Noted,
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Stop::Problem(problem)
    }
}

/// A node's outputs, in order.
pub(crate) type Outputs = Result<Vec<Item>, Stop>;

/// How many inputs or outputs an operator takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    min: usize,
    max: usize,
}

const fn exactly(n: usize) -> Count {
    Count { min: n, max: n }
}

const fn between(min: usize, max: usize) -> Count {
    Count { min, max }
}

const fn at_least(min: usize) -> Count {
    Count { min, max: usize::MAX }
}

impl Count {
    fn text(self, noun: &str) -> String {
        let plural = if self.max == 1 { noun.to_owned() } else { format!("{noun}s") };
        match self {
            Count { min, max } if min == max => format!("{min} {plural}"),
            Count { min, max: usize::MAX } => format!("{min} or more {plural}"),
            Count { min, max } => format!("{min} to {max} {plural}"),
        }
    }
}

/// An operator: what it is called, what it takes, what it becomes.
#[derive(Debug)]
pub struct OpEntry {
    /// Its type, as in `op_type: "Conv"`.
    pub op_type: &'static str,
    /// Its domain; empty for ONNX's own.
    pub domain: &'static str,
    /// The first opset whose form of it this is; an entry holds until that of the next one.
    pub since: i64,
    /// What it becomes in the graph, in a few words.
    pub becomes: &'static str,
    inputs: Count,
    outputs: Count,
    translate: fn(&mut NodeContext<'_, '_>) -> Outputs,
}

/// Every operator that can be translated, in alphabetical order.
pub fn op_types() -> &'static [OpEntry] {
    OPS
}

/// ONNX's own domain, which is also written `ai.onnx`.
const ONNX: &str = "";

/// The newest opset of ONNX's own domain that is known.
pub const NEWEST_OPSET: i64 = 27;

/// The domains whose operators the list may have, each with the newest opset that is known.
const DOMAINS: &[(&str, i64)] = &[
    (ONNX, NEWEST_OPSET),
    ("ai.onnx.ml", 5),
    ("ai.onnx.preview", 1),
    ("ai.onnx.preview.training", 1),
    ("com.microsoft", 1),
];

/// The one list of operators. Adding one is a function in a file of this folder and an entry here: type, first opset,
/// inputs, outputs, what it becomes, translation. One function may serve several opsets, asking for
/// [`NodeContext::opset`].
const OPS: &[OpEntry] = &[
    op("Abs", 1, exactly(1), exactly(1), "abs", elementary::abs),
    op("Acos", 7, exactly(1), exactly(1), "acos", elementary::acos),
    op("Acosh", 9, exactly(1), exactly(1), "acosh", elementary::acosh),
    training("Adagrad", at_least(5), at_least(2), "mul, add, sqrt, div, sub", optimiser::adagrad),
    training("Adam", at_least(6), at_least(3), "mul, add, sqrt, div, sub", optimiser::adam),
    op("Add", 1, exactly(2), exactly(1), "add", arithmetic::add),
    op("AffineGrid", 20, exactly(2), exactly(1), "mul, reduce", sample::affine_grid),
    op("And", 1, exactly(2), exactly(1), "and", logic::and),
    op("ArgMax", 1, exactly(1), exactly(1), "top_k", arg::arg_max),
    op("ArgMin", 1, exactly(1), exactly(1), "top_k", arg::arg_min),
    ml("ArrayFeatureExtractor", exactly(2), exactly(1), "gather", ml::array_feature_extractor),
    op("Asin", 7, exactly(1), exactly(1), "asin", elementary::asin),
    op("Asinh", 9, exactly(1), exactly(1), "asinh", elementary::asinh),
    op("Atan", 7, exactly(1), exactly(1), "atan", elementary::atan),
    op("Atanh", 9, exactly(1), exactly(1), "atanh", elementary::atanh),
    op("Attention", 23, between(3, 7), between(1, 4), "matmul, softmax, select", attention::attention),
    op("AveragePool", 1, exactly(1), exactly(1), "pool", pool::average_pool),
    op("BatchNormalization", 1, exactly(5), between(1, 5), "batch_norm", batch_norm::batch_normalization),
    ml("Binarizer", exactly(1), exactly(1), "greater, cast", ml::binarizer),
    op("BitCast", 26, exactly(1), exactly(1), "bitcast", cast::bit_cast),
    op("BitShift", 11, exactly(2), exactly(1), "shift_left or shift_right", logic::bit_shift),
    op("BitwiseAnd", 18, exactly(2), exactly(1), "and", logic::and),
    op("BitwiseNot", 18, exactly(1), exactly(1), "xor", logic::not),
    op("BitwiseOr", 18, exactly(2), exactly(1), "or", logic::or),
    op("BitwiseXor", 18, exactly(2), exactly(1), "xor", logic::xor),
    op("BlackmanWindow", 17, exactly(1), exactly(1), "a constant", signal::blackman_window),
    op("Cast", 1, exactly(1), exactly(1), "cast", cast::cast),
    op("CastLike", 15, exactly(2), exactly(1), "cast", cast::cast_like),
    op("CausalConvWithState", 27, between(2, 4), between(1, 2), "concat or pad, conv", causal_conv::causal_conv),
    op("Ceil", 1, exactly(1), exactly(1), "ceil", elementary::ceil),
    op("Celu", 12, exactly(1), exactly(1), "elu", activation::celu),
    op("CenterCropPad", 18, exactly(2), exactly(1), "slice, pad", blocks::center_crop_pad),
    op("Clip", 1, between(1, 3), exactly(1), "clip, or min and max", activation::clip),
    op("Col2Im", 18, exactly(3), exactly(1), "conv_transpose", blocks::col2im),
    op("Compress", 9, exactly(2), exactly(1), "gather", found::compress),
    op("Concat", 1, at_least(1), exactly(1), "concat", concat::concat),
    op("ConcatFromSequence", 11, exactly(1), exactly(1), "concat", sequence::concat),
    op("Constant", 1, exactly(0), exactly(1), "a constant", control::constant),
    op("ConstantOfShape", 9, exactly(1), exactly(1), "tile", constant_of_shape::constant_of_shape),
    op("Conv", 1, between(2, 3), exactly(1), "conv", conv::conv),
    op("ConvInteger", 10, between(2, 4), exactly(1), "sub, conv", quantized::conv_integer),
    op("ConvTranspose", 1, between(2, 3), exactly(1), "conv_transpose", conv_transpose::conv_transpose),
    op("Cos", 7, exactly(1), exactly(1), "cos", elementary::cos),
    op("Cosh", 9, exactly(1), exactly(1), "cosh", elementary::cosh),
    op("CumProd", 26, exactly(2), exactly(1), "cumulate", along::cum_prod),
    op("CumSum", 11, exactly(2), exactly(1), "cumulate", along::cum_sum),
    op("DFT", 17, between(1, 3), exactly(1), "dft", signal::dft),
    op("DeformConv", 19, between(3, 5), exactly(1), "deform_conv", sample::deform_conv),
    op("DepthToSpace", 1, exactly(1), exactly(1), "reshape, transpose", blocks::depth_to_space),
    op("DequantizeLinear", 10, between(2, 3), exactly(1), "dequantize", quantize::dequantize_linear),
    op("Det", 11, exactly(1), exactly(1), "det", sample::det),
    op("Div", 1, exactly(2), exactly(1), "div", arithmetic::div),
    op("Dropout", 1, between(1, 3), between(1, 2), "nothing", control::dropout),
    op("DynamicQuantizeLinear", 11, exactly(1), exactly(3), "reduce, quantize", quantize::dynamic_quantize_linear),
    op("Einsum", 12, at_least(1), exactly(1), "reduce, transpose, matmul", einsum::einsum),
    op("Elu", 1, exactly(1), exactly(1), "elu", activation::elu),
    op("Equal", 1, exactly(2), exactly(1), "equal", compare::equal),
    op("Erf", 9, exactly(1), exactly(1), "erf", elementary::erf),
    op("Exp", 1, exactly(1), exactly(1), "exp", elementary::exp),
    op("Expand", 8, exactly(2), exactly(1), "reshape, tile", expand::expand),
    op("EyeLike", 9, exactly(1), exactly(1), "a constant", expand::eye_like),
    op("Flatten", 1, exactly(1), exactly(1), "reshape", reshape::flatten),
    preview("FlexAttention", exactly(3), exactly(1), "matmul, softmax, and its graphs", flex_attention::flex_attention),
    op("Floor", 1, exactly(1), exactly(1), "floor", elementary::floor),
    microsoft("FusedConv", between(2, 4), exactly(1), "conv, add, an activation", microsoft::fused_conv),
    op("GRU", 7, between(3, 6), between(0, 2), "matmul, recur", recurrent::gru),
    op("Gather", 1, exactly(2), exactly(1), "gather", gather::gather),
    op("GatherElements", 11, exactly(2), exactly(1), "gather_elements", gather::gather_elements),
    op("GatherND", 11, exactly(2), exactly(1), "gather_nd", gather::gather_nd),
    op("Gelu", 20, exactly(1), exactly(1), "gelu, or tanh", activation::gelu),
    op("Gemm", 1, between(2, 3), exactly(1), "gemm", gemm::gemm),
    op("GlobalAveragePool", 1, exactly(1), exactly(1), "pool", pool::global_average_pool),
    op("GlobalLpPool", 1, exactly(1), exactly(1), "reduce", lp_pool::global_lp_pool),
    op("GlobalMaxPool", 1, exactly(1), exactly(1), "pool", pool::global_max_pool),
    op("Greater", 1, exactly(2), exactly(1), "greater", compare::greater),
    op("GreaterOrEqual", 12, exactly(2), exactly(1), "greater_equal", compare::greater_or_equal),
    op("GridSample", 16, exactly(2), exactly(1), "grid_sample", sample::grid_sample),
    op("GroupNormalization", 18, exactly(3), exactly(1), "reduce, sub, mul, add", normalise::group_normalization),
    op("HammingWindow", 17, exactly(1), exactly(1), "a constant", signal::hamming_window),
    op("HannWindow", 17, exactly(1), exactly(1), "a constant", signal::hann_window),
    op("HardSigmoid", 1, exactly(1), exactly(1), "hard_sigmoid", activation::hard_sigmoid),
    op("HardSwish", 14, exactly(1), exactly(1), "hard_swish", activation::hard_swish),
    op("Hardmax", 1, exactly(1), exactly(1), "top_k, equal, cast", arg::hardmax),
    op("Identity", 1, exactly(1), exactly(1), "identity", control::identity),
    op("If", 1, exactly(1), at_least(1), "the branch that is taken", control::r#if),
    op("InstanceNormalization", 1, exactly(3), exactly(1), "reduce, sub, mul, add", normalise::instance_normalization),
    op("IsInf", 10, exactly(1), exactly(1), "abs, equal", compare::is_inf),
    op("IsNaN", 9, exactly(1), exactly(1), "equal, xor", compare::is_nan),
    op("LRN", 1, exactly(1), exactly(1), "lrn", lrn::lrn),
    op("LSTM", 7, between(3, 8), between(0, 3), "matmul, recur", recurrent::lstm),
    op("LayerNormalization", 17, between(2, 3), between(1, 3), "reduce, sub, mul, add", normalise::layer_normalization),
    op("LeakyRelu", 1, exactly(1), exactly(1), "leaky_relu", activation::leaky_relu),
    op("Less", 1, exactly(2), exactly(1), "greater", compare::less),
    op("LessOrEqual", 12, exactly(2), exactly(1), "greater_equal", compare::less_or_equal),
    op(
        "LinearAttention",
        27,
        between(3, 6),
        between(1, 2),
        "matmul, mul, add for each step",
        linear_attention::linear_attention,
    ),
    op("Log", 1, exactly(1), exactly(1), "log", elementary::log),
    op("LogSoftmax", 1, exactly(1), exactly(1), "reduce, sub", softmax::log_softmax),
    op("Loop", 1, at_least(2), at_least(1), "its nodes for every step", loops::r#loop),
    op("LpNormalization", 1, exactly(1), exactly(1), "reduce, div", normalise::lp_normalization),
    op("LpPool", 1, exactly(1), exactly(1), "pool", lp_pool::lp_pool),
    op("MatMul", 1, exactly(2), exactly(1), "gemm or matmul", matmul::matmul),
    op("MatMulInteger", 10, between(2, 4), exactly(1), "sub, gemm or matmul", quantized::matmul_integer),
    op("Max", 1, at_least(1), exactly(1), "max", arithmetic::max),
    op("MaxPool", 1, exactly(1), between(1, 2), "pool", pool::max_pool),
    op("MaxRoiPool", 1, exactly(2), exactly(1), "roi_pool", sample::max_roi_pool),
    op("MaxUnpool", 9, between(2, 3), exactly(1), "unpool", lp_pool::max_unpool),
    op("Mean", 1, at_least(1), exactly(1), "add, mul", arithmetic::mean),
    op(
        "MeanVarianceNormalization",
        9,
        exactly(1),
        exactly(1),
        "reduce, sub, div",
        normalise::mean_variance_normalization,
    ),
    op("MelWeightMatrix", 17, exactly(5), exactly(1), "a constant", signal::mel_weight_matrix),
    op("Min", 1, at_least(1), exactly(1), "min", arithmetic::min),
    op("Mish", 18, exactly(1), exactly(1), "mish", activation::mish),
    op("Mod", 10, exactly(2), exactly(1), "mod or rem", arithmetic::modulo),
    training("Momentum", at_least(5), at_least(2), "mul, add, sub", optimiser::momentum),
    op("Mul", 1, exactly(2), exactly(1), "mul", arithmetic::mul),
    op("Neg", 1, exactly(1), exactly(1), "neg", elementary::neg),
    op("NegativeLogLikelihoodLoss", 12, between(2, 3), exactly(1), "select, reduce", loss::negative_log_likelihood),
    op("NonMaxSuppression", 10, between(2, 5), exactly(1), "a constant", found::non_max_suppression),
    op("NonZero", 9, exactly(1), exactly(1), "a constant", found::non_zero),
    op("Not", 1, exactly(1), exactly(1), "xor", logic::not),
    op("OneHot", 9, exactly(3), exactly(1), "equal, select", expand::one_hot),
    op("Optional", 15, between(0, 1), exactly(1), "nothing", optional::optional),
    op("OptionalGetElement", 15, exactly(1), exactly(1), "nothing", optional::get_element),
    op("OptionalHasElement", 15, between(0, 1), exactly(1), "a constant", optional::has_element),
    op("Or", 1, exactly(2), exactly(1), "or", logic::or),
    op("PRelu", 1, exactly(2), exactly(1), "prelu", activation::prelu),
    op("Pad", 1, between(1, 4), exactly(1), "pad, slice", pad::pad),
    op("Pow", 1, exactly(2), exactly(1), "pow", arithmetic::pow),
    microsoft("QGemm", between(6, 9), exactly(1), "sub, gemm, quantize", microsoft::qgemm),
    microsoft("QLinearAdd", between(7, 8), exactly(1), "dequantize, add, quantize", microsoft::qlinear_add),
    microsoft(
        "QLinearAveragePool",
        between(4, 5),
        exactly(1),
        "dequantize, pool, quantize",
        microsoft::qlinear_average_pool,
    ),
    microsoft("QLinearConcat", at_least(5), exactly(1), "dequantize, concat, quantize", microsoft::qlinear_concat),
    op("QLinearConv", 10, between(8, 9), exactly(1), "sub, conv, dequantize, quantize", quantized::qlinear_conv),
    microsoft(
        "QLinearGlobalAveragePool",
        exactly(5),
        exactly(1),
        "dequantize, pool, quantize",
        microsoft::qlinear_global_average_pool,
    ),
    microsoft(
        "QLinearLeakyRelu",
        between(4, 5),
        exactly(1),
        "dequantize, leaky_relu, quantize",
        microsoft::qlinear_leaky_relu,
    ),
    op("QLinearMatMul", 10, exactly(8), exactly(1), "sub, matmul, dequantize, quantize", quantized::qlinear_matmul),
    microsoft("QLinearMul", between(7, 8), exactly(1), "dequantize, mul, quantize", microsoft::qlinear_mul),
    microsoft("QLinearSigmoid", between(4, 5), exactly(1), "dequantize, sigmoid, quantize", microsoft::qlinear_sigmoid),
    op("QuantizeLinear", 10, between(2, 3), exactly(1), "quantize", quantize::quantize_linear),
    op("RMSNormalization", 23, exactly(2), exactly(1), "reduce, div, mul", normalise::rms_normalization),
    op("RNN", 7, between(3, 6), between(0, 2), "matmul, recur", recurrent::rnn),
    op("Range", 11, exactly(3), exactly(1), "a constant", expand::range),
    op("Reciprocal", 1, exactly(1), exactly(1), "div", elementary::reciprocal),
    op("ReduceL1", 1, between(1, 2), exactly(1), "reduce", reduce::l1),
    op("ReduceL2", 1, between(1, 2), exactly(1), "reduce", reduce::l2),
    op("ReduceLogSum", 1, between(1, 2), exactly(1), "reduce", reduce::log_sum),
    op("ReduceLogSumExp", 1, between(1, 2), exactly(1), "reduce", reduce::log_sum_exp),
    op("ReduceMax", 1, between(1, 2), exactly(1), "reduce", reduce::max),
    op("ReduceMean", 1, between(1, 2), exactly(1), "reduce", reduce::mean),
    op("ReduceMin", 1, between(1, 2), exactly(1), "reduce", reduce::min),
    op("ReduceProd", 1, between(1, 2), exactly(1), "reduce", reduce::prod),
    op("ReduceSum", 1, between(1, 2), exactly(1), "reduce", reduce::sum),
    op("ReduceSumSquare", 1, between(1, 2), exactly(1), "reduce", reduce::sum_square),
    op("Relu", 1, exactly(1), exactly(1), "relu", elementary::relu),
    op("Reshape", 1, between(1, 2), exactly(1), "reshape", reshape::reshape),
    op("Resize", 10, between(1, 4), exactly(1), "resize", resize::resize),
    op("ReverseSequence", 10, exactly(2), exactly(1), "reverse_sequence", along::reverse_sequence),
    op("RoiAlign", 10, exactly(3), exactly(1), "roi_align", sample::roi_align),
    op("RotaryEmbedding", 23, between(3, 4), exactly(1), "slice, mul, add, concat", rotary::rotary_embedding),
    op("Round", 11, exactly(1), exactly(1), "round", elementary::round),
    op("STFT", 17, between(2, 4), exactly(1), "gather, mul, dft", signal::stft),
    op("Scan", 8, at_least(1), at_least(1), "its nodes for every step", loops::scan),
    op("Scatter", 9, exactly(3), exactly(1), "scatter_elements", scatter::scatter_elements),
    op("ScatterElements", 11, exactly(3), exactly(1), "scatter_elements", scatter::scatter_elements),
    op("ScatterND", 11, exactly(3), exactly(1), "scatter_nd", scatter::scatter_nd),
    op("Selu", 1, exactly(1), exactly(1), "elu, max, mul", activation::selu),
    op("SequenceAt", 11, exactly(2), exactly(1), "nothing", sequence::at),
    op("SequenceConstruct", 11, at_least(1), exactly(1), "nothing", sequence::construct),
    op("SequenceEmpty", 11, exactly(0), exactly(1), "nothing", sequence::empty),
    op("SequenceErase", 11, between(1, 2), exactly(1), "nothing", sequence::erase),
    op("SequenceInsert", 11, between(2, 3), exactly(1), "nothing", sequence::insert),
    op("SequenceLength", 11, exactly(1), exactly(1), "a constant", sequence::length),
    op("SequenceMap", 17, at_least(1), at_least(1), "its nodes for every value", sequence::map),
    op("Shape", 1, exactly(1), exactly(1), "a constant", shape::shape),
    op("Shrink", 9, exactly(1), exactly(1), "greater, select", activation::shrink),
    op("Sigmoid", 1, exactly(1), exactly(1), "sigmoid", elementary::sigmoid),
    op("Sign", 9, exactly(1), exactly(1), "sign", elementary::sign),
    op("Sin", 7, exactly(1), exactly(1), "sin", elementary::sin),
    op("Sinh", 9, exactly(1), exactly(1), "sinh", elementary::sinh),
    op("Size", 1, exactly(1), exactly(1), "a constant", shape::size),
    op("Slice", 1, between(1, 5), exactly(1), "slice", slice::slice),
    op("Softmax", 1, exactly(1), exactly(1), "softmax", softmax::softmax),
    op("SoftmaxCrossEntropyLoss", 12, between(2, 3), between(1, 2), "reduce, sub, select", loss::softmax_cross_entropy),
    op("Softplus", 1, exactly(1), exactly(1), "softplus", elementary::softplus),
    op("Softsign", 1, exactly(1), exactly(1), "abs, add, div", activation::softsign),
    op("SpaceToDepth", 1, exactly(1), exactly(1), "reshape, transpose", blocks::space_to_depth),
    op("Split", 1, between(1, 2), at_least(1), "slice", split::split),
    op("SplitToSequence", 11, between(1, 2), exactly(1), "slice", sequence::split),
    op("Sqrt", 1, exactly(1), exactly(1), "sqrt", elementary::sqrt),
    op("Squeeze", 1, between(1, 2), exactly(1), "reshape", squeeze::squeeze),
    op("Sub", 1, exactly(2), exactly(1), "sub", arithmetic::sub),
    op("Sum", 1, at_least(1), exactly(1), "add", arithmetic::sum),
    op("Swish", 24, exactly(1), exactly(1), "silu, or mul and sigmoid", activation::swish),
    op("Tan", 7, exactly(1), exactly(1), "tan", elementary::tan),
    op("Tanh", 1, exactly(1), exactly(1), "tanh", elementary::tanh),
    op("TensorScatter", 24, between(2, 3), exactly(1), "scatter_elements", scatter::tensor_scatter),
    op("ThresholdedRelu", 1, exactly(1), exactly(1), "greater, select", activation::thresholded_relu),
    op("Tile", 6, exactly(2), exactly(1), "tile", expand::tile),
    op("TopK", 1, between(1, 2), exactly(2), "top_k", along::top_k),
    op("Transpose", 1, exactly(1), exactly(1), "transpose", transpose::transpose),
    op("Trilu", 14, between(1, 2), exactly(1), "select", expand::trilu),
    op("Unique", 11, exactly(1), between(1, 4), "gather", found::unique),
    op("Unsqueeze", 1, between(1, 2), exactly(1), "reshape", squeeze::unsqueeze),
    op("Upsample", 7, between(1, 2), exactly(1), "resize", resize::upsample),
    op("Where", 9, exactly(3), exactly(1), "select", expand::r#where),
    op("Xor", 1, exactly(2), exactly(1), "xor", logic::xor),
];

/// A line of the list, of an operator of ONNX that may change.
const fn preview(
    op_type: &'static str,
    inputs: Count,
    outputs: Count,
    becomes: &'static str,
    translate: fn(&mut NodeContext<'_, '_>) -> Outputs,
) -> OpEntry {
    OpEntry { op_type, domain: "ai.onnx.preview", since: 1, becomes, inputs, outputs, translate }
}

/// A line of the list, of an operator of ONNX for training.
const fn training(
    op_type: &'static str,
    inputs: Count,
    outputs: Count,
    becomes: &'static str,
    translate: fn(&mut NodeContext<'_, '_>) -> Outputs,
) -> OpEntry {
    OpEntry { op_type, domain: "ai.onnx.preview.training", since: 1, becomes, inputs, outputs, translate }
}

/// A line of the list, of `ai.onnx.ml`, of operators that have not changed.
const fn ml(
    op_type: &'static str,
    inputs: Count,
    outputs: Count,
    becomes: &'static str,
    translate: fn(&mut NodeContext<'_, '_>) -> Outputs,
) -> OpEntry {
    OpEntry { op_type, domain: "ai.onnx.ml", since: 1, becomes, inputs, outputs, translate }
}

/// A line of the list, of `com.microsoft`, whose operators have one opset only.
const fn microsoft(
    op_type: &'static str,
    inputs: Count,
    outputs: Count,
    becomes: &'static str,
    translate: fn(&mut NodeContext<'_, '_>) -> Outputs,
) -> OpEntry {
    OpEntry { op_type, domain: "com.microsoft", since: 1, becomes, inputs, outputs, translate }
}

/// A line of the list, of ONNX's own domain.
const fn op(
    op_type: &'static str,
    since: i64,
    inputs: Count,
    outputs: Count,
    becomes: &'static str,
    translate: fn(&mut NodeContext<'_, '_>) -> Outputs,
) -> OpEntry {
    OpEntry { op_type, domain: ONNX, since, becomes, inputs, outputs, translate }
}

/// A domain's name, of the two that ONNX's own has.
pub(crate) fn domain(name: &str) -> &str {
    if name == "ai.onnx" { ONNX } else { name }
}

/// An operator's name with its domain, if that is not ONNX's own.
pub(crate) fn operator_name(op_type: &str, of: &str) -> String {
    let of = domain(of);
    if of == ONNX { op_type.to_owned() } else { format!("{of}.{op_type}") }
}

/// What a node is called in messages and in the graph: its name or, without one, that of its first output.
pub(crate) fn node_name(node: &NodeProto) -> String {
    let output = node.output.iter().find(|name| !name.is_empty());
    let name = Some(node.name().to_owned()).filter(|name| !name.is_empty());
    name.or_else(|| output.cloned()).unwrap_or_else(|| node.op_type().to_owned())
}

/// A node whose operator can't be translated.
#[derive(Debug)]
pub(crate) struct Missing {
    /// The operator, with its domain.
    pub(crate) op: String,
    /// Why, to be put behind `is not supported`.
    pub(crate) reason: String,
    /// What to do.
    pub(crate) help: Option<String>,
}

/// The entry of a node's operator, and the opset of its domain.
pub(crate) fn find(node: &NodeProto, opsets: &[OperatorSetIdProto]) -> Result<(&'static OpEntry, i64), Missing> {
    let (op_type, domain) = (node.op_type(), domain(node.domain()));
    let op = operator_name(op_type, domain);
    let missing = |reason: String, help: Option<String>| Err(Missing { op: op.clone(), reason, help });
    if !DOMAINS.iter().any(|(known, _)| *known == domain) {
        return missing(format!(" (the domain `{domain}` is not known)"), None);
    }
    let Some(opset) = opset(domain, opsets) else {
        let domain = if domain == ONNX { "ai.onnx" } else { domain };
        return missing(format!(" (the model imports no opset of `{domain}`)"), None);
    };
    let of_type = OPS.iter().filter(|entry| entry.op_type == op_type && entry.domain == domain);
    match of_type.clone().filter(|entry| entry.since <= opset).max_by_key(|entry| entry.since) {
        Some(entry) => Ok((entry, opset)),
        None => match (refused::reason(op_type, domain), of_type.map(|entry| entry.since).min()) {
            (Some(reason), _) => missing(format!(" ({reason})"), None),
            (None, Some(since)) => missing(format!(" in opset {opset}, only from {since} on"), None),
            (None, None) => missing(String::new(), near(op_type)),
        },
    }
}

fn near(op_type: &str) -> Option<String> {
    let entries = OPS.iter().map(|entry| (strsim::damerau_levenshtein(entry.op_type, op_type), entry.op_type));
    let (distance, near) = entries.min()?;
    Some(match distance {
        0..=2 => format!("there is an operator `{near}`"),
        _ => "`firebrick layers` lists the supported operators".to_owned(),
    })
}

/// The opset of a domain that a model imports. Without any, as in the oldest files, it is the first.
fn opset(of: &str, opsets: &[OperatorSetIdProto]) -> Option<i64> {
    if opsets.is_empty() && of == ONNX {
        return Some(1);
    }
    opsets.iter().filter(|opset| domain(opset.domain()) == of).map(OperatorSetIdProto::version).max()
}

/// Opsets that are newer than what is known, in which operators may mean something else.
pub(crate) fn check_versions(opsets: &[OperatorSetIdProto]) -> Vec<Problem> {
    let newest = |opset: &OperatorSetIdProto| {
        DOMAINS.iter().find(|(known, _)| *known == domain(opset.domain())).map(|(_, newest)| *newest)
    };
    let check = |(index, opset): (usize, &OperatorSetIdProto)| {
        let (newest, version) = (newest(opset)?, opset.version());
        let domain = if domain(opset.domain()) == ONNX { "ai.onnx" } else { opset.domain() };
        let at = At::root().nth("opset_import", index, "");
        let problem = Problem::field(format!("opset {version} of {domain} is not known: 1 to {newest} are"), at);
        (!(1..=newest).contains(&version)).then_some(problem)
    };
    opsets.iter().enumerate().filter_map(check).collect()
}

#[cfg(test)]
mod tests {
    use super::{DOMAINS, OPS};

    #[test]
    fn the_list_is_in_order() {
        let key = |entry: &super::OpEntry| (entry.op_type, entry.domain, entry.since);
        assert!(OPS.is_sorted_by(|a, b| key(a) < key(b)), "by type, domain and opset, each once");
        assert!(OPS.iter().all(|entry| DOMAINS.iter().any(|(domain, _)| *domain == entry.domain)));
    }
}
