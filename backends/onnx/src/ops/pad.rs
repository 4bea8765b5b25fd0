//! Elements added at the ends.

use firebrick_ir::Tensor;
use firebrick_ir::ops::{Pad, PadMode};

use crate::attr;
use crate::lower::{Arg, Lowered, Lowering, Reason, eval};

pub(super) fn pad(l: &mut Lowering<'_>, op: &Pad) -> Lowered {
    let x = l.arg(0);
    let rank = l.ty(0).shape.rank();
    let mode = match op.mode {
        PadMode::Constant => "constant",
        PadMode::Edge => "edge",
        PadMode::Reflect => {
            let exceeds = |i: usize| l.dim(0, i).is_some_and(|size| op.pads[i].max(op.pads[rank + i]) >= size.max(1));
            if (0..rank).any(exceeds) {
                return Ok(vec![gathered(l, op)?]);
            }
            "reflect"
        }
        PadMode::Wrap if l.version() < 19 => return Ok(vec![gathered(l, op)?]),
        PadMode::Wrap => "wrap",
    };
    Ok(vec![padded(l, &x, mode, &op.pads, op.value)?])
}

/// Elements by their indices, a dimension after another: Pad mirrors once only, and wraps from operator set 19 on.
fn gathered(l: &mut Lowering<'_>, op: &Pad) -> Result<Arg, Reason> {
    let rank = l.ty(0).shape.rank();
    let mut x = l.arg(0);
    for axis in 0..rank {
        let pads = vec![op.pads[axis], op.pads[rank + axis]];
        if pads == [0, 0] {
            continue;
        }
        let size = l.dim(0, axis).ok_or_else(|| format!("dimension {axis} is symbolic"))?;
        let places = Tensor::from_vec(&[size], (0..size as i64).collect()).map_err(|error| error.to_string())?;
        let indices = eval(Pad { pads, ..op.clone() }, &[&places])?;
        let indices = l.tensor("indices", indices);
        x = l.same("Gather", &[x, indices], vec![attr::int("axis", axis as i64)])?;
    }
    Ok(x)
}

/// Pads and value are attributes up to operator set 10, then operands.
pub(super) fn padded(
    l: &mut Lowering<'_>,
    x: &Arg,
    mode: &'static str,
    pads: &[usize],
    value: f32,
) -> Result<Arg, Reason> {
    if pads.is_empty() {
        return l.same("Identity", std::slice::from_ref(x), vec![]);
    }
    let is_constant = mode == "constant";
    if l.version() < 11 {
        let mut attrs = vec![attr::string("mode", mode), attr::sizes("pads", pads)];
        if is_constant {
            attrs.push(attr::float("value", value));
        }
        return l.same("Pad", std::slice::from_ref(x), attrs);
    }
    let pads = l.ints("pads", pads.iter().map(|&n| n as i64).collect());
    let value = if is_constant { l.scalar("value", value, x.dtype)? } else { Arg::absent() };
    l.same("Pad", &[x.clone(), pads, value], vec![attr::string("mode", mode)])
}
