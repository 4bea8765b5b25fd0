//! A graph into a plan: which kernel each op becomes, and where its values lie.
//!
//! [`node`] is the one match over all ops. A family's file says for which of its forms there is a kernel; the reference
//! evaluator computes the others, and the ops that [`node`] hands to it.

mod batch_norm;
mod binary;
mod broadcast;
mod cast;
mod concat;
mod conv;
mod conv_rows;
mod conv_transpose;
mod cover;
mod detection_output;
mod elements;
mod epilogue;
mod evaluate;
mod expand;
mod gather;
mod gemm;
mod halos;
mod lookup;
mod lrn;
mod matmul;
mod moves;
mod numbers;
mod pad;
mod planner;
mod pool;
mod product;
mod q_binary;
mod q_conv;
mod q_conv_transpose;
mod q_pool;
mod q_product;
mod q_reduce;
mod q_sums;
mod quantize;
mod reduce;
mod reshape;
mod resize;
mod select;
mod slice;
mod softmax;
mod tile;
mod transpose;
mod unary;
mod winograd;

use firebrick_ir::{NodeId, Op, Verified};

use crate::plan::Plan;
use crate::{CompileError, Options};
use planner::Planner;

/// Whether a family has a kernel for one of its ops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lowered {
    /// Its steps are in the plan.
    Done,
    /// There is none: the reference evaluator has to compute it.
    NoKernel,
}

/// The plan of a graph whose sizes are all known.
///
/// # Errors
/// If a size is not known, a weight has no values, or the values take more memory than can be addressed.
pub(crate) fn lower(graph: Verified<'_>, options: Options) -> Result<Plan, CompileError> {
    let mut planner = Planner::new(graph.graph(), options)?;
    for id in graph.schedule() {
        if node(&mut planner, id)? == Lowered::NoKernel {
            evaluate::lower(&mut planner, id)?;
        }
    }
    planner.finish()
}

fn node(planner: &mut Planner<'_>, id: NodeId) -> Result<Lowered, CompileError> {
    let has_step = |op: &Op| !matches!(op, Op::Input(_) | Op::Const(_) | Op::Return(_));
    match &planner.graph.node(id).op {
        op if has_step(op) && planner.has_empty_value(id) => Ok(Lowered::NoKernel),
        Op::Input(_) | Op::Const(_) | Op::Return(_) => Ok(Lowered::Done),
        Op::BatchNorm(op) => batch_norm::lower(planner, id, op),
        Op::Binary(op) => binary::lower(planner, id, op),
        Op::Cast(op) => cast::lower(planner, id, op),
        Op::Concat(op) => concat::lower(planner, id, op),
        Op::Conv(op) => epilogue::without(planner, id, op, conv::lower),
        Op::ConvTranspose(op) => epilogue::without(planner, id, op, conv_transpose::lower),
        Op::DetectionOutput(_) => detection_output::lower(planner, id),
        Op::Dequantize(op) => quantize::lower_inverse(planner, id, op),
        Op::Expand(op) => expand::lower(planner, id, op),
        Op::FusedConv(op) => epilogue::with(planner, id, op, conv::lower),
        Op::FusedConvTranspose(op) => epilogue::with(planner, id, op, conv_transpose::lower),
        Op::FusedGemm(op) => epilogue::with(planner, id, op, gemm::lower),
        Op::Gather(op) => gather::lower(planner, id, op),
        Op::Gemm(op) => epilogue::without(planner, id, op, gemm::lower),
        Op::Identity(_) => reshape::identity(planner, id),
        Op::Lrn(op) => lrn::lower(planner, id, op),
        Op::MatMul(_) => matmul::lower(planner, id),
        Op::Pad(op) => pad::lower(planner, id, op),
        Op::Pool(op) => pool::lower(planner, id, op),
        Op::QBinary(op) => q_binary::lower(planner, id, op),
        Op::QConcat(op) => concat::lower_quantized(planner, id, op),
        Op::QGemm(op) => q_product::lower_gemm(planner, id, op),
        Op::QMatMul(op) => q_product::lower_matmul(planner, id, op),
        Op::QPool(op) => q_pool::lower(planner, id, op),
        Op::QReduce(op) => q_reduce::lower(planner, id, op),
        Op::QSoftmax(op) => quantize::lower_softmax(planner, id, op),
        Op::Quantize(op) => quantize::lower(planner, id, op),
        Op::QConv(op) => q_conv::lower(planner, id, op),
        Op::QConvTranspose(op) => q_conv_transpose::lower(planner, id, op),
        Op::QUnary(_) | Op::Requantize(_) => lookup::lower(planner, id),
        Op::Reduce(op) => reduce::lower(planner, id, op),
        Op::Reshape(_) => reshape::lower(planner, id),
        Op::Resize(op) => resize::lower(planner, id, op),
        Op::Select(_) => select::lower(planner, id),
        Op::Slice(op) => slice::lower(planner, id, op),
        Op::Softmax(op) => softmax::lower(planner, id, op),
        Op::Tile(op) => tile::lower(planner, id, op),
        Op::Transpose(op) => transpose::lower(planner, id, op),
        Op::Unary(op) => unary::lower(planner, id, op),
        Op::Bitcast(_)
        | Op::Cumulate(_)
        | Op::DeformConv(_)
        | Op::Det(_)
        | Op::Dft(_)
        | Op::GatherElements(_)
        | Op::GatherNd(_)
        | Op::GridSample(_)
        | Op::Recur(_)
        | Op::ReverseSequence(_)
        | Op::RoiAlign(_)
        | Op::RoiPool(_)
        | Op::ScatterElements(_)
        | Op::ScatterNd(_)
        | Op::TopK(_)
        | Op::Unpool(_) => Ok(Lowered::NoKernel),
    }
}
