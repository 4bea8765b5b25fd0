//! Constants as the text form writes them.

use std::fmt::{self, Display};
use std::str::FromStr;

use half::f16;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::error::{Fault, ParseErrorKind};
use super::parse::{Elements, Spanned, finite_or_named};
use super::{MAX_INLINE, Weights};
use crate::ops::Const;
use crate::{DType, Element, Tensor, TensorError, Type};

/// Prints the elements of a constant, their digest, or that there are none.
pub(super) fn print(constant: &Const, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Some(tensor) = constant.tensor() else { return f.write_str("missing") };
    match literals(tensor) {
        Some(literals) => write!(f, "[{}]", literals.join(", ")),
        None => write!(f, "#{:016x}", tensor.digest()),
    }
}

/// The elements as literals that read back as the same bytes, if they are few and such literals exist.
fn literals(tensor: &Tensor) -> Option<Vec<String>> {
    if tensor.len() > MAX_INLINE {
        return None;
    }
    // Of the many NaNs one is spelled `NaN`.
    let float = |x: f32, is_plain: bool| (is_plain || !x.is_nan()).then(|| format!("{x:?}"));
    let truth = |&byte: &u8| (byte <= 1).then(|| (byte == 1).to_string());
    match tensor.dtype() {
        DType::F32 => {
            let is_plain = |x: f32| x.to_bits() == f32::NAN.to_bits();
            tensor.values::<f32>().ok()?.iter().map(|&x| float(x, is_plain(x))).collect()
        }
        DType::F16 => {
            let is_plain = |x: f16| x.to_bits() == f16::NAN.to_bits();
            tensor.values::<f16>().ok()?.iter().map(|&x| float(f32::from(x), is_plain(x))).collect()
        }
        DType::I8 => integers::<i8>(tensor),
        DType::U8 => integers::<u8>(tensor),
        DType::I32 => integers::<i32>(tensor),
        DType::I64 => integers::<i64>(tensor),
        DType::Bool => tensor.bytes().iter().map(truth).collect(),
    }
}

fn integers<T: Element + Display>(tensor: &Tensor) -> Option<Vec<String>> {
    Some(tensor.values::<T>().ok()?.iter().map(ToString::to_string).collect())
}

/// Makes the constants of one text.
pub(super) struct Maker<'w> {
    weights: &'w dyn Weights,
    /// Bytes that `splat` and `random` have made.
    made: u64,
}

impl<'w> Maker<'w> {
    /// The bytes that a text may have made for it: far more than a test needs, and no burden.
    const LIMIT: u64 = 64 << 20;

    pub(super) fn new(weights: &'w dyn Weights) -> Self {
        Maker { weights, made: 0 }
    }

    /// The constant of those elements and that type; `at` is where the text says so.
    pub(super) fn make<'a>(
        &mut self,
        elements: &Elements<'a>,
        ty: &Spanned<'a, Type>,
        at: &'a str,
    ) -> Result<Const, Fault<'a>> {
        let dtype = ty.value.dtype;
        let fault = |kind| Err(Fault::new(ty.at, kind));
        let Some(dims) = ty.value.shape.as_fixed() else {
            return fault(ParseErrorKind::SymbolicConstant(ty.value.clone()));
        };
        let dims: Vec<usize> = dims.into_iter().map(|n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
        let (Some(n_elements), Some(n_bytes)) = (ty.value.shape.n_elements(), ty.value.n_bytes()) else {
            return fault(ParseErrorKind::Tensor(TensorError::TooLarge { dtype, dims }));
        };
        let bytes = match elements {
            Elements::Missing => return Ok(Const::missing(ty.value.clone())),
            Elements::Digest(digest) => return self.look_up(*digest, ty, at).map(Const::new),
            Elements::List(literals) if literals.len() as u64 != n_elements => {
                let (expected, found) = (n_elements, literals.len());
                return fault(ParseErrorKind::Elements { ty: ty.value.clone(), expected, found });
            }
            Elements::List(literals) => {
                literals.iter().map(|text| encode(dtype, text)).collect::<Result<Vec<_>, _>>()?.concat()
            }
            Elements::Splat(literal) => {
                let element = encode(dtype, literal)?;
                element.repeat(self.claim(n_bytes, at)? / dtype.size())
            }
            Elements::Random(seed) => random(dtype, *seed, self.claim(n_bytes, at)? / dtype.size()),
        };
        match Tensor::new(dtype, &dims, bytes.into()) {
            Ok(tensor) => Ok(Const::new(tensor)),
            Err(error) => fault(ParseErrorKind::Tensor(error)),
        }
    }

    fn look_up<'a>(&self, digest: u64, ty: &Spanned<'a, Type>, at: &'a str) -> Result<Tensor, Fault<'a>> {
        let Some(tensor) = self.weights.tensor(digest) else {
            return Err(Fault::new(at, ParseErrorKind::UnknownDigest(digest)));
        };
        if tensor.ty() != ty.value {
            let (written, found) = (ty.value.clone(), tensor.ty());
            return Err(Fault::new(ty.at, ParseErrorKind::DigestType { digest, written, found }));
        }
        Ok(tensor)
    }

    /// Counts `n_bytes` against the limit.
    fn claim<'a>(&mut self, n_bytes: u64, at: &'a str) -> Result<usize, Fault<'a>> {
        let needed = self.made.saturating_add(n_bytes);
        match usize::try_from(n_bytes) {
            Ok(claimed) if needed <= Self::LIMIT => {
                self.made = needed;
                Ok(claimed)
            }
            Ok(_) | Err(_) => Err(Fault::new(at, ParseErrorKind::TooLarge { needed, limit: Self::LIMIT })),
        }
    }
}

/// The bytes of an element, little-endian.
fn encode(dtype: DType, text: &str) -> Result<Vec<u8>, Fault<'_>> {
    let bytes = match dtype {
        DType::F32 => finite_or_named(text).map(|x| x.to_le_bytes().to_vec()),
        DType::F16 => finite_or_named(text)
            .map(|x| (x, f16::from_f32(x)))
            .filter(|(x, rounded)| rounded.is_finite() || !x.is_finite())
            .map(|(_, rounded)| rounded.to_le_bytes().to_vec()),
        DType::I8 => encode_integer::<i8>(text),
        DType::U8 => encode_integer::<u8>(text),
        DType::I32 => encode_integer::<i32>(text),
        DType::I64 => encode_integer::<i64>(text),
        DType::Bool => bool::from_str(text).ok().map(|truth| vec![u8::from(truth)]),
    };
    let expected = match dtype {
        DType::F32 => "a value of type f32",
        DType::F16 => "a value of type f16",
        DType::I8 => "a value of type i8",
        DType::U8 => "a value of type u8",
        DType::I32 => "a value of type i32",
        DType::I64 => "a value of type i64",
        DType::Bool => "`true` or `false`",
    };
    bytes.ok_or_else(|| Fault::new(text, ParseErrorKind::Literal { text: text.to_owned(), expected }))
}

fn encode_integer<T: Element + FromStr>(text: &str) -> Option<Vec<u8>> {
    Some(bytemuck::bytes_of(&text.parse::<T>().ok()?.to_le()).to_vec())
}

/// That many elements from ChaCha8 seeded with `seed`, the same on every machine. Floats are multiples of the
/// type's precision, uniform in -1..1 without 1; integers and truth values are uniform over all values.
pub(crate) fn random(dtype: DType, seed: u64, n: usize) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut bytes = Vec::with_capacity(n.saturating_mul(dtype.size()));
    // The upper `digits` bits of a random number over half their range, less one.
    let float = |bits: u32, digits: u32| (bits >> (32 - digits)) as f32 / (1 << (digits - 1)) as f32 - 1.0;
    for _ in 0..n {
        let word = rng.next_u32();
        match dtype {
            DType::F32 => bytes.extend(float(word, f32::MANTISSA_DIGITS).to_le_bytes()),
            DType::F16 => bytes.extend(f16::from_f32(float(word, f16::MANTISSA_DIGITS)).to_le_bytes()),
            DType::I8 | DType::U8 => bytes.extend_from_slice(&word.to_le_bytes()[..1]),
            DType::I32 => bytes.extend(word.to_le_bytes()),
            DType::I64 => bytes.extend((u64::from(word) << 32 | u64::from(rng.next_u32())).to_le_bytes()),
            DType::Bool => bytes.push(u8::from(word >> 31 == 1)),
        }
    }
    bytes
}
