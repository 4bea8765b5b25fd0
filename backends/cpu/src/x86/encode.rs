//! The few x86-64 instructions that tiles consist of, encoded. Every form is checked against a decoder in tests.
//!
//! Source of the encodings: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, chapter 2 and the
//! instructions' pages.

/// A general-purpose register by its number: rax is 0, rdi is 7, r8 is 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gp(pub(super) u8);

impl Gp {
    pub(super) const RAX: Gp = Gp(0);
    pub(super) const RCX: Gp = Gp(1);
    pub(super) const RDX: Gp = Gp(2);
    pub(super) const RSI: Gp = Gp(6);
    pub(super) const RDI: Gp = Gp(7);
    pub(super) const R8: Gp = Gp(8);
    pub(super) const R9: Gp = Gp(9);
    pub(super) const R10: Gp = Gp(10);
    pub(super) const R11: Gp = Gp(11);
}

/// Memory at a register plus a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mem {
    pub(super) base: Gp,
    pub(super) disp: i32,
}

/// A vector register, or memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rm {
    Reg(u8),
    Mem(Mem),
    /// One element of f32, repeated: AVX-512 only.
    Broadcast(Mem),
}

/// The width of a vector, and with it the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// 256 bits, VEX, 16 registers.
    Ymm,
    /// 512 bits, EVEX, 32 registers.
    Zmm,
}

/// The one list of vector instructions: variant, opcode map (1 is 0F, 2 is 0F38), mandatory prefix (0 none, 1 is 66, 2
/// is F3), opcode, and bytes of a memory operand of AVX-512.
macro_rules! vector_instructions {
    ($($(#[$doc:meta])* $variant:ident = $map:literal $prefix:literal $opcode:literal $bytes:literal;)*) => {
        /// A vector instruction of up to three operands.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Vector { $($(#[$doc])* $variant,)* }

        impl Vector {
            #[cfg(test)]
            pub(super) const ALL: &[Vector] = &[$(Vector::$variant,)*];

            /// Map, prefix, opcode, bytes of memory.
            const fn form(self) -> (u8, u8, u8, i32) {
                match self { $(Vector::$variant => ($map, $prefix, $opcode, $bytes),)* }
            }
        }
    };
}

vector_instructions! {
    /// vmovups: a vector from a register or from memory of any alignment
    Load = 1 0 0x10 64;
    /// vmovups to memory
    Store = 1 0 0x11 64;
    /// vaddps
    Add = 1 0 0x58 64;
    /// vmaxps: the second operand where one is a NaN
    Max = 1 0 0x5f 64;
    /// vbroadcastss from memory
    Broadcast = 2 1 0x18 4;
    /// vfmadd231ps: the destination plus the product of the others
    Fma = 2 1 0xb8 64;
    /// vsubps
    Sub = 1 0 0x5c 64;
    /// vmulps
    Mul = 1 0 0x59 64;
    /// vdivps
    Div = 1 0 0x5e 64;
    /// vminps: the second operand where one is a NaN
    Min = 1 0 0x5d 64;
    /// vcvtdq2ps: i32 to f32
    ToFloat = 1 0 0x5b 64;
    /// vcvttps2dq: f32 to i32, towards 0
    Truncate = 1 2 0x5b 64;
    /// vpdpbusd: the destination plus four products of u8 (the first source) and i8 in each lane
    Dot = 2 1 0x50 64;
    /// vpmovzxbd: bytes to i32
    Widen = 2 1 0x31 16;
    /// vpmovdb to memory: the lowest bytes of lanes; AVX-512 only
    StoreBytes = 2 2 0x31 16;
    /// vpmaddwd: the sum of two products of i16 in each lane of 32 bits
    MulPairs = 1 1 0xf5 64;
    /// vpaddd: sums of 32 bits, which wrap
    AddIntegers = 1 1 0xfe 64;
    /// vpand, in AVX-512 vpandd
    And = 1 1 0xdb 64;
    /// vpcmpeqd: all bits of lanes of 32 bits that are equal; AVX2 only
    EqualIntegers = 1 1 0x76 64;
    /// vpackusdw: lanes of 32 bits as u16, limited; those of the first source in the lower half of each 128 bits
    PackWords = 2 1 0x2b 64;
    /// vpackuswb: the same of 16 bits as u8
    PackBytes = 1 1 0x67 64;
}

/// A shift by a constant, in AVX2: zeros move in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shift {
    /// vpsrlw
    WordsRight,
    /// vpsrld
    LanesRight,
    /// vpslld
    LanesLeft,
}

/// Machine code as it grows.
#[derive(Debug, Default)]
pub(super) struct Code {
    pub(super) bytes: Vec<u8>,
}

impl Code {
    /// A vector instruction; `first` is the first source where there are two, and 0 where there is one.
    pub(super) fn vector(&mut self, what: Vector, width: Width, reg: u8, first: u8, rm: Rm) {
        match width {
            Width::Ymm => self.vex(what, reg, first, rm),
            Width::Zmm => self.evex(what, reg, first, rm),
        }
    }

    fn vex(&mut self, what: Vector, reg: u8, first: u8, rm: Rm) {
        let (map, prefix, opcode, _) = what.form();
        let extension = |n: u8| ((n >> 3) & 1) ^ 1;
        let rm_number = match rm {
            Rm::Reg(n) => n,
            Rm::Mem(mem) | Rm::Broadcast(mem) => mem.base.0,
        };
        let bits = extension(reg) << 7 | 1 << 6 | extension(rm_number) << 5 | map;
        self.bytes.extend([0xc4, bits, (!first & 15) << 3 | 1 << 2 | prefix, opcode]);
        self.mod_rm(reg, rm, 1);
    }

    /// A shift of all 256 bits of a register.
    pub(super) fn shift(&mut self, what: Shift, to: u8, from: u8, by: u8) {
        let (opcode, extension) = match what {
            Shift::WordsRight => (0x71, 2),
            Shift::LanesRight => (0x72, 2),
            Shift::LanesLeft => (0x72, 6),
        };
        let b = ((from >> 3) & 1) ^ 1;
        // The result is where a first source would be.
        self.bytes.extend([0xc4, 1 << 7 | 1 << 6 | b << 5 | 1, (!to & 15) << 3 | 1 << 2 | 1, opcode]);
        self.mod_rm(extension, Rm::Reg(from), 1);
        self.bytes.push(by);
    }

    /// vmovd to memory: the lowest lane of 32 bits.
    pub(super) fn store_lane(&mut self, mem: Mem, reg: u8) {
        let extension = |n: u8| ((n >> 3) & 1) ^ 1;
        self.bytes.extend([0xc4, extension(reg) << 7 | 1 << 6 | extension(mem.base.0) << 5 | 1, 15 << 3 | 1, 0x7e]);
        self.mod_rm(reg, Rm::Mem(mem), 1);
    }

    /// vextracti128: the upper 128 of 256 bits.
    pub(super) fn upper_half(&mut self, to: u8, from: u8) {
        let extension = |n: u8| ((n >> 3) & 1) ^ 1;
        self.bytes.extend([0xc4, extension(from) << 7 | 1 << 6 | extension(to) << 5 | 3, 15 << 3 | 1 << 2 | 1, 0x39]);
        self.mod_rm(from, Rm::Reg(to), 1);
        self.bytes.push(1);
    }

    fn evex(&mut self, what: Vector, reg: u8, first: u8, rm: Rm) {
        let (map, prefix, opcode, bytes) = what.form();
        let inverted = |n: u8, bit: u8| ((n >> bit) & 1) ^ 1;
        // Of a register operand, X is the fifth bit of its number; of memory, it would be the index's.
        let (x, b, broadcast, scale) = match rm {
            Rm::Reg(n) => (inverted(n, 4), inverted(n, 3), 0, 1),
            Rm::Mem(mem) => (1, inverted(mem.base.0, 3), 0, bytes),
            Rm::Broadcast(mem) => (1, inverted(mem.base.0, 3), 1, 4),
        };
        self.bytes.extend([
            0x62,
            inverted(reg, 3) << 7 | x << 6 | b << 5 | inverted(reg, 4) << 4 | map,
            (!first & 15) << 3 | 1 << 2 | prefix,
            2 << 5 | broadcast << 4 | inverted(first, 4) << 3,
            opcode,
        ]);
        self.mod_rm(reg, rm, scale);
    }

    /// The operands' byte and displacement; a displacement of one byte counts in units of `scale`.
    fn mod_rm(&mut self, reg: u8, rm: Rm, scale: i32) {
        let reg = (reg & 7) << 3;
        let mem = match rm {
            Rm::Reg(n) => return self.bytes.push(0xc0 | reg | (n & 7)),
            Rm::Mem(mem) | Rm::Broadcast(mem) => mem,
        };
        let base = mem.base.0 & 7;
        let short = i8::try_from(mem.disp / scale).ok().filter(|_| mem.disp % scale == 0);
        // Without displacement, rbp and r13 would mean something else.
        let mode = match short {
            Some(0) if base != 5 => 0x00,
            Some(_) => 0x40,
            None => 0x80,
        };
        self.bytes.push(mode | reg | base);
        if base == 4 {
            self.bytes.push(0x24); // rsp and r12 need a second byte: no index
        }
        match short {
            Some(_) if mode == 0 => (),
            Some(disp) => self.bytes.push(disp.cast_unsigned()),
            None => self.bytes.extend(mem.disp.to_le_bytes()),
        }
    }

    /// All elements 0. The encoding of 128 bits clears the whole register; the upper 16 registers have it in AVX-512 only.
    pub(super) fn zero(&mut self, reg: u8) {
        if reg < 16 {
            let r = ((reg >> 3) & 1) ^ 1;
            self.bytes.extend([
                0xc4,
                r << 7 | 1 << 6 | r << 5 | 1,
                (!reg & 15) << 3,
                0x57,
                0xc0 | (reg & 7) << 3 | (reg & 7),
            ]);
        } else {
            // vpxord zmm
            let r3 = ((reg >> 3) & 1) ^ 1;
            let p0 = r3 << 7 | r3 << 5 | 1; // R', X: registers from 16 on have both cleared
            self.bytes.extend([
                0x62,
                p0,
                (!reg & 15) << 3 | 1 << 2 | 1,
                2 << 5,
                0xef,
                0xc0 | (reg & 7) << 3 | (reg & 7),
            ]);
        }
    }

    /// prefetcht0: a line of memory into all caches.
    pub(super) fn prefetch(&mut self, mem: Mem) {
        if mem.base.0 >= 8 {
            self.bytes.push(0x41);
        }
        self.bytes.extend([0x0f, 0x18]);
        self.mod_rm(1, Rm::Mem(mem), 1);
    }

    /// mov r32, imm32: the upper half becomes 0.
    pub(super) fn mov_imm(&mut self, reg: Gp, imm: u32) {
        if reg.0 >= 8 {
            self.bytes.push(0x41);
        }
        self.bytes.push(0xb8 | (reg.0 & 7));
        self.bytes.extend(imm.to_le_bytes());
    }

    /// add r64, imm
    pub(super) fn add_imm(&mut self, reg: Gp, imm: i32) {
        self.bytes.push(0x48 | (reg.0 >> 3));
        match i8::try_from(imm) {
            Ok(imm) => self.bytes.extend([0x83, 0xc0 | (reg.0 & 7), imm.cast_unsigned()]),
            Err(_) => {
                self.bytes.extend([0x81, 0xc0 | (reg.0 & 7)]);
                self.bytes.extend(imm.to_le_bytes());
            }
        }
    }

    /// sub r32, 1: sets the zero flag at 0.
    pub(super) fn decrement(&mut self, reg: Gp) {
        if reg.0 >= 8 {
            self.bytes.push(0x41);
        }
        self.bytes.extend([0x83, 0xe8 | (reg.0 & 7), 1]);
    }

    /// jnz to an earlier place.
    pub(super) fn jump_back_if_not_zero(&mut self, target: usize) {
        let next = self.bytes.len() + 6;
        let distance = i32::try_from(next - target).expect("a tile's code is far below 2 GiB");
        self.bytes.extend([0x0f, 0x85]);
        self.bytes.extend((-distance).to_le_bytes());
    }

    /// vzeroupper: what comes after may use SSE without delay.
    pub(super) fn zero_upper(&mut self) {
        self.bytes.extend([0xc5, 0xf8, 0x77]);
    }

    /// ret
    pub(super) fn ret(&mut self) {
        self.bytes.push(0xc3);
    }
}
