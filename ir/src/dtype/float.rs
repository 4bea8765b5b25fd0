//! Floating-point elements as f64s.

use half::{bf16, f16};

use crate::Element;

/// A floating-point element: computed with as an f64, and rounded once.
pub(crate) trait Float: Element {
    /// The number, exactly.
    fn to_f64(self) -> f64;

    /// The nearest number of this type.
    fn from_f64(x: f64) -> Self;
}

macro_rules! floats {
    ($($rust:ty, $from:expr;)*) => {$(
        impl Float for $rust {
            fn to_f64(self) -> f64 { f64::from(self) }
            fn from_f64(x: f64) -> Self { $from(x) }
        }
    )*};
}

floats! {
    f32, |x| x as f32;
    f64, |x| x;
    f16, |x| f16::from_f32(round_to_odd(x));
    bf16, |x| bf16::from_f32(round_to_odd(x));
}

/// `x` as an f32 whose last bit says whether bits were lost, so that rounding that to fewer bits is as rounding `x`.
fn round_to_odd(x: f64) -> f32 {
    let nearest = x as f32;
    if f64::from(nearest) == x || x.is_nan() || nearest.to_bits() & 1 == 1 {
        return nearest;
    }
    let is_above = f64::from(nearest).abs() > x.abs();
    f32::from_bits(if is_above { nearest.to_bits() - 1 } else { nearest.to_bits() + 1 })
}
