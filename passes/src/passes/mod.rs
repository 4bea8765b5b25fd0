//! The passes, a file each, and the one list of them.

mod dead_code;
mod dequantize_weights;
mod flatten_concats;
mod fold_bias_quantized;
mod fold_constants;
mod fold_pad;
mod fold_quantize;
mod fold_requantize;
mod fold_scale_after;
mod fold_scale_before;
mod fold_scale_quantized;
mod forward_slices;
mod fuse_activation;
mod fuse_expand;
mod fuse_fire;
mod fuse_residual;
mod fuse_swish;
mod gemm_to_conv;
mod hoist_scales;
mod mark_in_place;
mod merge_duplicates;
mod merge_requantize;
mod merge_reshapes;
mod merge_transposes;
mod normalise_arithmetic;
mod quantize_ops;
mod raise_quantize;
mod rejoin_slices;
mod remove_identity;
mod remove_implied_clip;
mod remove_no_ops;
mod sink_dequantize;
mod sink_reshapes;
mod sink_transposes;
mod split_fused;
mod sum_bytes;
mod sum_integers;
mod transpose_to_reshape;
mod widen_halves;

pub(crate) use dead_code::DeadCode;
pub(crate) use dequantize_weights::DequantizeWeights;
pub(crate) use flatten_concats::FlattenConcats;
pub(crate) use fold_bias_quantized::FoldBiasQuantized;
pub(crate) use fold_constants::FoldConstants;
pub(crate) use fold_pad::FoldPad;
pub(crate) use fold_quantize::FoldQuantize;
pub(crate) use fold_requantize::FoldRequantize;
pub(crate) use fold_scale_after::FoldScaleAfter;
pub(crate) use fold_scale_before::FoldScaleBefore;
pub(crate) use fold_scale_quantized::FoldScaleQuantized;
pub(crate) use forward_slices::ForwardSlices;
pub(crate) use fuse_activation::FuseActivation;
pub(crate) use fuse_expand::FuseExpand;
pub(crate) use fuse_fire::FuseFire;
pub(crate) use fuse_residual::FuseResidual;
pub(crate) use fuse_swish::FuseSwish;
pub(crate) use gemm_to_conv::GemmToConv;
pub(crate) use hoist_scales::HoistScales;
pub(crate) use mark_in_place::MarkInPlace;
pub(crate) use merge_duplicates::MergeDuplicates;
pub(crate) use merge_requantize::MergeRequantize;
pub(crate) use merge_reshapes::MergeReshapes;
pub(crate) use merge_transposes::MergeTransposes;
pub(crate) use normalise_arithmetic::NormaliseArithmetic;
pub(crate) use quantize_ops::QuantizeOps;
pub(crate) use raise_quantize::RaiseQuantize;
pub(crate) use rejoin_slices::RejoinSlices;
pub(crate) use remove_identity::RemoveIdentity;
pub(crate) use remove_implied_clip::RemoveImpliedClip;
pub(crate) use remove_no_ops::RemoveNoOps;
pub(crate) use sink_dequantize::SinkDequantize;
pub(crate) use sink_reshapes::SinkReshapes;
pub(crate) use sink_transposes::SinkTransposes;
pub(crate) use split_fused::SplitFused;
pub(crate) use sum_bytes::SumBytes;
pub(crate) use sum_integers::SumIntegers;
pub(crate) use transpose_to_reshape::TransposeToReshape;
pub(crate) use widen_halves::WidenHalves;

use crate::Pass;

/// The one list of passes: names, help and documentation follow from it. In alphabetical order of their names; which
/// ones run, and when, is said by the pipelines (`level.rs`).
pub const PASSES: &[&dyn Pass] = &[
    &DequantizeWeights,
    &FlattenConcats,
    &FoldBiasQuantized,
    &FoldConstants,
    &FoldPad,
    &FoldQuantize,
    &FoldRequantize,
    &FoldScaleAfter,
    &FoldScaleBefore,
    &FoldScaleQuantized,
    &ForwardSlices,
    &FuseActivation,
    &FuseExpand,
    &FuseFire,
    &FuseResidual,
    &FuseSwish,
    &GemmToConv,
    &HoistScales,
    &MarkInPlace,
    &MergeDuplicates,
    &MergeRequantize,
    &MergeReshapes,
    &MergeTransposes,
    &NormaliseArithmetic,
    &QuantizeOps,
    &RaiseQuantize,
    &RejoinSlices,
    &DeadCode,
    &RemoveIdentity,
    &RemoveImpliedClip,
    &RemoveNoOps,
    &SinkDequantize,
    &SinkReshapes,
    &SinkTransposes,
    &SplitFused,
    &SumBytes,
    &SumIntegers,
    &TransposeToReshape,
    &WidenHalves,
];
