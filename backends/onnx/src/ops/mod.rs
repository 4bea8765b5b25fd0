//! What each op becomes, a family a file.

mod binary;
mod conv;
mod fused;
mod gemm;
mod index;
mod integer;
mod join;
mod normalise;
mod pad;
mod pick;
mod pool;
mod quantize;
mod quantized;
mod recur;
mod recur_whole;
mod reduce;
mod refused;
mod reshape;
mod resize;
mod sample;
mod top_k;
mod unary;
mod unpool;

use firebrick_ir::Op;

use crate::lower::{Lowered, Lowering};

/// The operators that an op becomes, and its results among theirs.
///
/// # Errors
/// If it has no equivalent in the operator set.
pub(crate) fn lower(l: &mut Lowering<'_>, op: &Op) -> Lowered {
    match op {
        Op::Input(_) | Op::Const(_) | Op::Return(_) => Err("it is no computation".to_owned()),
        Op::BatchNorm(op) => normalise::batch_norm(l, op),
        Op::Binary(op) => binary::binary(l, op),
        Op::Bitcast(op) => unary::bitcast(l, op),
        Op::Cast(op) => unary::cast(l, op),
        Op::Concat(op) => join::concat(l, op),
        Op::Conv(op) => conv::conv(l, op),
        Op::ConvTranspose(op) => conv::conv_transpose(l, op),
        Op::Cumulate(op) => index::cumulate(l, op),
        Op::DeformConv(op) => sample::deform_conv(l, op),
        Op::Dequantize(op) => quantize::dequantize(l, op),
        Op::Det(_) => sample::det(l),
        Op::DetectionOutput(op) => refused::detection_output(op),
        Op::Dft(op) => sample::dft(l, op),
        Op::Expand(op) => fused::expand(l, op),
        Op::FusedConv(op) => fused::conv(l, op),
        Op::FusedConvTranspose(op) => fused::conv_transpose(l, op),
        Op::FusedGemm(op) => fused::gemm(l, op),
        Op::Gather(op) => pick::gather(l, op),
        Op::GatherElements(op) => index::gather_elements(l, op),
        Op::GatherNd(op) => index::gather_nd(l, op),
        Op::Gemm(op) => gemm::gemm(l, op),
        Op::GridSample(op) => sample::grid_sample(l, op),
        Op::Identity(_) => unary::identity(l),
        Op::Lrn(op) => normalise::lrn(l, op),
        Op::MatMul(_) => gemm::matmul(l),
        Op::Pad(op) => pad::pad(l, op),
        Op::Pool(op) => pool::pool(l, op),
        Op::QConv(op) => quantized::conv(l, op),
        Op::QMatMul(op) => quantized::matmul(l, op),
        Op::QBinary(_) | Op::QConcat(_) | Op::QConvTranspose(_) | Op::QGemm(_) => quantized::refused(),
        Op::QPool(_) | Op::QReduce(_) | Op::QSoftmax(_) | Op::QUnary(_) => quantized::refused(),
        Op::Requantize(_) => quantized::refused(),
        Op::Quantize(op) => quantize::quantize(l, op),
        Op::Recur(op) => recur::recur(l, op),
        Op::Reduce(op) => reduce::reduce(l, op),
        Op::Reshape(op) => reshape::reshape(l, op),
        Op::Resize(op) => resize::resize(l, op),
        Op::ReverseSequence(op) => index::reverse_sequence(l, op),
        Op::RoiAlign(op) => sample::roi_align(l, op),
        Op::RoiPool(op) => sample::roi_pool(l, op),
        Op::ScatterElements(op) => index::scatter_elements(l, op),
        Op::ScatterNd(op) => index::scatter_nd(l, op),
        Op::Select(_) => binary::select(l),
        Op::Slice(op) => pick::slice(l, op),
        Op::Softmax(op) => normalise::softmax(l, op),
        Op::Tile(op) => join::tile(l, op),
        Op::TopK(op) => top_k::top_k(l, op),
        Op::Transpose(op) => reshape::transpose(l, op),
        Op::Unary(op) => unary::unary(l, op),
        Op::Unpool(op) => unpool::unpool(l, op),
    }
}
