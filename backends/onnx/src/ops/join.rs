//! Values one behind the other.

use firebrick_ir::ops::{Concat, Tile};

use crate::attr;
use crate::lower::{Lowered, Lowering};

pub(super) fn concat(l: &mut Lowering<'_>, op: &Concat) -> Lowered {
    let args = l.args();
    Ok(vec![l.same("Concat", &args, vec![attr::int("axis", op.axis as i64)])?])
}

pub(super) fn tile(l: &mut Lowering<'_>, op: &Tile) -> Lowered {
    let repeats = l.ints("repeats", op.repeats.iter().map(|&n| n as i64).collect());
    let x = l.arg(0);
    Ok(vec![l.same("Tile", &[x, repeats], vec![])?])
}
