//! Functions of the runtime that compiled code calls.

use cranelift_codegen::ir::types::{F32, F64};
use firebrick_ir::f16;
use firebrick_ir::ops::UnaryFn;

/// The one list of helpers: variant, function, how many numbers it takes.
macro_rules! helpers {
    ($($(#[$doc:meta])* $variant:ident = $function:path, $n:literal;)*) => {
        /// A function of numbers that compiled code calls.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Helper { $($(#[$doc])* $variant,)* }

        impl Helper {
            /// Every helper.
            pub(super) const ALL: &[Helper] = &[$(Helper::$variant,)*];

            /// The symbol that modules know it by.
            pub(super) const fn symbol(self) -> &'static str {
                match self { $(Helper::$variant => concat!("firebrick_", stringify!($function)),)* }
            }

            /// How many numbers it takes.
            pub(super) const fn n_arguments(self) -> usize {
                match self { $(Helper::$variant => $n,)* }
            }

            /// What it gives.
            pub(super) const fn result(self) -> cranelift_codegen::ir::Type {
                if matches!(self, Helper::ExpOfDifference) { F64 } else { F32 }
            }

            /// Where it is.
            pub(super) fn address(self) -> *const u8 {
                match self { $(Helper::$variant => $function as *const u8,)* }
            }
        }
    };
}

helpers! {
    /// Arc cosine
    Acos = acos, 1;
    /// Inverse hyperbolic cosine
    Acosh = acosh, 1;
    /// Arc sine
    Asin = asin, 1;
    /// Inverse hyperbolic sine
    Asinh = asinh, 1;
    /// Arc tangent
    Atan = atan, 1;
    /// Inverse hyperbolic tangent
    Atanh = atanh, 1;
    /// Cosine
    Cos = cos, 1;
    /// Hyperbolic cosine
    Cosh = cosh, 1;
    /// Error function
    Erf = erf, 1;
    /// The number of which an f16's bits are these, in the lower half
    FromHalf = from_half, 1;
    /// x Φ(x)
    Gelu = gelu, 1;
    /// eᵃ⁻ᵇ, as f64
    ExpOfDifference = exp_of_difference, 2;
    /// Natural logarithm
    Log = log, 1;
    /// The nearest number of so many bits of mantissa and exponent
    Minifloat = minifloat, 3;
    /// What is left of a / b rounded down
    Mod = modulo, 2;
    /// aᵇ
    Pow = pow, 2;
    /// The nearest power of two with an exponent between two
    PowerOfTwo = power_of_two, 3;
    /// What is left of a / b rounded towards zero
    Rem = remainder, 2;
    /// -1, 0 or 1
    Sign = sign, 1;
    /// Sine
    Sin = sin, 1;
    /// Hyperbolic sine
    Sinh = sinh, 1;
    /// ln(1 + eˣ)
    Softplus = softplus, 1;
    /// Tangent
    Tan = tan, 1;
    /// The nearest f16's bits, in the lower half
    ToHalf = to_half, 1;
}

/// The evaluator's own definition of a function.
fn apply(function: UnaryFn, x: f32) -> f32 {
    function.apply(f64::from(x)) as f32
}

extern "C" fn acos(x: f32) -> f32 {
    apply(UnaryFn::Acos {}, x)
}

extern "C" fn acosh(x: f32) -> f32 {
    apply(UnaryFn::Acosh {}, x)
}

extern "C" fn asin(x: f32) -> f32 {
    apply(UnaryFn::Asin {}, x)
}

extern "C" fn asinh(x: f32) -> f32 {
    apply(UnaryFn::Asinh {}, x)
}

extern "C" fn atan(x: f32) -> f32 {
    apply(UnaryFn::Atan {}, x)
}

extern "C" fn atanh(x: f32) -> f32 {
    apply(UnaryFn::Atanh {}, x)
}

extern "C" fn cos(x: f32) -> f32 {
    apply(UnaryFn::Cos {}, x)
}

extern "C" fn cosh(x: f32) -> f32 {
    apply(UnaryFn::Cosh {}, x)
}

extern "C" fn erf(x: f32) -> f32 {
    apply(UnaryFn::Erf {}, x)
}

extern "C" fn from_half(bits: f32) -> f32 {
    f16::from_bits((bits.to_bits() & 0xffff) as u16).to_f32()
}

extern "C" fn exp_of_difference(a: f32, b: f32) -> f64 {
    (f64::from(a) - f64::from(b)).exp()
}

extern "C" fn gelu(x: f32) -> f32 {
    apply(UnaryFn::Gelu {}, x)
}

extern "C" fn log(x: f32) -> f32 {
    apply(UnaryFn::Log {}, x)
}

extern "C" fn minifloat(x: f32, mant_bits: f32, exp_bits: f32) -> f32 {
    apply(UnaryFn::Minifloat { mant_bits, exp_bits }, x)
}

extern "C" fn modulo(x: f32, y: f32) -> f32 {
    let rest = x % y;
    if rest != 0.0 && (rest < 0.0) != (y < 0.0) { rest + y } else { rest }
}

extern "C" fn pow(x: f32, y: f32) -> f32 {
    f64::from(x).powf(f64::from(y)) as f32
}

extern "C" fn power_of_two(x: f32, exp_min: f32, exp_max: f32) -> f32 {
    apply(UnaryFn::PowerOfTwo { exp_min, exp_max }, x)
}

extern "C" fn remainder(x: f32, y: f32) -> f32 {
    x % y
}

extern "C" fn sign(x: f32) -> f32 {
    apply(UnaryFn::Sign {}, x)
}

extern "C" fn sin(x: f32) -> f32 {
    apply(UnaryFn::Sin {}, x)
}

extern "C" fn sinh(x: f32) -> f32 {
    apply(UnaryFn::Sinh {}, x)
}

extern "C" fn softplus(x: f32) -> f32 {
    apply(UnaryFn::Softplus {}, x)
}

extern "C" fn tan(x: f32) -> f32 {
    apply(UnaryFn::Tan {}, x)
}

extern "C" fn to_half(x: f32) -> f32 {
    f32::from_bits(u32::from(f16::from_f32(x).to_bits()))
}
