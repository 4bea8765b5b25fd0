//! Instruction sets that tiles are made for.

use std::fmt;

/// The one list of instruction sets, best first: variant, spelling, lanes of a vector of f32, registers.
macro_rules! isas {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $lanes:literal lanes, $registers:literal registers;)*) => {
        /// An instruction set that tiles are made for. The rest of a program is compiled by Cranelift for the machine.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Isa { $($(#[$doc])* $variant,)* }

        impl Isa {
            /// Every instruction set, the fastest first.
            pub const ALL: &[Isa] = &[$(Isa::$variant,)*];

            /// Its spelling: `avx512`.
            pub const fn name(self) -> &'static str {
                match self { $(Isa::$variant => $name,)* }
            }

            /// Elements of f32 in a vector, and so the channels of a block of an image.
            pub const fn lanes(self) -> usize {
                match self { $(Isa::$variant => $lanes,)* }
            }

            /// Vector registers that a tile may use.
            pub const fn registers(self) -> usize {
                match self { $(Isa::$variant => $registers,)* }
            }
        }
    };
}

isas! {
    /// AVX-512F: our own encoding.
    Avx512 = "avx512", 16 lanes, 32 registers;
    /// AVX2 with FMA and AVX-VNNI, which differs from the next one in products of bytes.
    AvxVnni = "avxvnni", 8 lanes, 16 registers;
    /// AVX2 with FMA: our own encoding.
    Avx2 = "avx2", 8 lanes, 16 registers;
    /// Cranelift's vectors of 128 bits, on every machine that Cranelift compiles for.
    Clif = "clif", 4 lanes, 16 registers;
}

impl Isa {
    /// The best one that this machine has.
    pub fn detect() -> Self {
        Self::ALL.iter().copied().find(|isa| isa.is_available()).unwrap_or(Isa::Clif)
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|isa| isa.name() == name)
    }

    /// How tiles of integers multiply.
    pub(crate) fn dot(self) -> Dot {
        match self {
            Isa::Avx512 if has_avx512_vnni() => Dot::Avx512Vnni,
            Isa::Avx512 | Isa::Avx2 => Dot::Words,
            Isa::AvxVnni => Dot::AvxVnni,
            Isa::Clif => Dot::Clif,
        }
    }

    /// Whether this machine has it.
    pub fn is_available(self) -> bool {
        match self {
            Isa::Avx512 => has_avx512(),
            Isa::AvxVnni => has_avx_vnni() && has_avx2(),
            Isa::Avx2 => has_avx2(),
            Isa::Clif => true,
        }
    }
}

/// How tiles of integers multiply four u8 with four i8 in each lane, and sum that up in i32. All ways are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dot {
    /// By one instruction on 512 bits.
    Avx512Vnni,
    /// By one instruction on 256 bits.
    AvxVnni,
    /// On 256 bits, as two pairs of words. (AVX2's products of bytes saturate.)
    Words,
    /// By Cranelift, in vectors of 128 bits.
    Clif,
}

impl Dot {
    /// Lanes of 32 bits in a register.
    pub(crate) fn lanes(self) -> usize {
        match self {
            Dot::Avx512Vnni => 16,
            Dot::AvxVnni | Dot::Words => 8,
            Dot::Clif => 4,
        }
    }

    /// Registers that a tile may use.
    pub(crate) fn registers(self) -> usize {
        if self == Dot::Avx512Vnni { 32 } else { 16 }
    }

    /// Registers of the weights that meet a register of sums: first those of even bytes, then those of odd ones.
    pub(crate) fn weight_registers(self) -> usize {
        if self == Dot::Words { 2 } else { 1 }
    }

    /// Registers of the input, and of what its multiplication needs beside it.
    pub(crate) fn input_registers(self) -> usize {
        if self == Dot::Words { 4 } else { 1 }
    }

    /// Instructions of a product, of an input that is read, and of weights that are read.
    pub(crate) fn n_instructions(self) -> [usize; 3] {
        if self == Dot::Words { [4, 3, 2] } else { [1, 1, 1] }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    std::arch::is_x86_feature_detected!("avx512f") && has_avx2()
}

#[cfg(target_arch = "x86_64")]
fn has_avx512_vnni() -> bool {
    std::arch::is_x86_feature_detected!("avx512vnni")
}

#[cfg(target_arch = "x86_64")]
fn has_avx_vnni() -> bool {
    std::arch::is_x86_feature_detected!("avxvnni")
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx512() -> bool {
    false
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx512_vnni() -> bool {
    false
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx_vnni() -> bool {
    false
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    false
}
