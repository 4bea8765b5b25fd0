//! Reductions.

use firebrick_ir::ops::{Reduce, ReduceFn};

use crate::attr;
use crate::lower::{Arg, Lowered, Lowering, Reason};

pub(super) fn reduce(l: &mut Lowering<'_>, op: &Reduce) -> Lowered {
    let Reduce { function, axes, keep_dims } = op;
    let x = l.arg(0);
    if axes.is_empty() {
        return Ok(vec![of_one(l, *function, x)?]);
    }
    let name = match function {
        ReduceFn::Sum => "ReduceSum",
        ReduceFn::Mean => "ReduceMean",
        ReduceFn::Max => "ReduceMax",
        ReduceFn::Min => "ReduceMin",
        ReduceFn::Prod => "ReduceProd",
        ReduceFn::L1 => "ReduceL1",
        ReduceFn::L2 => "ReduceL2",
        ReduceFn::SumSquare => "ReduceSumSquare",
        ReduceFn::LogSum => "ReduceLogSum",
        ReduceFn::LogSumExp => "ReduceLogSumExp",
    };
    Ok(vec![reduced(l, name, &x, axes, *keep_dims)?])
}

/// Axes are an attribute at first, then an operand: of ReduceSum from operator set 13 on, of the others from 18 on.
pub(super) fn reduced(
    l: &mut Lowering<'_>,
    name: &'static str,
    x: &Arg,
    axes: &[usize],
    keep_dims: bool,
) -> Result<Arg, Reason> {
    let operand_since = if name == "ReduceSum" { 13 } else { 18 };
    let keep = attr::flag("keepdims", keep_dims);
    if l.version() < operand_since {
        return l.same(name, std::slice::from_ref(x), vec![attr::sizes("axes", axes), keep]);
    }
    let axes = l.ints("axes", axes.iter().map(|&axis| axis as i64).collect());
    l.same(name, &[x.clone(), axes], vec![keep])
}

/// Every element reduced by itself. Without axes, ONNX's operators reduce all of them.
fn of_one(l: &mut Lowering<'_>, function: ReduceFn, x: Arg) -> Result<Arg, Reason> {
    match function {
        ReduceFn::Sum | ReduceFn::Mean | ReduceFn::Max | ReduceFn::Min | ReduceFn::Prod | ReduceFn::LogSumExp => {
            l.same("Identity", &[x], vec![])
        }
        ReduceFn::L1 | ReduceFn::L2 => l.same("Abs", &[x], vec![]),
        ReduceFn::SumSquare => l.same("Mul", &[x.clone(), x], vec![]),
        ReduceFn::LogSum => l.same("Log", &[x], vec![]),
    }
}
