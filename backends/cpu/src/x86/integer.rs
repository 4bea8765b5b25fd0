//! Tiles of integers with AVX-512 VNNI.

use super::encode::{Rm, Vector};
use super::{X86, mem};
use crate::tile::{IntegerAsm, Pointer, Reg, Step};

impl X86 {
    fn with_number(&mut self, what: Vector, reg: Reg, place: i32) {
        self.put(what, reg, reg, Rm::Broadcast(mem(Pointer::Bias, place)));
    }

    fn with_channels(&mut self, what: Vector, reg: Reg, place: i32) {
        self.put(what, reg, reg, Rm::Mem(mem(Pointer::Bias, place)));
    }
}

impl IntegerAsm for X86 {
    fn n_lanes(&self) -> usize {
        16
    }

    fn load_bytes(&mut self, reg: Reg, pointer: Pointer, disp: i32) {
        self.put(Vector::Widen, reg, Reg(0), Rm::Mem(mem(pointer, disp)));
    }

    fn dot(&mut self, sum: Reg, bytes: Reg, weights: Reg) {
        self.put(Vector::Dot, sum, bytes, Rm::Reg(weights.0));
    }

    fn convert(&mut self, reg: Reg) {
        self.put(Vector::ToFloat, reg, Reg(0), Rm::Reg(reg.0));
    }

    fn step(&mut self, reg: Reg, step: Step, scratch: Reg) {
        match step {
            Step::MulChannels(place) => self.with_channels(Vector::Mul, reg, place),
            Step::AddChannels(place) => self.with_channels(Vector::Add, reg, place),
            Step::Max(place) => self.with_number(Vector::Max, reg, place),
            Step::Min(place) => self.with_number(Vector::Min, reg, place),
            Step::Add(place) => self.with_number(Vector::Add, reg, place),
            Step::Sub(place) => self.with_number(Vector::Sub, reg, place),
            Step::Mul(place) => self.with_number(Vector::Mul, reg, place),
            Step::Div(place) => self.with_number(Vector::Div, reg, place),
            Step::RoundAway => {
                // What is behind the point, added once more: from a half on it reaches the next integer.
                self.put(Vector::Truncate, scratch, Reg(0), Rm::Reg(reg.0));
                self.put(Vector::ToFloat, scratch, Reg(0), Rm::Reg(scratch.0));
                self.put(Vector::Sub, scratch, reg, Rm::Reg(scratch.0));
                self.put(Vector::Add, reg, reg, Rm::Reg(scratch.0));
                self.put(Vector::Truncate, reg, Reg(0), Rm::Reg(reg.0));
                self.put(Vector::ToFloat, reg, Reg(0), Rm::Reg(reg.0));
            }
        }
    }

    fn store_bytes(&mut self, pointer: Pointer, disp: i32, reg: Reg, _: Reg) {
        self.put(Vector::StoreBytes, reg, Reg(0), Rm::Mem(mem(pointer, disp)));
    }
}
