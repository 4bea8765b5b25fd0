//! What takes an epilogue, and how a step is added to it.

use firebrick_ir::ops::{Conv, ConvTranspose, Epilogue, Expand, Fused, Fusible, Gemm, Step};
use firebrick_ir::{Family, NodeId, Op, Value};

use crate::{At, Draft};

/// The draft in which a node does a step more, with the operands that this takes, and so has the place of `old`.
/// `None` unless the node is of an op that has an epilogue and is read by nothing but what computes `old`.
pub(crate) fn append(at: At<'_>, node: NodeId, old: Value, step: Step, others: &[Value]) -> Option<Draft> {
    let result = Value { node, port: 0 };
    if !at.graph.has_one_use(node) || at.ty(result) != at.ty(old) {
        return None;
    }
    let op = &at.graph.node(node).op;
    let longer = with::<Conv>(op, step)
        .or_else(|| with::<ConvTranspose>(op, step))
        .or_else(|| with::<Gemm>(op, step))
        .or_else(|| expand(op, step))?;
    let operands = [at.graph.operands(node).as_slice(), others].concat();
    Some(Draft::swap(node, old, longer, &operands))
}

fn with<T: Fusible + Family + Clone>(op: &Op, step: Step) -> Option<Op>
where
    Fused<T>: Family + Clone + Into<Op>,
{
    let plain = T::of(op).map(|op| Fused { op: op.clone(), epilogue: Epilogue::default() });
    let mut fused = plain.or_else(|| Fused::<T>::of(op).cloned())?;
    fused.epilogue.0.push(step);
    Some(fused.into())
}

fn expand(op: &Op, step: Step) -> Option<Op> {
    let mut expand = Expand::of(op)?.clone();
    expand.epilogue.0.push(step);
    Some(expand.into())
}
