//! Bytes less a zero point, as integers of 32 bits: what ConvInteger and MatMulInteger are made of.

use firebrick_ir::ops::{Binary, BinaryFn, Cast};
use firebrick_ir::{DType, Tensor, Value};

use crate::At;
use crate::quantized::integers;

/// An activation.
pub(crate) struct Bytes {
    /// The bytes.
    pub(crate) x: Value,
    /// Their zero point.
    pub(crate) zero: Zero,
}

/// A zero point.
pub(crate) enum Zero {
    /// A number.
    Known(i32),
    /// A byte that is computed, as one integer of 32 bits.
    Computed(Value),
}

impl Bytes {
    /// The bytes that a value is the differences of from one zero point.
    pub(crate) fn of(at: At<'_>, value: Value) -> Option<Bytes> {
        if let Some(x) = widened(at, value) {
            return Some(Bytes { x, zero: Zero::Known(0) });
        }
        let (x, zero) = difference(at, value)?;
        let dtype = at.ty(x).dtype;
        if at.ty(zero).shape.n_elements() != Some(1) || at.ty(zero).shape.rank() > at.ty(x).shape.rank() {
            return None;
        }
        let Some(known) = at.constant(zero) else {
            let byte = widened(at, zero).filter(|&byte| at.ty(byte).dtype == dtype);
            return byte.map(|_| Bytes { x, zero: Zero::Computed(zero) });
        };
        let zero = known.values::<i32>().ok()?.first().copied()?;
        is_byte(dtype, zero).then_some(Bytes { x, zero: Zero::Known(zero) })
    }
}

/// Weights as bytes and their zero points: one, or one for each channel.
pub(crate) struct ByteWeights {
    /// The bytes: a value, or new elements under a value's name.
    pub(crate) bytes: Result<Value, (Value, Tensor)>,
    /// Their element type.
    pub(crate) dtype: DType,
    /// The zero points.
    pub(crate) zeros: Vec<i32>,
    /// The weights less their zero points, if they are known.
    pub(crate) known: Option<Tensor>,
}

impl ByteWeights {
    /// The weights that a value is, whose dimension `axis` is output channels.
    pub(crate) fn of(at: At<'_>, value: Value, axis: usize) -> Option<ByteWeights> {
        if let Some(constant) = at.constant(value) {
            return ByteWeights::narrowed(value, constant, axis);
        }
        let (bytes, zeros) = match widened(at, value) {
            Some(bytes) => (bytes, vec![0]),
            None => {
                let (bytes, zero) = difference(at, value)?;
                (bytes, channel_zeros(at, bytes, zero, axis)?)
            }
        };
        let dtype = at.ty(bytes).dtype;
        let known = match at.constant(bytes) {
            Some(tensor) => {
                let place = Place::of(tensor.dims(), axis)?;
                let zero = |i: usize| zeros.get(place.channel(i)).or(zeros.first()).copied().unwrap_or(0);
                let wide = integers(tensor)?.into_iter().enumerate().map(|(i, w)| w - zero(i)).collect();
                Some(Tensor::from_vec(tensor.dims(), wide).ok()?)
            }
            None => None,
        };
        Some(ByteWeights { bytes: Ok(bytes), dtype, zeros, known })
    }

    /// Integers of 32 bits that are bytes less a zero point for each channel.
    fn narrowed(value: Value, constant: &Tensor, axis: usize) -> Option<ByteWeights> {
        let wide = constant.values::<i32>().ok()?;
        let new = |dtype, bytes: Vec<u8>| Tensor::new(dtype, constant.dims(), bytes.into()).ok();
        if wide.iter().all(|&w| is_byte(DType::I8, w)) {
            let bytes = new(DType::I8, wide.iter().map(|&w| w as u8).collect())?;
            let known = Some(constant.clone());
            return Some(ByteWeights { bytes: Err((value, bytes)), dtype: DType::I8, zeros: vec![0], known });
        }
        let place = Place::of(constant.dims(), axis)?;
        let mut zeros = vec![0i32; place.n_channels];
        for (i, &w) in wide.iter().enumerate() {
            let zero = zeros.get_mut(place.channel(i))?;
            *zero = w.checked_neg()?.max(*zero);
        }
        // One for all, if that leaves bytes.
        let most = zeros.iter().copied().max()?;
        if wide.iter().all(|&w| w.checked_add(most).is_some_and(|w| is_byte(DType::U8, w))) {
            zeros = vec![most; 1];
        }
        let zero = |i: usize| zeros.get(place.channel(i)).or(zeros.first()).copied().unwrap_or(0);
        let moved = wide.iter().enumerate().map(|(i, &w)| u8::try_from(w.checked_add(zero(i))?).ok());
        let bytes = new(DType::U8, moved.collect::<Option<_>>()?)?;
        let are_bytes = zeros.iter().all(|&zero| is_byte(DType::U8, zero));
        let known = Some(constant.clone());
        are_bytes.then_some(ByteWeights { bytes: Err((value, bytes)), dtype: DType::U8, zeros, known })
    }
}

/// Where the channels of a tensor are.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    n_channels: usize,
    inner: usize,
}

impl Place {
    /// Of a tensor that has elements, along a dimension that it has.
    pub(crate) fn of(dims: &[usize], axis: usize) -> Option<Place> {
        let n_channels = dims.get(axis).copied().filter(|&n| n > 0)?;
        Some(Place { n_channels, inner: dims.get(axis + 1..)?.iter().product::<usize>().max(1) })
    }

    /// The channel of the element of that index.
    pub(crate) fn channel(self, i: usize) -> usize {
        i / self.inner % self.n_channels
    }
}

/// Zero points that are known: one, or one for each index of dimension `axis` of the bytes.
fn channel_zeros(at: At<'_>, bytes: Value, zero: Value, axis: usize) -> Option<Vec<i32>> {
    let tensor = at.constant(zero)?;
    let dims = at.ty(bytes).shape.as_fixed()?;
    let first = dims.len().checked_sub(tensor.dims().len())?;
    let is_channel_or_one =
        |(i, &n): (usize, &usize)| n == 1 || first + i == axis && dims.get(axis) == Some(&(n as u64));
    let zeros = tensor.values::<i32>().ok()?.into_owned();
    let dtype = at.ty(bytes).dtype;
    let fits = tensor.dims().iter().enumerate().all(is_channel_or_one) && !zeros.is_empty();
    (fits && zeros.iter().all(|&zero| is_byte(dtype, zero))).then_some(zeros)
}

/// The bytes that a value is a conversion of.
fn widened(at: At<'_>, value: Value) -> Option<Value> {
    let x = at.source::<Cast>(value).filter(|cast| cast.op.dtype == DType::I32)?.x();
    matches!(at.ty(x).dtype, DType::U8 | DType::I8).then_some(x)
}

/// The bytes and the zero point that a value is the difference of.
fn difference(at: At<'_>, value: Value) -> Option<(Value, Value)> {
    let binary = at.source::<Binary>(value).filter(|binary| binary.op.0 == BinaryFn::Sub)?;
    Some((widened(at, binary.x())?, binary.operand(1)?))
}

fn is_byte(dtype: DType, number: i32) -> bool {
    if dtype == DType::I8 { i8::try_from(number).is_ok() } else { u8::try_from(number).is_ok() }
}
