//! RNN.

use firebrick_ir::Op;
use firebrick_ir::ops::{Cell, Unary, UnaryFn};

use crate::context::Context;
use crate::layer::Blob;
use crate::ops;

/// tanh(W_ho h + b_o), where h is the state after each step of an RNN.
pub(super) fn rnn(ctx: &mut Context<'_, '_>) -> Option<Blob> {
    let Op::Unary(Unary(UnaryFn::Tanh {})) = &ctx.graph().node(ctx.node).op else { return None };
    let (Op::Reshape(_), operands) = ctx.inner(ctx.operand(0))? else { return None };
    let (Op::Gemm(gemm), projection) = ctx.inner(*operands.first()?)? else { return None };
    let (Op::Reshape(_), operands) = ctx.inner(*projection.first()?)? else { return None };
    let state = *operands.first()?;
    let (Op::Recur(recur), _) = ctx.inner(state)? else { return None };
    let is_output = recur.cell == Cell::Rnn && state.port == 0 && gemm.trans_b && !gemm.trans_a;
    if !is_output || projection.len() != 3 {
        return None;
    }
    ops::rnn(ctx, state.node, recur, &projection[1..])
}
