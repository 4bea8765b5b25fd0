//! Every form of every instruction, decoded by a decoder that is not ours.

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter, MemorySizeOptions, Mnemonic};

use super::encode::{Code, Gp, Mem, Rm, Shift, Vector, Width};

const POINTERS: [Gp; 16] = {
    let mut all = [Gp(0); 16];
    let mut i = 0;
    while i < 16 {
        all[i] = Gp(i as u8);
        i += 1;
    }
    all
};

const FLOATS: &[Vector] = &[Vector::Add, Vector::Max, Vector::Fma, Vector::Sub, Vector::Mul, Vector::Div, Vector::Min];

const INTEGERS: &[Vector] = &[
    Vector::Dot,
    Vector::MulPairs,
    Vector::AddIntegers,
    Vector::And,
    Vector::EqualIntegers,
    Vector::PackWords,
    Vector::PackBytes,
];

/// On both sides of what one byte holds, in units of 1, 4 and 64.
const DISPLACEMENTS: &[i32] = &[
    0,
    1,
    4,
    63,
    64,
    127,
    128,
    508,
    512,
    516,
    8128,
    8192,
    123_456,
    123_457,
    i32::MAX,
    -1,
    -4,
    -64,
    -128,
    -129,
    -512,
    -516,
    -8192,
    -8256,
    i32::MIN,
];

/// What the code says, an instruction a line.
fn decoded(code: &Code) -> String {
    let mut decoder = Decoder::with_ip(64, &code.bytes, 0x1000, DecoderOptions::NONE);
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_space_after_operand_separator(false);
    options.set_branch_leading_zeros(false);
    options.set_small_hex_numbers_in_decimal(false);
    options.set_memory_size_options(MemorySizeOptions::Always);
    options.set_signed_memory_displacements(true);
    let mut lines = Vec::new();
    while decoder.can_decode() {
        let mut line = String::new();
        formatter.format(&decoder.decode(), &mut line);
        lines.push(line);
    }
    lines.join("\n")
}

fn register(width: Width, n: u8) -> String {
    match width {
        Width::Ymm => format!("ymm{n}"),
        Width::Zmm => format!("zmm{n}"),
    }
}

fn pointer(gp: Gp) -> String {
    let names = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"];
    names.get(usize::from(gp.0)).map_or(format!("r{}", gp.0), |name| (*name).to_owned())
}

fn address(mem: Mem) -> String {
    let base = pointer(mem.base);
    match mem.disp {
        0 => base,
        disp if disp < 0 => format!("{base}-{:#x}", i64::from(disp).abs()),
        disp => format!("{base}+{disp:#x}"),
    }
}

fn operand(width: Width, what: Vector, rm: Rm) -> String {
    let prefix = match (what, width) {
        (Vector::Broadcast, _) => "dword ptr ",
        (Vector::Widen, Width::Ymm) => "qword ptr ",
        (Vector::Widen | Vector::StoreBytes, _) => "xmmword ptr ",
        (_, Width::Ymm) => "ymmword ptr ",
        (_, Width::Zmm) => "zmmword ptr ",
    };
    match rm {
        Rm::Reg(n) if matches!(what, Vector::Widen | Vector::StoreBytes) => format!("xmm{n}"),
        Rm::Reg(n) => register(width, n),
        Rm::Mem(mem) => format!("{prefix}[{}]", address(mem)),
        Rm::Broadcast(mem) => format!("dword ptr [{}]{{1to16}}", address(mem)),
    }
}

/// How an assembler spells the instruction.
fn spelled(what: Vector, width: Width, reg: u8, first: u8, rm: Rm) -> String {
    let (reg, first, rm) = (register(width, reg), register(width, first), operand(width, what, rm));
    match what {
        Vector::Load => format!("vmovups {reg},{rm}"),
        Vector::Store => format!("vmovups {rm},{reg}"),
        Vector::Broadcast => format!("vbroadcastss {reg},{rm}"),
        Vector::Add => format!("vaddps {reg},{first},{rm}"),
        Vector::Max => format!("vmaxps {reg},{first},{rm}"),
        Vector::Fma => format!("vfmadd231ps {reg},{first},{rm}"),
        Vector::Sub => format!("vsubps {reg},{first},{rm}"),
        Vector::Mul => format!("vmulps {reg},{first},{rm}"),
        Vector::Div => format!("vdivps {reg},{first},{rm}"),
        Vector::Min => format!("vminps {reg},{first},{rm}"),
        Vector::ToFloat => format!("vcvtdq2ps {reg},{rm}"),
        Vector::Truncate => format!("vcvttps2dq {reg},{rm}"),
        Vector::Dot => format!("vpdpbusd {reg},{first},{rm}"),
        Vector::Widen => format!("vpmovzxbd {reg},{rm}"),
        Vector::StoreBytes => format!("vpmovdb {rm},{reg}"),
        Vector::MulPairs => format!("vpmaddwd {reg},{first},{rm}"),
        Vector::AddIntegers => format!("vpaddd {reg},{first},{rm}"),
        Vector::And if width == Width::Zmm => format!("vpandd {reg},{first},{rm}"),
        Vector::And => format!("vpand {reg},{first},{rm}"),
        Vector::EqualIntegers => format!("vpcmpeqd {reg},{first},{rm}"),
        Vector::PackWords => format!("vpackusdw {reg},{first},{rm}"),
        Vector::PackBytes => format!("vpackuswb {reg},{first},{rm}"),
    }
}

fn check(what: Vector, width: Width, reg: u8, first: u8, rm: Rm) {
    let mut code = Code::default();
    code.vector(what, width, reg, first, rm);
    assert_eq!(decoded(&code), spelled(what, width, reg, first, rm), "{:02x?}", code.bytes);
}

#[test]
fn vectors() {
    for (width, n_registers) in [(Width::Ymm, 16), (Width::Zmm, 32)] {
        for &what in Vector::ALL {
            // AVX-512 only, and AVX2 only.
            if [(Vector::StoreBytes, Width::Ymm), (Vector::EqualIntegers, Width::Zmm)].contains(&(what, width)) {
                continue;
            }
            let has_first = FLOATS.contains(&what) || INTEGERS.contains(&what);
            for reg in 0..n_registers {
                let first = if has_first { (reg * 7 + 3) % n_registers } else { 0 };
                if what != Vector::Broadcast {
                    for other in 0..n_registers {
                        check(what, width, reg, first, Rm::Reg(other));
                    }
                }
                for (i, &base) in POINTERS.iter().enumerate() {
                    let disp = DISPLACEMENTS[(usize::from(reg) + i) % DISPLACEMENTS.len()];
                    check(what, width, reg, first, Rm::Mem(Mem { base, disp }));
                }
            }
            for &disp in DISPLACEMENTS {
                for base in POINTERS {
                    check(what, width, n_registers - 1, if has_first { 9 } else { 0 }, Rm::Mem(Mem { base, disp }));
                }
            }
        }
    }
}

#[test]
fn embedded_broadcasts() {
    for &what in FLOATS {
        for reg in 0..32 {
            for base in POINTERS {
                for &disp in DISPLACEMENTS {
                    check(what, Width::Zmm, reg, 31 - reg, Rm::Broadcast(Mem { base, disp }));
                }
            }
        }
    }
}

#[test]
fn shifts_and_halves() {
    for to in 0..16 {
        for from in 0..16 {
            for (what, name) in
                [(Shift::WordsRight, "vpsrlw"), (Shift::LanesRight, "vpsrld"), (Shift::LanesLeft, "vpslld")]
            {
                let mut code = Code::default();
                code.shift(what, to, from, 24);
                assert_eq!(decoded(&code), format!("{name} ymm{to},ymm{from},0x18"));
            }
            let mut code = Code::default();
            code.upper_half(to, from);
            assert_eq!(decoded(&code), format!("vextracti128 xmm{to},ymm{from},0x1"));
        }
        for base in POINTERS {
            for &disp in DISPLACEMENTS {
                let mut code = Code::default();
                let mem = Mem { base, disp };
                code.store_lane(mem, to);
                assert_eq!(decoded(&code), format!("vmovd dword ptr [{}],xmm{to}", address(mem)));
            }
        }
    }
}

#[test]
fn zeros() {
    for reg in 0..32 {
        let mut code = Code::default();
        code.zero(reg);
        let expected = match reg {
            0..16 => format!("vxorps xmm{reg},xmm{reg},xmm{reg}"),
            _ => format!("vpxord zmm{reg},zmm{reg},zmm{reg}"),
        };
        assert_eq!(decoded(&code), expected);
    }
}

#[test]
fn integers() {
    for gp in POINTERS {
        for imm in [1, 127, 128, -128, -129, i32::MAX, i32::MIN] {
            let mut code = Code::default();
            code.add_imm(gp, imm);
            let instruction = Decoder::with_ip(64, &code.bytes, 0, DecoderOptions::NONE).decode();
            assert_eq!(instruction.mnemonic(), Mnemonic::Add);
            assert_eq!(format!("{:?}", instruction.op0_register()).to_lowercase(), pointer(gp));
            assert_eq!(instruction.immediate(1).cast_signed(), i64::from(imm));
            assert_eq!(instruction.len(), code.bytes.len());
        }
        let mut code = Code::default();
        code.mov_imm(gp, 0x1234_5678);
        code.decrement(gp);
        let names = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
        let name = names.get(usize::from(gp.0)).map_or(format!("r{}d", gp.0), |name| (*name).to_owned());
        assert_eq!(decoded(&code), format!("mov {name},0x12345678\nsub {name},0x1"));
    }
}

#[test]
fn prefetches() {
    for base in POINTERS {
        for &disp in DISPLACEMENTS {
            let mut code = Code::default();
            let mem = Mem { base, disp };
            code.prefetch(mem);
            assert_eq!(decoded(&code), format!("prefetcht0 byte ptr [{}]", address(mem)));
        }
    }
}

#[test]
fn control() {
    let mut code = Code::default();
    code.zero_upper();
    let target = code.bytes.len();
    code.decrement(Gp::RAX);
    code.jump_back_if_not_zero(target);
    code.ret();
    assert_eq!(decoded(&code), "vzeroupper\nsub eax,0x1\njne 0x1003\nret");
}
