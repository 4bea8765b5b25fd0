use firebrick_ir::ops::{
    Binary, Branch, Concat, Epilogue, Expand, Fused, FusedConv, FusedConvTranspose, FusedGemm, Fusible, Step, Unary,
};
use firebrick_ir::{Op, Value};

use crate::{At, Draft, Operand, Rule};

/// What was fused, as the ops it was: formats don't have fused ones.
pub(crate) struct SplitFused;

impl Rule for SplitFused {
    const NAME: &'static str = "split-fused";
    const DESCRIPTION: &'static str = "Makes of a fused op the ops that it stands for";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let draft = if let Some(conv) = at.is::<FusedConv>() {
            split(at, conv.op, &conv.operands)
        } else if let Some(conv) = at.is::<FusedConvTranspose>() {
            split(at, conv.op, &conv.operands)
        } else if let Some(gemm) = at.is::<FusedGemm>() {
            split(at, gemm.op, &gemm.operands)
        } else {
            let expand = at.is::<Expand>()?;
            split_expand(at, expand.op, &expand.operands)?
        };
        Some(draft)
    }
}

fn split<T: Fusible + Clone + Into<Op>>(at: At<'_>, fused: &Fused<T>, operands: &[Value]) -> Draft {
    let mut draft = Draft::new(at.node);
    let (own, others) = fused.split(operands);
    let result = draft.node(fused.op.clone(), &old(own));
    finish(at, draft, result, &fused.epilogue, others)
}

fn split_expand(at: At<'_>, expand: &Expand, operands: &[Value]) -> Option<Draft> {
    let mut draft = Draft::new(at.node);
    let (branches, first_other) = expand.slots();
    let mut parts = Vec::with_capacity(branches.len());
    for (branch, slot) in branches {
        parts.push(match branch {
            Branch::Copy => Operand::Old(*operands.get(slot)?),
            Branch::Conv(conv) => {
                let own = [*operands.first()?, *operands.get(slot)?, *operands.get(slot + 1)?];
                let result = draft.node(expand.conv(conv), &old(&own));
                conv.activation.map_or(result, |function| draft.node(Unary(function), &[result]))
            }
        });
    }
    let whole = draft.node(Concat { axis: 1 }, &parts);
    Some(finish(at, draft, whole, &expand.epilogue, operands.get(first_other..)?))
}

/// The draft with the epilogue's steps, the last of which takes the fused op's place.
fn finish(at: At<'_>, mut draft: Draft, mut result: Operand, epilogue: &Epilogue, others: &[Value]) -> Draft {
    let mut others = others.iter().copied().map(Operand::Old);
    for step in &epilogue.0 {
        result = match step {
            Step::Unary(function) => draft.node(Unary(*function), &[result]),
            Step::Binary(function) => {
                let operands: Vec<Operand> = [result].into_iter().chain(others.next()).collect();
                draft.node(Binary(*function), &operands)
            }
        };
    }
    draft.replace(at.result(), result)
}

fn old(values: &[Value]) -> Vec<Operand> {
    values.iter().copied().map(Operand::Old).collect()
}
