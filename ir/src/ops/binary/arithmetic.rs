//! Arithmetic on two numbers of one type, as a graph means it: integers wrap.

use half::{bf16, f16};

use crate::Element;
use crate::dtype::Float;

/// A number with arithmetic.
pub(in crate::ops) trait Arithmetic: Element + Default {
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    /// What is left of a division rounded towards zero: it has the dividend's sign.
    fn rem(self, other: Self) -> Self;
    fn pow(self, other: Self) -> Self;
    fn is_zero_divisor(self) -> bool;

    fn is_nan(self) -> bool {
        self.partial_cmp(&self).is_none()
    }

    /// What is left of a division rounded down: it has the divisor's sign.
    fn modulo(self, other: Self) -> Self {
        let (rem, zero) = (self.rem(other), Self::default());
        if rem != zero && (rem < zero) != (other < zero) { rem.add(other) } else { rem }
    }
}

macro_rules! float_arithmetic {
    ($($rust:ty),*) => {$(
        impl Arithmetic for $rust {
            fn add(self, other: Self) -> Self { self + other }
            fn sub(self, other: Self) -> Self { self - other }
            fn mul(self, other: Self) -> Self { self * other }
            fn div(self, other: Self) -> Self { self / other }
            fn rem(self, other: Self) -> Self { self % other }
            fn pow(self, other: Self) -> Self { Self::from_f64(self.to_f64().powf(other.to_f64())) }
            fn is_zero_divisor(self) -> bool { false }
        }
    )*};
}

float_arithmetic!(f32, f64, f16, bf16);

macro_rules! integer_arithmetic {
    ($($rust:ty),*) => {$(
        impl Arithmetic for $rust {
            fn add(self, other: Self) -> Self { self.wrapping_add(other) }
            fn sub(self, other: Self) -> Self { self.wrapping_sub(other) }
            fn mul(self, other: Self) -> Self { self.wrapping_mul(other) }
            fn div(self, other: Self) -> Self { self.wrapping_div(other) }
            fn rem(self, other: Self) -> Self { self.wrapping_rem(other) }
            fn pow(self, other: Self) -> Self { power(self, other) }
            fn is_zero_divisor(self) -> bool { self == 0 }
        }
    )*};
}

integer_arithmetic!(i8, i16, i32, i64, u8, u16, u32, u64);

/// An integer's power, by squaring. A negative exponent leaves a fraction, of which the integer is 0, but for 1 and
/// −1 (and for 0, which has no such power, it is 0 too).
fn power<T: Arithmetic + From<bool> + Into<i128>>(base: T, exponent: T) -> T {
    let (one, mut exponent): (T, i128) = (T::from(true), exponent.into());
    let base_is_unit = matches!(base.into(), 1 | -1);
    if exponent < 0 && !base_is_unit {
        return T::default();
    }
    exponent = exponent.abs();
    let (mut result, mut square) = (one, base);
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = result.mul(square);
        }
        square = square.mul(square);
        exponent /= 2;
    }
    result
}
