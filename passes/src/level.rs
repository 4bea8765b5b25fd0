//! The pipelines: which passes run, in which order.

use std::fmt;
use std::str::FromStr;

use crate::Pass;
use crate::passes::{
    DeadCode, DequantizeWeights, FlattenConcats, FoldBiasQuantized, FoldConstants, FoldPad, FoldQuantize,
    FoldRequantize, FoldScaleAfter, FoldScaleBefore, FoldScaleQuantized, ForwardSlices, FuseActivation, FuseExpand,
    FuseFire, FuseResidual, FuseSwish, GemmToConv, HoistScales, MarkInPlace, MergeDuplicates, MergeRequantize,
    MergeReshapes, MergeTransposes, NormaliseArithmetic, QuantizeOps, RaiseQuantize, RejoinSlices, RemoveIdentity,
    RemoveImpliedClip, RemoveNoOps, SinkDequantize, SinkReshapes, SinkTransposes, SplitFused, SumBytes, SumIntegers,
    TransposeToReshape, WidenHalves,
};

/// How much a graph is rewritten, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// Nothing: the graph as it was imported.
    O0,
    /// Clean-up that keeps the value of every blob.
    O1,
    /// All that makes a network run faster.
    O2,
    /// Clean-up and folding into weights, with ops that other formats can say.
    Export,
}

impl Level {
    /// The levels with their names and what they are for: the one list of them.
    pub const ALL: &[(Level, &str, &str)] = &[
        (Level::O0, "0", "nothing: the graph as it was imported"),
        (Level::O1, "1", "clean-up that keeps the value of every blob"),
        (Level::O2, "2", "all that makes a network run faster; inner blobs may be gone"),
        (Level::Export, "export", "clean-up and folding into weights, with ops that other formats can say"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Level::ALL.iter().find(|(level, ..)| *level == self).map_or("", |(_, name, _)| name)
    }

    /// Whether all values but constants are kept, not the graph's outputs alone.
    pub fn keeps_values(self) -> bool {
        match self {
            Level::O0 | Level::O1 => true,
            Level::O2 | Level::Export => false,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Level::ALL.iter().find(|(_, name, _)| *name == text).map(|(level, ..)| *level);
        found.ok_or_else(|| {
            let names: Vec<&str> = Level::ALL.iter().map(|(_, name, _)| *name).collect();
            format!("expected {}", names.join(", "))
        })
    }
}

/// A part of a pipeline.
#[derive(Clone, Copy)]
pub enum Step {
    /// A pass, run once.
    Once(&'static dyn Pass),
    /// Passes that make work for each other: run in turn until none of them changes anything.
    Fixpoint(&'static [&'static dyn Pass]),
}

impl Step {
    /// Its passes.
    pub fn passes(&self) -> &[&'static dyn Pass] {
        match self {
            Step::Once(pass) => std::slice::from_ref(pass),
            Step::Fixpoint(passes) => passes,
        }
    }
}

/// The pipeline of a level.
pub fn pipeline(level: Level) -> &'static [Step] {
    match level {
        Level::O0 => &[],
        Level::O1 => CLEAN_UP,
        Level::O2 => RUN,
        Level::Export => EXPORT,
    }
}

/// Every pass here replaces a value by an equal one, or by a constant: no blob is lost.
const CLEAN_UP: &[Step] = &[
    // Copies first: what reads two copies of a value reads one value then, which is how duplicates are told.
    Step::Fixpoint(&[&RemoveIdentity, &FoldConstants, &RemoveNoOps, &MergeDuplicates]),
    Step::Once(&DeadCode),
];

/// What both pipelines begin with that need not keep blobs.
const SIMPLIFY: &[&dyn Pass] = &[
    // First, so that no pass works on what nobody needs, or takes it for a second reader.
    &DeadCode,
    // Copies would hide a pattern's parts from each other.
    &RemoveIdentity,
    &FoldConstants,
    // Transposes move down until one undoes another; what is left of them may be a reshape.
    &SinkTransposes,
    &MergeTransposes,
    &TransposeToReshape,
    &MergeReshapes,
    // Slices look through concatenations before these are made one.
    &ForwardSlices,
    &RejoinSlices,
    &FlattenConcats,
    &NormaliseArithmetic,
    // What the passes before left behind as a chain of one.
    &RemoveNoOps,
    // Last, since what was written differently may be the same by now.
    &MergeDuplicates,
];

/// What convolutions and products of matrices can do by other weights or padding. After comes before before: a scale
/// between two convolutions goes into the first one, whatever the padding of the second.
const FOLD: &[&dyn Pass] = &[&FoldPad, &HoistScales, &FoldScaleAfter, &FoldScaleBefore];

/// What is dequantized, computed and quantized becomes ops on integers.
const QUANTIZE: &[&dyn Pass] = &[
    &DeadCode,
    &RemoveIdentity,
    // Scales that were said otherwise.
    &FoldConstants,
    // Both towards each other, so that they meet at what is computed between.
    &SinkDequantize,
    &RaiseQuantize,
    &SumIntegers,
    // While the sums are numbers, which can be scaled.
    &FoldBiasQuantized,
    &FoldScaleQuantized,
    &FoldQuantize,
    &QuantizeOps,
    &MergeRequantize,
    &FoldRequantize,
    // Where there was nothing to fold into.
    &RemoveImpliedClip,
];

const RUN: &[Step] = &[
    // First, while each op is what the model says; what follows folds and fuses in f32.
    Step::Once(&WidenHalves),
    // Before anything takes weights for numbers, or an op out from between dequantize and quantize.
    Step::Fixpoint(&[&DeadCode, &RemoveIdentity, &FoldConstants, &SumBytes]),
    Step::Fixpoint(QUANTIZE),
    Step::Once(&DequantizeWeights),
    Step::Fixpoint(SIMPLIFY),
    // Into the weights, before what is left becomes an epilogue.
    Step::Fixpoint(FOLD),
    // A reshape that stands in the way of an activation moves behind it; the product before it then has a flattened
    // image for its operand.
    Step::Fixpoint(&[&SinkReshapes, &GemmToConv, &MergeReshapes, &RemoveNoOps]),
    // While the parts of a swish are ops of their own.
    Step::Once(&FuseSwish),
    // Activations first, since branches of an expand can have one. The bypass then joins the expand.
    Step::Fixpoint(&[&FuseActivation, &FuseExpand, &FuseResidual]),
    // Weights that are the same by now, such as the biases that an expand is given.
    Step::Once(&MergeDuplicates),
    Step::Once(&DeadCode),
    // Hints last, since rewrites drop those that they break.
    Step::Once(&FuseFire),
    Step::Once(&MarkInPlace),
];

/// Without `gemm-to-conv`, since ONNX and Caffe have inner products, and without fused ops, which they don't have.
const EXPORT: &[Step] = &[
    Step::Once(&SplitFused),
    // Ops on integers, which writers unfold: so that no pass takes weights for numbers. Without `sum-bytes`, since ONNX
    // has ConvInteger and MatMulInteger.
    Step::Fixpoint(QUANTIZE),
    Step::Fixpoint(SIMPLIFY),
    Step::Fixpoint(FOLD),
    Step::Once(&MergeDuplicates),
    Step::Once(&DeadCode),
];
