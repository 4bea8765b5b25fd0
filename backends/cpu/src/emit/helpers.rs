//! Functions of the runtime that compiled code calls.

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

            /// Where it is.
            pub(super) fn address(self) -> *const u8 {
                match self { $(Helper::$variant => $function as *const u8,)* }
            }
        }
    };
}

helpers! {
    /// Error function
    Erf = erf, 1;
    /// eˣ
    Exp = exp, 1;
    /// eˣ − 1
    ExpM1 = exp_m1, 1;
    /// x Φ(x)
    Gelu = gelu, 1;
    /// Natural logarithm
    Log = log, 1;
    /// x tanh(ln(1 + eˣ))
    Mish = mish, 1;
    /// aᵇ
    Pow = pow, 2;
    /// 1 / (1 + e⁻ˣ)
    Sigmoid = sigmoid, 1;
    /// x / (1 + e⁻ˣ)
    Silu = silu, 1;
    /// ln(1 + eˣ)
    Softplus = softplus, 1;
    /// Hyperbolic tangent
    Tanh = tanh, 1;
}

/// The evaluator's own definition of a function.
fn apply(function: UnaryFn, x: f32) -> f32 {
    function.apply(f64::from(x)) as f32
}

extern "C" fn erf(x: f32) -> f32 {
    apply(UnaryFn::Erf {}, x)
}

extern "C" fn exp(x: f32) -> f32 {
    apply(UnaryFn::Exp {}, x)
}

extern "C" fn exp_m1(x: f32) -> f32 {
    f64::from(x).exp_m1() as f32
}

extern "C" fn gelu(x: f32) -> f32 {
    apply(UnaryFn::Gelu {}, x)
}

extern "C" fn log(x: f32) -> f32 {
    apply(UnaryFn::Log {}, x)
}

extern "C" fn mish(x: f32) -> f32 {
    apply(UnaryFn::Mish {}, x)
}

extern "C" fn pow(x: f32, y: f32) -> f32 {
    f64::from(x).powf(f64::from(y)) as f32
}

extern "C" fn sigmoid(x: f32) -> f32 {
    apply(UnaryFn::Sigmoid {}, x)
}

extern "C" fn silu(x: f32) -> f32 {
    apply(UnaryFn::Silu {}, x)
}

extern "C" fn softplus(x: f32) -> f32 {
    apply(UnaryFn::Softplus {}, x)
}

extern "C" fn tanh(x: f32) -> f32 {
    apply(UnaryFn::Tanh {}, x)
}
