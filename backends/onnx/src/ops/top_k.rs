//! The best elements.

use firebrick_ir::DType;
use firebrick_ir::Tensor;
use firebrick_ir::ops::{Ties, TopK};

use super::pick::{Range, sliced};
use crate::attr;
use crate::lower::{Arg, Lowered, Lowering, Reason};

/// TopK, which takes the first of equal elements. For the last one it looks at them backwards.
pub(super) fn top_k(l: &mut Lowering<'_>, op: &TopK) -> Lowered {
    let x = l.arg(0);
    match op.ties {
        Ties::Lowest => best(l, op, &x),
        Ties::Highest => {
            let size = l.dim(0, op.axis).ok_or_else(|| format!("dimension {} is symbolic", op.axis))?;
            let Some(last) = size.checked_sub(1) else { return best(l, op, &x) };
            let backwards = Range { axis: op.axis, start: last, count: size, step: -1 };
            let reversed = sliced(l, &x, &[backwards])?;
            let results = best(l, op, &reversed)?;
            let [values, indices] = results.as_slice() else { return Err("TopK has two results".to_owned()) };
            let last = l.tensor("last", Tensor::scalar(last as i64));
            let indices = l.same("Sub", &[last, indices.clone()], vec![])?;
            Ok(vec![values.clone(), indices])
        }
    }
}

/// How many is an attribute up to operator set 9, then an operand; the smallest can be had from operator set 11 on.
fn best(l: &mut Lowering<'_>, op: &TopK, x: &Arg) -> Result<Vec<Arg>, Reason> {
    let axis = attr::int("axis", op.axis as i64);
    let dtypes = [x.dtype, DType::I64];
    if l.version() < 11 {
        let x = if op.largest { x.clone() } else { l.same("Neg", std::slice::from_ref(x), vec![])? };
        let results = if l.version() < 10 {
            if op.k == 0 {
                return Err("TopK of operator set 9 has one element or more".to_owned());
            }
            l.emit_all("TopK", &[x], vec![axis, attr::int("k", op.k as i64)], &dtypes)?
        } else {
            let k = l.ints("k", vec![op.k as i64]);
            l.emit_all("TopK", &[x, k], vec![axis], &dtypes)?
        };
        let [values, indices] = results.as_slice() else { return Err("TopK has two results".to_owned()) };
        let values = if op.largest { values.clone() } else { l.same("Neg", std::slice::from_ref(values), vec![])? };
        return Ok(vec![values, indices.clone()]);
    }
    let k = l.ints("k", vec![op.k as i64]);
    l.emit_all("TopK", &[x.clone(), k], vec![axis, attr::flag("largest", op.largest)], &dtypes)
}
