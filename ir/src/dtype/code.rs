//! Numbers of few bits: a byte holds an element's code in its low bits, and a code means a number.

use super::DType;

/// How the numbers of a type of few bits are coded. Arithmetic is done on wider types; these are stored, moved and
/// converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    bits: u32,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Signed,
    Unsigned,
    Float {
        mantissa: u32,
        bias: i32,
        specials: Specials,
    },
    /// 2 to the code less 127; the last code is NaN.
    PowerOfTwo,
}

/// Which codes of a float are no finite numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Specials {
    /// None.
    Finite,
    /// Those of the largest exponent: infinities, and with a mantissa NaNs.
    Ieee,
    /// The largest of both signs: NaNs.
    Largest,
    /// The one that would be negative zero: NaN.
    NegativeZero,
}

impl DType {
    /// How an element is coded, for the types of fewer than 8 bits and the floats of 8.
    pub const fn code(self) -> Option<Code> {
        match self {
            DType::F8E4M3Fn => Code::float(8, 3, 7, Specials::Largest),
            DType::F8E4M3Fnuz => Code::float(8, 3, 8, Specials::NegativeZero),
            DType::F8E5M2 => Code::float(8, 2, 15, Specials::Ieee),
            DType::F8E5M2Fnuz => Code::float(8, 2, 16, Specials::NegativeZero),
            DType::F4E2M1 => Code::float(4, 1, 1, Specials::Finite),
            DType::F8E8M0 => Some(Code { bits: 8, kind: Kind::PowerOfTwo }),
            DType::I4 => Some(Code { bits: 4, kind: Kind::Signed }),
            DType::U4 => Some(Code { bits: 4, kind: Kind::Unsigned }),
            DType::I2 => Some(Code { bits: 2, kind: Kind::Signed }),
            DType::U2 => Some(Code { bits: 2, kind: Kind::Unsigned }),
            DType::F32 | DType::F64 | DType::F16 | DType::BF16 | DType::Bool => None,
            DType::I8 | DType::I16 | DType::I32 | DType::I64 => None,
            DType::U8 | DType::U16 | DType::U32 | DType::U64 => None,
        }
    }
}

/// What becomes of numbers beyond the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// The largest of that sign.
    Saturate,
    /// An infinity, or NaN if the type has none, or the largest if it has neither.
    Special,
}

impl Code {
    const fn float(bits: u32, mantissa: u32, bias: i32, specials: Specials) -> Option<Self> {
        Some(Code { bits, kind: Kind::Float { mantissa, bias, specials } })
    }

    /// How many bits a code has: as many as a model's file spends on an element.
    pub const fn bits(self) -> u32 {
        self.bits
    }

    /// Whether the numbers are floating-point ones.
    pub const fn is_float(self) -> bool {
        match self.kind {
            Kind::Float { .. } | Kind::PowerOfTwo => true,
            Kind::Signed | Kind::Unsigned => false,
        }
    }

    /// The bits of a byte that are a code.
    pub const fn mask(self) -> u8 {
        (0xff_u32 >> (8 - self.bits)) as u8
    }

    /// The integers that have a code; none of a float's.
    pub const fn range(self) -> Option<(i64, i64)> {
        match self.kind {
            Kind::Signed => Some((-(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1)),
            Kind::Unsigned => Some((0, (1 << self.bits) - 1)),
            Kind::Float { .. } | Kind::PowerOfTwo => None,
        }
    }

    /// The number that a code means.
    pub fn decode(self, code: u8) -> f64 {
        let code = code & self.mask();
        match self.kind {
            Kind::Unsigned => f64::from(code),
            Kind::Signed => f64::from((code << (8 - self.bits)).cast_signed() >> (8 - self.bits)),
            Kind::PowerOfTwo if code == u8::MAX => f64::NAN,
            Kind::PowerOfTwo => (f64::from(code) - 127.0).exp2(),
            Kind::Float { mantissa, bias, specials } => self.decode_float(code, mantissa, bias, specials),
        }
    }

    fn decode_float(self, code: u8, mantissa: u32, bias: i32, specials: Specials) -> f64 {
        let negative_zero = 1 << (self.bits - 1);
        let magnitude = code & !negative_zero;
        let (exponent, fraction) = (magnitude >> mantissa, magnitude & ((1 << mantissa) - 1));
        let is_largest_exponent = exponent == (self.mask() >> (mantissa + 1));
        let special = match specials {
            Specials::Finite => None,
            Specials::Ieee if is_largest_exponent && fraction == 0 => Some(f64::INFINITY),
            Specials::Ieee => is_largest_exponent.then_some(f64::NAN),
            Specials::Largest => (magnitude == negative_zero - 1).then_some(f64::NAN),
            Specials::NegativeZero => (code == negative_zero).then_some(f64::NAN),
        };
        let implied = if exponent == 0 { 0.0 } else { 1.0 };
        let significand = implied + f64::from(fraction) / f64::from(1 << mantissa);
        let value = special.unwrap_or(significand * f64::from(i32::from(exponent.max(1)) - bias).exp2());
        if code & negative_zero == 0 { value } else { -value }
    }

    /// The code of the nearest number, of two the one with an even code.
    ///
    /// Where there is no infinity, no NaN or no negative number, the nearest that there is stands in; NaN becomes 0
    /// then. Integers are rounded to even and limited to the range.
    pub fn encode(self, x: f64, overflow: Overflow) -> u8 {
        match self.kind {
            Kind::Signed | Kind::Unsigned => {
                let (low, high) = self.range().unwrap_or_default();
                let nearest = x.round_ties_even().clamp(low as f64, high as f64) as i64;
                self.wrap(nearest)
            }
            Kind::PowerOfTwo if x.is_nan() => u8::MAX,
            Kind::PowerOfTwo => self.nearest(x.max(0.0), 0, overflow),
            Kind::Float { .. } if x.is_nan() => self.special(f64::NAN).unwrap_or(0),
            Kind::Float { .. } => {
                let sign = if x.is_sign_negative() { 1 << (self.bits - 1) } else { 0 };
                self.nearest(x.abs(), sign, overflow)
            }
        }
    }

    /// The code of an integer: its low bits.
    pub const fn wrap(self, n: i64) -> u8 {
        n as u8 & self.mask()
    }

    /// The code of the number nearest to `x`, which is not negative, with that sign bit.
    fn nearest(self, x: f64, sign: u8, overflow: Overflow) -> u8 {
        // Codes without a sign bit rise with their values, up to the first that is not finite.
        let positive = if self.kind == Kind::PowerOfTwo { self.mask() } else { self.mask() >> 1 };
        let n_finite = (0..=positive).take_while(|&code| self.decode(code).is_finite()).count();
        let largest = (n_finite - 1) as u8;
        let above = (0..=largest).find(|&code| self.decode(code) >= x);
        // Beyond the largest, half a step up would still round to it.
        let step = self.decode(largest) - self.decode(largest - 1);
        let code = match above {
            Some(0) => 0,
            Some(upper) => {
                let (below, beyond) = (x - self.decode(upper - 1), self.decode(upper) - x);
                let is_tie = below == beyond;
                if below < beyond || (is_tie && upper % 2 == 1) { upper - 1 } else { upper }
            }
            None if overflow == Overflow::Saturate => largest,
            None => {
                let beyond = x - self.decode(largest);
                let rounds_down = beyond < step / 2.0 || (beyond == step / 2.0 && largest.is_multiple_of(2));
                let special = self.special(f64::INFINITY).or_else(|| self.special(f64::NAN));
                if rounds_down { largest } else { special.unwrap_or(largest) }
            }
        };
        // Without a negative zero, that code is NaN: zero has no sign.
        let has_sign = code != 0 || !self.decode(sign).is_nan();
        if has_sign { code | sign } else { code }
    }

    /// The first code of an infinity or a NaN.
    fn special(self, x: f64) -> Option<u8> {
        (0..=self.mask()).find(|&code| {
            let value = self.decode(code);
            if x.is_nan() { value.is_nan() } else { value == x }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(dtype: DType) -> Code {
        dtype.code().expect("a type of few bits")
    }

    #[test]
    fn every_code_is_that_of_its_number() {
        for (dtype, code) in DType::ALL.iter().filter_map(|dtype| Some((dtype, dtype.code()?))) {
            for byte in 0..=code.mask() {
                let value = code.decode(byte);
                let back = code.encode(value, Overflow::Special);
                assert!(back == byte || value.is_nan() && code.decode(back).is_nan(), "{dtype} {byte}: {value} {back}");
            }
        }
    }

    #[test]
    fn extremes() {
        let max = |dtype: DType| code(dtype).decode(code(dtype).encode(1e300, Overflow::Saturate));
        let largest = DType::ALL.iter().filter(|dtype| dtype.code().is_some()).map(|&dtype| max(dtype));
        let two_to_127 = 127f64.exp2();
        let expected = [448.0, 240.0, 57344.0, 57344.0, two_to_127, 6.0, 7.0, 15.0, 1.0, 3.0];
        assert_eq!(largest.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn rounding() {
        let round = |dtype: DType, x: f64| code(dtype).decode(code(dtype).encode(x, Overflow::Special));
        assert_eq!([17.0, 19.0, 464.0].map(|x| round(DType::F8E4M3Fn, x)), [16.0, 20.0, 448.0]);
        assert!(round(DType::F8E4M3Fn, 465.0).is_nan() && round(DType::F8E4M3Fnuz, f64::NEG_INFINITY).is_nan());
        assert_eq!([61439.0, 61440.0].map(|x| round(DType::F8E5M2, -x)), [-57344.0, f64::NEG_INFINITY]);
        assert_eq!([0.25, 0.75, 2.5, 5.0, 99.0].map(|x| round(DType::F4E2M1, x)), [0.0, 1.0, 2.0, 4.0, 6.0]);
        assert_eq!([-1.5, 2.5, 99.0].map(|x| round(DType::I4, x)), [-2.0, 2.0, 7.0]);
        assert_eq!(code(DType::F8E4M3Fnuz).encode(-0.0, Overflow::Special), 0);
    }
}
