//! CausalConvWithState.

use firebrick_ir::Value;
use firebrick_ir::ops::{Concat, Conv, Pad, PadMode, Slice, UnaryFn};

use super::{NodeContext, Outputs};

/// CausalConvWithState: each channel of `[N, C, length]` convolved by itself, over elements up to the window's last
/// one. What came before is zeros, or a state, whose successor is the second output.
pub(super) fn causal_conv(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let activation = ctx.word("activation", &[("none", false), ("silu", true), ("swish", true)])?;
    let (x, w) = (ctx.input(0)?, ctx.input(1)?);
    let (channels, kernel) = (ctx.dim(w, 0)?, ctx.dim(w, 2)?);
    let n_before = usize::try_from(kernel).unwrap_or(usize::MAX).saturating_sub(1);
    let whole = match ctx.optional(3) {
        Some(past) => ctx.op("whole", Concat { axis: 2 }, &[past, x])?,
        None => {
            let pads = vec![0, 0, n_before, 0, 0, 0];
            ctx.op("whole", Pad { mode: PadMode::Constant, pads, value: 0.0 }, &[x])?
        }
    };
    let group = usize::try_from(channels).unwrap_or(usize::MAX);
    let op = Conv { strides: vec![1], pads: vec![0, 0], dilations: vec![1], group };
    let operands: Vec<Value> = [whole, w].into_iter().chain(ctx.optional(2)).collect();
    let mut result = ctx.op("conv", op, &operands)?;
    if activation == Some(true) {
        result = ctx.unary(UnaryFn::Silu {}, result)?;
    }
    let length = usize::try_from(ctx.dim(whole, 2)?).unwrap_or(usize::MAX);
    // Of no elements the first may be any that there is.
    let start = length.saturating_sub(n_before).min(length.saturating_sub(1));
    let last = Slice { axes: vec![2], starts: vec![start], counts: vec![n_before], steps: vec![1] };
    let state = ctx.op("present_state", last, &[whole])?;
    Ok(vec![result.into(), state.into()])
}
