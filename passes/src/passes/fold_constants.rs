use firebrick_ir::ops::{Const, Dequantize, Return};
use firebrick_ir::{Family, Tensor, Type, Value};

use crate::{At, Draft, Rule};

/// Computes what depends on constants only, with the reference evaluator. Not what takes more memory than it saves:
/// the results have as many bytes as the operands at most, or [`MAX_BYTES`].
pub(crate) struct FoldConstants;

/// A result as large as that is kept whatever its operands are: 64 KiB.
const MAX_BYTES: u64 = 1 << 16;

/// More multiply-accumulates than that are left for the time of running.
const MAX_MACS: u64 = 1 << 24;

impl Rule for FoldConstants {
    const NAME: &'static str = "fold-constants";
    const DESCRIPTION: &'static str = "Computes what depends on constants only, up to a size";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let node = at.node();
        let operands = at.graph.operands(at.node);
        // Weights stay integers as long as an op may use them as such.
        let is_special = Return::of(&node.op).is_some() || Dequantize::of(&node.op).is_some();
        if operands.is_empty() || is_special {
            return None;
        }
        let tensors: Vec<&Tensor> = operands.iter().map(|&value| at.constant(value)).collect::<Option<_>>()?;
        let results: Vec<Type> = node.outputs.iter().map(|output| output.ty.clone()).collect();
        if !is_small(&tensors, &results) {
            return None;
        }
        let types: Vec<&Type> = operands.iter().map(|&value| at.ty(value)).collect();
        if node.op.macs(&types, &results) > MAX_MACS {
            return None;
        }
        // What has no result fails when the graph is run, as it did before.
        let tensors = node.op.eval(&tensors).ok()?;
        let mut draft = Draft::new(at.node);
        for (port, tensor) in tensors.into_iter().enumerate() {
            let old = Value { node: at.node, port };
            let new = draft.node(Const::new(tensor), &[]);
            draft = draft.replace(old, new);
        }
        Some(draft)
    }
}

fn is_small(operands: &[&Tensor], results: &[Type]) -> bool {
    let before: u64 = operands.iter().map(|tensor| tensor.bytes().len() as u64).sum();
    let after = results.iter().try_fold(0u64, |sum, ty| sum.checked_add(ty.n_bytes()?));
    after.is_some_and(|after| after <= before.max(MAX_BYTES))
}
