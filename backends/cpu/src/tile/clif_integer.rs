//! Tiles of integers in Cranelift's vectors of 128 bits.

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F32X4, I8X16, I32, I32X4};
use cranelift_codegen::ir::{ConstantData, Endianness, InstBuilder, MemFlagsData as MemFlags, Type, Value};

use crate::isa::Dot;

use super::{ClifAsm, IntegerAsm, Pointer, Reg, Step};

/// Lowest bytes of four numbers first.
const LOWEST: [u8; 16] = [0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12];

impl ClifAsm<'_, '_> {
    fn get_as(&mut self, reg: Reg, ty: Type) -> Value {
        let value = self.get(reg);
        self.bitcast(ty, value)
    }

    fn set_bits(&mut self, reg: Reg, value: Value) {
        let value = self.bitcast(F32X4, value);
        self.set(reg, value);
    }

    fn bitcast(&mut self, ty: Type, value: Value) -> Value {
        // Which lanes bytes belong to has to be said.
        let flags = MemFlags::new().with_endianness(Endianness::Little);
        self.builder.ins().bitcast(ty, flags, value)
    }

    fn select(&mut self, condition: FloatCC, a: Value, b: Value) -> Value {
        let is_so = self.builder.ins().fcmp(condition, a, b);
        let mask = self.bitcast(F32X4, is_so);
        self.builder.ins().bitselect(mask, a, b)
    }

    /// Of two numbers whose parts behind the point are halves, the one farther from 0.
    fn round_away(&mut self, x: Value) -> Value {
        let whole = self.builder.ins().trunc(x);
        let rest = self.builder.ins().fsub(x, whole);
        let moved = self.builder.ins().fadd(x, rest);
        self.builder.ins().trunc(moved)
    }
}

impl IntegerAsm for ClifAsm<'_, '_> {
    fn how(&self) -> Dot {
        Dot::Clif
    }

    fn load_bytes(&mut self, reg: Reg, pointer: Pointer, disp: i32) {
        let address = self.pointer(pointer);
        let bytes = self.builder.ins().load(I32, MemFlags::new(), address, disp);
        let bytes = self.builder.ins().scalar_to_vector(I32X4, bytes);
        let bytes = self.bitcast(I8X16, bytes);
        let halves = self.builder.ins().uwiden_low(bytes);
        let lanes = self.builder.ins().uwiden_low(halves);
        self.set_bits(reg, lanes);
    }

    fn dot(&mut self, sum: Reg, bytes: Reg, weights: Reg) {
        // Cranelift knows this tree as one instruction of machines that have it; on others it is as exact.
        let (old, x, w) = (self.get_as(sum, I32X4), self.get_as(bytes, I8X16), self.get_as(weights, I8X16));
        let ins = |asm: &mut Self, low: bool| {
            let (w, x) = if low {
                (asm.builder.ins().swiden_low(w), asm.builder.ins().uwiden_low(x))
            } else {
                (asm.builder.ins().swiden_high(w), asm.builder.ins().uwiden_high(x))
            };
            let products = asm.builder.ins().imul(w, x);
            let (a, b) = (asm.builder.ins().swiden_low(products), asm.builder.ins().swiden_high(products));
            asm.builder.ins().iadd_pairwise(a, b)
        };
        let (low, high) = (ins(self, true), ins(self, false));
        let quads = self.builder.ins().iadd_pairwise(low, high);
        let new = self.builder.ins().iadd(quads, old);
        self.set_bits(sum, new);
    }

    fn convert(&mut self, reg: Reg) {
        let integers = self.get_as(reg, I32X4);
        let numbers = self.builder.ins().fcvt_from_sint(F32X4, integers);
        self.set(reg, numbers);
    }

    fn step(&mut self, reg: Reg, step: Step, _: Reg) {
        let x = self.get(reg);
        let value = match step {
            Step::MulChannels(place) => {
                let factors = self.read(Pointer::Bias, place);
                self.builder.ins().fmul(x, factors)
            }
            Step::AddChannels(place) => {
                let summands = self.read(Pointer::Bias, place);
                self.builder.ins().fadd(x, summands)
            }
            Step::Max(place) => {
                let other = self.splat(Pointer::Bias, place);
                self.select(FloatCC::GreaterThan, x, other)
            }
            Step::Min(place) => {
                let other = self.splat(Pointer::Bias, place);
                self.select(FloatCC::LessThan, x, other)
            }
            Step::Add(place) => {
                let other = self.splat(Pointer::Bias, place);
                self.builder.ins().fadd(x, other)
            }
            Step::Sub(place) => {
                let other = self.splat(Pointer::Bias, place);
                self.builder.ins().fsub(x, other)
            }
            Step::Mul(place) => {
                let other = self.splat(Pointer::Bias, place);
                self.builder.ins().fmul(x, other)
            }
            Step::Div(place) => {
                let other = self.splat(Pointer::Bias, place);
                self.builder.ins().fdiv(x, other)
            }
            Step::RoundAway => self.round_away(x),
        };
        self.set(reg, value);
    }

    fn store_bytes(&mut self, pointer: Pointer, disp: i32, reg: Reg, _: Reg) {
        let bytes = self.get_as(reg, I8X16);
        let mask = self.builder.func.dfg.constants.insert(ConstantData::from(&LOWEST[..]));
        let mask = self.builder.ins().vconst(I8X16, mask);
        let lowest = self.builder.ins().swizzle(bytes, mask);
        let lanes = self.bitcast(I32X4, lowest);
        let four = self.builder.ins().extractlane(lanes, 0);
        let address = self.pointer(pointer);
        self.builder.ins().store(MemFlags::new(), four, address, disp);
    }
}
