//! Blobs: tensors as Caffe stores them.

use bytes::{BufMut, Bytes, BytesMut};
use thiserror::Error;

use crate::declare::message;

message! {
    /// The dimensions of a blob, outermost first.
    BlobShape {
        packed int64 dim = 1;
    }
}

message! {
    /// A blob: a layer's weights, or a mean image. Its values are in `data` or, from double-precision nets, in `double_data`.
    ///
    /// See [`BlobProto::dims`] and [`BlobProto::floats`].
    BlobProto {
        optional message BlobShape shape = 7;
        chunked float data = 5;
        chunked float diff = 6;
        chunked double double_data = 8;
        chunked double double_diff = 9;
        optional int32 num = 1;
        optional int32 channels = 2;
        optional int32 height = 3;
        optional int32 width = 4;
    }
}

message! {
    /// Several blobs.
    BlobProtoVector {
        repeated message BlobProto blobs = 1;
    }
}

/// A blob whose dimensions and values don't make a tensor.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BlobError {
    /// A dimension below zero.
    #[error("the blob has a dimension of {0}")]
    NegativeDim(i64),
    /// Dimensions whose product is beyond any memory.
    #[error("the blob's dimensions {0:?} are too large")]
    TooLarge(Vec<usize>),
    /// Not as many values as the dimensions say.
    #[error("the blob has {found} values, but its dimensions {dims:?} make {expected}")]
    Count {
        /// The dimensions.
        dims: Vec<usize>,
        /// Their product.
        expected: usize,
        /// The values there are.
        found: usize,
    },
}

impl BlobProto {
    /// The dimensions, outermost first: those of the old four fields if any is present, else those of `shape`, as Caffe has it.
    pub fn dims(&self) -> Result<Vec<usize>, BlobError> {
        let legacy = [self.num, self.channels, self.height, self.width];
        let dims: Vec<i64> = if legacy.iter().any(Option::is_some) {
            legacy.iter().map(|dim| i64::from(dim.unwrap_or(0))).collect()
        } else {
            self.shape.as_ref().map(|shape| shape.dim.clone()).unwrap_or_default()
        };
        dims.into_iter().map(|dim| usize::try_from(dim).map_err(|_| BlobError::NegativeDim(dim))).collect()
    }

    /// The values as little-endian `f32`, as many as the dimensions say.
    ///
    /// They are a slice of the file, without a copy, unless the file has them in several pieces or as doubles. Such a slice need not be
    /// aligned to four bytes.
    pub fn floats(&self) -> Result<Bytes, BlobError> {
        let dims = self.dims()?;
        let Some(expected) = dims.iter().try_fold(1_usize, |product, dim| product.checked_mul(*dim)) else {
            return Err(BlobError::TooLarge(dims));
        };
        // Caffe prefers the doubles where both are present.
        let doubles = join(&self.double_data);
        let floats = if doubles.is_empty() { join(&self.data) } else { narrow(&doubles) };
        let found = floats.len() / size_of::<f32>();
        if found != expected {
            return Err(BlobError::Count { dims, expected, found });
        }
        Ok(floats)
    }
}

fn join(chunks: &[Bytes]) -> Bytes {
    match chunks {
        [] => Bytes::new(),
        [chunk] => chunk.clone(),
        [_, _, ..] => chunks.concat().into(),
    }
}

fn narrow(doubles: &[u8]) -> Bytes {
    let (values, _) = doubles.as_chunks::<{ size_of::<f64>() }>();
    let mut floats = BytesMut::with_capacity(doubles.len() / 2);
    for value in values {
        floats.put_f32_le(f64::from_le_bytes(*value) as f32);
    }
    floats.freeze()
}
