//! Functions of two elements that are integers, truth values, or floats to be compared.

use std::fmt;

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value};
use cranelift_module::Module;
use firebrick_ir::DType;
use firebrick_ir::ops::BinaryFn;

use super::convert::Kind;
use crate::emit::Code;

/// How they are computed.
#[derive(Debug, Clone, Copy)]
enum Formula {
    Add,
    Sub,
    Mul,
    And,
    Or,
    Xor,
    /// The one that compares so.
    Choose(IntCC),
    Compare(IntCC),
    CompareFloats(FloatCC),
}

/// A function that there is code for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Integers {
    function: BinaryFn,
    formula: Formula,
}

impl Integers {
    /// `None` for functions, and functions of types, that are left to others.
    pub(crate) fn of(function: BinaryFn, dtype: DType) -> Option<Self> {
        let kind = Kind::of(dtype)?;
        let is_signed = matches!(kind, Kind::Signed(_));
        let is_integer = is_signed || matches!(kind, Kind::Unsigned(_));
        let is_float = matches!(kind, Kind::Single | Kind::Double);
        let by_sign = |signed: IntCC, unsigned: IntCC| if is_signed { signed } else { unsigned };
        let greater = by_sign(IntCC::SignedGreaterThan, IntCC::UnsignedGreaterThan);
        let at_least = by_sign(IntCC::SignedGreaterThanOrEqual, IntCC::UnsignedGreaterThanOrEqual);
        let less = by_sign(IntCC::SignedLessThan, IntCC::UnsignedLessThan);
        let whole = |formula: Formula| is_integer.then_some(formula);
        let bits = |formula: Formula| (is_integer || kind == Kind::Bool).then_some(formula);
        let compared = |integers: IntCC, floats: FloatCC| match (is_float, is_integer || kind == Kind::Bool) {
            (true, _) => Some(Formula::CompareFloats(floats)),
            (false, true) => Some(Formula::Compare(integers)),
            (false, false) => None,
        };
        let formula = match function {
            BinaryFn::Add => whole(Formula::Add),
            BinaryFn::Sub => whole(Formula::Sub),
            BinaryFn::Mul => whole(Formula::Mul),
            BinaryFn::Max => whole(Formula::Choose(greater)),
            BinaryFn::Min => whole(Formula::Choose(less)),
            BinaryFn::And => bits(Formula::And),
            BinaryFn::Or => bits(Formula::Or),
            BinaryFn::Xor => bits(Formula::Xor),
            BinaryFn::Equal => compared(IntCC::Equal, FloatCC::Equal),
            BinaryFn::Greater => compared(greater, FloatCC::GreaterThan),
            BinaryFn::GreaterEqual => compared(at_least, FloatCC::GreaterThanOrEqual),
            // Some have no result for a divisor of 0.
            BinaryFn::Div | BinaryFn::Mod | BinaryFn::Rem | BinaryFn::Pow => None,
            BinaryFn::Prelu | BinaryFn::ShiftLeft | BinaryFn::ShiftRight => None,
        };
        formula.map(|formula| Integers { function, formula })
    }

    pub(super) fn apply<M: Module>(self, code: &mut Code<'_, M>, a: Value, b: Value) -> Value {
        match self.formula {
            Formula::Add => code.builder.ins().iadd(a, b),
            Formula::Sub => code.builder.ins().isub(a, b),
            Formula::Mul => code.builder.ins().imul(a, b),
            Formula::And => code.builder.ins().band(a, b),
            Formula::Or => code.builder.ins().bor(a, b),
            Formula::Xor => code.builder.ins().bxor(a, b),
            Formula::Compare(condition) => code.builder.ins().icmp(condition, a, b),
            Formula::CompareFloats(condition) => code.builder.ins().fcmp(condition, a, b),
            Formula::Choose(condition) => {
                let is_better = code.builder.ins().icmp(condition, a, b);
                code.builder.ins().select(is_better, a, b)
            }
        }
    }
}

/// `a` where the truth value is true, else `b`.
pub(super) fn select<M: Module>(code: &mut Code<'_, M>, condition: Value, a: Value, b: Value) -> Value {
    code.builder.ins().select(condition, a, b)
}

impl fmt::Display for Integers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.function.name())
    }
}
