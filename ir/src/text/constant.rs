//! Constants as the text form writes them.

use std::fmt::{self, Display};
use std::str::FromStr;

use half::{bf16, f16};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::error::{Fault, ParseErrorKind};
use super::parse::{Elements, Spanned, finite_or_named};
use super::{MAX_INLINE, Weights};
use crate::dtype::{Float, with_float, with_integer};
use crate::ops::Const;
use crate::{Code, Coded, DType, Element, Overflow, Shape, Tensor, TensorError, Type};

/// Prints the elements of a constant, their digest, or that there are none.
pub(super) fn print(constant: &Const, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match (constant.codes(), constant.tensor()) {
        (Some(coded), _) => write!(f, "coded {} by {}", elements(coded.codes()), elements(coded.codebook())),
        (None, Some(tensor)) => f.write_str(&elements(tensor)),
        (None, None) => f.write_str("missing"),
    }
}

fn elements(tensor: &Tensor) -> String {
    match literals(tensor) {
        Some(literals) => format!("[{}]", literals.join(", ")),
        None => format!("#{:016x}", tensor.digest()),
    }
}

/// The elements as literals that read back as the same bytes, if they are few and such literals exist.
fn literals(tensor: &Tensor) -> Option<Vec<String>> {
    if tensor.len() > MAX_INLINE {
        return None;
    }
    if let Some(code) = tensor.dtype().code() {
        return tensor.bytes().iter().map(|&byte| coded(code, byte)).collect();
    }
    if tensor.dtype() == DType::Bool {
        let truth = |&byte: &u8| (byte <= 1).then(|| (byte == 1).to_string());
        return tensor.bytes().iter().map(truth).collect();
    }
    if tensor.dtype().is_integer() {
        return with_integer!(tensor.dtype(), T => Ok(integers::<T>(tensor))).ok()?;
    }
    with_float!(tensor.dtype(), T => Ok(floats::<T>(tensor))).ok()?
}

fn integers<T: Element + Display>(tensor: &Tensor) -> Option<Vec<String>> {
    Some(tensor.values::<T>().ok()?.iter().map(ToString::to_string).collect())
}

fn floats<T: Float>(tensor: &Tensor) -> Option<Vec<String>> {
    // Of the many NaNs one is spelled `NaN`.
    let nan = T::from_f64(f64::NAN);
    let is_plain = |x: &T| !x.to_f64().is_nan() || bytemuck::bytes_of(x) == bytemuck::bytes_of(&nan);
    // An f32 is spelled with as few digits as tell it from other f32s, and so are the narrower types.
    let literal = |x: f64| if T::DTYPE == DType::F64 { format!("{x:?}") } else { format!("{:?}", x as f32) };
    tensor.values::<T>().ok()?.iter().map(|x| is_plain(x).then(|| literal(x.to_f64()))).collect()
}

/// The literal of a number of few bits, if that reads back as the same byte.
fn coded(code: Code, byte: u8) -> Option<String> {
    let value = code.decode(byte);
    let literal = if code.is_float() { format!("{:?}", value as f32) } else { (value as i64).to_string() };
    (code.encode(value, Overflow::Special) == byte).then_some(literal)
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
        match elements {
            Elements::Coded(coded) => self.coded(coded, ty, at).map(Const::coded),
            Elements::Missing if !ty.value.shape.is_symbolic() => Ok(Const::missing(ty.value.clone())),
            Elements::List(_) | Elements::Digest(_) | Elements::Missing | Elements::Splat(_) | Elements::Random(_) => {
                self.tensor(elements, ty, at).map(Const::new)
            }
        }
    }

    /// Codes of the constant's dimensions, and a codebook of its element type.
    fn coded<'a>(
        &mut self,
        [codes, codebook]: &[Elements<'a>; 2],
        ty: &Spanned<'a, Type>,
        at: &'a str,
    ) -> Result<Coded, Fault<'a>> {
        let Spanned { value: Type { dtype, shape }, at: place } = ty;
        if let (Elements::Splat(_) | Elements::Random(_), Some(n_bytes)) = (codes, ty.value.n_bytes()) {
            self.claim(n_bytes, at)?;
        }
        let codes = self.tensor(codes, &Spanned { value: Type::new(DType::U8, shape.clone()), at: place }, at)?;
        let n_entries = match codebook {
            Elements::List(literals) => literals.len() as u64,
            Elements::Digest(digest) => self.weights.tensor(*digest).map_or(0, |tensor| tensor.len() as u64),
            // As many as codes can tell apart.
            Elements::Missing | Elements::Splat(_) | Elements::Random(_) | Elements::Coded(_) => 256,
        };
        let entries = Type::new(*dtype, Shape(vec![n_entries.into()]));
        let codebook = self.tensor(codebook, &Spanned { value: entries, at: place }, at)?;
        Coded::new(codes, codebook).map_err(|error| Fault::new(at, ParseErrorKind::Coded(error)))
    }

    fn tensor<'a>(
        &mut self,
        elements: &Elements<'a>,
        ty: &Spanned<'a, Type>,
        at: &'a str,
    ) -> Result<Tensor, Fault<'a>> {
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
            Elements::Missing | Elements::Coded(_) => return Err(Fault::new(at, ParseErrorKind::MissingCodes)),
            Elements::Digest(digest) => return self.look_up(*digest, ty, at),
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
        Tensor::new(dtype, &dims, bytes.into()).or_else(|error| fault(ParseErrorKind::Tensor(error)))
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
    let bytes = if let Some(code) = dtype.code() {
        encode_code(code, text)
    } else if dtype == DType::Bool {
        bool::from_str(text).ok().map(|truth| vec![u8::from(truth)])
    } else if dtype.is_integer() {
        with_integer!(dtype, T => Ok(encode_integer::<T>(text))).ok().flatten()
    } else {
        with_float!(dtype, T => Ok(encode_float::<T>(text))).ok().flatten()
    };
    bytes.ok_or_else(|| {
        let expected =
            if dtype == DType::Bool { "`true` or `false`".to_owned() } else { format!("a value of type {dtype}") };
        Fault::new(text, ParseErrorKind::Literal { text: text.to_owned(), expected })
    })
}

fn encode_float<T: Float>(text: &str) -> Option<Vec<u8>> {
    let is_double = T::DTYPE == DType::F64;
    let x: f64 = if is_double { finite_or_named(text)? } else { finite_or_named::<f32>(text)?.into() };
    let rounded = T::from_f64(x);
    let is_in_range = rounded.to_f64().is_finite() || !x.is_finite();
    is_in_range.then(|| bytemuck::bytes_of(&rounded.to_le()).to_vec())
}

/// The code of a number that has one.
fn encode_code(code: Code, text: &str) -> Option<Vec<u8>> {
    let x = if code.is_float() { f64::from(finite_or_named::<f32>(text)?) } else { text.parse::<i64>().ok()? as f64 };
    let byte = code.encode(x, Overflow::Special);
    let value = code.decode(byte);
    (value == x || value.is_nan() && x.is_nan()).then(|| vec![byte])
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
            DType::F64 => bytes.extend(f64::from(float(word, f32::MANTISSA_DIGITS)).to_le_bytes()),
            DType::F16 => bytes.extend(f16::from_f32(float(word, f16::MANTISSA_DIGITS)).to_le_bytes()),
            DType::BF16 => bytes.extend(bf16::from_f32(float(word, bf16::MANTISSA_DIGITS)).to_le_bytes()),
            DType::I8 | DType::U8 => bytes.extend_from_slice(&word.to_le_bytes()[..1]),
            DType::I16 | DType::U16 => bytes.extend_from_slice(&word.to_le_bytes()[..2]),
            DType::I32 | DType::U32 => bytes.extend(word.to_le_bytes()),
            DType::I64 | DType::U64 => {
                bytes.extend((u64::from(word) << 32 | u64::from(rng.next_u32())).to_le_bytes());
            }
            DType::Bool => bytes.push(u8::from(word >> 31 == 1)),
            DType::F8E4M3Fn | DType::F8E4M3Fnuz | DType::F8E5M2 | DType::F8E5M2Fnuz | DType::F4E2M1 => {
                let code = dtype.code().map(|code| code.encode(float(word, 8).into(), Overflow::Saturate));
                bytes.extend(code);
            }
            DType::F8E8M0 | DType::I4 | DType::U4 | DType::I2 | DType::U2 => {
                bytes.extend(dtype.code().map(|code| word.to_le_bytes()[0] & code.mask()));
            }
        }
    }
    bytes
}
