//! Arithmetic on one number or four at once, alike.

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F32X4, I32X4};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData as MemFlags, Value};
use cranelift_module::{FuncId, Module};

use crate::emit::Code;

/// How the channels of a block are read: a number at a time, or four.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    block: usize,
    pub(super) is_vector: bool,
}

/// Those of a block of that many channels.
pub(super) fn parts(block: usize) -> Parts {
    Parts { block, is_vector: block.is_multiple_of(4) }
}

impl Parts {
    /// Bytes from the block's beginning to each part.
    pub(super) fn displacements(self) -> impl Iterator<Item = i32> {
        let (n, bytes) = if self.is_vector { (self.block / 4, 16) } else { (self.block, 4) };
        (0..n).map(move |i| i32::try_from(i * bytes).expect("a block is small"))
    }

    /// One part.
    pub(super) fn load<M: Module>(self, code: &mut Code<'_, M>, address: Value, disp: i32) -> Value {
        if self.is_vector { code.load_vector(address, disp) } else { code.load(address, disp) }
    }
}

fn is_vector<M: Module>(code: &Code<'_, M>, value: Value) -> bool {
    let ty = code.builder.func.dfg.value_type(value);
    ty == F32X4 || ty == I32X4
}

/// A constant like `like`: one number or four.
pub(super) fn constant<M: Module>(code: &mut Code<'_, M>, x: f32, like: Value) -> Value {
    let x = code.float(x);
    if is_vector(code, like) { code.splat(x) } else { x }
}

/// Where `a > b`; nowhere where one is a NaN.
pub(super) fn is_above<M: Module>(code: &mut Code<'_, M>, a: Value, b: Value) -> Value {
    code.builder.ins().fcmp(FloatCC::GreaterThan, a, b)
}

/// Where `a = b`; nowhere where one is a NaN.
pub(super) fn is_equal<M: Module>(code: &mut Code<'_, M>, a: Value, b: Value) -> Value {
    code.builder.ins().fcmp(FloatCC::Equal, a, b)
}

/// A number, four times if `like` is four.
pub(super) fn like<M: Module>(code: &mut Code<'_, M>, x: Value, like: Value) -> Value {
    if is_vector(code, like) && !is_vector(code, x) { code.splat(x) } else { x }
}

/// `a` where the condition holds, else `b`.
pub(super) fn select<M: Module>(code: &mut Code<'_, M>, condition: Value, a: Value, b: Value) -> Value {
    if is_vector(code, a) {
        let mask = code.builder.ins().bitcast(F32X4, MemFlags::new(), condition);
        code.builder.ins().bitselect(mask, a, b)
    } else {
        code.builder.ins().select(condition, a, b)
    }
}

/// A function of the runtime, on every number by itself.
pub(super) fn call<M: Module>(code: &mut Code<'_, M>, helper: FuncId, arguments: &[Value]) -> Value {
    if !is_vector(code, arguments[0]) {
        return code.call_for_result(helper, arguments);
    }
    let mut result = arguments[0];
    for lane in 0..4 {
        let numbers: Vec<Value> =
            arguments.iter().map(|&argument| code.builder.ins().extractlane(argument, lane)).collect();
        let number = code.call_for_result(helper, &numbers);
        result = code.builder.ins().insertlane(result, number, lane);
    }
    result
}
