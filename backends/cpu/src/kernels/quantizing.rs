//! Numbers from bytes, and bytes from numbers: one at a time or four.

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F32, F32X4, I8X16, I32, I32X4};
use cranelift_codegen::ir::{ConstantData, Endianness, InstBuilder, MemFlagsData as MemFlags, Value};
use cranelift_module::Module;
use firebrick_ir::ops::Rounding;

use super::numbers::{constant, is_above, select};
use crate::emit::Code;

/// Added to a small number, it leaves the nearest integer in the lowest bits, of two the even one: 1.5 · 2²³.
const MAGIC: f32 = 12_582_912.0;

/// Lowest bytes of four numbers first.
const LOWEST: [u8; 16] = [0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12];

/// How numbers become bytes, as they are stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quantizing {
    pub(crate) scale: f32,
    pub(crate) zero: i32,
    pub(crate) limits: [i32; 2],
    pub(crate) rounding: Rounding,
}

/// How bytes become numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Dequantizing {
    pub(crate) scale: f32,
    pub(crate) zero: i32,
    pub(crate) is_signed: bool,
}

impl Quantizing {
    /// The integers of numbers.
    pub(super) fn integers<M: Module>(&self, code: &mut Code<'_, M>, x: Value) -> Value {
        let scale = constant(code, self.scale, x);
        let quotient = code.builder.ins().fdiv(x, scale);
        self.integers_of_quotients(code, quotient)
    }

    /// The integers of numbers that are divided by the scale.
    fn integers_of_quotients<M: Module>(&self, code: &mut Code<'_, M>, x: Value) -> Value {
        // What is no number becomes the zero point.
        let zero = constant(code, 0.0, x);
        let is_number = code.builder.ins().fcmp(FloatCC::Ordered, x, x);
        let quotient = select(code, is_number, x, zero);
        let [low, high] = self.limits.map(|limit| constant(code, (limit - self.zero) as f32, x));
        let is_inside = is_above(code, quotient, low);
        let limited = select(code, is_inside, quotient, low);
        let is_inside = is_above(code, high, limited);
        let limited = select(code, is_inside, limited, high);
        let rounded = match self.rounding {
            Rounding::Even => limited,
            Rounding::Away => {
                // What is behind the point, added once more: from a half on it reaches the next integer.
                let whole = code.builder.ins().trunc(limited);
                let rest = code.builder.ins().fsub(limited, whole);
                let moved = code.builder.ins().fadd(limited, rest);
                code.builder.ins().trunc(moved)
            }
        };
        let magic = constant(code, MAGIC, x);
        let shifted = code.builder.ins().fadd(rounded, magic);
        let is_one = code.builder.func.dfg.value_type(x) == F32;
        let bits = code.builder.ins().bitcast(if is_one { I32 } else { I32X4 }, MemFlags::new(), shifted);
        let by = self.zero.wrapping_sub(MAGIC.to_bits().cast_signed());
        let by = code.builder.ins().iconst(I32, i64::from(by.cast_unsigned()));
        let by = if is_one { by } else { code.builder.ins().splat(I32X4, by) };
        code.builder.ins().iadd(bits, by)
    }

    /// Stores the bytes of one number or of four.
    pub(super) fn store<M: Module>(&self, code: &mut Code<'_, M>, x: Value, address: Value, disp: i32) {
        let integers = self.integers(code, x);
        store_lowest(code, integers, address, disp);
    }

    /// Stores the bytes of one number or of four that are divided by the scale.
    pub(super) fn store_quotients<M: Module>(&self, code: &mut Code<'_, M>, x: Value, address: Value, disp: i32) {
        let integers = self.integers_of_quotients(code, x);
        store_lowest(code, integers, address, disp);
    }
}

/// Stores the lowest byte of one integer or of each of four.
fn store_lowest<M: Module>(code: &mut Code<'_, M>, integers: Value, address: Value, disp: i32) {
    if code.builder.func.dfg.value_type(integers) == I32 {
        code.builder.ins().istore8(MemFlags::new(), integers, address, disp);
        return;
    }
    let mask = code.builder.func.dfg.constants.insert(ConstantData::from(&LOWEST[..]));
    let mask = code.builder.ins().vconst(I8X16, mask);
    let bytes = code.builder.ins().bitcast(I8X16, little(), integers);
    let lowest = code.builder.ins().swizzle(bytes, mask);
    let lanes = code.builder.ins().bitcast(I32X4, little(), lowest);
    let four = code.builder.ins().extractlane(lanes, 0);
    code.builder.ins().store(little(), four, address, disp);
}

impl Dequantizing {
    /// The number of a byte.
    pub(super) fn load<M: Module>(&self, code: &mut Code<'_, M>, address: Value, disp: i32) -> Value {
        let integer = if self.is_signed {
            code.builder.ins().sload8(I32, MemFlags::new(), address, disp)
        } else {
            code.builder.ins().uload8(I32, MemFlags::new(), address, disp)
        };
        self.number(code, integer)
    }

    /// The number of a byte in a register.
    pub(super) fn number_of_byte<M: Module>(&self, code: &mut Code<'_, M>, byte: Value) -> Value {
        let integer =
            if self.is_signed { code.builder.ins().sextend(I32, byte) } else { code.builder.ins().uextend(I32, byte) };
        self.number(code, integer)
    }

    fn number<M: Module>(&self, code: &mut Code<'_, M>, integer: Value) -> Value {
        let less_zero = code.builder.ins().iadd_imm_s(integer, i64::from(-self.zero));
        let number = code.builder.ins().fcvt_from_sint(F32, less_zero);
        let scale = constant(code, self.scale, number);
        code.builder.ins().fmul(number, scale)
    }

    /// The numbers of four bytes.
    pub(super) fn load_vector<M: Module>(&self, code: &mut Code<'_, M>, address: Value, disp: i32) -> Value {
        let four = code.builder.ins().load(I32, little(), address, disp);
        let lanes = code.builder.ins().scalar_to_vector(I32X4, four);
        let bytes = code.builder.ins().bitcast(I8X16, little(), lanes);
        let integers = if self.is_signed {
            let halves = code.builder.ins().swiden_low(bytes);
            code.builder.ins().swiden_low(halves)
        } else {
            let halves = code.builder.ins().uwiden_low(bytes);
            code.builder.ins().uwiden_low(halves)
        };
        let zero = code.builder.ins().iconst(I32, i64::from(self.zero.cast_unsigned()));
        let zero = code.builder.ins().splat(I32X4, zero);
        let less_zero = code.builder.ins().isub(integers, zero);
        let numbers = code.builder.ins().fcvt_from_sint(F32X4, less_zero);
        let scale = constant(code, self.scale, numbers);
        code.builder.ins().fmul(numbers, scale)
    }
}

/// Vectors in memory have their first byte first.
pub(super) fn little() -> MemFlags {
    MemFlags::new().with_endianness(Endianness::Little)
}
