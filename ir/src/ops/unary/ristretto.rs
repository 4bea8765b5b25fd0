//! Number formats of Ristretto (Gysel et al., 2016), as its code for CPUs computes them.

/// The nearest number with a mantissa and an exponent of so many bits. There are no denormal numbers: what is below the
/// least normal one becomes 0. There are no infinities and no NaNs either, but greater numbers of the greatest exponent,
/// which larger ones become. One whose mantissa is rounded up to the next power of two becomes that, even beyond the
/// greatest exponent.
///
/// Ristretto's loop over an array ends at the first number that becomes 0 and leaves those behind it as they were. That is
/// a slip, which its code for GPUs has not.
pub(super) fn minifloat(x: f64, mant_bits: f64, exp_bits: f64) -> f64 {
    let bits = (x as f32).to_bits();
    let (exponent, mantissa) = (f64::from(bits >> 23 & 0xff), f64::from(bits & 0x7f_ffff));
    let bias = exp2(exp_bits - 1.0) - 1.0;
    let (shifted, greatest) = (exponent - 127.0 + bias, exp2(exp_bits) - 1.0);
    // Zero and denormal numbers of f32 are 0.
    if exponent == 0.0 || shifted < 0.0 {
        return 0.0;
    }
    let steps = exp2(mant_bits);
    let (shifted, mantissa) = if shifted > greatest {
        (greatest, steps - 1.0)
    } else {
        (shifted, (mantissa / exp2(23.0 - mant_bits)).round())
    };
    let sign = if bits >> 31 == 1 { -1.0 } else { 1.0 };
    sign * (1.0 + mantissa / steps) * exp2(shifted - bias)
}

/// The power of two with the nearest logarithm, of x's sign; 0 counts as a small positive number.
pub(super) fn power_of_two(x: f64, min: f64, max: f64) -> f64 {
    // The logarithm is that of f32, which decides whose numbers in the middle are rounded up.
    let exponent = f64::from((libm::log2(x.abs()) as f32).round());
    let exponent = if exponent > max { max } else { exponent };
    let exponent = if exponent < min { min } else { exponent };
    if x >= 0.0 { exp2(exponent) } else { -exp2(exponent) }
}

/// 2ⁿ, exactly where n is a whole number.
fn exp2(n: f64) -> f64 {
    libm::exp2(n)
}
