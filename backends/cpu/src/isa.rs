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

    /// Whether tiles of integers have an instruction of the full width for products of bytes: AVX-512 VNNI. Others are
    /// in Cranelift's vectors.
    pub(crate) fn has_wide_dot(self) -> bool {
        self == Isa::Avx512 && has_avx512_vnni()
    }

    /// Lanes of 32 bits in a register of a tile of integers.
    pub(crate) fn integer_lanes(self) -> usize {
        if self.has_wide_dot() { 16 } else { 4 }
    }

    /// Registers that a tile of integers may use.
    pub(crate) fn integer_registers(self) -> usize {
        if self.has_wide_dot() { 32 } else { 16 }
    }

    /// Whether this machine has it.
    pub fn is_available(self) -> bool {
        match self {
            Isa::Avx512 => has_avx512(),
            Isa::Avx2 => has_avx2(),
            Isa::Clif => true,
        }
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
fn has_avx2() -> bool {
    false
}
