//! Elementwise functions of several operands.

use firebrick_ir::DType;
use firebrick_ir::ops::{Binary, BinaryFn};

use crate::attr;
use crate::lower::{Arg, Lowered, Lowering, Reason};

pub(super) fn binary(l: &mut Lowering<'_>, op: &Binary) -> Lowered {
    let args = l.args();
    let keeps_shape = l.ty(0).shape == l.result(0).shape;
    Ok(vec![apply(l, op.0, &args, keeps_shape)?])
}

/// A function of two values. `keeps_shape` says that the result has the first one's shape.
pub(super) fn apply(l: &mut Lowering<'_>, function: BinaryFn, args: &[Arg], keeps_shape: bool) -> Result<Arg, Reason> {
    let is_truth = args.first().is_some_and(|arg| arg.dtype == DType::Bool);
    match function {
        BinaryFn::Add => l.same("Add", args, vec![]),
        BinaryFn::And => l.same(if is_truth { "And" } else { "BitwiseAnd" }, args, vec![]),
        BinaryFn::Div => l.same("Div", args, vec![]),
        BinaryFn::Equal => equal(l, args),
        BinaryFn::Greater => l.emit("Greater", args, vec![], DType::Bool),
        BinaryFn::GreaterEqual => greater_equal(l, args),
        BinaryFn::Max => extreme(l, "Max", args, "Less"),
        BinaryFn::Min => extreme(l, "Min", args, "Greater"),
        BinaryFn::Mod => modulo(l, args),
        BinaryFn::Mul => l.same("Mul", args, vec![]),
        BinaryFn::Or => l.same(if is_truth { "Or" } else { "BitwiseOr" }, args, vec![]),
        BinaryFn::Pow => l.same("Pow", args, vec![]),
        BinaryFn::Prelu => prelu(l, args, keeps_shape),
        BinaryFn::Rem => l.same("Mod", args, vec![attr::int("fmod", 1)]),
        BinaryFn::ShiftLeft => l.same("BitShift", args, vec![attr::string("direction", "LEFT")]),
        BinaryFn::ShiftRight => l.same("BitShift", args, vec![attr::string("direction", "RIGHT")]),
        BinaryFn::Sub => l.same("Sub", args, vec![]),
        BinaryFn::Xor => l.same(if is_truth { "Xor" } else { "BitwiseXor" }, args, vec![]),
    }
}

/// Equal does not take floating-point numbers before operator set 11: they are neither greater nor less, nor NaN.
fn equal(l: &mut Lowering<'_>, args: &[Arg]) -> Result<Arg, Reason> {
    if l.version() >= 11 || !args.iter().all(|arg| arg.dtype.is_float()) {
        return l.emit("Equal", args, vec![], DType::Bool);
    }
    let mut differ = l.emit("Greater", args, vec![], DType::Bool)?;
    let less = l.emit("Less", args, vec![], DType::Bool)?;
    differ = l.same("Or", &[differ, less], vec![])?;
    for arg in args {
        let is_nan = l.emit("IsNaN", std::slice::from_ref(arg), vec![], DType::Bool)?;
        differ = l.same("Or", &[differ, is_nan], vec![])?;
    }
    l.same("Not", &[differ], vec![])
}

/// GreaterOrEqual came with operator set 12.
fn greater_equal(l: &mut Lowering<'_>, args: &[Arg]) -> Result<Arg, Reason> {
    if l.version() >= 12 {
        return l.emit("GreaterOrEqual", args, vec![], DType::Bool);
    }
    let greater = l.emit("Greater", args, vec![], DType::Bool)?;
    let equal = equal(l, args)?;
    l.same("Or", &[greater, equal], vec![])
}

/// Mod has the divisor's sign for whole numbers only: of others, what has the other sign is moved by the divisor.
fn modulo(l: &mut Lowering<'_>, args: &[Arg]) -> Result<Arg, Reason> {
    let [_, divisor] = args else { return Err("it has two operands".to_owned()) };
    if !divisor.dtype.is_float() {
        return l.same("Mod", args, vec![]);
    }
    let zero = l.scalar("zero", 0.0, divisor.dtype)?;
    let rest = l.same("Mod", args, vec![attr::int("fmod", 1)])?;
    let product = l.same("Mul", &[rest.clone(), divisor.clone()], vec![])?;
    let has_other_sign = l.emit("Less", &[product, zero], vec![], DType::Bool)?;
    let moved = l.same("Add", &[rest.clone(), divisor.clone()], vec![])?;
    let dtype = rest.dtype;
    l.emit("Where", &[has_other_sign, moved, rest], vec![], dtype)
}

/// Max and Min take whole numbers from operator set 12 on; before, one of the two is picked.
fn extreme(l: &mut Lowering<'_>, name: &'static str, args: &[Arg], is_worse: &'static str) -> Result<Arg, Reason> {
    let [a, b] = args else { return Err("it has two operands".to_owned()) };
    if l.version() >= 12 || a.dtype.is_float() {
        return l.same(name, args, vec![]);
    }
    let b_is_better = l.emit(is_worse, args, vec![], DType::Bool)?;
    l.emit("Where", &[b_is_better, b.clone(), a.clone()], vec![], a.dtype)
}

/// PRelu's slope is broadcast to its input, but not the other way round.
fn prelu(l: &mut Lowering<'_>, args: &[Arg], keeps_shape: bool) -> Result<Arg, Reason> {
    let [x, slope] = args else { return Err("it has two operands".to_owned()) };
    if keeps_shape && x.dtype.is_float() {
        return l.same("PRelu", args, vec![]);
    }
    let zero = l.scalar("zero", 0.0, x.dtype)?;
    let is_positive = l.emit("Greater", &[x.clone(), zero], vec![], DType::Bool)?;
    let product = l.same("Mul", &[x.clone(), slope.clone()], vec![])?;
    l.emit("Where", &[is_positive, x.clone(), product], vec![], x.dtype)
}

pub(super) fn select(l: &mut Lowering<'_>) -> Lowered {
    let args = l.args();
    let dtype = args[1].dtype;
    Ok(vec![l.emit("Where", &args, vec![], dtype)?])
}
