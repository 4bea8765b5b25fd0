//! BatchNormalization at inference.

use firebrick_ir::ops::BatchNorm;

use super::{NodeContext, Outputs};

/// BatchNormalization: (x − mean) / √(variance + epsilon) * scale + bias, by channel.
pub(super) fn batch_normalization(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let epsilon = ctx.float_or("epsilon", 1e-5)?;
    ctx.ignore("momentum", "only training moves the statistics");
    let opset = ctx.opset();
    if opset < 6 {
        ctx.ignore("consumed_inputs", "it says which inputs may be overwritten, and none is");
    }
    if opset < 7 {
        ctx.ignore("is_test", "in these opsets a node that trains has five outputs");
    }
    if opset < 9 && !ctx.flag("spatial", true)? && ctx.rank(ctx.input(0)?) > 2 {
        return Err(ctx.attribute_problem("spatial", "statistics of each position (`spatial` 0) are not supported"));
    }
    if opset >= 14 && ctx.flag("training_mode", false)? {
        return Err(ctx.attribute_problem("training_mode", "a node that trains is not supported"));
    }
    if (1..ctx.n_outputs()).any(|index| ctx.is_used(index)) {
        return Err(ctx.problem("its outputs behind the first are those of training, which is not supported"));
    }
    let operands = ctx.all_inputs()?;
    Ok(vec![ctx.op("batch_norm", BatchNorm { epsilon }, &operands)?.into()])
}
