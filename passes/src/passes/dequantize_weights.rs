use firebrick_ir::Tensor;
use firebrick_ir::ops::Dequantize;

use crate::{At, Draft, Rule};

/// Weights that are stored as integers and used as numbers become numbers, whatever their size. Only when no op is left
/// that could use the integers.
pub(crate) struct DequantizeWeights;

impl Rule for DequantizeWeights {
    const NAME: &'static str = "dequantize-weights";
    const DESCRIPTION: &'static str = "Computes the numbers of quantized weights that nothing uses as integers";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let found = at.is::<Dequantize>()?;
        let tensors: Vec<&Tensor> = found.operands.iter().map(|&value| at.constant(value)).collect::<Option<_>>()?;
        let result = at.node().op.eval(&tensors).ok()?.into_iter().next()?;
        let mut draft = Draft::new(at.node);
        let new = draft.constant(at.name(at.result()), result);
        Some(draft.replace(at.result(), new))
    }
}
