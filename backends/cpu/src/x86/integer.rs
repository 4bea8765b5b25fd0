//! Tiles of integers with AVX-512 VNNI, AVX-VNNI and AVX2.

use super::encode::{Rm, Shift, Vector, Width};
use super::{X86, mem};
use crate::isa::Dot;
use crate::tile::{IntegerAsm, Pointer, Reg, Step};

impl X86 {
    /// A function of a register and of one number in memory.
    fn with_number(&mut self, what: Vector, reg: Reg, place: i32, scratch: Reg) {
        let place = mem(Pointer::Bias, place);
        match self.width {
            Width::Zmm => self.put(what, reg, reg, Rm::Broadcast(place)),
            Width::Ymm => {
                self.put(Vector::Broadcast, scratch, Reg(0), Rm::Mem(place));
                self.put(what, reg, reg, Rm::Reg(scratch.0));
            }
        }
    }

    fn with_channels(&mut self, what: Vector, reg: Reg, place: i32) {
        self.put(what, reg, reg, Rm::Mem(mem(Pointer::Bias, place)));
    }

    /// `sum += a pair of words · a pair of words` in each lane
    fn add_pairs(&mut self, sum: Reg, words: Reg, weights: Reg, scratch: Reg) {
        self.put(Vector::MulPairs, scratch, words, Rm::Reg(weights.0));
        self.put(Vector::AddIntegers, sum, sum, Rm::Reg(scratch.0));
    }
}

/// The registers of the input where bytes are multiplied as words: the even ones are in the first.
fn odd_words(input: Reg) -> Reg {
    Reg(input.0 + 1)
}

fn products(input: Reg) -> Reg {
    Reg(input.0 + 2)
}

/// 255 in each word.
fn mask(input: Reg) -> Reg {
    Reg(input.0 + 3)
}

impl IntegerAsm for X86 {
    fn how(&self) -> Dot {
        self.dot
    }

    fn begin(&mut self, input: Reg) {
        if self.dot == Dot::Words {
            let mask = mask(input);
            self.put(Vector::EqualIntegers, mask, mask, Rm::Reg(mask.0));
            self.code.shift(Shift::WordsRight, mask.0, mask.0, 8);
        }
    }

    fn load_quad(&mut self, reg: Reg, pointer: Pointer, disp: i32) {
        self.put(Vector::Broadcast, reg, Reg(0), Rm::Mem(mem(pointer, disp)));
        if self.dot == Dot::Words {
            self.code.shift(Shift::WordsRight, odd_words(reg).0, reg.0, 8);
            self.put(Vector::And, reg, reg, Rm::Reg(mask(reg).0));
        }
    }

    fn load_bytes(&mut self, reg: Reg, pointer: Pointer, disp: i32) {
        self.put(Vector::Widen, reg, Reg(0), Rm::Mem(mem(pointer, disp)));
    }

    fn dot(&mut self, sum: Reg, bytes: Reg, weights: Reg) {
        if self.dot != Dot::Words {
            return self.put(Vector::Dot, sum, bytes, Rm::Reg(weights.0));
        }
        self.add_pairs(sum, bytes, weights, products(bytes));
        self.add_pairs(sum, odd_words(bytes), Reg(weights.0 + 1), products(bytes));
    }

    fn dot_first(&mut self, sum: Reg, bytes: Reg, weights: Reg) {
        if self.dot == Dot::Words {
            return self.add_pairs(sum, bytes, weights, products(bytes));
        }
        self.dot(sum, bytes, weights);
    }

    fn convert(&mut self, reg: Reg) {
        self.put(Vector::ToFloat, reg, Reg(0), Rm::Reg(reg.0));
    }

    fn step(&mut self, reg: Reg, step: Step, scratch: Reg) {
        match step {
            Step::MulChannels(place) => self.with_channels(Vector::Mul, reg, place),
            Step::AddChannels(place) => self.with_channels(Vector::Add, reg, place),
            Step::Max(place) => self.with_number(Vector::Max, reg, place, scratch),
            Step::Min(place) => self.with_number(Vector::Min, reg, place, scratch),
            Step::Add(place) => self.with_number(Vector::Add, reg, place, scratch),
            Step::Sub(place) => self.with_number(Vector::Sub, reg, place, scratch),
            Step::Mul(place) => self.with_number(Vector::Mul, reg, place, scratch),
            Step::Div(place) => self.with_number(Vector::Div, reg, place, scratch),
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
        if self.width == Width::Zmm {
            return self.put(Vector::StoreBytes, reg, Reg(0), Rm::Mem(mem(pointer, disp)));
        }
        self.code.shift(Shift::LanesLeft, reg.0, reg.0, 24);
        self.code.shift(Shift::LanesRight, reg.0, reg.0, 24);
        // Each half of the register by itself: its four bytes are its lowest ones then.
        self.put(Vector::PackWords, reg, reg, Rm::Reg(reg.0));
        self.put(Vector::PackBytes, reg, reg, Rm::Reg(reg.0));
        self.code.store_lane(mem(pointer, disp), reg.0);
        self.code.upper_half(reg.0, reg.0);
        self.code.store_lane(mem(pointer, disp + 4), reg.0);
    }
}
