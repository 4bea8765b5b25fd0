//! Ops as layers, a family a file.

mod activation;
mod batch_norm;
mod binary;
mod cast;
mod concat;
mod constant;
mod conv;
mod detection_output;
mod gather;
mod gemm;
mod identity;
mod lrn;
mod pad;
mod pool;
mod recur;
mod reduce;
mod reshape;
mod resize;
mod slice;
mod softmax;
mod tile;
mod top_k;
mod transpose;
mod window;

use firebrick_ir::Op;

pub(crate) use self::binary::{Block, eltwise, power, scale};
pub(crate) use self::constant::constant;
pub(crate) use self::gemm::inner_product;
pub(crate) use self::identity::is_later_version;
pub(crate) use self::recur::rnn;
pub(crate) use self::reshape::reshaped;
use crate::Reason;
use crate::context::Context;
use crate::layer::Blob;
use crate::selection::Tops;

/// An op as layers of its own.
pub(crate) fn translate(ctx: &mut Context<'_, '_>, op: &Op) -> Tops {
    match op {
        Op::Input(_) => one(constant::input(ctx)),
        Op::Const(_) => Err(Reason::MissingWeights),
        Op::Return(_) => Ok(Vec::new()),
        Op::Identity(_) => one(identity::identity(ctx)),
        Op::BatchNorm(op) => one(batch_norm::batch_norm(ctx, op)),
        Op::Binary(op) => one(binary::binary(ctx, op)),
        Op::Cast(op) => one(cast::cast(ctx, op)),
        Op::Concat(op) => one(concat::concat(ctx, op)),
        Op::Conv(op) => one(conv::conv(ctx, op)),
        Op::ConvTranspose(op) => one(conv::conv_transpose(ctx, op)),
        Op::DetectionOutput(op) => one(detection_output::detection_output(ctx, op)),
        Op::Cumulate(_) | Op::DeformConv(_) | Op::Det(_) | Op::Dft(_) => Err(Reason::NoLayer),
        Op::GatherElements(_) | Op::GatherNd(_) | Op::GridSample(_) => Err(Reason::NoLayer),
        Op::ReverseSequence(_) | Op::RoiAlign(_) => Err(Reason::NoLayer),
        Op::ScatterElements(_) | Op::ScatterNd(_) | Op::Select(_) => Err(Reason::NoLayer),
        Op::Bitcast(_) => Err(Reason::NoLayer),
        Op::Dequantize(_) | Op::Quantize(_) => Err(Reason::Quantized),
        Op::QConv(_) | Op::QConvTranspose(_) | Op::QGemm(_) | Op::QMatMul(_) => Err(Reason::Quantized),
        Op::QBinary(_) | Op::QConcat(_) | Op::QPool(_) | Op::QReduce(_) => Err(Reason::Quantized),
        Op::QSoftmax(_) | Op::QUnary(_) | Op::Requantize(_) => Err(Reason::Quantized),
        Op::Expand(_) | Op::FusedConv(_) | Op::FusedConvTranspose(_) | Op::FusedGemm(_) => Err(Reason::Fused),
        Op::Gather(op) => one(gather::gather(ctx, op)),
        Op::Gemm(op) => one(gemm::gemm(ctx, op)),
        Op::Lrn(op) => one(lrn::lrn(ctx, op)),
        Op::MatMul(_) => one(gemm::matmul(ctx)),
        Op::Pad(op) => one(pad::pad(ctx, op)),
        Op::Pool(op) => pool::pool(ctx, op),
        Op::Recur(op) => recur::recur(ctx, op),
        Op::Reduce(op) => one(reduce::reduce(ctx, op)),
        Op::Reshape(op) => one(reshape::reshape(ctx, op)),
        Op::Resize(op) => one(resize::resize(ctx, op)),
        Op::RoiPool(_) => Err(Reason::NoLayer),
        Op::Slice(op) => one(slice::slice(ctx, op)),
        Op::Softmax(op) => one(softmax::softmax(ctx, op)),
        Op::Tile(op) => one(tile::tile(ctx, op)),
        Op::TopK(op) => top_k::top_k(ctx, op),
        Op::Transpose(op) => one(transpose::transpose(ctx, op)),
        Op::Unary(op) => one(activation::unary(ctx, op)),
        Op::Unpool(op) => one(resize::unpool(ctx, op)),
    }
}

fn one(top: Result<Blob, Reason>) -> Tops {
    top.map(|top| vec![Some(top)])
}
