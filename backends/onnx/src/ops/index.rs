//! Elements picked, written and put in order by indices.

use firebrick_ir::DType;
use firebrick_ir::ops::{
    Cumulate, CumulateFn, GatherElements, GatherNd, ReverseSequence, ScatterElements, ScatterFn, ScatterNd,
};

use crate::attr::{self, Attr};
use crate::lower::{Lowered, Lowering, Reason};

pub(super) fn gather_elements(l: &mut Lowering<'_>, op: &GatherElements) -> Lowered {
    Ok(vec![l.same("GatherElements", &l.args(), vec![attr::int("axis", op.axis as i64)])?])
}

pub(super) fn gather_nd(l: &mut Lowering<'_>, op: &GatherNd) -> Lowered {
    let args = [l.arg(0), l.cast(&l.arg(1), DType::I64)?];
    let attrs = match op.batch_dims {
        0 => vec![],
        _ if l.version() < 12 => return Err("GatherND has no batch before operator set 12".to_owned()),
        n => vec![attr::int("batch_dims", n as i64)],
    };
    Ok(vec![l.same("GatherND", &args, attrs)?])
}

pub(super) fn scatter_elements(l: &mut Lowering<'_>, op: &ScatterElements) -> Lowered {
    let mut attrs = reduction(l, op.function)?;
    attrs.push(attr::int("axis", op.axis as i64));
    Ok(vec![l.same("ScatterElements", &l.args(), attrs)?])
}

pub(super) fn scatter_nd(l: &mut Lowering<'_>, op: &ScatterNd) -> Lowered {
    let attrs = reduction(l, op.function)?;
    let args = [l.arg(0), l.cast(&l.arg(1), DType::I64)?, l.arg(2)];
    Ok(vec![l.same("ScatterND", &args, attrs)?])
}

/// The attribute that says what becomes of an element that is written to.
fn reduction(l: &Lowering<'_>, function: ScatterFn) -> Result<Vec<Attr>, Reason> {
    let (name, since) = match function {
        ScatterFn::Replace => return Ok(vec![]),
        ScatterFn::Add => ("add", 16),
        ScatterFn::Mul => ("mul", 16),
        ScatterFn::Max => ("max", 18),
        ScatterFn::Min => ("min", 18),
    };
    if l.version() < since {
        return Err(format!("scatters with `{name}` came with operator set {since}"));
    }
    Ok(vec![attr::string("reduction", name)])
}

pub(super) fn cumulate(l: &mut Lowering<'_>, op: &Cumulate) -> Lowered {
    let operator = match op.function {
        CumulateFn::Sum => "CumSum",
        CumulateFn::Prod => "CumProd",
    };
    let axis = l.tensor("axis", firebrick_ir::Tensor::scalar(op.axis as i64));
    let attrs = vec![attr::flag("exclusive", op.exclusive), attr::flag("reverse", op.reverse)];
    Ok(vec![l.same(operator, &[l.arg(0), axis], attrs)?])
}

pub(super) fn reverse_sequence(l: &mut Lowering<'_>, op: &ReverseSequence) -> Lowered {
    let axes = [op.batch_axis, op.time_axis];
    if axes != [0, 1] && axes != [1, 0] {
        return Err("ReverseSequence takes the first two dimensions only".to_owned());
    }
    let attrs = vec![attr::int("batch_axis", op.batch_axis as i64), attr::int("time_axis", op.time_axis as i64)];
    let args = [l.arg(0), l.cast(&l.arg(1), DType::I64)?];
    Ok(vec![l.same("ReverseSequence", &args, attrs)?])
}
