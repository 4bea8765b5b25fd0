//! Functions of the bits of integers and truth values.

/// Something that has bits.
pub(super) trait Bits: Copy {
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    fn shift_left(self, places: Self) -> Self;
    fn shift_right(self, places: Self) -> Self;
}

macro_rules! integer_bits {
    ($($rust:ty),*) => {$(
        impl Bits for $rust {
            fn and(self, other: Self) -> Self { self & other }
            fn or(self, other: Self) -> Self { self | other }
            fn xor(self, other: Self) -> Self { self ^ other }
            fn shift_left(self, places: Self) -> Self {
                u32::try_from(places).ok().and_then(|places| self.checked_shl(places)).unwrap_or(0)
            }
            fn shift_right(self, places: Self) -> Self {
                let places = u32::try_from(places).unwrap_or(u32::MAX).min(Self::BITS);
                // By one less than all, and one more: a shift by all is none to the machine.
                if places == Self::BITS { (self >> (Self::BITS - 1)) >> 1 } else { self >> places }
            }
        }
    )*};
}

integer_bits!(i8, i16, i32, i64, u8, u16, u32, u64);

/// Truth values have one bit, and are not shifted.
impl Bits for bool {
    fn and(self, other: Self) -> Self {
        self & other
    }
    fn or(self, other: Self) -> Self {
        self | other
    }
    fn xor(self, other: Self) -> Self {
        self ^ other
    }
    fn shift_left(self, _: Self) -> Self {
        self
    }
    fn shift_right(self, _: Self) -> Self {
        self
    }
}
