//! Elements as values of Cranelift's, and conversions of them.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F32, F64, I8, I16, I32, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData as MemFlags, Type, Value};
use cranelift_module::{FuncId, Module};
use firebrick_ir::DType;

use crate::emit::{Code, Helper};

/// A type of elements, as machines compute with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Single,
    Double,
    /// A float of 16 bits, which is computed as f32.
    Half,
    /// The upper half of an f32.
    Brain,
    Bool,
    Signed(Type),
    Unsigned(Type),
}

impl Kind {
    /// `None` for those of fewer bits and the floats of 8, which have no kernels.
    pub(super) fn of(dtype: DType) -> Option<Self> {
        Some(match dtype {
            DType::F32 => Kind::Single,
            DType::F64 => Kind::Double,
            DType::F16 => Kind::Half,
            DType::BF16 => Kind::Brain,
            DType::Bool => Kind::Bool,
            DType::I8 => Kind::Signed(I8),
            DType::I16 => Kind::Signed(I16),
            DType::I32 => Kind::Signed(I32),
            DType::I64 => Kind::Signed(I64),
            DType::U8 => Kind::Unsigned(I8),
            DType::U16 => Kind::Unsigned(I16),
            DType::U32 => Kind::Unsigned(I32),
            DType::U64 => Kind::Unsigned(I64),
            DType::F8E4M3Fn | DType::F8E4M3Fnuz | DType::F8E5M2 | DType::F8E5M2Fnuz => return None,
            DType::F4E2M1 | DType::F8E8M0 | DType::I4 | DType::U4 | DType::I2 | DType::U2 => return None,
        })
    }

    /// How it is stored.
    fn ty(self) -> Type {
        match self {
            Kind::Single => F32,
            Kind::Double => F64,
            Kind::Half | Kind::Brain => I16,
            Kind::Bool => I8,
            Kind::Signed(ty) | Kind::Unsigned(ty) => ty,
        }
    }

    /// Whether all of its numbers are exact as f32.
    fn is_narrow(self) -> bool {
        !matches!(self, Kind::Double | Kind::Signed(I32 | I64) | Kind::Unsigned(I32 | I64))
    }
}

/// An element from memory: of types without kernels, its bits.
pub(super) fn load<M: Module>(code: &mut Code<'_, M>, dtype: DType, address: Value) -> Value {
    match Kind::of(dtype) {
        Some(kind) => code.builder.ins().load(kind.ty(), MemFlags::new(), address, 0),
        None => code.load_bits(dtype.size(), address, 0),
    }
}

/// A conversion that there is code for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conversion {
    from: Kind,
    to: Kind,
}

impl Conversion {
    /// `None` if there is no code for it, as where two roundings would make another number than one.
    pub(crate) fn of(from: DType, to: DType) -> Option<Self> {
        let (from, to) = (Kind::of(from)?, Kind::of(to)?);
        let rounds_twice = matches!(to, Kind::Half | Kind::Brain) && !from.is_narrow();
        (!rounds_twice).then_some(Conversion { from, to })
    }

    /// The function of the runtime that it calls, if it calls one.
    pub(super) fn helper(self) -> Option<Helper> {
        match self {
            Conversion { from: Kind::Half, to: Kind::Half } => None,
            Conversion { from: Kind::Half, .. } => Some(Helper::FromHalf),
            Conversion { to: Kind::Half, .. } => Some(Helper::ToHalf),
            Conversion { .. } => None,
        }
    }

    /// The element in the other type, as the op Cast defines it.
    pub(super) fn apply<M: Module>(self, code: &mut Code<'_, M>, x: Value, callee: Option<FuncId>) -> Value {
        let Conversion { from, to } = self;
        if from == to {
            return x;
        }
        let call = |code: &mut Code<'_, M>, x: Value| callee.map_or(x, |callee| code.call_for_result(callee, &[x]));
        // Halves are converted by way of f32, which has all of their numbers.
        let (x, from) = match from {
            Kind::Half => {
                let bits = code.builder.ins().uextend(I32, x);
                let bits = code.builder.ins().bitcast(F32, MemFlags::new(), bits);
                (call(code, bits), Kind::Single)
            }
            Kind::Brain => {
                let bits = code.builder.ins().uextend(I32, x);
                let bits = code.builder.ins().ishl_imm_u(bits, 16);
                (code.builder.ins().bitcast(F32, MemFlags::new(), bits), Kind::Single)
            }
            Kind::Single | Kind::Double | Kind::Bool | Kind::Signed(_) | Kind::Unsigned(_) => (x, from),
        };
        match to {
            Kind::Half => {
                let single = to_float(code, x, from, F32);
                let bits = call(code, single);
                let bits = code.builder.ins().bitcast(I32, MemFlags::new(), bits);
                code.builder.ins().ireduce(I16, bits)
            }
            Kind::Brain => {
                let single = to_float(code, x, from, F32);
                to_brain(code, single)
            }
            Kind::Single => to_float(code, x, from, F32),
            Kind::Double => to_float(code, x, from, F64),
            Kind::Bool => to_bool(code, x, from),
            Kind::Signed(ty) => to_integer(code, x, from, ty, true),
            Kind::Unsigned(ty) => to_integer(code, x, from, ty, false),
        }
    }
}

fn to_float<M: Module>(code: &mut Code<'_, M>, x: Value, from: Kind, ty: Type) -> Value {
    let widened = |code: &mut Code<'_, M>, from: Type, is_signed: bool| match (from.bits() < 32, is_signed) {
        (false, _) => x,
        (true, true) => code.builder.ins().sextend(I32, x),
        (true, false) => code.builder.ins().uextend(I32, x),
    };
    match from {
        Kind::Single if ty == F64 => code.builder.ins().fpromote(F64, x),
        Kind::Double if ty == F32 => code.builder.ins().fdemote(F32, x),
        Kind::Single | Kind::Double | Kind::Half | Kind::Brain => x,
        Kind::Signed(from) => {
            let x = widened(code, from, true);
            code.builder.ins().fcvt_from_sint(ty, x)
        }
        Kind::Bool | Kind::Unsigned(_) => {
            let x = widened(code, from.ty(), false);
            code.builder.ins().fcvt_from_uint(ty, x)
        }
    }
}

/// The upper half, rounded to the nearest, of two to the even one. A NaN stays one.
fn to_brain<M: Module>(code: &mut Code<'_, M>, x: Value) -> Value {
    let bits = code.builder.ins().bitcast(I32, MemFlags::new(), x);
    let upper = code.builder.ins().ushr_imm_u(bits, 16);
    let odd = code.builder.ins().band_imm_u(upper, 1);
    let half = code.builder.ins().iadd_imm_u(odd, 0x7fff);
    let rounded = code.builder.ins().iadd(bits, half);
    let rounded = code.builder.ins().ushr_imm_u(rounded, 16);
    let quiet = code.builder.ins().bor_imm_u(upper, 0x40);
    let is_nan = code.builder.ins().fcmp(FloatCC::Unordered, x, x);
    let chosen = code.builder.ins().select(is_nan, quiet, rounded);
    code.builder.ins().ireduce(I16, chosen)
}

fn to_bool<M: Module>(code: &mut Code<'_, M>, x: Value, from: Kind) -> Value {
    match from {
        Kind::Single | Kind::Half | Kind::Brain => {
            let zero = code.float(0.0);
            code.builder.ins().fcmp(FloatCC::NotEqual, x, zero)
        }
        Kind::Double => {
            let zero = code.builder.ins().f64const(0.0);
            code.builder.ins().fcmp(FloatCC::NotEqual, x, zero)
        }
        Kind::Bool | Kind::Signed(_) | Kind::Unsigned(_) => code.builder.ins().icmp_imm_s(IntCC::NotEqual, x, 0),
    }
}

/// Floats are truncated and limited to the range; integers wrap.
fn to_integer<M: Module>(code: &mut Code<'_, M>, x: Value, from: Kind, ty: Type, is_signed: bool) -> Value {
    match from {
        Kind::Single | Kind::Double | Kind::Half | Kind::Brain => {
            let wide = if ty.bits() < 32 { I32 } else { ty };
            let whole = if is_signed {
                code.builder.ins().fcvt_to_sint_sat(wide, x)
            } else {
                code.builder.ins().fcvt_to_uint_sat(wide, x)
            };
            if wide == ty {
                return whole;
            }
            let limited = limit(code, whole, ty.bits(), is_signed);
            code.builder.ins().ireduce(ty, limited)
        }
        Kind::Bool | Kind::Signed(_) | Kind::Unsigned(_) => {
            let own = from.ty();
            if own.bits() > ty.bits() {
                code.builder.ins().ireduce(ty, x)
            } else if own.bits() == ty.bits() {
                x
            } else if matches!(from, Kind::Signed(_)) {
                code.builder.ins().sextend(ty, x)
            } else {
                code.builder.ins().uextend(ty, x)
            }
        }
    }
}

/// An integer of 32 bits limited to the range of one of fewer.
fn limit<M: Module>(code: &mut Code<'_, M>, x: Value, bits: u32, is_signed: bool) -> Value {
    if !is_signed {
        let most = code.builder.ins().iconst(I32, (1 << bits) - 1);
        return code.builder.ins().umin(x, most);
    }
    let most = code.builder.ins().iconst(I32, (1 << (bits - 1)) - 1);
    let least = code.builder.ins().iconst(I32, -(1 << (bits - 1)));
    let below = code.builder.ins().smin(x, most);
    code.builder.ins().smax(below, least)
}
