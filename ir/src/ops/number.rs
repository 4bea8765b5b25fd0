//! Numbers of any type as one that holds them all exactly.

use half::{bf16, f16};

use crate::Element;
use crate::dtype::Float;

/// A number of any type, exactly.
#[derive(Clone, Copy)]
pub(super) enum Wide {
    Int(i128),
    Real(f64),
}

impl Wide {
    pub(super) fn is_true(self) -> bool {
        match self {
            Wide::Int(n) => n != 0,
            Wide::Real(x) => x != 0.0,
        }
    }

    /// The nearest f64.
    pub(super) fn to_f64(self) -> f64 {
        match self {
            Wide::Int(n) => n as f64,
            Wide::Real(x) => x,
        }
    }
}

/// An element that is a number.
pub(super) trait Number: Element {
    /// The number.
    fn wide(self) -> Wide;

    /// The number in this type: integers wrap, real numbers are truncated to an integer and limited to the range (NaN
    /// becomes 0), or rounded to the nearest floating-point number.
    fn narrow(wide: Wide) -> Self;
}

macro_rules! numbers {
    ($($rust:ty, $variant:ident($wide:ty), $from_int:expr, $from_real:expr;)*) => {$(
        impl Number for $rust {
            fn wide(self) -> Wide { Wide::$variant(<$wide>::from(self)) }
            fn narrow(wide: Wide) -> Self {
                match wide { Wide::Int(n) => $from_int(n), Wide::Real(x) => $from_real(x) }
            }
        }
    )*};
}

numbers! {
    f32, Real(f64), |n| n as f32, |x| x as f32;
    f64, Real(f64), |n| n as f64, |x| x;
    f16, Real(f64), |n| Float::from_f64(n as f64), Float::from_f64;
    bf16, Real(f64), |n| Float::from_f64(n as f64), Float::from_f64;
    i8, Int(i128), |n| n as i8, |x| x as i8;
    i16, Int(i128), |n| n as i16, |x| x as i16;
    i32, Int(i128), |n| n as i32, |x| x as i32;
    i64, Int(i128), |n| n as i64, |x| x as i64;
    u8, Int(i128), |n| n as u8, |x| x as u8;
    u16, Int(i128), |n| n as u16, |x| x as u16;
    u32, Int(i128), |n| n as u32, |x| x as u32;
    u64, Int(i128), |n| n as u64, |x| x as u64;
}
