//! Products of matrices.

use firebrick_ir::ops::Gemm;

use crate::attr;
use crate::lower::{Arg, Lowered, Lowering, Reason};

pub(super) fn gemm(l: &mut Lowering<'_>, op: &Gemm) -> Lowered {
    let args = l.args();
    Ok(vec![gemm_of(l, op, args)?])
}

/// Gemm, whose third operand is optional from operator set 11 on.
pub(super) fn gemm_of(l: &mut Lowering<'_>, op: &Gemm, mut args: Vec<Arg>) -> Result<Arg, Reason> {
    // Runtimes have no Gemm of integers.
    if args[0].dtype.is_integer() && !op.trans_a && !op.trans_b {
        let product = l.same("MatMul", &args[..2], vec![])?;
        return args.get(2).map_or(Ok(product.clone()), |c| l.same("Add", &[product, c.clone()], vec![]));
    }
    if args.len() == 2 && l.version() < 11 {
        if !op.trans_a && !op.trans_b {
            return l.same("MatMul", &args, vec![]);
        }
        args.push(l.scalar("zero", 0.0, args[0].dtype)?);
    }
    let attrs = [("transA", op.trans_a), ("transB", op.trans_b)];
    let attrs = attrs.into_iter().filter(|(_, set)| *set).map(|(name, _)| attr::int(name, 1)).collect();
    l.same("Gemm", &args, attrs)
}

/// Products of stacks of matrices.
pub(super) fn matmul(l: &mut Lowering<'_>) -> Lowered {
    let args = l.args();
    Ok(vec![l.same("MatMul", &args, vec![])?])
}
